"""Exact vector search in memory: one matrix for each bank, with what a View asks about each row beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from agentmem.errors import EmbeddingMismatch
from agentmem.records import Kind, Status, Vector
from agentmem.stores.base import Hit, VectorSearch, View

_KINDS = tuple(Kind)
_KIND_CODES = {kind: code for code, kind in enumerate(_KINDS)}
_STATUS_CODES = {status: code for code, status in enumerate(Status)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EVER = int(np.iinfo(np.int64).max)
_NEVER = int(np.iinfo(np.int64).min)
_SMALLEST = 256
_ROUNDING = 1e-4
"""More than what single precision can put between the products of two equal vectors of unit length."""
_ROW = np.dtype(
    [
        ("searched", np.bool_),
        ("kind", np.int8),
        ("status", np.int8),
        ("created_at", np.int64),
        ("valid_from", np.int64),
        ("valid_to", np.int64),
        ("closed_at", np.int64),
        ("valid_to_before", np.int64),
    ]
)
"""Times are microseconds since 1970."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One node as the index sees it."""

    id: str
    kind: Kind
    status: Status
    created_at: datetime | None
    valid_from: datetime | None
    valid_to: datetime | None
    closed_at: datetime | None
    valid_to_before: datetime | None
    vector: Vector | None
    """None takes the node out of the index."""


class VectorIndex:
    """The vectors of one bank. Not safe for threads by itself: its owner holds a lock."""

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self._ids: list[str] = []
        self._slots: dict[str, int] = {}
        self._matrix = np.zeros((_SMALLEST, dimension), dtype=np.float32)
        self._rows = np.zeros(_SMALLEST, dtype=_ROW)

    def put(self, entries: Iterable[Entry]) -> None:
        """Insert or replace entries.

        Raises:
            EmbeddingMismatch: a vector of another dimension.
        """
        for entry in entries:
            slot = self._slots.get(entry.id)
            if slot is None:
                if entry.vector is None:
                    continue
                slot = self._new_slot(entry.id)
            if entry.vector is not None:
                self._matrix[slot] = self._checked(entry.vector)
            self._rows[slot] = _row(entry)

    def search(self, view: View, search: VectorSearch) -> list[Hit]:
        """Exact top k of the view by cosine, ties by id.

        The matrix product only narrows the field: its last digits depend on where in the matrix a row lies. Whoever is
        within rounding of the k-th is scored again in double precision, each row alike, so equal vectors tie exactly.

        Raises:
            EmbeddingMismatch: the query has another dimension.
        """
        query = self._checked(search.vector)
        shown = np.flatnonzero(_mask(self._rows[: len(self._ids)], view))
        if search.k <= 0 or shown.size == 0:
            return []
        if shown.size > search.k:
            rough = (self._matrix[: len(self._ids)] @ query)[shown]
            kth = np.partition(rough, shown.size - search.k)[shown.size - search.k]
            shown = shown[rough >= kth - _ROUNDING]
        exact = (self._matrix[shown].astype(np.float64) * query.astype(np.float64)).sum(axis=1)
        ranked = sorted(zip((-exact).tolist(), (self._ids[slot] for slot in shown), shown.tolist(), strict=True))
        kinds = self._rows["kind"]
        return [Hit(id_, -negative, _KINDS[kinds[slot]]) for negative, id_, slot in ranked[: search.k]]

    def _checked(self, vector: Vector) -> Vector:
        if vector.shape != (self.dimension,):
            raise EmbeddingMismatch(
                f"a vector of shape {vector.shape} where the store holds {self.dimension} dimensions.",
                hint="Use the embedding model that filled the store.",
            )
        return np.asarray(vector, dtype=np.float32)

    def _new_slot(self, id_: str) -> int:
        slot = len(self._ids)
        if slot == len(self._rows):
            # Doubling: a commit then costs what it adds, not what is there.
            self._matrix = np.concatenate([self._matrix, np.zeros_like(self._matrix)])
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        self._ids.append(id_)
        self._slots[id_] = slot
        return slot


def _row(entry: Entry) -> tuple[Any, ...]:
    return (
        entry.vector is not None,
        _KIND_CODES[entry.kind],
        _STATUS_CODES[entry.status],
        _micros(entry.created_at, _NEVER),
        _micros(entry.valid_from, _NEVER),
        _micros(entry.valid_to, _EVER),
        _micros(entry.closed_at, _NEVER),
        _micros(entry.valid_to_before, _EVER),
    )


def _micros(moment: datetime | None, if_none: int) -> int:
    return if_none if moment is None else (moment - _EPOCH) // _MICROSECOND


def _mask(rows: npt.NDArray[np.void], view: View) -> Mask:
    """Which rows a view shows; the same rules as the SQL of `sqlite_view`."""
    mask: Mask = rows["searched"].copy()
    if view.kinds is not None:
        mask &= _among(rows["kind"], [_KIND_CODES[kind] for kind in view.kinds], len(_KIND_CODES))
    status, valid_to, statuses = rows["status"], rows["valid_to"], view.statuses
    if view.known_at is not None:
        known_at = _micros(view.known_at, _EVER)
        open_then = (rows["closed_at"] > known_at) & (status != _STATUS_CODES[Status.ERASED])
        status = np.where(open_then, _STATUS_CODES[Status.ACTIVE], status)
        valid_to = np.where(open_then, rows["valid_to_before"], valid_to)
        mask &= rows["created_at"] <= known_at
    if view.valid_at is not None:
        valid_at = _micros(view.valid_at, _EVER)
        statuses = statuses | {Status.SUPERSEDED}
        mask &= (rows["valid_from"] <= valid_at) & (valid_to > valid_at)
    mask &= _among(status, [_STATUS_CODES[shown] for shown in statuses], len(_STATUS_CODES))
    return mask


def _among(codes: npt.NDArray[Any], wanted: list[int], size: int) -> Mask:
    table: Mask = np.zeros(size, dtype=np.bool_)
    table[wanted] = True
    found: Mask = table[codes]
    return found
