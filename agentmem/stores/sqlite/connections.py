"""Connections to one database: lent to one thread at a time, opened when all are out."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from agentmem.errors import StoreUnavailable
from agentmem.stores.sqlite.errors import translated
from agentmem.stores.sqlite.location import Location
from agentmem.stores.sqlite.watch import Watch

_CACHED_STATEMENTS = 256


class Mode(StrEnum):
    """How a database file is opened."""

    WRITE = "rwc"
    """Read and written; created if it is missing."""
    READ = "ro"
    """Read only, beside others who may write."""
    FROZEN = "immutable"
    """Read only, from a place where nobody can write: SQLite then needs no lock files beside it."""


def connect(location: Location, mode: Mode, timeout: float) -> sqlite3.Connection:
    """A connection in autocommit mode that any thread may use, one at a time.

    Args:
        location: The database.
        mode: How to open it.
        timeout: How long to wait for another writer, in seconds.
    """
    target = ":memory:" if location.path is None else _file_uri(location.path, mode)
    connection = sqlite3.connect(
        target,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_CACHED_STATEMENTS,
        uri=location.path is not None,
    )
    with closed_if_unusable(connection):
        connection.execute("PRAGMA foreign_keys = ON")
        # FULL: a commit that returned survives a loss of power, not only the death of the process (which NORMAL would
        # survive too in WAL mode). It costs one fsync for a changeset, and changesets are batches.
        connection.execute("PRAGMA synchronous = FULL")
    return connection


@contextmanager
def closed_if_unusable(connection: sqlite3.Connection) -> Iterator[None]:
    """Close a connection if what is tried on it fails."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _file_uri(path: Path, mode: Mode) -> str:
    options = "mode=ro&immutable=1" if mode is Mode.FROZEN else f"mode={mode.value}"
    return f"file:{quote(path.as_posix())}?{options}"


class Connections:
    """Lends connections. Writers of this process queue at a lock instead of polling SQLite's."""

    def __init__(self, location: Location, first: sqlite3.Connection, *, mode: Mode, timeout: float) -> None:
        self._location = location
        self._mode = mode
        self._timeout = timeout
        self._idle = [first]
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        # A database in memory exists in its one connection, so everybody takes turns.
        self._turn = threading.RLock() if location.path is None else None
        self._closed = False
        self._process = os.getpid()
        self._watch = None if location.path is None or mode is not Mode.WRITE else Watch(location.path)

    @property
    def read_only(self) -> bool:
        """Whether the database was opened for reading only."""
        return self._mode is not Mode.WRITE

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one read transaction: every query sees the same moment."""
        with self._lent() as connection, _transaction(connection, "BEGIN"):
            yield connection

    @contextmanager
    def writing(self, *, adds: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection inside a write transaction, committed at the end and rolled back if anything is raised.

        Args:
            adds: Something new is written, and must be found in the log then. A value that is set to what it was is not
                written at all.

        Raises:
            StoreError: what is open is not what the next opening would read any more.
        """
        if self.read_only:
            raise StoreUnavailable(
                "the store could only be opened for reading; nothing was written.",
                where=str(self._location),
                hint="Check who may write to the file and its folder.",
            )
        if not self._writing.acquire(timeout=self._timeout):
            raise StoreUnavailable("the store is busy writing.", where=str(self._location), hint="Try again.")
        try:
            with self._lent() as connection:
                with _transaction(connection, "BEGIN IMMEDIATE"):
                    yield connection
                    if self._watch is not None:
                        self._watch.check(*_extent(connection))
                if self._watch is not None and adds:
                    self._watch.check_commit()
        finally:
            self._writing.release()

    @contextmanager
    def _lent(self) -> Iterator[sqlite3.Connection]:
        with translated(str(self._location)):
            if self._turn is not None:
                with self._turn:
                    self._refuse_if_unusable()
                    yield self._idle[0]
                return
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)

    def _take(self) -> sqlite3.Connection:
        with self._guard:
            self._refuse_if_unusable()
            if self._idle:
                return self._idle.pop()
        return connect(self._location, self._mode, self._timeout)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._guard:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def _refuse_if_unusable(self) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed.", where=str(self._location), hint="Open it again.")
        if os.getpid() != self._process:
            raise StoreUnavailable(
                "the store was opened before this process was forked; SQLite connections cannot be shared so.",
                where=str(self._location),
                hint="Open the store in the new process.",
            )

    def close(self) -> None:
        """Close every connection; those that are lent close when they come back. Closing twice is harmless."""
        if self._turn is not None:
            with self._turn:
                self._close_idle()
        else:
            self._close_idle()

    def _close_idle(self) -> None:
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        if self._watch is not None:
            self._watch.close()
        with translated(str(self._location)):
            for connection in idle:
                connection.close()


def _extent(connection: sqlite3.Connection) -> tuple[int, int]:
    """Bytes of a database and its schema version, as the open transaction sees them."""
    values = "page_count * page_size, schema_version"
    query = f"SELECT {values} FROM pragma_page_count, pragma_page_size, pragma_schema_version"
    length, version = connection.execute(query).fetchone()
    return length, version


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has rolled back by itself after errors such as a full disk.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
