"""A bank as its own history: every Operation with what it wrote and what of that still stands.

The seal of an Operation covers its fields and the hash before it, never the content itself. So a store into which the
same Operations are committed in the same order has the same chain, and with it a place to go on from after a break:
its head. Each Operation brings the node it added as that node stands now; what later Operations changed in it is
there from the start, and they bring nothing of their own.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from agentmem.errors import StoreCorrupt
from agentmem.records import (
    GENESIS,
    Change,
    Node,
    Operation,
    Relationship,
    RelationshipType,
    encode_time,
    verify_chain,
)
from agentmem.stores import Store
from agentmem.stores.paging import journal_pages, node_pages

Progress = Callable[[str, int, int], None]
"""Hears what is done, how much of it, and of how much."""

_TABLES = (
    "CREATE TABLE added (id TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE moments (at TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE relationships (seq INTEGER NOT NULL, relationship TEXT NOT NULL)",
)
_INDEXES = (
    "CREATE INDEX added_seq ON added (seq)",
    "CREATE INDEX relationships_seq ON relationships (seq)",
)
_ADDED = "INSERT INTO added VALUES (?, ?) ON CONFLICT DO NOTHING"
_MOMENT = "INSERT INTO moments VALUES (?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq"
_RELATIONSHIP = "INSERT INTO relationships SELECT seq, ? FROM moments WHERE at = ?"


class Replay:
    """The history of one bank up to its head at the time of opening. Use it in `with`.

    A relationship does not say which Operation made it, only when. It goes with the last Operation of that moment:
    the one that made it has the same moment and comes no later, so both ends are there.

    Args:
        store: Where the bank is.
        bank: Its name.
        after: What is of no interest: relationships of Operations up to this seq are left out.
        progress: Hears how far the reading is.

    Raises:
        StoreCorrupt: the chain is broken, or the journal does not explain what the bank holds.
    """

    def __init__(self, store: Store, bank: str, *, after: int, progress: Progress) -> None:
        self._store = store
        self._bank = bank
        self.head = store.head(bank)
        """Seq and hash of the newest Operation that belongs to it."""
        # A nameless database: SQLite keeps it in memory while it is small, then in a file that goes with it.
        self._notes = sqlite3.connect("", isolation_level=None)
        try:
            self._note(after, progress)
        except BaseException:
            self._notes.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._notes.close()

    def pages(self, *, after: int, size: int) -> Iterator[tuple[Change, ...]]:
        """Changes of the Operations beyond `after`, at most `size` at once, ready to be committed."""
        for operations in journal_pages(self._store, self._bank, after=after, through=self.head[0], size=size):
            span = (operations[0].seq, operations[-1].seq)
            added = self._added(*span)
            entries = self._store.entries(self._bank, [node.id for node in added.values()])
            related = self._related(*span)
            yield tuple(
                Change(
                    operation=operation,
                    add=(node := added.get(operation.seq)),
                    index=entries.get(node.id) if node else None,
                    relationships=tuple(related.get(operation.seq, ())),
                )
                for operation in operations
            )

    def _added(self, first: int, last: int) -> dict[int, Node]:
        """Seq -> the node that the Operation added."""
        rows = self._notes.execute("SELECT id, seq FROM added WHERE seq BETWEEN ? AND ?", (first, last))
        seqs: dict[str, int] = dict(rows.fetchall())
        added: dict[int, Node] = {}
        for id_, node in self._store.fetch(self._bank, list(seqs)).items():
            if added.setdefault(seqs[id_], node) is not node:
                raise self._unexplained(id_)
        return added

    def _related(self, first: int, last: int) -> dict[int, list[Relationship]]:
        """Seq -> the relationships that go with the Operation."""
        related: dict[int, list[Relationship]] = {}
        query = "SELECT seq, relationship FROM relationships WHERE seq BETWEEN ? AND ? ORDER BY rowid"
        for seq, text in self._notes.execute(query, (first, last)):
            related.setdefault(seq, []).append(_relationship(text))
        return related

    def _note(self, after: int, progress: Progress) -> None:
        for table in _TABLES:
            self._notes.execute(table)
        self._notes.execute("BEGIN")
        self._note_journal(progress)
        self._note_graph(after, progress)
        for index in _INDEXES:
            self._notes.execute(index)
        self._notes.execute("COMMIT")

    def _note_journal(self, progress: Progress) -> None:
        seq, previous = 0, GENESIS
        for operations in journal_pages(self._store, self._bank, through=self.head[0]):
            if [operation.seq for operation in operations] != list(range(seq + 1, seq + 1 + len(operations))):
                raise self._broken(seq + 1)
            wrong = verify_chain(operations, previous_hash=previous)
            if wrong is not None or not operations:
                raise self._broken(wrong or seq + 1)
            seq, previous = operations[-1].seq, operations[-1].hash
            self._notes.executemany(_ADDED, ((id_, o.seq) for o in operations for id_ in _new_nodes(o)))
            self._notes.executemany(_MOMENT, ((encode_time(o.at), o.seq) for o in operations))
            progress("reading the journal", seq, self.head[0])
        if (seq, previous) != self.head:
            raise self._broken(seq)

    def _note_graph(self, after: int, progress: Progress) -> None:
        """Place every relationship in the journal, and see that every node has its place."""
        total, done = sum(self._store.statistics(self._bank).nodes.values()), 0
        skipped = self._notes.execute("SELECT at FROM moments WHERE seq <= ?", (after,)).fetchall() if after else []
        old = {row[0] for row in skipped}
        for nodes in node_pages(self._store, self._bank):
            ids = [node.id for node in nodes]
            for node_id in ids:
                if self._notes.execute("SELECT 1 FROM added WHERE id = ?", (node_id,)).fetchone() is None:
                    self._require_unmoved(node_id)
            for dated in self._store.relationships(self._bank, ids):
                moment = encode_time(dated.created_at)
                if moment in old:
                    continue
                text = _text(dated.relationship)
                if self._notes.execute(_RELATIONSHIP, (text, moment)).rowcount == 0:
                    self._require_unmoved(" -> ".join((dated.relationship.source_id, dated.relationship.target_id)))
            done += len(nodes)
            progress("reading the graph", done, max(total, done))

    def _require_unmoved(self, what: str) -> None:
        """Something without a place is new if somebody wrote since the opening, and damage if nobody did."""
        if self._store.head(self._bank) == self.head:
            raise self._unexplained(what)

    def _unexplained(self, what: str) -> StoreCorrupt:
        return StoreCorrupt(
            f"the journal does not explain {what} in bank {self._bank!r}.",
            where=self._store.url,
            hint="It was not written by agentmem, or the journal is damaged.",
        )

    def _broken(self, seq: int) -> StoreCorrupt:
        return StoreCorrupt(
            f"the journal of bank {self._bank!r} does not verify at {seq}: it was altered, or is damaged.",
            where=self._store.url,
            hint="Restore a backup of the store.",
        )


def _new_nodes(operation: Operation) -> Iterator[str]:
    """Nodes that may be new with an Operation; those that an earlier one named are not."""
    yield operation.target
    if operation.after is not None and operation.after.id != operation.target:
        yield operation.after.id


def _text(relationship: Relationship) -> str:
    return json.dumps([*relationship.identity, dict(relationship.properties)], ensure_ascii=False)


def _relationship(text: str) -> Relationship:
    source_id, type_, target_id, properties = json.loads(text)
    return Relationship(type=RelationshipType(type_), source_id=source_id, target_id=target_id, properties=properties)
