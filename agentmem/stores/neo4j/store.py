"""The store in a Neo4j server: the graph as a person sees it in Neo4j Browser, and everything that guards it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from agentmem.errors import ConflictError, IncompleteBank, InputError, StoreError
from agentmem.records import GENESIS, Changeset, EmbeddingStamp, IndexEntry, Node, Operation, RelationshipType
from agentmem.stores.base import (
    WALKED,
    DatedRelationship,
    Direction,
    Gathered,
    Hit,
    JournalFilter,
    Neighbourhood,
    Search,
    Statistics,
    View,
    Walk,
    filled_by_another,
)
from agentmem.stores.filling import Filling, Head, incomplete
from agentmem.stores.neo4j import queries
from agentmem.stores.neo4j.commit import commit
from agentmem.stores.neo4j.connection import Connection, Transaction
from agentmem.stores.neo4j.location import parse_location
from agentmem.stores.neo4j.plan import checked_dimension, entry_of, entry_properties, entry_sizes, vector_of
from agentmem.stores.neo4j.rows import KINDS, TYPES, node_of, operation_of, relationship_of, time_of, utc_or_none
from agentmem.stores.neo4j.schema import prepare
from agentmem.stores.neo4j.search import Known, gather, search, settled
from agentmem.stores.neo4j.search_queries import usual
from agentmem.stores.neo4j.view import is_dated, kinds_of, parameters_of
from agentmem.stores.neo4j.walk_queries import Form, neighbourhood

_BATCH = 1_000
"""Search entries in one statement of a reindexing."""


class Neo4jStore:
    """A Store in one database of a Neo4j server, 5.26 or later.

    Every memory is a node with its kind as its label, journalled by nodes `Operation`; a node `Bank` for each bank
    holds the head of its chain, and is what writers lock.

    Args:
        url: `neo4j://[user[:password]@]host[:port][/database]` or `bolt://...`, with `+s` or `+ssc` for encryption.
        user: Used if the URL names none.
        password: Used if the URL holds none. Never shown.
        timeout: How long to retry what may pass by itself, in seconds.
        index_timeout: How long to wait at opening for indexes that are being filled, in seconds.
        pool: Most connections at once.

    Raises:
        ConfigurationError: not such a URL, no such database, or a server that is too old.
        SchemaVersionError: a newer agentmem wrote the store.
        StoreUnavailable: the server cannot be reached or refuses the user, or an index failed.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str = "",
        password: str = "",
        timeout: float = 15.0,
        index_timeout: float = 300.0,
        pool: int = 50,
    ) -> None:
        self._location = parse_location(url, user=user, password=password)
        self._connection = Connection(self._location, timeout=timeout, pool=pool)
        try:
            self._server = prepare(self._connection, timeout=index_timeout)
        except BaseException:
            self._connection.close()
            raise
        self._known = Known()
        self._heads: dict[str, Head] = {}
        self._filling = Filling()
        self._whole: set[str] = set()
        self._guard = threading.Lock()

    @property
    def url(self) -> str:
        """The URL that opens the same database, with the user and without any password."""
        return self._location.url

    @property
    def round_trips(self) -> int:
        """How often the server was asked and answered since the opening."""
        return self._connection.round_trips

    def __repr__(self) -> str:
        return f"Neo4jStore({self.url!r})"

    def warm(self) -> None:
        """Have the server plan what an ordinary recall and a commit ask: seconds, on a server that has just started.

        Otherwise it does so when they ask for the first time.
        """
        for query in (queries.COMMIT, queries.FETCH, *usual(filtered=self._server.filters_vectors)):
            self._connection.read(f"EXPLAIN {query}")

    def commit(self, changeset: Changeset) -> tuple[Operation, ...]:
        """Write a changeset: everything or nothing. See `Store.commit`."""
        if not changeset.changes:
            return ()
        with self._guard:
            guess = self._heads.get(changeset.bank, (0, GENESIS))
        try:
            operations = commit(self._connection, changeset, guess, self._filling)
        except IncompleteBank:
            self._whole.discard(changeset.bank)
            raise
        newest = operations[-1]
        self._filling.written(changeset.bank, (newest.seq, newest.hash))
        self._whole.add(changeset.bank)  # or this object fills it, and leaves it again
        with self._guard:
            if newest.seq > self._heads.get(changeset.bank, (0, GENESIS))[0]:
                self._heads[changeset.bank] = (newest.seq, newest.hash)
        self._known.bounds.raise_to(changeset.bank, newest.seq)
        return operations

    def search(self, view: View, searches: Sequence[Search]) -> list[list[Hit]]:
        """Run several searches in one statement. See `Store.search`."""
        self._require_whole(view.bank)
        return search(self._connection, self._known, view, searches, filtered=self._server.filters_vectors)

    def gather(self, view: View, searches: Sequence[Search], walks: Sequence[Walk] = ()) -> Gathered:
        """Run several searches and walk from what they find, in one statement. See `Store.gather`."""
        self._require_whole(view.bank)
        return gather(self._connection, self._known, view, searches, walks, filtered=self._server.filters_vectors)

    def fetch(self, bank: str, ids: Sequence[str]) -> dict[str, Node]:
        """The nodes of these ids in their order, whatever their status. See `Store.fetch`."""
        self._require_whole(bank)
        if not ids:
            return {}
        rows = self._connection.read(queries.FETCH, bank=bank, ids=list(dict.fromkeys(ids)))
        found = {node.id: node for node in (node_of(row["label"], row["properties"]) for row in rows)}
        return {id_: found[id_] for id_ in ids if id_ in found}

    def resolve(self, bank: str, prefix: str, limit: int = 5) -> list[str]:
        """Ids that begin with `prefix`. See `Store.resolve`."""
        self._require_whole(bank)
        rows = self._connection.read(queries.RESOLVE, bank=bank, prefix=prefix, limit=max(limit, 0))
        return [row["id"] for row in rows]

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
        """What is reached from `ids`, all hops in one statement. See `Store.neighbourhood`."""
        self._require_whole(view.bank)
        walked = frozenset(RelationshipType) if types is None else types
        if not ids or not walked or depth <= 0 or limit <= 0 or kinds_of(view) == []:
            return Neighbourhood()
        rows = self._connection.read(
            neighbourhood(Form(tuple(sorted(walked)), direction, depth), dated=is_dated(view)),
            ids=list(dict.fromkeys(ids)),
            limit=limit,
            **parameters_of(view),
        )
        nodes = [node_of(label, properties, known_at=view.known_at) for label, properties in rows[0]["nodes"]]
        relationships = [relationship_of(*row) for row in rows[0]["relationships"]]
        return Neighbourhood(
            nodes={node.id: node for node in nodes},
            relationships=tuple(sorted(relationships, key=lambda relationship: relationship.identity)),
        )

    def scan(self, view: View, *, after_id: str = "", limit: int = 1_000) -> list[Node]:
        """One page of the nodes of the view, by id. See `Store.scan`."""
        self._require_whole(view.bank)
        if limit <= 0 or kinds_of(view) == []:
            return []
        parameters = {"after_id": after_id, "limit": limit, **parameters_of(view)}
        row = settled(self._connection, self._known.bounds, queries.scan(dated=is_dated(view)), parameters)
        return [node_of(label, found, known_at=view.known_at) for label, found in row["nodes"]] if row else []

    def operations(self, bank: str, where: JournalFilter | None = None, *, limit: int | None = None) -> list[Operation]:
        """Operations by seq. See `Store.operations`."""
        self._require_whole(bank)
        where = where or JournalFilter()
        rows = self._connection.read(
            queries.operations(where, limited=limit is not None),
            bank=bank,
            after=where.after,
            through=where.through,
            ops=sorted(op.value for op in where.ops),
            target=where.target,
            run_id=where.run_id,
            agent=where.agent,
            evidence=where.evidence,
            since=utc_or_none(where.since),
            until=utc_or_none(where.until),
            limit=max(limit or 0, 0),
        )
        return [operation_of(row["operation"]) for row in reversed(rows)]

    def entries(self, bank: str, ids: Sequence[str]) -> dict[str, IndexEntry]:
        """The search entries of these nodes. See `Store.entries`."""
        self._require_whole(bank)
        rows = self._connection.read(queries.ENTRIES, bank=bank, ids=list(dict.fromkeys(ids)))
        return {row["id"]: entry_of(row["entry"], row["dimension"]) for row in rows}

    def relationships(self, bank: str, ids: Sequence[str]) -> list[DatedRelationship]:
        """Every relationship that starts at one of these nodes. See `Store.relationships`."""
        self._require_whole(bank)
        types = [type_.value for type_ in RelationshipType]
        rows = self._connection.read(queries.RELATIONSHIPS, bank=bank, ids=list(dict.fromkeys(ids)), types=types)
        return sorted(
            (
                DatedRelationship(
                    relationship=relationship_of(row["source"], row["type"], row["target"], row["properties"]),
                    created_at=time_of(row["created_at"]),
                )
                for row in rows
            ),
            key=lambda dated: dated.relationship.identity,
        )

    def head(self, bank: str) -> tuple[int, str]:
        """Seq and hash of the newest Operation. See `Store.head`."""
        rows = self._connection.read(queries.HEAD, bank=bank)
        return (rows[0]["seq"], rows[0]["hash"]) if rows else (0, GENESIS)

    def statistics(self, bank: str) -> Statistics:
        """Counts of one bank. See `Store.statistics`."""
        self._require_whole(bank)
        rows = self._connection.read(queries.STATISTICS, bank=bank)
        counts = {(row["of"], row["name"]): row["count"] for row in rows if row["count"]}
        return Statistics(
            nodes={KINDS[name]: count for (of, name), count in counts.items() if of == "node"},
            relationships={
                TYPES[name]: n for (of, name), n in counts.items() if of == "relationship" and name in TYPES
            },
            operations=counts.get(("operation", ""), 0),
        )

    def faults(self) -> list[tuple[str, str]]:
        """Nothing: a server keeps its indexes itself. See `Store.faults`."""
        return []

    def unfinished(self, bank: str) -> str:
        """The command that finishes a bank which is being filled. See `Store.unfinished`."""
        rows = self._connection.read(queries.UNFINISHED, bank=bank)
        unfinished: str = (rows[0]["unfinished"] or "") if rows else ""
        if not unfinished:
            self._whole.add(bank)
        return unfinished

    def begin_filling(self, bank: str, finish: str, head: Head) -> None:
        """Mark a bank as incomplete for everybody else. See `Store.begin_filling`."""
        seq, hash_ = head
        rows = self._connection.alone(queries.MARK, bank=bank, finish=finish, seq=seq, hash=hash_, genesis=GENESIS)
        if not rows[0]["ok"]:
            raise ConflictError(f"bank {bank!r} was written to meanwhile.", where=self.url, hint="Try again.")
        with self._guard:
            self._heads[bank] = head
        self._filling.reached(bank, head)

    def end_filling(self, bank: str, *, whole: bool) -> None:
        """Give up a bank that this object fills. See `Store.end_filling`."""
        if whole and bank in self._filling:
            self._connection.alone(queries.UNMARK, bank=bank)
        self._filling.leave(bank)
        self._whole.discard(bank)

    def _require_whole(self, bank: str) -> None:
        """Refuse a bank that another object fills; asked once for each bank, as commits look every time."""
        if bank in self._whole or bank in self._filling:
            return
        self._filling.require_readable(bank, self.unfinished(bank), self.url)

    def banks(self) -> list[str]:
        """Names of the banks that hold anything. See `Store.banks`."""
        return [row["name"] for row in self._connection.read(queries.BANKS)]

    @property
    def embedding(self) -> EmbeddingStamp | None:
        """Which embedding model filled the store. See `Store.embedding`."""
        rows = self._connection.read(queries.SETTINGS)
        return _stamp_of(rows[0]["settings"]) if rows else None

    def stamp(self, embedding: EmbeddingStamp) -> None:
        """Record the embedding model of a store that has none. See `Store.stamp`."""
        if self.embedding == embedding:
            return

        def work(transaction: Transaction) -> None:
            present = _stamp_of(transaction.run(queries.LOCK_SETTINGS)[0]["settings"])
            if present is None:
                transaction.run(queries.SET_STAMP, model=embedding.model, dimension=embedding.dimension)
            elif present != embedding:
                raise filled_by_another(present, embedding, str(self._location))

        self._connection.write(work)

    def reindex(self, embedding: EmbeddingStamp, entries: Mapping[str, Mapping[str, IndexEntry]]) -> None:
        """Replace stamp and search entries of all banks. See `Store.reindex`."""
        for given in entries.values():
            for entry in given.values():
                if entry.vector is not None:
                    checked_dimension(entry.vector, embedding.dimension)
        self._connection.write(_reindexing(embedding, entries, str(self._location)))

    def close(self) -> None:
        """Close all connections. Closing twice is harmless."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _stamp_of(settings: Mapping[str, Any]) -> EmbeddingStamp | None:
    if "embedding_model" not in settings:
        return None
    return EmbeddingStamp(model=settings["embedding_model"], dimension=settings["embedding_dimension"])


def _reindexing(
    embedding: EmbeddingStamp, entries: Mapping[str, Mapping[str, IndexEntry]], where: str
) -> Callable[[Transaction], None]:
    """Replaces stamp and entries inside one transaction, which holds the locks of all banks."""

    def work(transaction: Transaction) -> None:
        transaction.run(queries.LOCK_SETTINGS)
        banks = transaction.run(queries.LOCK_BANKS)[0]["banks"]
        for row in transaction.run(queries.ALL_UNFINISHED):
            raise incomplete(row["bank"], row["unfinished"], where)
        unknown = sorted(set(entries) - set(banks))
        if unknown:
            raise InputError("the store holds no such bank.", where=", ".join(unknown))
        transaction.run(queries.CLEAR_ENTRIES)
        transaction.run(queries.RESET_BANKS)
        transaction.run(queries.SET_STAMP, model=embedding.model, dimension=embedding.dimension)
        for bank, given in entries.items():
            _write_entries(transaction, bank, list(given.items()))

    return work


def _write_entries(transaction: Transaction, bank: str, given: Sequence[tuple[str, IndexEntry]]) -> None:
    for start in range(0, len(given), _BATCH):
        batch = dict(given[start : start + _BATCH])
        rows = [
            {
                "id": id_,
                "vector": vector_of(entry),
                **entry_properties(bank, entry),
            }
            for id_, entry in batch.items()
        ]
        written = set(transaction.run(queries.WRITE_ENTRIES, bank=bank, entries=rows)[0]["written"])
        missing = next((id_ for id_ in batch if id_ not in written), None)
        if missing is not None:
            raise InputError("a search entry of a node that the store does not hold.", where=missing)
        if len(written) != len(batch):
            raise StoreError("two nodes of the store have one id.", where=bank)
        sizes = [entry_sizes(entry) for entry in batch.values()]
        transaction.run(
            queries.COUNT_ENTRIES,
            bank=bank,
            indexed=sum(size[0] for size in sizes),
            length=sum(size[1] for size in sizes),
            vectors=sum(size[2] for size in sizes),
        )
