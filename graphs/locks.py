"""Locks of runs: one worker at a time, in whichever process or thread. The system lets go when a process dies.

A lock is an SQLite file that is never written: SQLite's locks hold on every system, and between threads too. Its file
is removed only when nothing is left to do under it: the run is done. Who waited for it meanwhile, and then holds a file
that is gone, must look at the run again, and finds it done.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from agentmem.errors import StoreUnavailable
from agentmem.private_files import private_file

PATIENCE: Final = 0.5
"""Seconds that a worker waits for a lock: much longer than it takes to look who has it, or to prune."""


class Busy(Exception):
    """Another worker has the lock."""


@contextmanager
def held(path: Path, *, patience: float = PATIENCE) -> Iterator[None]:
    """Hold a lock.

    Args:
        path: Its file, made if it is not there.
        patience: Seconds to wait for another worker.

    Raises:
        Busy: another worker has it.
        StoreUnavailable: the file cannot be made or locked.
    """
    try:
        private_file(path)
        lock = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, error) from error
    with closing(lock):
        try:
            lock.execute("begin exclusive")
        except sqlite3.Error as error:
            if _is_busy(error):
                raise Busy from error
            raise _unusable(path, error) from error
        yield


def is_held(path: Path) -> bool:
    """Whether somebody holds a lock. Looking takes nothing from who wants it.

    Raises:
        StoreUnavailable: the file cannot be read.
    """
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=0)) as lock:
            lock.execute("select 1 from sqlite_master").fetchone()
    except sqlite3.Error as error:
        if _is_busy(error):
            return True
        if not path.exists():  # pruned meanwhile
            return False
        raise _unusable(path, error) from error
    return False


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")


def _unusable(path: Path, error: Exception) -> StoreUnavailable:
    return StoreUnavailable(
        f"the run cannot be locked: {error}.",
        where=str(path),
        hint="Set AGENTMEM_HOME to a folder of your own that can be written.",
    )
