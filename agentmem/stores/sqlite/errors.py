"""The one place where errors of SQLite become errors of agentmem."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from agentmem.errors import InputError, StoreCorrupt, StoreError, StoreUnavailable

_UNAVAILABLE = {
    "SQLITE_BUSY": ("the store is locked by another process.", "Try again when it has finished."),
    "SQLITE_LOCKED": ("the store is locked by another connection.", "Try again when it has finished."),
    "SQLITE_FULL": ("no space is left for the store; nothing was written.", "Free some space and try again."),
    "SQLITE_READONLY": ("the store is read-only; nothing was written.", "Check who may write to it and its folder."),
    "SQLITE_CANTOPEN": ("the store cannot be opened.", "Check who may read and write it and its folder."),
    "SQLITE_PERM": ("the store cannot be opened.", "Check who may read and write it and its folder."),
    "SQLITE_IOERR": ("the disk refused to read or write the store.", "Check that it is not full or failing."),
    "SQLITE_NOMEM": ("not enough memory for the store's work.", ""),
    "SQLITE_PROTOCOL": ("the store is locked by too many processes.", "Try again when they have finished."),
    "SQLITE_INTERRUPT": ("the store's work was interrupted.", "Try again."),
}
_CORRUPT = {
    "SQLITE_CORRUPT": "the store is damaged.",
    "SQLITE_NOTADB": "the file is not an agentmem store, or it is damaged.",
    "SQLITE_FORMAT": "the store is damaged.",
}
_DAMAGE = ("no such table", "no such column", "malformed", "Could not decode to UTF-8")
_MEND = "Restore a backup, or open another path."


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Raise what SQLite raises inside as the exceptions that the Store protocol promises.

    Args:
        where: The store concerned, as errors show it.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(error, where) from error
    except UnicodeDecodeError as error:
        raise StoreCorrupt("the store is damaged: a text in it is no text.", where=where, hint=_MEND) from error
    except UnicodeEncodeError as error:
        raise InputError(
            "a text holds half of a surrogate pair, which no encoding can store.",
            where=where,
            hint="Decode it with errors='replace' first.",
        ) from error
    except OverflowError as error:
        raise InputError(f"a number or time is out of range: {error}.", where=where) from error


def _translate(error: sqlite3.Error, where: str) -> StoreError | InputError:
    code = str(getattr(error, "sqlite_errorname", ""))
    primary = "_".join(code.split("_")[:2])
    if primary in _UNAVAILABLE:
        message, hint = _UNAVAILABLE[primary]
        return StoreUnavailable(message, where=where, hint=hint)
    if primary in _CORRUPT or any(sign in str(error) for sign in _DAMAGE):
        message = _CORRUPT.get(primary, f"the store is damaged ({error}).")
        return StoreCorrupt(message, where=where, hint=_MEND)
    if primary == "SQLITE_TOOBIG" or isinstance(error, sqlite3.DataError):
        return InputError(f"a value is too large to store: {error}.", where=where)
    return StoreError(f"SQLite refused: {error}.", where=where)
