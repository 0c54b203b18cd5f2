"""What every test has in common: a home of its own, no network, nothing of the user's environment."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from agentmem.neo4j_server import LTS, NoTestServer, ServerAccess, find_release, server_for_tests

pytest.register_assert_rewrite("agentmem.testing")

_GIVEN = frozenset({"AGENTMEM_NEO4J_URL", "AGENTMEM_NEO4J_URLS"})
_KEPT = _GIVEN | {"AGENTMEM_REQUIRE_MINILM", "AGENTMEM_REQUIRE_NEO4J"}
_LOOPBACK = ("127.", "::1", "localhost")


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
