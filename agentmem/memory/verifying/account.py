"""A bank's journal beside what the bank was found to hold, and where the two differ.

Operations and findings are taken in any order and in pages; they are compared when all are there. Notes lie in a
nameless SQLite database, which stays in memory while it is small and then goes to a file that goes with it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from agentmem.records import (
    GENESIS,
    IndexEntry,
    Node,
    Operation,
    Part,
    Status,
    content_hash,
    encode_time,
    entry_part,
    origin_part,
    parts_of,
    relationship_part,
    sealed,
    state_part,
    words_digest,
)
from agentmem.records.digests import ENTRY, ORIGIN, RELATIONSHIP, STATE
from agentmem.stores import DatedRelationship

_TABLES = (
    "CREATE TABLE told_nodes (id TEXT PRIMARY KEY, hash TEXT NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE found_nodes (id TEXT PRIMARY KEY, hash TEXT NOT NULL, line INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE told (key BLOB PRIMARY KEY, value BLOB NOT NULL, at TEXT NOT NULL, seq INTEGER NOT NULL) "
    "WITHOUT ROWID",
    "CREATE TABLE found (key BLOB PRIMARY KEY, value BLOB NOT NULL, at TEXT, name TEXT NOT NULL, "
    "line INTEGER NOT NULL) WITHOUT ROWID",
)
_TELL_NODE = (
    "INSERT INTO told_nodes VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET hash = excluded.hash, seq = excluded.seq"
)
_TELL = (
    "INSERT INTO told VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, seq = excluded.seq "
    f"WHERE substr(key, 1, 1) <> x'{RELATIONSHIP.hex()}'"  # a relationship that exists already is left as it is
)
_NODES = """
SELECT f.id, t.hash, f.hash, t.seq, f.line FROM found_nodes f LEFT JOIN told_nodes t ON t.id = f.id
WHERE t.hash IS NOT f.hash AND (f.hash <> '' OR t.hash IS NULL)
UNION ALL
SELECT t.id, t.hash, NULL, t.seq, 0 FROM told_nodes t WHERE t.id NOT IN (SELECT id FROM found_nodes)
"""
_PARTS = """
SELECT f.key, f.name, t.value, f.value, t.at, f.at, t.seq, f.line FROM found f LEFT JOIN told t ON t.key = f.key
WHERE t.value IS NOT f.value OR f.at IS NOT NULL AND t.at IS NOT f.at
UNION ALL
SELECT t.key, NULL, t.value, NULL, t.at, NULL, t.seq, 0 FROM told t WHERE t.key NOT IN (SELECT key FROM found)
"""
WHAT = {
    STATE: "status, valid_to or closed_at",
    ORIGIN: "created_at, agent or run_id",
    ENTRY: "search entry",
    RELATIONSHIP: "properties",
}
"""What differs if a part does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that is not as the journal says."""

    what: str
    """An id, `Operation 7`, or a relationship as `source TYPE target`."""
    field: str
    """What of it; empty for all of it."""
    expected: str
    """In words or as the beginning of a hash."""
    found: str
    seq: int = 0
    """The Operation that wrote it last; 0 if none did."""
    line: int = 0
    """The line of a file that it was found in; 0 elsewhere."""
    part: bytes = b""
    """Which part differs, if one does."""

    def __str__(self) -> str:
        field = f" {self.field}:" if self.field else ""
        return f"{self.what}:{field} expected {self.expected}, found {self.found}"

    def as_dict(self) -> dict[str, str]:
        """The stable JSON shape."""
        return {"what": self.what, "field": self.field, "expected": self.expected, "found": self.found}


class Account:
    """Takes a journal and what a bank holds, and tells the differences. Use it in `with`."""

    def __init__(self) -> None:
        self._notes = sqlite3.connect("", isolation_level=None)
        for table in _TABLES:
            self._notes.execute(table)
        self._notes.execute("BEGIN")
        self.head = (0, GENESIS)
        """Seq and hash of the newest Operation taken."""
        self.unproved = 0
        """Operations of earlier versions, which hold no digests of what they wrote."""
        self._unproved_until = ""
        self._broken: list[Difference] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._notes.close()

    def take_operations(self, operations: Iterable[Operation], *, line: int = 0) -> None:
        """The next Operations of the journal."""
        nodes: list[tuple[str, str, int]] = []
        parts: list[tuple[bytes, bytes, str | None, int]] = []
        for operation in operations:
            self._check_place(operation, line)
            if operation.after is not None:
                nodes.append((operation.after.id, operation.after.content_hash, operation.seq))
            at = encode_time(operation.at)
            parts.extend((part.key, part.value, at, operation.seq) for part in self._told(operation, line))
        self._notes.executemany(_TELL_NODE, nodes)
        self._notes.executemany(_TELL, parts)

    def take_node(self, node: Node, entry: IndexEntry | None, *, line: int = 0) -> None:
        """A node that was found, and its search entry. Of one that is erased nothing is left but how it stands."""
        content = "" if node.status is Status.ERASED else content_hash(node)
        self._notes.execute("INSERT OR REPLACE INTO found_nodes VALUES (?, ?, ?)", (node.id, content, line))
        state = state_part(node.id, node.status, node.valid_to, node.valid_to_before, node.closed_at)
        self._find(state, node.id, line)
        self._find(origin_part(node), node.id, line)
        found = entry_part(node.id, entry)
        # A node that nothing searches for mostly has no entry that an Operation tells of.
        self._notes.execute(
            "INSERT OR IGNORE INTO told VALUES (?, ?, '', 0)", (found.key, entry_part(node.id, None).value)
        )
        self._find(found, node.id, line)

    def take_relationship(self, dated: DatedRelationship, *, line: int = 0) -> None:
        """A relationship that was found."""
        name = " ".join(dated.relationship.identity)
        self._find(relationship_part(dated.relationship), name, line, encode_time(dated.created_at))

    def differences(self) -> Iterator[Difference]:
        """What is not as the journal says: Operations first, then nodes, then what belongs to them."""
        yield from self._broken
        for id_, told, found, seq, line in self._notes.execute(_NODES).fetchall():
            yield _node_difference(id_, told, found, seq or 0, line or 0)
        for row in self._notes.execute(_PARTS).fetchall():
            yield from self._part_difference(*row)

    def _find(self, part: Part, name: str, line: int, at: str | None = None) -> None:
        self._notes.execute(
            "INSERT OR REPLACE INTO found VALUES (?, ?, ?, ?, ?)", (part.key, part.value, at, name, line)
        )

    def _told(self, operation: Operation, line: int) -> list[Part]:
        """The parts that an Operation says it wrote."""
        if not operation.writes:
            self.unproved += 1
            self._unproved_until = max(self._unproved_until, encode_time(operation.at) or "")
            return []
        try:
            words, parts = parts_of(operation.writes)
        except ValueError:
            self._break(operation, "writes", "digests", "something else", line)
            return []
        if words != words_digest(operation):
            self._break(operation, "reason or changes", words.hex(), repr(operation.reason), line)
        return parts

    def _check_place(self, operation: Operation, line: int) -> None:
        seq, previous = self.head
        if operation.seq != seq + 1:
            missing = (
                f"Operation {seq + 1}" if operation.seq == seq + 2 else f"Operations {seq + 1} to {operation.seq - 1}"
            )
            self._broken.append(Difference(what=missing, field="", expected="to be there", found="nothing", line=line))
        elif operation.previous_hash != previous:
            self._break(operation, "previous_hash", previous[:16], operation.previous_hash[:16], line)
        own = sealed(operation, seq=operation.seq, previous_hash=operation.previous_hash).hash
        if own != operation.hash:
            self._break(operation, "hash", own[:16], operation.hash[:16], line)
        self.head = (operation.seq, operation.hash)

    def _break(self, operation: Operation, field: str, expected: str, found: str, line: int) -> None:
        what = f"Operation {operation.seq}"
        self._broken.append(
            Difference(what=what, field=field, expected=expected, found=found, seq=operation.seq, line=line)
        )

    def _part_difference(
        self,
        key: bytes,
        name: str | None,
        told: bytes | None,
        found: bytes | None,
        told_at: str | None,
        found_at: str | None,
        seq: int | None,
        line: int | None,
    ) -> Iterator[Difference]:
        sort = key[:1]
        field, expected = WHAT[sort], told.hex() if told else ""
        if name is None:
            if sort == RELATIONSHIP:  # parts of a node that is missing are missing with it
                what = f"a relationship of Operation {seq}"
                yield Difference(what=what, field="", expected="to be there", found="nothing", seq=seq or 0, part=key)
            return
        if seq in (None, 0) and self._is_unproved(key, found_at):
            return
        if told is None:
            if sort == RELATIONSHIP:
                yield _unexplained(name, line or 0)
            return
        if told == found:
            field, expected, shown = "created_at", told_at or "", found_at or ""
        else:
            shown = found.hex() if found else ""
        yield Difference(what=name, field=field, expected=expected, found=shown, seq=seq or 0, line=line or 0, part=key)

    def _is_unproved(self, key: bytes, at: str | None) -> bool:
        """Whether an Operation of an earlier version may have written a part that no Operation names."""
        return bool(self.unproved) and (key[:1] != RELATIONSHIP or (at or "") <= self._unproved_until)


def _unexplained(what: str, line: int) -> Difference:
    return Difference(what=what, field="", expected="nothing", found="what no Operation wrote", line=line)


def _node_difference(id_: str, told: str | None, found: str | None, seq: int, line: int) -> Difference:
    if told is None:
        return _unexplained(id_, line)
    if found is None:
        return Difference(what=id_, field="", expected="to be there", found="nothing", seq=seq)
    field = "text, trust or another part of its content"
    return Difference(what=id_, field=field, expected=told[:16], found=found[:16], seq=seq, line=line)
