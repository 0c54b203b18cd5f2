"""Files on the command line that are no regular files: refused at once, or what the shell opened for the command."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Agentmem

COMMANDS = ("retain", "import", "run", "validate")


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


KINDS = {"a pipe (FIFO)": _fifo, "a device": _device, "a socket": _socket, "a folder": Path.mkdir}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("kind", "make"), KINDS.items())
def test_what_is_no_file_is_refused_at_once(
    tmp_path: Path, inside: Agentmem, command: str, kind: str, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "odd")
    ended = inside(command, "odd", *(["--json"] if command != "validate" else []))
    assert (ended.code, ended.out) == (2, "")
    assert f"this is {kind}, not a file" in ended.err


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["x" * 300, "gone"])
def test_a_name_that_is_none_is_a_clear_error(inside: Agentmem, command: str, name: str) -> None:
    ended = inside(command, name)
    assert (ended.code, ended.out) == (2, "")
    assert "cannot be read" in ended.err or "there is no such" in ended.err


@pytest.mark.parametrize("file", ["-", "/dev/stdin"])
def test_standard_input_is_read(agentmem: Agentmem, inside: Agentmem, file: str) -> None:
    assert agentmem("retain", file, "--store", "sqlite:///a.db", "--json", stdin="Anna lives in Oslo.").code == 0
    exported = inside("export", "--store", "sqlite:///a.db")
    imported = agentmem("import", file, "--trust", "person", "--store", "sqlite:///b.db", "--json", stdin=exported.out)
    assert (imported.code, imported.data["proved"]) == (0, True)


def test_what_the_shell_opens_in_place_of_a_file_is_read(tmp_path: Path) -> None:
    program = f"{sys.executable} -m agentmem retain --json --store sqlite:///a.db <(echo Anna lives in Oslo.)"
    done = subprocess.run(
        ["bash", "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Anna lives in Oslo." in done.stdout
