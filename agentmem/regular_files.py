"""Opening what must be a regular file: FIFOs, devices, sockets and folders are refused at once, never waited for."""

from __future__ import annotations

import os
import re
import stat
from typing import Final

from agentmem.errors import InputError

_AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Opening a FIFO waits for its other end, unless it is said not to."""
_HANDED: Final = re.compile(r"/dev/(?:stdin|fd/(\d+))|/proc/self/fd/(\d+)")
"""What a shell opened for this process: `/dev/stdin`, or the name that it puts in place of `<(...)`."""
_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISLNK, "a link"),
)


def open_regular(path: str | os.PathLike[str], *, name: str = "", folder: int | None = None) -> int:
    """A descriptor that reads a regular file. The caller closes it.

    Args:
        path: The file.
        name: What messages call it; default: the path.
        folder: An open folder that the path starts from. With it, a link is not followed.

    Raises:
        InputError: it is anything but a regular file, or no file can have this name.
        OSError: it cannot be opened.
    """
    shown = name or os.fspath(path)
    alone = os.O_NOFOLLOW if folder is not None else 0
    try:
        # Looked at first, since to open a device may do something; and then again, since it may be another by now.
        require_regular(os.stat(path, dir_fd=folder, follow_symlinks=not alone).st_mode, shown)
        descriptor = os.open(path, os.O_RDONLY | _AT_ONCE | alone, dir_fd=folder)
    except ValueError as error:
        raise InputError("no file can have this name.", where=ascii(shown)) from error
    try:
        require_regular(os.fstat(descriptor).st_mode, shown)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def open_named(path: str | os.PathLike[str]) -> int:
    """A descriptor for what a person named on the command line: a regular file, or what the shell opened for them.

    `/dev/stdin`, `/dev/fd/N` and so `<(...)` are read as they are: whoever wrote them gave the other end, too.

    Raises:
        InputError, OSError: as `open_regular`.
    """
    handed = _HANDED.fullmatch(os.fspath(path))
    return os.dup(int(handed[1] or handed[2] or 0)) if handed else open_regular(path)


def read_at_most(descriptor: int, max_bytes: int, *, name: str) -> bytes:
    """What is left in a descriptor, which is closed.

    Raises:
        InputError: it is more than `max_bytes`, whatever the file said of its size.
        OSError: it cannot be read.
    """
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise InputError(
            f"the file has more than {max_bytes / 1e6:.0f} MB, which is the most that is read.",
            where=name,
            hint="Split it.",
        )
    return content


def read_beginning(descriptor: int, size: int) -> bytes:
    """The first bytes of a file, whose descriptor is closed.

    Raises:
        OSError: it cannot be read.
    """
    with os.fdopen(descriptor, "rb") as file:
        return file.read(size)


def require_regular(mode: int, name: str) -> None:
    """Refuse what is not a regular file, by the mode that `stat` gives.

    Raises:
        InputError: with what it is.
    """
    if not stat.S_ISREG(mode):
        raise InputError(f"this is {kind_of(mode)}, not a file.", where=name)


def kind_of(mode: int) -> str:
    """What something that is not a regular file is, in words."""
    return next((words for applies, words in _KINDS if applies(mode)), "a device")
