"""Keeps the in-memory vector indexes of a database in step with its journal."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agentmem.records import Vector, decode_time
from agentmem.stores.base import Hit, VectorSearch, View
from agentmem.stores.sqlite.rows import KINDS, STATUSES, damage_found
from agentmem.stores.sqlite.vector_index import Entry, VectorIndex

STORED = np.dtype("<f4")
"""Vectors in the file: float32, little-endian on every machine."""

_CHANGED = """
SELECT n.id, n.kind, n.status, n.created_at, n.valid_from, n.valid_to, n.closed_at, n.valid_to_before, v.vector
FROM nodes n LEFT JOIN vectors v ON v.node = n.node
WHERE n.bank = ? AND n.changed > ?
"""
_ALL = """
SELECT n.id, n.kind, n.status, n.created_at, n.valid_from, n.valid_to, n.closed_at, n.valid_to_before, v.vector
FROM vectors v JOIN nodes n ON n.node = v.node
WHERE n.bank = ?
"""


@dataclass(slots=True)
class _Loaded:
    """One bank's index, and what of the journal it has seen."""

    seq: int = 0
    epoch: int = -1
    index: VectorIndex | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class VectorIndexes:
    """The indexes of all banks, loaded at the first search of a bank."""

    def __init__(self) -> None:
        self._banks: dict[int, _Loaded] = {}
        self._guard = threading.Lock()

    def search(
        self, connection: sqlite3.Connection, bank: int, view: View, searches: Sequence[VectorSearch]
    ) -> list[list[Hit]]:
        """Top k of a bank for each search, as the connection's transaction sees it.

        Another thread with a newer transaction may have brought the index further; then these searches see that.

        Raises:
            EmbeddingMismatch: a query has another dimension than the store.
        """
        with self._guard:
            loaded = self._banks.setdefault(bank, _Loaded())
        with loaded.lock:
            _advance(connection, bank, loaded)
            return loaded.index.search(view, searches) if loaded.index else [[] for _ in searches]


def _advance(connection: sqlite3.Connection, bank: int, loaded: _Loaded) -> None:
    seq, epoch = connection.execute("SELECT seq, epoch FROM banks WHERE bank = ?", (bank,)).fetchone()
    if epoch > loaded.epoch:
        entries = _entries(connection.execute(_ALL, (bank,)))
        loaded.index = None
    elif epoch == loaded.epoch and seq > loaded.seq:
        entries = _entries(connection.execute(_CHANGED, (bank, loaded.seq)))
    else:
        return
    _put(loaded, entries)
    loaded.seq, loaded.epoch = seq, epoch


def _put(loaded: _Loaded, entries: Iterator[Entry]) -> None:
    with damage_found("a search entry"):
        _put_each(loaded, entries)


def _put_each(loaded: _Loaded, entries: Iterator[Entry]) -> None:
    if loaded.index is None:
        first = next((entry for entry in entries if entry.vector is not None), None)
        if first is None or first.vector is None:
            return
        loaded.index = VectorIndex(len(first.vector))
        loaded.index.put([first])
    loaded.index.put(entries)


def _entries(rows: Iterator[tuple[Any, ...]]) -> Iterator[Entry]:
    for id_, kind, status, created_at, valid_from, valid_to, closed_at, valid_to_before, vector in rows:
        yield Entry(
            id=id_,
            kind=KINDS[kind],
            status=STATUSES[status],
            created_at=decode_time(created_at),
            valid_from=decode_time(valid_from),
            valid_to=decode_time(valid_to),
            closed_at=decode_time(closed_at),
            valid_to_before=decode_time(valid_to_before),
            vector=vector_of(vector),
        )


def vector_of(blob: bytes | None) -> Vector | None:
    """The vector of a blob."""
    return None if blob is None else np.frombuffer(blob, dtype=STORED).astype(np.float32, copy=False)
