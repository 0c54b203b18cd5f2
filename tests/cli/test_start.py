"""What the command line costs before it does anything, and what it says of itself."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import agentmem as package
from agentmem.cli import output

if TYPE_CHECKING:
    from tests.conftest import Agentmem

HEAVY = ("langgraph", "langchain_core", "numpy", "onnxruntime", "tokenizers", "pydantic", "jinja2", "yaml", "sqlite3")

COMMANDS = (
    "run", "resume", "runs", "validate", "schema", "retain", "recall", "reflect", "show", "log", "stats", "banks",
    "reembed", "embedder", "bench",
)  # fmt: skip


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_nothing_heavy_is_loaded_to_say_what_there_is(option: str) -> None:
    program = (
        "import sys\nfrom agentmem.cli import main\n"
        f"sys.argv = ['agentmem', {option!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n"
        f"    print('LOADED', *[name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "LOADED"


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = f"import sys, agentmem\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == ""


def test_every_public_name_is_there_and_sorted() -> None:
    assert list(package.__all__) == sorted(package.__all__)
    for name in package.__all__:
        assert getattr(package, name) is not None
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match="nothing"):
        getattr(package, "nothing")  # noqa: B009 - a name that does not exist


def test_help_names_every_command(agentmem: Agentmem) -> None:
    ended = agentmem("--help")
    assert ended.code == 0
    for command in COMMANDS:
        assert f" {command} " in ended.out
    assert "\x1b" not in ended.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, inside: Agentmem) -> None:
    ended = inside(command, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert f"agentmem {command}" in ended.out


def test_the_version_is_the_packages(agentmem: Agentmem) -> None:
    assert agentmem("--version").out == f"agentmem {importlib.metadata.version('agentmem-graph')}\n"


def test_no_command_shows_help(agentmem: Agentmem) -> None:
    ended = agentmem()
    assert ended.code == 2
    assert ended.out.count("Usage:") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals are POSIX")
@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colours_are_for_terminals_and_no_color_is_honoured(tmp_path: Path, no_color: str, coloured: bool) -> None:
    (tmp_path / "memo.txt").write_text("Ines lives in Porto.\n")
    leader, follower = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "agentmem", "retain", "memo.txt"],
        cwd=tmp_path, stdout=follower, stderr=subprocess.DEVNULL,
        env={**os.environ, "NO_COLOR": no_color, "TERM": "xterm"},
    )  # fmt: skip
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(leader)
    assert process.wait() == 0
    assert b"Ines lives in Porto." in shown
    assert (b"\x1b[" in shown) == coloured


def test_what_memory_holds_cannot_steer_the_terminal() -> None:
    assert output.printable("a\x1b[31mb\x07\tc\nd\u202ee") == "a\ufffd[31mb\ufffd\tc\nd\ufffde"
    assert output.printable("naïve 日本語 👩‍💻") == "naïve 日本語 👩‍💻"
