"""Processes that outlive the one that started them: started detached, told apart from a later one of the same id."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agentmem.errors import StoreUnavailable

_POLL: Final = 0.1  # seconds

_DETACH: Final = 'out=$1; shift; "$@" >>"$out" 2>&1 </dev/null & echo $!'
"""The shell starts the program and ends at once, so the program belongs to nobody who waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessIdentity:
    """One process, not another one that got its id later."""

    pid: int
    """The id, which the system gives again to others."""
    started: str
    """When it started, as the system counts it."""

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return identify(self.pid) == self


def identify(pid: int) -> ProcessIdentity | None:
    """The identity of the process that has an id now; None if none has it, or only its exit status is left."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # The name stands in brackets and may hold anything, brackets too: count from the last one.
            cells = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return None if cells[0] in "ZX" else ProcessIdentity(pid=pid, started=f"{boot} {cells[19]}")
    done = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False, timeout=10
    )
    state, _, started = done.stdout.strip().partition(" ")
    return ProcessIdentity(pid=pid, started=started.strip()) if state and "Z" not in state else None


def start_detached(command: Sequence[str], *, output: Path, environment: Mapping[str, str]) -> ProcessIdentity | None:
    """Start a program in a session of its own; it lives on when this process, or its terminal, goes.

    Args:
        command: The program and its arguments.
        output: The file that its output is appended to.
        environment: Its whole environment.

    Returns:
        Its identity, or None if it ended at once.

    Raises:
        StoreUnavailable: it could not be started.
    """
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", _DETACH, "sh", str(output), *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=dict(environment),
            cwd="/",  # do not keep the caller's folder in use
            start_new_session=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise StoreUnavailable(f"the server could not be started: {error}.", where=command[0]) from error
    return identify(int(done.stdout))


def terminate(process: ProcessIdentity, *, seconds: float) -> bool:
    """Ask a process to end; after the time given, end it.

    Returns:
        Whether it ended when asked.
    """
    if _signal(process, signal.SIGTERM, seconds):
        return True
    _signal(process, signal.SIGKILL, 10.0)
    return False


def _signal(process: ProcessIdentity, number: signal.Signals, seconds: float) -> bool:
    """Send a signal and wait; whether the process is gone then."""
    if not process.alive():
        return True
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return True
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not process.alive():
            return True
        time.sleep(_POLL)
    return not process.alive()
