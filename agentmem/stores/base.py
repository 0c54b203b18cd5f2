"""The Store protocol: what every store promises and raises.

A store keeps the graph, generates candidates and guards the journal. What makes an answer right - stemming, decisions,
fusion, ranking - lives above, so the same input gives the same memory in every store. Calls speak in batches: a recall
on a remote server costs about three round trips (search, neighbourhood, fetch).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from agentmem.errors import EmbeddingMismatch
from agentmem.records import (
    CURRENT,
    Changeset,
    EmbeddingStamp,
    IndexEntry,
    Kind,
    Node,
    Operation,
    OperationType,
    Relationship,
    RelationshipType,
    Status,
    Vector,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Which versions a read sees. The default is the present: superseded and retired versions do not appear.

    With `known_at`, the memory as it was at that transaction time: a version is seen with the status and `valid_to`
    that it had then. With `valid_at`, only what was true in the world at that time, superseded versions included
    (valid_from <= valid_at < valid_to, an open end counting as unbounded).
    """

    bank: str
    """The tenant; nothing of another bank is ever seen."""
    kinds: frozenset[Kind] | None = None
    """Which labels; None for all."""
    valid_at: datetime | None = None
    """A time in the world; None for no restriction."""
    known_at: datetime | None = None
    """A transaction time; None for now."""
    statuses: frozenset[Status] = CURRENT
    """Which statuses. `valid_at` adds superseded."""

    def narrowed(self, kinds: frozenset[Kind] | None) -> View:
        """The same view, of these labels only; None leaves it as it is."""
        if kinds is None:
            return self
        return replace(self, kinds=kinds if self.kinds is None else self.kinds & kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorSearch:
    """Exact top `k` by cosine with `vector` (unit length). Ties by id."""

    vector: Vector
    k: int
    least: float = -1.0
    """Hits with a smaller cosine are left out."""
    kinds: frozenset[Kind] | None = None
    """Which of the view's labels; None for all of them. As in every search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSearch:
    """Top `k` by BM25 over the stored terms, any term matching. Ties by id.

    Score: sum over terms of idf * f * (k1 + 1) / (f + k1 * (1 - b + b * length / average length)), with k1 = 1.2,
    b = 0.75, idf = max(1e-6, ln((N - n + 0.5) / (n + 0.5))), f = occurrences in `terms` + `context_weight` times those
    in `context_terms`, length = number of terms in both, N and n over all indexed nodes of the bank whatever their
    status or kind. A store whose engine scores otherwise rescores its candidates.
    """

    terms: tuple[str, ...]
    """Stemmed terms of the query, without stop words; empty finds nothing."""
    k: int
    context_weight: float = 0.5
    kinds: frozenset[Kind] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySearch:
    """All nodes in the view whose `key` is one of `keys`, newest version first, then by id. Score 1."""

    keys: tuple[str, ...]
    kinds: frozenset[Kind] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixSearch:
    """Nodes in the view whose `key` begins with one of `prefixes`: of each the first `k` by key, then by id. Score 1.

    The hits of one prefix follow those of the one before; a node that several find is named once. An empty prefix finds
    nothing.
    """

    prefixes: tuple[str, ...]
    k: int
    kinds: frozenset[Kind] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSearch:
    """Nodes whose `at` lies in [start, end), or whose validity meets it, nearest to `start` first, at most `k`."""

    start: datetime
    end: datetime
    k: int
    kinds: frozenset[Kind] | None = None


Search = VectorSearch | TextSearch | KeySearch | PrefixSearch | TimeSearch


@dataclass(frozen=True, slots=True)
class Hit:
    """A node that a search found."""

    id: str
    score: float
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """What surrounds some nodes: relationships, and the nodes at their other ends."""

    nodes: Mapping[str, Node] = field(default_factory=dict)
    """Every node reached that the view shows, by id; the starting nodes are not among them unless reached."""
    relationships: tuple[Relationship, ...] = ()
    """Every relationship walked, sorted by identity; both ends in the view or among the starting nodes."""


class Direction(StrEnum):
    """Which way to walk relationships."""

    OUT = "out"
    IN = "in"
    BOTH = "both"


WALKED = 10_000
"""Relationships that a walk takes in at most, unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What to follow from the hits of one search of a `gather`, as `neighbourhood` with the narrowed view would."""

    search: int
    """Place of the search among those gathered, from 0."""
    types: frozenset[RelationshipType]
    kinds: frozenset[Kind] | None = None
    """Which of the view's labels to reach; None for all of them."""
    direction: Direction = Direction.BOTH
    depth: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What some searches found, and what surrounds it."""

    hits: tuple[tuple[Hit, ...], ...]
    """Those of each search, best first."""
    nodes: Mapping[str, Node]
    """Every node found or reached, by id, as the view shows it."""
    relationships: tuple[Relationship, ...] = ()
    """Every relationship walked, once, sorted by identity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFilter:
    """Which Operations to list. Empty fields do not restrict."""

    after: int = 0
    """Only those with a greater seq."""
    through: int | None = None
    """Only those with this seq or a smaller one: with `after`, a page of the journal."""
    ops: frozenset[OperationType] = frozenset()
    target: str = ""
    """Those whose target, before or after is this node."""
    run_id: str = ""
    agent: str = ""
    evidence: str = ""
    """Those that rest on this episode."""
    since: datetime | None = None
    until: datetime | None = None
    """Half-open, by `Operation.at`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Counts of one bank."""

    nodes: Mapping[Kind, int]
    """All versions, whatever their status; kinds with none are absent."""
    relationships: Mapping[RelationshipType, int]
    operations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedRelationship:
    """A relationship and since when the memory knows it."""

    relationship: Relationship
    created_at: datetime
    """Transaction time: `at` of the first Operation that wrote it."""


def filled_by_another(present: EmbeddingStamp, wanted: EmbeddingStamp, where: str) -> EmbeddingMismatch:
    """The error of a store that another model filled."""
    return EmbeddingMismatch(
        f"the store was filled by {present.model} ({present.dimension} dimensions), "
        f"not by {wanted.model} ({wanted.dimension} dimensions).",
        where=where,
        hint=f"Use {present.model}, or embed everything anew with `reindex`.",
    )


class Store(Protocol):
    """Where memory is kept. Safe to use from several threads and, for one location, from several processes.

    Every method raises StoreUnavailable when the store cannot be reached, is locked for too long, read-only or full,
    and StoreCorrupt when what it holds is damaged. Every method that takes a bank, but `head`, `unfinished` and
    `begin_filling`, raises IncompleteBank if another object was filling it when this one first read it; `commit` looks
    every time.
    """

    @property
    def url(self) -> str:
        """The store's URL without any password."""

    def commit(self, changeset: Changeset) -> tuple[Operation, ...]:
        """Write a changeset: everything or nothing.

        Returns:
            The Operations as journalled, with seq, previous_hash and hash.

        Raises:
            ConflictError: a guard, an expected status or a new id does not hold any more; nothing was written.
            IncompleteBank: another object is filling the bank, or did not finish; nothing was written.
            EmbeddingMismatch: a vector has another dimension than the store's, or another model than
                `changeset.embedding` filled the store; a store that no model is recorded for records that one.
        """

    def search(self, view: View, searches: Sequence[Search]) -> list[list[Hit]]:
        """Run several searches with one view; one list of hits for each, best first."""

    def gather(self, view: View, searches: Sequence[Search], walks: Sequence[Walk] = ()) -> Gathered:
        """Run several searches, read what they found and walk from it, on one moment of the store: one round trip.

        Each walk takes in at most `WALKED` relationships.
        """

    def fetch(self, bank: str, ids: Sequence[str]) -> dict[str, Node]:
        """The nodes of these ids as they stand now, whatever their status. Unknown ids are absent."""

    def resolve(self, bank: str, prefix: str, limit: int = 5) -> list[str]:
        """Ids that begin with `prefix`, sorted, at most `limit`: lets a person type a part of an id."""

    def neighbourhood(
        self,
        view: View,
        ids: Sequence[str],
        *,
        types: frozenset[RelationshipType] | None = None,
        direction: Direction = Direction.BOTH,
        depth: int = 1,
        limit: int = WALKED,
    ) -> Neighbourhood:
        """What is reached from `ids` in at most `depth` hops, in breadth-first order, at most `limit` relationships.

        Within a hop relationships are taken in order of identity, so that a cut by `limit` is the same in every store.
        """

    def scan(self, view: View, *, after_id: str = "", limit: int = 1_000) -> list[Node]:
        """The nodes of the view by id, from the first beyond `after_id`: a page of a walk over all."""

    def operations(self, bank: str, where: JournalFilter | None = None, *, limit: int | None = None) -> list[Operation]:
        """Operations by seq, ascending. With `limit`, the newest ones that match (still ascending)."""

    def entries(self, bank: str, ids: Sequence[str]) -> dict[str, IndexEntry]:
        """The search entries of these nodes, for copies of the store; ids that no search finds are absent.

        Terms are those that were given, separated by white space as the store likes; vectors are exactly the same.
        """

    def relationships(self, bank: str, ids: Sequence[str]) -> list[DatedRelationship]:
        """Every relationship that starts at one of these nodes, sorted by identity, for copies of the store."""

    def head(self, bank: str) -> tuple[int, str]:
        """Seq and hash of the newest Operation; (0, GENESIS) for a bank without any."""

    def faults(self) -> list[tuple[str, str]]:
        """What is wrong below the records, and how, in words, for `verify`.

        Such as an index that leads elsewhere, a row that belongs to nothing, a trigger. It reads everything.
        """

    def unfinished(self, bank: str) -> str:
        """The command that finishes a bank which is being filled; empty for one that is whole or not there."""

    def begin_filling(self, bank: str, finish: str, head: tuple[int, str]) -> None:
        """Mark a bank as incomplete: from now on only this object reads and writes it, until `end_filling`.

        The mark outlives the process. A bank that is marked already is taken over.

        Args:
            bank: Its name; it need not exist.
            finish: The command that finishes it, for those who are refused meanwhile.
            head: Where the bank must be.

        Raises:
            ConflictError: the head is elsewhere; nothing was marked.
        """

    def end_filling(self, bank: str, *, whole: bool) -> None:
        """Give a bank up that this object fills, and take the mark away if it is `whole`."""

    def statistics(self, bank: str) -> Statistics:
        """Counts of one bank."""

    def banks(self) -> list[str]:
        """Names of the banks that hold anything, sorted."""

    @property
    def embedding(self) -> EmbeddingStamp | None:
        """Which embedding model filled the store; None until the first `stamp`."""

    def stamp(self, embedding: EmbeddingStamp) -> None:
        """Record the embedding model of a store that has none.

        Raises:
            EmbeddingMismatch: the store has another one already.
        """

    def reindex(self, embedding: EmbeddingStamp, entries: Mapping[str, Mapping[str, IndexEntry]]) -> None:
        """Replace stamp and search entries of all banks (bank -> node id -> entry) in one transaction.

        Raises:
            IncompleteBank: a bank is being filled; nothing was changed.
        """

    def close(self) -> None:
        """Release files and connections. A closed store raises StoreUnavailable."""
