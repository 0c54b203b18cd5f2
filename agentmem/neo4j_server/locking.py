"""A lock between processes on a file. It goes with the process that holds it, however that ends."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from agentmem.errors import ConfigurationError, StoreUnavailable

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment] # said where it is needed

_POLL: Final = 0.1  # seconds


@contextmanager
def held(
    path: Path, *, doing: str, notify: Callable[[str], None] = lambda _line: None, seconds: float = 900.0
) -> Iterator[None]:
    """Hold the lock of a file while the block runs; wait for another process that holds it.

    Args:
        path: The file; made if it is missing, and left behind.
        doing: What another process is doing meanwhile: "another process is {doing}".
        notify: Told once if it has to wait.
        seconds: How long to wait.

    Raises:
        StoreUnavailable: the other process did not finish in time.
        ConfigurationError: this system has no such locks.
    """
    if fcntl is None:  # pragma: no cover - Windows
        raise ConfigurationError("a local Neo4j is started on Linux and macOS only.", hint="Use Docker or WSL.")
    path.parent.mkdir(parents=True, exist_ok=True)
    end, told = time.monotonic() + seconds, False
    while (handle := _acquired(path)) is None:
        if time.monotonic() > end:
            raise StoreUnavailable(f"another process is still {doing}.", where=str(path))
        if not told:
            notify(f"Another process is {doing}; waiting for it.")
            told = True
        time.sleep(_POLL)
    try:
        yield
    finally:
        os.close(handle)


def _acquired(path: Path) -> int | None:
    """The descriptor of the locked file; None if another process holds it, or removed it just now."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_nlink:  # else: a lock on a file that nobody can find any more
            return handle
    except BlockingIOError:
        pass
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None
