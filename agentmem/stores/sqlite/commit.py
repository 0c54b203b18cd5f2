"""Writes a changeset: checks what it rests on, places its Operations in the chain, and fills every table."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC

from agentmem.errors import ConflictError, InputError
from agentmem.records import (
    CURRENT,
    GENESIS,
    Change,
    Changeset,
    Guard,
    IndexEntry,
    Node,
    Operation,
    StateChange,
    Status,
    payload_hash_of,
    sealed,
    writes_of,
)
from agentmem.stores.filling import Filling
from agentmem.stores.sqlite.entries import EntryWriter
from agentmem.stores.sqlite.rows import (
    INSERT_NODE,
    INSERT_OPERATION,
    REPLACE_NODE,
    STATUSES,
    id_list,
    json_of,
    node_values,
    operation_values,
    time_text,
)
from agentmem.stores.sqlite.schema import create_text_table

_CHANGE_STATE = (
    "UPDATE nodes SET changed = ?, status = ?, valid_to = ?, valid_to_before = ?, closed_at = ? WHERE node = ?"
)
_RELATE = (
    "INSERT INTO relationships (source, type, target, created_at, properties) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)
_ADVANCE = "UPDATE banks SET seq = ?, hash = ? WHERE bank = ?"


@dataclass(slots=True)
class _Standing:
    """A node as it stands at one point of the changeset."""

    node: int
    kind: str
    status: Status


@dataclass(slots=True)
class _Plan:
    """Rows to write, in the order of the changes."""

    bank: int
    name: str
    standing: dict[str, _Standing]
    next_node: int
    inserts: list[tuple[object, ...]] = field(default_factory=list)
    updates: list[tuple[str, tuple[object, ...]]] = field(default_factory=list)
    relationships: list[tuple[object, ...]] = field(default_factory=list)
    entries: dict[int, IndexEntry] = field(default_factory=dict)
    added: set[int] = field(default_factory=set)

    def take(self, change: Change, seq: int) -> None:
        """Plan one change, as if all before it were written."""
        if change.add is not None:
            self._add(change.add, seq)
        if change.evolve is not None:
            self._evolve(change.evolve, seq)
        for state in change.states:
            self._move(state, seq)
        self._relate(change)
        written = change.evolve or change.add
        if change.index is not None:
            if written is None:
                raise InputError("a search entry needs a node that is added or evolved.", where=change.operation.target)
            self.entries[self.standing[written.id].node] = change.index

    def _add(self, node: Node, seq: int) -> None:
        self._own(node.bank, node.id)
        if not node.id or "\0" in node.id:
            raise InputError("an id cannot be empty or hold a NUL character.", where=repr(node.id))
        if node.id in self.standing:
            raise ConflictError("a node of that id exists already.", where=node.id, hint="Read it and decide again.")
        self.standing[node.id] = _Standing(self.next_node, node.kind.value, node.status)
        self.inserts.append((self.next_node, self.bank, seq, *node_values(node)))
        self.added.add(self.next_node)
        self.next_node += 1

    def _evolve(self, node: Node, seq: int) -> None:
        self._own(node.bank, node.id)
        standing = self._known(node.id, "the node to evolve")
        if standing.kind != node.kind.value:
            raise InputError(f"a {standing.kind} cannot evolve into a {node.kind.value}.", where=node.id)
        standing.status = node.status
        self.updates.append((REPLACE_NODE, (seq, *node_values(node), standing.node)))

    def _move(self, state: StateChange, seq: int) -> None:
        standing = self._known(state.node_id, "the version to change")
        if standing.status is not state.expected:
            raise ConflictError(
                f"the version is {standing.status.value} and no longer {state.expected.value}.",
                where=state.node_id,
                hint="Read it and decide again.",
            )
        standing.status = state.status
        values = (
            seq,
            state.status.value,
            time_text(state.valid_to),
            time_text(state.valid_to_before),
            time_text(state.closed_at),
            standing.node,
        )
        self.updates.append((_CHANGE_STATE, values))

    def _relate(self, change: Change) -> None:
        written_at = time_text(change.operation.at)
        for relationship in change.relationships:
            source, target = self.standing.get(relationship.source_id), self.standing.get(relationship.target_id)
            if source is None or target is None:
                raise InputError(
                    f"{relationship.type.value} leads to or from a node that the bank {self.name!r} does not hold.",
                    where=" -> ".join((relationship.source_id, relationship.target_id)),
                )
            properties = json_of(dict(relationship.properties)) if relationship.properties else "{}"
            self.relationships.append((source.node, relationship.type.value, target.node, written_at, properties))

    def _known(self, id_: str, what: str) -> _Standing:
        standing = self.standing.get(id_)
        if standing is None:
            raise ConflictError(f"{what} is not in the bank {self.name!r}.", where=id_)
        return standing

    def _own(self, bank: str, id_: str) -> None:
        if bank != self.name:
            raise InputError(f"a node of bank {bank!r} in a changeset of bank {self.name!r}.", where=id_)


def prepared(changeset: Changeset) -> list[Operation]:
    """The Operations of a changeset with payload hash, in the types and the time zone in which they will be read back.

    The chain is sealed over these values, so a whole number given for money or another zone must not look different
    after a round trip. Done before the transaction: other writers need not wait for it.

    Raises:
        InputError: an Operation of another bank.
    """
    operations = []
    for change in changeset.changes:
        operation = change.operation
        if operation.bank != changeset.bank:
            message = f"an Operation of bank {operation.bank!r} in a changeset of bank {changeset.bank!r}."
            raise InputError(message, where=operation.target)
        time_text(operation.at)  # refuses a time without zone
        operations.append(_exact(operation, change))
    return operations


def _exact(operation: Operation, change: Change) -> Operation:
    return replace(
        operation,
        at=operation.at.astimezone(UTC),
        payload_hash=operation.payload_hash or payload_hash_of(change),
        writes=operation.writes if operation.seq else writes_of(change),  # one with a seq is copied as it is
        evidence=tuple(operation.evidence),
        candidates=tuple(operation.candidates),
        tokens=int(operation.tokens),
        cost_usd=float(operation.cost_usd),
    )


def write(
    connection: sqlite3.Connection, changeset: Changeset, operations: Sequence[Operation], filling: Filling, where: str
) -> list[Operation]:
    """Write a changeset inside the connection's transaction.

    Args:
        connection: In a write transaction.
        changeset: What to write.
        operations: Its Operations, prepared.
        filling: The banks that this store fills itself.
        where: The store, for errors.

    Raises:
        ConflictError: a guard, an expected status or a new id does not hold.
        InputError: the changeset contradicts itself.
        EmbeddingMismatch: a vector has another dimension than the store.
        IncompleteBank: somebody else fills the bank.
    """
    bank, seq, previous, unfinished = _bank(connection, changeset.bank)
    filling.require_writable(changeset.bank, unfinished, (seq, previous), where)
    _check_guards(connection, bank, changeset.guards)
    plan = _Plan(
        bank=bank,
        name=changeset.bank,
        standing=_standing(connection, bank, changeset.changes),
        next_node=connection.execute("SELECT coalesce(max(node), 0) + 1 FROM nodes").fetchone()[0],
    )
    journalled: list[Operation] = []
    for change, operation in zip(changeset.changes, operations, strict=True):
        seq += 1
        plan.take(change, seq)
        journalled.append(sealed(operation, seq=seq, previous_hash=previous))
        previous = journalled[-1].hash
    connection.executemany(INSERT_NODE, plan.inserts)
    for statement, group in itertools.groupby(plan.updates, key=lambda update: update[0]):
        connection.executemany(statement, [values for _, values in group])
    connection.executemany(_RELATE, plan.relationships)
    EntryWriter(connection).write(bank, plan.entries, fresh=plan.added)
    connection.executemany(INSERT_OPERATION, [(bank, *operation_values(operation)) for operation in journalled])
    connection.execute(_ADVANCE, (seq, previous, bank))
    return journalled


def mark(connection: sqlite3.Connection, name: str, finish: str, head: tuple[int, str]) -> None:
    """Mark a bank, which is created if need be, as incomplete, inside the connection's transaction.

    Raises:
        ConflictError: its head is not where it should be.
    """
    bank, seq, hash_, _ = _bank(connection, name)
    if (seq, hash_) != head:
        raise ConflictError(f"bank {name!r} was written to meanwhile.", where=name, hint="Try again.")
    connection.execute("UPDATE banks SET unfinished = ? WHERE bank = ?", (finish, bank))


def _bank(connection: sqlite3.Connection, name: str) -> tuple[int, int, str, str]:
    """Number, seq, hash and mark of a bank, which is created by its first changeset."""
    row = connection.execute("SELECT bank, seq, hash, unfinished FROM banks WHERE name = ?", (name,)).fetchone()
    if row is not None:
        return row[0], row[1], row[2], row[3]
    bank = connection.execute("INSERT INTO banks (name, hash) VALUES (?, ?)", (name, GENESIS)).lastrowid
    if bank is None:
        raise sqlite3.InternalError("SQLite gave no row number for a new bank")
    create_text_table(connection, bank)
    return bank, 0, GENESIS, ""


def _check_guards(connection: sqlite3.Connection, bank: int, guards: Sequence[Guard]) -> None:
    if not guards:
        return
    if any(not guard.key for guard in guards):
        raise InputError("a guard needs a key.", where=next(g.kind.value for g in guards if not g.key))
    current = sorted(CURRENT)
    statement = (
        "SELECT id FROM nodes WHERE bank = ? AND key = ? AND key <> '' AND kind = ? "
        f"AND status IN ({', '.join('?' * len(current))})"
    )
    for guard in guards:
        rows = connection.execute(statement, (bank, guard.key, guard.kind.value, *current))
        if {row[0] for row in rows} != guard.heads:
            raise ConflictError(
                f"another writer changed what is current of {guard.kind.value} {guard.key!r}.",
                where=guard.key,
                hint="Read it and decide again.",
            )


def _standing(connection: sqlite3.Connection, bank: int, changes: Iterable[Change]) -> dict[str, _Standing]:
    """Every node that the changes name and that exists, read at once."""
    rows = connection.execute(
        "SELECT id, node, kind, status FROM nodes WHERE bank = ? AND id IN (SELECT value FROM json_each(?))",
        (bank, id_list(_named(changes))),
    )
    return {id_: _Standing(node, kind, STATUSES[status]) for id_, node, kind, status in rows}


def _named(changes: Iterable[Change]) -> Iterable[str]:
    for change in changes:
        for node in (change.add, change.evolve):
            if node is not None:
                yield node.id
        for state in change.states:
            yield state.node_id
        for relationship in change.relationships:
            yield relationship.source_id
            yield relationship.target_id
