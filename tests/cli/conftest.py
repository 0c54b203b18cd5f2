"""A workflow of the whole language, with the texts that it reads, in a folder of the test's own."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from agentmem.cli import main
from agentmem.tools import Toolbox
from agentmem.workflow.consent import Consents

SAMPLE = Path(__file__).parent.parent / "workflow" / "brief"


@pytest.fixture
def brief(tmp_path: Path, clean_environment: Path) -> Path:
    """The workflow file; its user has agreed to its code."""
    folder = tmp_path / "brief"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    code = Toolbox(folder=folder).code(["my_tools:word_count"])
    for name in ("brief.yaml", "bare.yaml"):
        Consents(clean_environment / "consents.json").add(str(folder / name), code)
    return folder / "brief.yaml"


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
