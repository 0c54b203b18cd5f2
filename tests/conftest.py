"""What every test has in common: a home of its own, no network, nothing of the user's environment; the command line."""

from __future__ import annotations

import fcntl
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from agentmem.cli import main
from agentmem.neo4j_server import LTS, NoTestServer, ServerAccess, find_release, server_for_tests

pytest.register_assert_rewrite("agentmem.testing")

_GIVEN = frozenset({"AGENTMEM_NEO4J_URL", "AGENTMEM_NEO4J_URLS"})
_KEPT = _GIVEN | {"AGENTMEM_REQUIRE_MINILM", "AGENTMEM_REQUIRE_NEO4J"}
_LOOPBACK = ("127.", "::1", "localhost")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the fuzz tests: here, so that they are known whichever tests run."""
    group = parser.getgroup("fuzz")
    group.addoption("--fuzz", type=int, metavar="N", help="rounds that each fuzz test makes; a few by default")
    group.addoption("--fuzz-round", type=int, metavar="N", help="make only this round of each fuzz test")


def pytest_configure(config: pytest.Config) -> None:
    """Processes that tests start keep what Python compiles, wherever it is told not to: each would do so anew."""
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ["PYTHONPYCACHEPREFIX"] = tempfile.gettempdir() + f"/agentmem-bytecode-{os.getuid()}"


@pytest.fixture(autouse=True)
def one_at_a_time(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests on a server that the environment names take turns at it, whichever process they run in."""
    if "server" not in request.fixturenames or _GIVEN.isdisjoint(os.environ):
        yield
        return
    with (Path(tempfile.gettempdir()) / f"agentmem-neo4j-turn-{os.getuid()}").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[ServerAccess]:
    """The one Neo4j of this process: 5.26 LTS unless the environment names another line, as a second run in CI does."""
    release = find_release(os.environ.get("AGENTMEM_NEO4J_LINE", LTS.line))
    alone = {name: value for name, value in os.environ.items() if name != "PYTEST_XDIST_TESTRUNUID"}
    with ExitStack() as stack:
        try:
            access = stack.enter_context(server_for_tests(release, environment=alone))
        except NoTestServer as reason:
            pytest.skip(str(reason))
        yield access


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No setting of the user reaches a test; data goes to a folder of the test's own, and hashing embeds."""
    for name in list(os.environ):
        if name.startswith("AGENTMEM_") and name not in _KEPT:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("AGENTMEM_HOME", str(home))
    monkeypatch.setenv("AGENTMEM_EMBEDDER", "hashing")
    monkeypatch.setenv("NO_COLOR", "1")
    return home


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anything but this machine fails the test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host and not str(host).startswith(_LOOPBACK):
            raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, str]:
        """The error on standard error, as JSON."""
        body = json.loads(self.err)
        assert set(body) == {"error"}
        assert set(body["error"]) == {"kind", "message", "where", "hint"}
        error: dict[str, str] = body["error"]
        return error


class Agentmem(Protocol):
    """Runs a command in the test's folder."""

    def __call__(
        self,
        *arguments: str | bytes,
        stdin: str | bytes = "",
        env: Mapping[str, str] | None = None,
        before: Callable[[], None] | None = None,
    ) -> Ended:
        """`before` is done in the new process before the command begins: it takes something away from it."""


@pytest.fixture
def agentmem(tmp_path: Path) -> Agentmem:
    """The command line as a process of its own, piped."""

    def run(
        *arguments: str | bytes,
        stdin: str | bytes = "",
        env: Mapping[str, str] | None = None,
        before: Callable[[], None] | None = None,
    ) -> Ended:
        ended = subprocess.run(
            [sys.executable, "-m", "agentmem", *arguments],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, **(env or {})},
            preexec_fn=before,
            check=False,
            timeout=120,
        )
        return Ended(code=ended.returncode, out=ended.stdout.decode(), err=ended.stderr.decode())

    return run


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Agentmem:
    """The command line within this process: the same, and sooner, where the process itself is not what is tested."""

    def run(
        *arguments: str | bytes,
        stdin: str | bytes = "",
        env: Mapping[str, str] | None = None,
        before: Callable[[], None] | None = None,
    ) -> Ended:
        assert before is None, "what is done before a process needs one"
        given = io.BytesIO(stdin.encode() if isinstance(stdin, str) else stdin)
        with monkeypatch.context() as patched:
            patched.chdir(tmp_path)
            patched.setattr(sys, "argv", ["agentmem", *arguments])
            patched.setattr(sys, "stdin", io.TextIOWrapper(given, encoding="utf-8"))
            for name, value in (env or {}).items():
                patched.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main()
        out, err = capfd.readouterr()
        return Ended(code=int(ended.value.code or 0), out=out, err=err)

    return run
