"""Builders of records for tests: readable ids, fixed times, no randomness."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from agentmem.records import (
    NODE_TYPES,
    Change,
    Changeset,
    EmbeddingStamp,
    Episode,
    Fact,
    Guard,
    IndexEntry,
    Kind,
    Node,
    Operation,
    OperationType,
    Relationship,
    RelationshipType,
    StateChange,
    Status,
    Vector,
    version_ref,
)

START = datetime(2024, 1, 1, tzinfo=UTC)
"""The moment at which everything built here was written, unless a test says otherwise."""
BANK = "test"
"""The bank of everything built here, unless a test says otherwise."""


class TickingClock:
    """A clock that moves a fixed step at every look, so that times are distinct and a test can be repeated exactly.

    Args:
        start: What the first look shows.
        step: How far each look moves it.
    """

    def __init__(self, start: datetime = START, step: timedelta = timedelta(seconds=1)) -> None:
        self._next = start
        self._step = step
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The present in UTC."""
        with self._lock:
            present = self._next
            self._next += self._step
            return present


def days(count: float) -> datetime:
    """The moment so many days after `START`."""
    return START + timedelta(days=count)


def make_node(kind: Kind, name: str, /, **fields: Any) -> Node:
    """A node of any kind whose id is its kind and `name`; `name` is its text too unless `text` is given."""
    given: dict[str, Any] = {"bank": BANK, "text": name, "created_at": START, **fields}
    return NODE_TYPES[kind](id=f"{kind.value.lower()}-{name}", **given)


def make_fact(name: str, /, **fields: Any) -> Fact:
    """A fact with the id `fact-NAME`."""
    node = make_node(Kind.FACT, name, **fields)
    assert isinstance(node, Fact)
    return node


def make_episode(name: str, /, **fields: Any) -> Episode:
    """An episode with the id `episode-NAME`."""
    node = make_node(Kind.EPISODE, name, **fields)
    assert isinstance(node, Episode)
    return node


def make_operation(op: OperationType, target: Node, **fields: Any) -> Operation:
    """An Operation on a node, at the time of its writing."""
    given: dict[str, Any] = {"at": target.created_at, "reason": f"{op.value} in a test", **fields}
    return Operation(op=op, bank=target.bank, target=target.id, kind=target.kind, **given)


def adding(
    node: Node,
    *,
    terms: str = "",
    context_terms: str = "",
    vector: Vector | None = None,
    relationships: Iterable[Relationship] = (),
    states: Iterable[StateChange] = (),
    **operation: Any,
) -> Change:
    """ADD of a node, with a search entry if terms or a vector are given."""
    searched = bool(terms or context_terms) or vector is not None
    return Change(
        operation=make_operation(OperationType.ADD, node, after=version_ref(node), **operation),
        add=node,
        index=IndexEntry(terms=terms, context_terms=context_terms, vector=vector) if searched else None,
        relationships=tuple(relationships),
        states=tuple(states),
    )


def evolving(node: Node, *, index: IndexEntry | None = None, **operation: Any) -> Change:
    """EVOLVE: `node` takes the place of the node of its id."""
    given: dict[str, Any] = {"after": version_ref(node), **operation}
    return Change(operation=make_operation(OperationType.EVOLVE, node, **given), evolve=node, index=index)


def closing(
    node: Node,
    status: Status,
    *,
    at: datetime,
    valid_to: datetime | None = None,
    expected: Status | None = None,
) -> Change:
    """Takes a node out of the present, at a transaction time; `expected` is the node's status unless given."""
    return Change(
        operation=make_operation(OperationType.DELETE, node, before=version_ref(node), at=at),
        states=(closed(node, status, at=at, valid_to=valid_to, expected=expected),),
    )


def closed(
    node: Node,
    status: Status,
    *,
    at: datetime,
    valid_to: datetime | None = None,
    expected: Status | None = None,
) -> StateChange:
    """The StateChange of `closing`."""
    return StateChange(
        node_id=node.id,
        expected=expected or node.status,
        status=status,
        valid_to=valid_to or node.valid_to,
        valid_to_before=node.valid_to,
        closed_at=at,
    )


def relation(type_: RelationshipType, source: Node | str, target: Node | str, **properties: Any) -> Relationship:
    """A relationship between nodes, or the ids of nodes."""
    ends = [end if isinstance(end, str) else end.id for end in (source, target)]
    return Relationship(type=type_, source_id=ends[0], target_id=ends[1], properties=properties)


def linking(source: Node, *relationships: Relationship, **operation: Any) -> Change:
    """LINK: relationships between nodes that exist."""
    return Change(operation=make_operation(OperationType.LINK, source, **operation), relationships=tuple(relationships))


def changeset(
    *changes: Change, bank: str = BANK, guards: Iterable[Guard] = (), embedding: EmbeddingStamp | None = None
) -> Changeset:
    """The changes as one changeset."""
    return Changeset(bank=bank, changes=changes, guards=tuple(guards), embedding=embedding)


def unit_vectors(count: int, dimension: int = 8, *, seed: int = 0) -> list[Vector]:
    """Vectors of unit length in random directions, the same for the same seed."""
    drawn = np.random.default_rng(seed).normal(size=(count, dimension))
    scaled = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return list(scaled)
