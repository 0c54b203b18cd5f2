"""Where an SQLite store lies: its URL, its path, and what can be said about both before opening."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agentmem.errors import ConfigurationError, InputError, StoreCorrupt, StoreUnavailable
from agentmem.private_files import create_file, create_folders

_MEMORY = ":memory:"
_MAGIC = b"SQLite format 3\0"
_SMALLEST_PAGE = 512
_FORMS = "Write sqlite:///relative/path.db, sqlite:////absolute/path.db or sqlite:///:memory:."


@dataclass(frozen=True, slots=True)
class Location:
    """Path of a database file, or None for one that lives in memory."""

    path: Path | None

    @property
    def url(self) -> str:
        """The URL that opens the same place from any working directory."""
        return f"sqlite:///{_MEMORY if self.path is None else self.path.as_posix()}"

    def __str__(self) -> str:
        return _MEMORY if self.path is None else str(self.path)


def parse_location(url: str) -> Location:
    """The location that a URL names; relative paths start at the working directory, `~/` at the home folder.

    Raises:
        ConfigurationError: not an SQLite URL.
        InputError: a path that no file can have.
    """
    scheme, separator, rest = url.partition("://")
    if scheme.lower() != "sqlite" or not separator:
        raise ConfigurationError("not an SQLite URL.", where=url, hint=_FORMS)
    if rest in (_MEMORY, "/" + _MEMORY):
        return Location(None)
    if not rest.startswith("/") or len(rest) == 1:
        raise ConfigurationError("the URL names no file.", where=url, hint=_FORMS)
    if "?" in rest:
        raise ConfigurationError("options after '?' are not supported.", where=url, hint=_FORMS)
    if "\0" in rest:
        raise InputError("a path cannot hold a NUL character.", where=repr(url))
    try:
        return Location(Path(rest[1:]).expanduser().absolute())
    except RuntimeError as error:
        raise InputError("the home folder of that user is not known.", where=url, hint=_FORMS) from error


def prepare(path: Path) -> None:
    """Create a database file and the folders above it for their owner alone, and refuse what can never be one.

    What is there already keeps its permissions. SQLite gives the files beside a database those of the database.

    Raises:
        InputError: the path is a folder, or a file lies where a folder must be.
        StoreCorrupt: the file is no database.
        StoreUnavailable: a folder is missing and cannot be created, or the file cannot be read.
    """
    try:
        if path.is_dir():
            raise InputError("that is a folder.", where=str(path), hint="Name a file inside it.")
        create_folders(path.parent)
        begins = _beginning(path)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError("a file lies where a folder must be.", where=str(error.filename)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreUnavailable(f"the store cannot be reached: {reason}.", where=str(path)) from error
    # SQLite would take a file of a few bytes for an empty one and write over it.
    if begins not in (b"", _MAGIC):
        raise StoreCorrupt("the file is no database, or damaged.", where=str(path), hint="Give agentmem its own file.")


def _beginning(path: Path) -> bytes:
    """The first bytes of a file, which is created if it is not there."""
    if create_file(path.resolve()):
        return b""
    size = path.stat().st_size
    # Closing a file drops the locks that SQLite holds on it in this process. One that it has open is empty or has a
    # page at least, and SQLite itself tells whether that is a page of a database.
    if size == 0 or size >= _SMALLEST_PAGE:
        return _MAGIC if size else b""
    with path.open("rb") as file:
        return file.read(len(_MAGIC))
