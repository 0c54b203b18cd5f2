"""Files and folders that only their owner can read, whatever the umask says."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

_FILE: Final = 0o600
_FOLDER: Final = 0o700
_BESIDE: Final = ("-wal", "-shm", "-journal")
_one_at_a_time = threading.Lock()
"""Closing a file lets go of all locks that this process has on it, SQLite's too: it is closed before others open it."""


def create_file(path: Path) -> bool:
    """Make an empty file; False if there is something of that name, which stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    with _one_at_a_time:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _FILE))
        except FileExistsError:
            return False
        path.chmod(_FILE)
        return True


def create_folders(folder: Path) -> None:
    """Make what is missing of a path; folders that are there stay as they are.

    Raises:
        FileExistsError, NotADirectoryError: a file lies where a folder must be.
        OSError: one cannot be made.
    """
    for missing in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
        try:
            missing.mkdir(_FOLDER)
        except FileExistsError:
            if missing.is_dir():
                continue  # another process was faster
            raise
        missing.chmod(_FOLDER)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


def private_file(path: Path) -> None:
    """Make an SQLite file, or tighten one that is there and what lies beside it: read and written by its owner only.

    Raises:
        OSError: it cannot be made, or belongs to somebody else.
    """
    create_file(path)
    for suffix in ("", *_BESIDE):  # SQLite gives those beside it the mode of the file itself
        file = path.with_name(path.name + suffix)
        if file.is_file():  # what else may be there is left as it is
            with suppress(FileNotFoundError):  # another process removed it meanwhile
                _tighten(file, _FILE)


def private_folder(path: Path) -> None:
    """Make a folder, or tighten one that is there: opened by its owner only. Folders above it are made as usual.

    Raises:
        OSError: it cannot be made, or belongs to somebody else.
    """
    path.mkdir(parents=True, exist_ok=True, mode=_FOLDER)
    _tighten(path, _FOLDER)


def write_private(path: Path, text: str) -> None:
    """Write a file in UTF-8. It appears whole: a crash leaves the old one or the new one.

    Raises:
        OSError: it cannot be written.
    """
    descriptor, unfinished = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).replace(path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


def _tighten(path: Path, mode: int) -> None:
    if path.stat().st_mode & 0o777 != mode:
        path.chmod(mode)
