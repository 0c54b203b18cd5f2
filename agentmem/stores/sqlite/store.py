"""The embedded store: one SQLite file for graph, full text, vectors and journal."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from agentmem.records import (
    GENESIS,
    Changeset,
    EmbeddingStamp,
    IndexEntry,
    Kind,
    Node,
    Operation,
    Relationship,
    RelationshipType,
)
from agentmem.stores.base import (
    WALKED,
    DatedRelationship,
    Direction,
    Gathered,
    Hit,
    JournalFilter,
    KeySearch,
    Neighbourhood,
    PrefixSearch,
    Search,
    Statistics,
    TextSearch,
    TimeSearch,
    VectorSearch,
    View,
    Walk,
)
from agentmem.stores.filling import Filling, incomplete
from agentmem.stores.sqlite import schema
from agentmem.stores.sqlite.commit import mark, prepared, write
from agentmem.stores.sqlite.connections import Connections, Mode, closed_if_unusable, connect
from agentmem.stores.sqlite.entries import read_stamp, replace_all, stamp
from agentmem.stores.sqlite.errors import translated
from agentmem.stores.sqlite.faults import faults_of
from agentmem.stores.sqlite.journal import read_operations
from agentmem.stores.sqlite.location import Location, parse_location, prepare
from agentmem.stores.sqlite.neighbourhood import Route, walk_from
from agentmem.stores.sqlite.rows import KINDS, NODE_COLUMNS, TYPES, damage_found, id_list, nodes_of, time_text
from agentmem.stores.sqlite.search import LAST_CHARACTER, search_keys, search_prefixes, search_text, search_times
from agentmem.stores.sqlite.transfer import read_entries, read_relationships
from agentmem.stores.sqlite.vectors import VectorIndexes
from agentmem.stores.sqlite.view import conditions_of

_POLL = 0.02


class SQLiteStore:
    """A Store in one SQLite file, or in memory.

    The file is in WAL mode: readers never wait, writers of several processes take turns. Where the file or its folder
    cannot be written, it is opened for reading and a commit raises StoreUnavailable.

    Args:
        url: `sqlite:///relative`, `sqlite:////absolute` or `sqlite:///:memory:`. Missing folders are created.
        timeout: How long to wait for another writer before StoreUnavailable, in seconds.

    Raises:
        ConfigurationError: not an SQLite URL.
        InputError: the path is a folder, or a database of another program.
        SchemaVersionError: a newer agentmem wrote the file.
        StoreCorrupt: the file is not a database.
        StoreUnavailable: the file cannot be opened, or is locked for too long.
    """

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        self._location = parse_location(url)
        if self._location.path is not None:
            prepare(self._location.path)
        with translated(str(self._location)):
            connection, mode = _opened(self._location, timeout)
        self._connections = Connections(self._location, connection, mode=mode, timeout=timeout)
        self._vectors = VectorIndexes()
        self._filling = Filling()

    @property
    def url(self) -> str:
        """The URL that opens the same file from any working directory."""
        return self._location.url

    def commit(self, changeset: Changeset) -> tuple[Operation, ...]:
        """Write a changeset: everything or nothing. See `Store.commit`."""
        operations = prepared(changeset)
        with self._connections.writing(adds=bool(changeset.changes)) as connection:
            if changeset.embedding is not None:
                stamp(connection, changeset.embedding, str(self._location))
            written = write(connection, changeset, operations, self._filling, str(self._location))
        if written:
            self._filling.written(changeset.bank, (written[-1].seq, written[-1].hash))
        return tuple(written)

    def search(self, view: View, searches: Sequence[Search]) -> list[list[Hit]]:
        """Run several searches on one moment of the store. See `Store.search`."""
        with self._bank(view.bank) as (connection, bank):
            return [[] for _ in searches] if bank is None else self._found(connection, bank, view, searches)

    def gather(self, view: View, searches: Sequence[Search], walks: Sequence[Walk] = ()) -> Gathered:
        """Run several searches, read what they found and walk from it. See `Store.gather`."""
        with self._bank(view.bank) as (connection, bank):
            if bank is None:
                return Gathered(hits=tuple(() for _ in searches), nodes={})
            found = self._found(connection, bank, view, searches)
            ids = dict.fromkeys(hit.id for hits in found for hit in hits)
            nodes = _read_nodes(connection, bank, view.bank, ids, known_at=time_text(view.known_at))
            relationships: dict[tuple[str, str, str], Relationship] = {}
            for walk in walks:
                starts = [hit.id for hit in found[walk.search]]
                route = Route(types=walk.types, direction=walk.direction, depth=walk.depth, limit=WALKED)
                around = walk_from(connection, bank, view.narrowed(walk.kinds), starts, route)
                nodes |= around.nodes
                relationships |= {relationship.identity: relationship for relationship in around.relationships}
        return Gathered(
            hits=tuple(tuple(hits) for hits in found),
            nodes=nodes,
            relationships=tuple(relationships[identity] for identity in sorted(relationships)),
        )

    def fetch(self, bank: str, ids: Sequence[str]) -> dict[str, Node]:
        """The nodes of these ids in their order, whatever their status. See `Store.fetch`."""
        with self._bank(bank) as (connection, number):
            return {} if number is None else _read_nodes(connection, number, bank, ids)

    def resolve(self, bank: str, prefix: str, limit: int = 5) -> list[str]:
        """Ids that begin with `prefix`. See `Store.resolve`."""
        with self._bank(bank) as (connection, number):
            rows = connection.execute(
                "SELECT id FROM nodes WHERE bank = ? AND id >= ? AND id <= ? ORDER BY id LIMIT ?",
                (number, prefix, prefix + LAST_CHARACTER, max(limit, 0)),
            )
            return [row[0] for row in rows]

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
        """What is reached from `ids`, one query for each hop. See `Store.neighbourhood`."""
        route = Route(types=types, direction=direction, depth=depth, limit=limit)
        with self._bank(view.bank) as (connection, bank):
            return Neighbourhood() if bank is None else walk_from(connection, bank, view, ids, route)

    def scan(self, view: View, *, after_id: str = "", limit: int = 1_000) -> list[Node]:
        """One page of the nodes of the view, by id. See `Store.scan`."""
        with self._bank(view.bank) as (connection, bank):
            if bank is None:
                return []
            shown, known_at = conditions_of(view, bank), time_text(view.known_at)
            rows = connection.execute(
                f"SELECT {NODE_COLUMNS} FROM nodes n WHERE {shown.sql} AND n.id > ? ORDER BY n.id LIMIT ?",
                (*shown.values, after_id, max(limit, 0)),
            )
            return nodes_of(view.bank, rows, known_at=known_at)

    def operations(self, bank: str, where: JournalFilter | None = None, *, limit: int | None = None) -> list[Operation]:
        """Operations by seq. See `Store.operations`."""
        with self._bank(bank) as (connection, number):
            if number is None:
                return []
            return read_operations(connection, number, bank, where or JournalFilter(), limit)

    def entries(self, bank: str, ids: Sequence[str]) -> dict[str, IndexEntry]:
        """The search entries of these nodes. See `Store.entries`."""
        with self._bank(bank) as (connection, number):
            return {} if number is None else read_entries(connection, number, ids)

    def relationships(self, bank: str, ids: Sequence[str]) -> list[DatedRelationship]:
        """Every relationship that starts at one of these nodes. See `Store.relationships`."""
        with self._bank(bank) as (connection, number):
            return [] if number is None else read_relationships(connection, number, ids)

    def head(self, bank: str) -> tuple[int, str]:
        """Seq and hash of the newest Operation. See `Store.head`."""
        with self._connections.reading() as connection:
            row = connection.execute("SELECT seq, hash FROM banks WHERE name = ?", (bank,)).fetchone()
            return (row[0], row[1]) if row else (0, GENESIS)

    def statistics(self, bank: str) -> Statistics:
        """Counts of one bank. See `Store.statistics`."""
        with self._bank(bank) as (connection, number):
            kinds = connection.execute("SELECT kind, count(*) FROM nodes WHERE bank = ? GROUP BY kind", (number,))
            types = connection.execute(
                "SELECT r.type, count(*) FROM nodes n CROSS JOIN relationships r ON r.source = n.node "
                "WHERE n.bank = ? GROUP BY r.type",
                (number,),
            )
            journal = connection.execute("SELECT count(*) FROM operations WHERE bank = ?", (number,)).fetchone()
            with damage_found("a name"):
                return Statistics(
                    nodes={KINDS[kind]: count for kind, count in kinds},
                    relationships={TYPES[type_]: count for type_, count in types},
                    operations=journal[0],
                )

    def faults(self) -> list[tuple[str, str]]:
        """What of the file does not fit together. See `Store.faults`."""
        with self._connections.reading() as connection:
            return faults_of(connection)

    def unfinished(self, bank: str) -> str:
        """The command that finishes a bank which is being filled. See `Store.unfinished`."""
        with self._connections.reading() as connection:
            row = connection.execute("SELECT unfinished FROM banks WHERE name = ?", (bank,)).fetchone()
            return row[0] if row else ""

    def begin_filling(self, bank: str, finish: str, head: tuple[int, str]) -> None:
        """Mark a bank as incomplete for everybody else. See `Store.begin_filling`."""
        with self._connections.writing() as connection:
            mark(connection, bank, finish, head)
        self._filling.reached(bank, head)

    def end_filling(self, bank: str, *, whole: bool) -> None:
        """Give up a bank that this object fills. See `Store.end_filling`."""
        if whole and bank in self._filling:
            with self._connections.writing() as connection:
                connection.execute("UPDATE banks SET unfinished = '' WHERE name = ?", (bank,))
        self._filling.leave(bank)

    def banks(self) -> list[str]:
        """Names of the banks that hold anything. See `Store.banks`."""
        with self._connections.reading() as connection:
            rows = connection.execute("SELECT name FROM banks WHERE seq > 0 ORDER BY name")
            return [row[0] for row in rows]

    @property
    def embedding(self) -> EmbeddingStamp | None:
        """Which embedding model filled the store. See `Store.embedding`."""
        with self._connections.reading() as connection:
            return read_stamp(connection)

    def stamp(self, embedding: EmbeddingStamp) -> None:
        """Record the embedding model of a store that has none. See `Store.stamp`."""
        if self.embedding == embedding:
            return
        with self._connections.writing() as connection:
            stamp(connection, embedding, str(self._location))

    def reindex(self, embedding: EmbeddingStamp, entries: Mapping[str, Mapping[str, IndexEntry]]) -> None:
        """Replace stamp and search entries of all banks. See `Store.reindex`."""
        with self._connections.writing() as connection:
            for bank, unfinished in connection.execute("SELECT name, unfinished FROM banks WHERE unfinished <> ''"):
                raise incomplete(bank, unfinished, str(self._location))
            replace_all(connection, embedding, entries)

    def close(self) -> None:
        """Release files and connections. Closing twice is harmless."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _found(
        self, connection: sqlite3.Connection, bank: int, view: View, searches: Sequence[Search]
    ) -> list[list[Hit]]:
        """One list of hits for each search; vector searches of one view are answered together."""
        by_kinds: dict[frozenset[Kind] | None, list[VectorSearch]] = {}
        for search in searches:
            if isinstance(search, VectorSearch):
                by_kinds.setdefault(search.kinds, []).append(search)
        near = {
            kinds: iter(self._vectors.search(connection, bank, view.narrowed(kinds), together))
            for kinds, together in by_kinds.items()
        }
        return [
            next(near[search.kinds])
            if isinstance(search, VectorSearch)
            else _searched(connection, bank, view.narrowed(search.kinds), search)
            for search in searches
        ]

    @contextmanager
    def _bank(self, name: str) -> Iterator[tuple[sqlite3.Connection, int | None]]:
        """A reading connection and the number of a bank, None for one that nothing was ever written to."""
        with self._connections.reading() as connection:
            row = connection.execute("SELECT bank, unfinished FROM banks WHERE name = ?", (name,)).fetchone()
            if row is not None:
                self._filling.require_readable(name, row[1], str(self._location))
            yield connection, row[0] if row else None


