"""Where runs are checkpointed, so that a killed one goes on without repeating what was done."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from agentmem.errors import StoreCorrupt, StoreUnavailable, UserError
from agentmem.graphs.locks import Busy, held
from agentmem.private_files import private_file

_BUSY_SECONDS = 30.0
_ZIPPED = "+zlib"
_LEVEL = 1
"""Fast: a checkpoint holds the whole state, texts and all, and there is one for each wave."""


class ZippedSerializer(JsonPlusSerializer):
    """LangGraph's own serializer, compressed: about a tenth of the size for texts."""

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """Serialize and compress."""
        kind, data = super().dumps_typed(obj)
        return kind + _ZIPPED, zlib.compress(data, _LEVEL)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The inverse of `dumps_typed`; also reads what was not compressed."""
        kind, content = data
        if kind.endswith(_ZIPPED):
            kind, content = kind.removesuffix(_ZIPPED), zlib.decompress(content)
        return super().loads_typed((kind, content))


class _Saver(SqliteSaver):
    """LangGraph's own, whose failures are of agentmem."""

    def __init__(self, connection: sqlite3.Connection, where: str, *, guarded: bool) -> None:
        super().__init__(connection, serde=ZippedSerializer())
        self._where = where
        self._guarded = guarded

    def lock_file(self, run: str) -> Path | None:
        """The lock of a run, beside the file; None if the runs of this file need none."""
        if not self._guarded:
            return None
        return Path(f"{self._where}.{hashlib.sha256(run.encode()).hexdigest()[:16]}.lock")

    @contextmanager
    def cursor(self, transaction: bool = True) -> Iterator[sqlite3.Cursor]:
        """A cursor; what the disk refuses is told as StoreUnavailable, and damage as StoreCorrupt."""
        with _told(self._where), super().cursor(transaction) as cursor:
            yield cursor


@contextmanager
def _told(where: str) -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreUnavailable(
            f"checkpoints cannot be kept: {error}.",
            where=where,
            hint="Check that the disk is not full, or set AGENTMEM_HOME to a folder that can be written.",
        ) from error
    except sqlite3.DatabaseError as error:
        raise StoreCorrupt(f"the file of checkpoints is damaged: {error}.", where=where) from error


@contextmanager
def open_checkpoints(path: Path | str, *, guarded: bool = True) -> Iterator[SqliteSaver]:
    """A checkpointer over an SQLite file, made if it is not there. Only its owner can read it.

    A write survives the end of the process as soon as it returns; a power cut may cost the last few.

    Args:
        path: The file, or `:memory:`.
        guarded: Whether teams keep each other from a run that one works on; False if something else does that.

    Raises:
        StoreUnavailable: the file cannot be opened.
        StoreCorrupt: it is not a database.
    """
    on_disk = str(path) != ":memory:"
    try:
        if on_disk:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            private_file(Path(path))
        connection = sqlite3.connect(path, check_same_thread=False, timeout=_BUSY_SECONDS)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"checkpoints cannot be kept: {error}.", where=str(path)) from error
    with closing(connection):
        with _told(str(path)):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            saver = _Saver(connection, str(path), guarded=guarded and on_disk)
            saver.setup()
        yield saver


@contextmanager
def alone(saver: BaseCheckpointSaver[Any], run: str) -> Iterator[None]:
    """Keep other teams from a run, if its checkpointer is one of `open_checkpoints`; others know no such thing.

    Raises:
        UserError: another team works on the run.
    """
    lock = saver.lock_file(run) if isinstance(saver, _Saver) else None
    if lock is None:
        yield
        return
    try:
        with held(lock):
            yield
    except Busy as error:
        raise UserError(
            "another team works on this run.", where=f"run {run}", hint="Wait until it has ended."
        ) from error


def unlock_for_good(saver: BaseCheckpointSaver[Any], run: str) -> None:
    """Remove the lock of a run that is done, by whoever holds it: nothing is left to be done twice."""
    lock = saver.lock_file(run) if isinstance(saver, _Saver) else None
    if lock is not None:
        with suppress(OSError):  # some systems keep files that are open; an empty one does no harm
            lock.unlink()
