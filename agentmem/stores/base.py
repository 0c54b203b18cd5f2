"""The Store protocol: what every store promises and raises.

A store keeps the graph, generates candidates and guards the journal. What makes an answer right - stemming, decisions,
fusion, ranking - lives above, so the same input gives the same memory in every store. Calls speak in batches: a recall
on a remote server costs about three round trips (search, neighbourhood, fetch).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from agentmem.records import (
    CURRENT,
    Changeset,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorSearch:
    """Exact top `k` by cosine with `vector` (unit length). Ties by id."""

    vector: Vector
    k: int


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


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySearch:
    """All nodes in the view whose `key` is one of `keys`, newest version first, then by id. Score 1."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSearch:
    """Nodes whose `at` lies in [start, end), or whose validity meets it, nearest to `start` first, at most `k`."""

    start: datetime
    end: datetime
    k: int


Search = VectorSearch | TextSearch | KeySearch | TimeSearch


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
class EmbeddingStamp:
    """Which embedding model filled the store."""

    model: str
    dimension: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedRelationship:
    """A relationship and since when the memory knows it."""

    relationship: Relationship
    created_at: datetime
    """Transaction time: `at` of the first Operation that wrote it."""


class Direction(StrEnum):
    """Which way to walk relationships."""

    OUT = "out"
    IN = "in"
    BOTH = "both"


class Store(Protocol):
    """Where memory is kept. Safe to use from several threads and, for one location, from several processes.

    Every method raises StoreUnavailable when the store cannot be reached, is locked for too long, read-only or full,
    and StoreCorrupt when what it holds is damaged.
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
        """

    def search(self, view: View, searches: Sequence[Search]) -> list[list[Hit]]:
        """Run several searches with one view; one list of hits for each, best first."""

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
        limit: int = 10_000,
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
        """Replace stamp and search entries of all banks (bank -> node id -> entry) in one transaction."""

    def close(self) -> None:
        """Release files and connections. A closed store raises StoreUnavailable."""