def _searched(
    connection: sqlite3.Connection, bank: int, view: View, search: TextSearch | KeySearch | PrefixSearch | TimeSearch
) -> list[Hit]:
    match search:
        case TextSearch():
            return search_text(connection, bank, view, search)
        case KeySearch():
            return search_keys(connection, bank, view, search)
        case PrefixSearch():
            return search_prefixes(connection, bank, view, search)
        case TimeSearch():
            return search_times(connection, bank, view, search)


def _read_nodes(
    connection: sqlite3.Connection, number: int, bank: str, ids: Iterable[str], *, known_at: str | None = None
) -> dict[str, Node]:
    wanted = list(ids)
    rows = connection.execute(
        f"SELECT {NODE_COLUMNS} FROM nodes n WHERE n.bank = ? AND n.id IN (SELECT value FROM json_each(?))",
        (number, id_list(wanted)),
    )
    found = {node.id: node for node in nodes_of(bank, rows, known_at=known_at)}
    return {id_: found[id_] for id_ in wanted if id_ in found}


def _opened(location: Location, timeout: float) -> tuple[sqlite3.Connection, Mode]:
    """The first connection to a database whose tables are there, and how it could be opened."""
    try:
        return _writable(location, timeout), Mode.WRITE
    except sqlite3.OperationalError as error:
        code = str(getattr(error, "sqlite_errorname", ""))
        refused = code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM"))
        if not refused or location.path is None or not location.path.exists():
            raise
    try:
        return _readable(location, Mode.READ, timeout), Mode.READ
    except sqlite3.OperationalError:
        # In a folder that cannot be written, WAL mode cannot even make the lock file that readers share. Without a
        # log beside the file nobody is writing, and it can be read as it lies.
        if location.path.with_name(location.path.name + "-wal").exists():
            raise
    return _readable(location, Mode.FROZEN, timeout), Mode.FROZEN


def _writable(location: Location, timeout: float) -> sqlite3.Connection:
    connection = connect(location, Mode.WRITE, timeout)
    with closed_if_unusable(connection):
        schema.check(connection, str(location))
        _log_ahead(connection, timeout)
        schema.prepare(connection, str(location))
    return connection


def _readable(location: Location, mode: Mode, timeout: float) -> sqlite3.Connection:
    connection = connect(location, mode, timeout)
    with closed_if_unusable(connection):
        schema.require_current(connection, str(location))
    return connection


def _log_ahead(connection: sqlite3.Connection, timeout: float) -> None:
    """Switch to WAL mode, which SQLite refuses without waiting while another process opens the same new file."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            busy = str(getattr(error, "sqlite_errorname", "")).startswith("SQLITE_BUSY")
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(_POLL)
        else:
            return
