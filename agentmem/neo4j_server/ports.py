"""Ports of this machine's loopback interface: whether they are free, and who has them otherwise."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
"""The only address that a server of ours listens on."""

_HANDSHAKE: Final = bytes.fromhex("6060b017") + bytes.fromhex("00000405 00000404 00000104 00000000")
"""Bolt's magic number and the protocol versions on offer."""


def free_ports(count: int) -> tuple[int, ...]:
    """Ports that are free now, each one once. Another program may take one before it is used."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return tuple(one.getsockname()[1] for one in sockets)


def is_free(port: int) -> bool:
    """Whether a server could listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: recently closed is free
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def speaks_bolt(port: int, *, seconds: float = 2.0) -> bool:
    """Whether what listens on the port answers Bolt's handshake with a version of the protocol."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=seconds) as connection:
            connection.sendall(_HANDSHAKE)
            answer = connection.recv(4)
    except OSError:
        return False
    return len(answer) == 4 and answer != b"\0\0\0\0" and answer != b"HTTP"


def holder(port: int) -> str:
    """Who has a port, for a person: a Neo4j, a program with its process id, or just another program."""
    who = "a Neo4j server (it speaks Bolt)" if speaks_bolt(port) else "another program"
    process = _listening_process(port)
    return f"{who}, process {process}" if process else who


def _listening_process(port: int) -> str:
    """Process id and name of who listens on a port, where Linux tells; empty otherwise."""
    inodes = _listening_inodes(port)
    if not inodes:
        return ""
    for folder in Path("/proc").glob("[0-9]*"):
        if inodes & _descriptors(folder):
            with suppress(OSError):  # it has just ended
                return f"{folder.name} ({(folder / 'comm').read_text(errors='replace').strip()})"
    return ""


def _descriptors(process: Path) -> set[str]:
    """What a process has open; nothing if it is another user's or has just ended."""
    found = set()
    with suppress(OSError):
        for entry in (process / "fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                found.add(os.readlink(entry))
    return found


def _listening_inodes(port: int) -> set[str]:
    inodes: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:  # not Linux
            continue
        for row in rows:
            cells = row.split()
            if cells[3] == "0A" and int(cells[1].rpartition(":")[2], 16) == port:  # 0A: listening
                inodes.add(f"socket:[{cells[9]}]")
    return inodes
