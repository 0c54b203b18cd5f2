"""Exact vector search in memory: one matrix for each bank, with what a View asks about each row beside it."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
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
_FEW = 4
_SMALL = 1 << 17
"""Up to so many queries, or cosines, are the work of this thread alone. The linear algebra library would share even a
product of a tenth of a millisecond among threads that wait busily for each other: many times slower where others use
the cores."""
_PRODUCTS = 1 << 23
"""Cosines that are held at once: 32 MiB of them."""
_EXACT_ROWS = 4096
"""Vectors that are held in double precision at once."""
_DECIMALS = 12
"""What double precision leaves of a cosine of zero is no likeness."""
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
        ("content", np.int64),
    ]
)
"""Times are microseconds since 1970. Equal vectors have an equal `content`: such as a note's and its evidence's."""

Mask = npt.NDArray[np.bool_]
Slots = npt.NDArray[np.intp]


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
            content = self._rows["content"][slot]
            if entry.vector is not None:
                vector = self._checked(entry.vector)
                self._matrix[slot] = vector
                content = hash(vector.tobytes())
            self._rows[slot] = (*_row(entry), content)

    def search(self, view: View, searches: Sequence[VectorSearch]) -> list[list[Hit]]:
        """For each search the exact top k of the view by cosine, ties by id.

        One matrix product for all of them only narrows the field: its last digits depend on where in the matrix a row
        lies. Whoever is within rounding of the k-th is scored again in double precision, each row alike, so equal
        vectors tie exactly.

        Raises:
            EmbeddingMismatch: a query has another dimension.
        """
        queries = [self._checked(search.vector) for search in searches]
        shown = np.flatnonzero(_mask(self._rows[: len(self._ids)], view))
        if shown.size == 0:
            return [[] for _ in searches]
        products = self._products(queries, shown)
        return [
            self._best(rough, shown, query, search)
            for search, query, rough in zip(searches, queries, products, strict=True)
        ]

    def _products(self, queries: Sequence[Vector], shown: Slots) -> Iterator[Vector]:
        """The cosines of each query with the rows that are shown, in single precision."""
        count = len(self._ids)
        alone = len(queries) <= _FEW or len(queries) * count <= _SMALL
        step = max(1, _PRODUCTS // count)
        for start in range(0, len(queries), step):
            some, known = np.stack(queries[start : start + step]), self._matrix[:count]
            cosines = np.einsum("qd,nd->qn", some, known) if alone else some @ known.T
            yield from cosines if shown.size == count else cosines[:, shown]

    def _best(self, rough: Vector, shown: Slots, query: Vector, search: VectorSearch) -> list[Hit]:
        k, least = search.k, search.least
        if k <= 0:
            return []
        if least > -1:
            likely = rough >= least - _ROUNDING
            shown, rough = shown[likely], rough[likely]
        if shown.size > k:
            kth = np.partition(rough, shown.size - k)[shown.size - k]
            shown = shown[rough >= kth - _ROUNDING]
        exact = self._exact(shown, query)
        if shown.size > k:  # of the many that may tie, those below the k-th need not be sorted
            reached = exact >= np.partition(exact, shown.size - k)[shown.size - k]
            shown, exact = shown[reached], exact[reached]
        slots = shown.tolist()
        ranked = heapq.nsmallest(k, zip((-exact).tolist(), map(self._ids.__getitem__, slots), slots, strict=True))
        kinds = self._rows["kind"]
        return [Hit(id_, -negative, _KINDS[kinds[slot]]) for negative, id_, slot in ranked if -negative >= least]

    def _exact(self, slots: Slots, query: Vector) -> npt.NDArray[np.float64]:
        """Cosines in double precision. Equal vectors are scored once, and where the query is zero nothing is added."""
        _, first, places = np.unique(self._rows["content"][slots], return_index=True, return_inverse=True)
        columns = np.flatnonzero(query)
        weights = query[columns].astype(np.float64)
        scores = np.zeros(first.size)
        for start in range(0, first.size, _EXACT_ROWS):
            rows = self._matrix[slots[first[start : start + _EXACT_ROWS]]]
            if columns.size < self.dimension:
                rows = np.ascontiguousarray(rows[:, columns])
            scores[start : start + _EXACT_ROWS] = (rows.astype(np.float64) * weights).sum(axis=1)
        exact: npt.NDArray[np.float64] = np.round(scores, _DECIMALS)[places.reshape(-1)]
        return exact

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
