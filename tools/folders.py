"""Following a path by descriptors: each part is opened beneath the one before it, and links are read by hand.

What is checked is so what is used: a link that takes a folder's place meanwhile is not followed by the system.
Windows cannot open beneath a folder. There a path is resolved, checked, and then used by name: whoever can put a link
in between, on the same machine and with the right to write there, is not stopped. `BY_DESCRIPTOR` says which it is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

BY_DESCRIPTOR = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
"""Whether this system opens beneath an open folder."""

_MOST_LINKS: Final = 40
"""As many as Linux follows in one path."""
_READABLE: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_PASSABLE: Final = _READABLE | getattr(os, "O_PATH", 0)
"""To go through a folder, which one need not be able to list."""


@dataclass(frozen=True, slots=True)
class Folder:
    """An open folder."""

    path: str
    """Where it was found, without links. For messages; names in it are used beneath the descriptor."""
    descriptor: int | None
    """None where the system cannot open beneath a folder, and the path is used."""

    def at(self, name: str) -> str:
        """What calls of the system take for a name in it, together with the descriptor."""
        return name if self.descriptor is not None else os.path.join(self.path, name)

    def stat(self, name: str = "") -> os.stat_result:
        """Facts about something in it, links not followed; without a name, about itself."""
        if not name:
            return os.stat(self.path if self.descriptor is None else self.descriptor)
        return os.stat(self.at(name), dir_fd=self.descriptor, follow_symlinks=False)

    def has(self, name: str) -> bool:
        """Whether something of that name lies in it."""
        try:
            self.stat(name)
        except (OSError, ValueError):
            return False
        return True

    def entries(self) -> list[tuple[str, int]]:
        """What lies in it: names with the type bits of their modes, links not followed."""
        with self._readable() as listed, os.scandir(listed) as found:
            return sorted((entry.name, _type_bits(entry)) for entry in found)

    def sync(self) -> None:
        """Bring what was renamed in it to the disk. Windows has no way to."""
        with self._readable() as listed:
            if isinstance(listed, int):
                os.fsync(listed)

    @contextlib.contextmanager
    def _readable(self) -> Iterator[int | str]:
        if self.descriptor is None:
            yield self.path
            return
        listed = os.open(".", _READABLE, dir_fd=self.descriptor)
        try:
            yield listed
        finally:
            os.close(listed)


@dataclass(slots=True)
class Walk:
    """The way to something: the open folders above it, and what lies in the last of them."""

    ahead: tuple[str, ...]
    """The parts of the path."""
    chain: list[Folder] = field(default_factory=list)
    """From the root of the file system down, each opened beneath the one before it."""
    leaf: str = ""
    """What lies in the last folder and is no folder; empty for that folder itself."""
    missing: list[str] = field(default_factory=list)
    """Names below the last folder that do not exist."""
    opened: ExitStack = field(default_factory=ExitStack)
    """Closes what was opened."""

    @property
    def folder(self) -> Folder:
        """The last folder there is."""
        return self.chain[-1]

    @property
    def path(self) -> Path:
        """Where it leads, without links."""
        return Path(self.folder.path, self.leaf, *self.missing)

    def enter(self, name: str) -> None:
        """Go on into a folder.

        Raises:
            OSError: it is none, or a link.
        """
        above = self.chain[-1] if self.chain else Folder(name, None)
        path = os.path.join(above.path, name)
        if not BY_DESCRIPTOR:
            if not os.path.isdir(path):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
            self.chain.append(Folder(path, None))
            return
        descriptor = os.open(name, _PASSABLE, dir_fd=above.descriptor)
        self.opened.callback(os.close, descriptor)
        self.chain.append(Folder(path, descriptor))

    def make(self) -> None:
        """Make the missing folders above the last missing name, which becomes the leaf."""
        *above, self.leaf = self.missing
        self.missing = []
        for name in above:
            with contextlib.suppress(FileExistsError):  # somebody else made it; if it is a link, entering it fails
                os.mkdir(self.folder.at(name), dir_fd=self.folder.descriptor)
            self.enter(name)

    def follow(self) -> None:
        """Follow the path, with `..` and links, as far as there is something.

        Raises:
            OSError: a file lies where a folder must be, there are too many links, or something cannot be entered.
            ValueError: no file can have this name.
        """
        pending, links = deque(self.ahead), 0
        while pending:
            part = pending.popleft()
            if part == "..":
                self._leave()
            elif self.missing:
                self.missing.append(part)
            elif self.leaf:
                raise NotADirectoryError(errno.ENOTDIR, "a file lies where a folder must be", self.leaf)
            elif (target := self._step(part)) is not None:
                links += 1
                if links > _MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), part)
                path = Path(target)
                if path.is_absolute():
                    del self.chain[1:]
                pending.extendleft(reversed(path.parts[1:] if path.is_absolute() else path.parts))

    def _leave(self) -> None:
        if self.missing:
            self.missing.pop()
        elif self.leaf:
            self.leaf = ""
        elif len(self.chain) > 1:
            self.chain.pop()

    def _step(self, part: str) -> str | None:
        """Take one part; gives where it leads if it is a link."""
        try:
            self.enter(part)
        except FileNotFoundError:
            self.missing.append(part)
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP, errno.EMLINK):
                raise
            try:
                mode = self.folder.stat(part).st_mode
                if stat.S_ISLNK(mode):
                    return os.readlink(self.folder.at(part), dir_fd=self.folder.descriptor)
            except FileNotFoundError:
                self.missing.append(part)  # it went meanwhile
                return None
            if stat.S_ISDIR(mode):
                return part  # it became a folder meanwhile: once more, and it counts as a link, so not for ever
            self.leaf = part
        return None


@contextlib.contextmanager
def begun(path: Path) -> Iterator[Walk]:
    """The way to an absolute path, at its beginning; what is open is closed at the end.

    Raises:
        OSError: the root of the file system cannot be opened.
    """
    real = path if BY_DESCRIPTOR else path.resolve()
    walk = Walk(real.parts[1:])
    with walk.opened:
        walk.enter(real.anchor)
        yield walk


def _type_bits(entry: os.DirEntry[str]) -> int:
    if entry.is_symlink():
        return stat.S_IFLNK
    if entry.is_dir(follow_symlinks=False):
        return stat.S_IFDIR
    return stat.S_IFREG if entry.is_file(follow_symlinks=False) else 0
