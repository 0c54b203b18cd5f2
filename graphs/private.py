"""Files and folders that only their owner can read: they hold what a run read and said."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

_BESIDE = ("-wal", "-shm", "-journal")
_one_at_a_time = threading.Lock()
"""Closing a file lets go of all locks that this process has on it, SQLite's too: it is closed before others open it."""


def private_file(path: Path) -> None:
    """Make an SQLite file, or tighten one that is there and what lies beside it: read and written by its owner only.

    Raises:
        OSError: it cannot be made, or belongs to somebody else.
    """
    with _one_at_a_time, suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    for suffix in ("", *_BESIDE):  # SQLite gives those beside it the mode of the file itself
        file = path.with_name(path.name + suffix)
        if file.is_file():  # what else may be there is left as it is
            with suppress(FileNotFoundError):  # another process removed it meanwhile
                _tighten(file, 0o600)


def private_folder(path: Path) -> None:
    """Make a folder, or tighten one that is there: opened by its owner only. Folders above it are made as usual.

    Raises:
        OSError: it cannot be made, or belongs to somebody else.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    _tighten(path, 0o700)


def _tighten(path: Path, mode: int) -> None:
    if path.stat().st_mode & 0o777 != mode:
        path.chmod(mode)
