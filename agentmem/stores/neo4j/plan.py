"""What a changeset needs of the store and what it writes, worked out before the store is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agentmem.errors import ConflictError, EmbeddingMismatch, InputError
from agentmem.records import (
    CURRENT,
    Change,
    Changeset,
    Guard,
    IndexEntry,
    Node,
    StateChange,
    Status,
    Vector,
)
from agentmem.stores.neo4j.rows import STATUSES, node_properties, relationship_properties, stored_key, utc_or_none
from agentmem.stores.neo4j.terms import entry_text, long_terms, terms_of, tokens_of

Standing = tuple[str, Status]
"""Kind and status of a node."""


@dataclass(slots=True)
class _Written:
    """Everything that a changeset writes of one node."""

    label: str
    added: bool
    properties: dict[str, Any] = field(default_factory=dict)
    entry: IndexEntry | None = None


@dataclass(slots=True)
class Plan:
    """Rows to write, and the ground on which they stand.

    Changes build on those before them, so what a change needs of the store is known without asking: the first that
    touches a node says whether it must exist, and how it must stand.
    """

    bank: str
    absent: set[str] = field(default_factory=set)
    present: set[str] = field(default_factory=set)
    statuses: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    written: dict[str, _Written] = field(default_factory=dict)
    relationships: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    dimension: int | None = None

    def parameters(self, first_seq: int) -> dict[str, Any]:
        """The parameters of `queries.COMMIT` that come of the changes; nodes hold the seq of what added them."""
        adds, updates = [], []
        for id_, row in self.written.items():
            properties = dict(row.properties)
            if row.entry is not None:
                properties |= entry_properties(self.bank, row.entry)
            if row.added:
                properties["seq"] += first_seq
                adds.append({"label": row.label, "properties": properties, "vector": vector_of(row.entry)})
            else:
                properties |= {"embedding": None} if row.entry is not None else {}
                updates.append(
                    {
                        "id": id_,
                        "properties": properties,
                        "vector": vector_of(row.entry),
                        "indexed": row.entry is not None,
                    }
                )
        sizes = [entry_sizes(row.entry) for row in self.written.values() if row.entry is not None]
        return {
            "named": sorted(self.absent | self.present),
            "present": {id_: [self.statuses.get(id_), self.kinds.get(id_)] for id_ in self.present},
            "adds": adds,
            "updates": updates,
            "relationships": list(self.relationships.values()),
            "indexed": sum(size[0] for size in sizes),
            "length": sum(size[1] for size in sizes),
            "vectors": sum(size[2] for size in sizes),
            "dimension": self.dimension,
        }


def plan_of(changeset: Changeset, standing: Mapping[str, Standing] | None = None) -> Plan:
    """Works out a changeset.

    Args:
        changeset: The changes, in order.
        standing: How the named nodes stand in the store. Without it, what is not known is taken as the changes expect
            it to be, and noted in the plan; with it, what does not fit is raised.

    Raises:
        InputError: the changeset contradicts itself.
        ConflictError: an expected status or a new id does not hold.
        EmbeddingMismatch: vectors of several dimensions, or of another than the changeset's model makes.
    """
    planner = _Planner(changeset, standing)
    for number, change in enumerate(changeset.changes):
        planner.take(change, number)
    return planner.plan


class _Planner:
    def __init__(self, changeset: Changeset, standing: Mapping[str, Standing] | None) -> None:
        self.plan = Plan(bank=changeset.bank)
        self._embedding = changeset.embedding
        self._store = standing
        self._now: dict[str, tuple[str, Status | None]] = dict(standing or {})

    def take(self, change: Change, number: int) -> None:
        """Plan one change, as if all before it were written."""
        if change.add is not None:
            self._add(change.add, number)
        if change.evolve is not None:
            self._evolve(change.evolve)
        for state in change.states:
            self._move(state)
        self._relate(change)
        self._index(change)

    def _add(self, node: Node, number: int) -> None:
        self._own(node)
        if not node.id or "\0" in node.id:
            raise InputError("an id cannot be empty or hold a NUL character.", where=repr(node.id))
        if node.id in self._now or node.id in self.plan.present:
            raise ConflictError("a node of that id exists already.", where=node.id, hint="Read it and decide again.")
        self._now[node.id] = (node.kind.value, node.status)
        self.plan.absent.add(node.id)
        row = _Written(label=node.kind.value, added=True, properties=node_properties(node))
        row.properties["seq"] = number
        self.plan.written[node.id] = row

    def _evolve(self, node: Node) -> None:
        self._own(node)
        kind, _ = self._known(node.id, "the node to evolve")
        if kind == "":
            self.plan.kinds[node.id] = kind = node.kind.value
        if kind != node.kind.value:
            raise InputError(f"a {kind} cannot evolve into a {node.kind.value}.", where=node.id)
        self._now[node.id] = (kind, node.status)
        self._row(node.id, kind).properties |= node_properties(node)

    def _move(self, state: StateChange) -> None:
        kind, status = self._known(state.node_id, "the version to change")
        if status is None:
            self.plan.statuses[state.node_id] = state.expected.value
        elif status is not state.expected:
            raise ConflictError(
                f"the version is {status.value} and no longer {state.expected.value}.",
                where=state.node_id,
                hint="Read it and decide again.",
            )
        self._now[state.node_id] = (kind, state.status)
        self._row(state.node_id, kind).properties |= {
            "status": state.status.value,
            "valid_to": utc_or_none(state.valid_to),
            "valid_to_before": utc_or_none(state.valid_to_before),
            "closed_at": utc_or_none(state.closed_at),
        }

    def _relate(self, change: Change) -> None:
        for relationship in change.relationships:
            ends = (relationship.source_id, relationship.target_id)
            if self._store is not None and not all(end in self._now for end in ends):
                raise InputError(
                    f"{relationship.type.value} leads to or from a node that bank {self.plan.bank!r} does not hold.",
                    where=" -> ".join(ends),
                )
            for end in ends:
                self._require(end)
            row = {
                "type": relationship.type.value,
                "source": relationship.source_id,
                "target": relationship.target_id,
                "properties": relationship_properties(relationship, change.operation.at),
            }
            self.plan.relationships.setdefault(relationship.identity, row)

    def _index(self, change: Change) -> None:
        if change.index is None:
            return
        node = change.evolve or change.add
        if node is None:
            raise InputError("a search entry needs a node that is added or evolved.", where=change.operation.target)
        if change.index.vector is not None:
            expected = self._embedding.dimension if self._embedding else self.plan.dimension
            self.plan.dimension = checked_dimension(change.index.vector, expected)
        self._row(node.id, node.kind.value).entry = change.index

    def _row(self, id_: str, kind: str) -> _Written:
        row = self.plan.written.setdefault(id_, _Written(label=kind, added=False))
        row.label = row.label or kind
        return row

    def _require(self, id_: str) -> None:
        """Note that the store must hold a node."""
        if id_ not in self.plan.absent:
            self.plan.present.add(id_)
            self._now.setdefault(id_, ("", None))

    def _known(self, id_: str, what: str) -> tuple[str, Status | None]:
        if self._store is not None and id_ not in self._now:
            raise ConflictError(f"{what} is not in the bank {self.plan.bank!r}.", where=id_)
        self._require(id_)
        return self._now[id_]

    def _own(self, node: Node) -> None:
        if node.bank != self.plan.bank:
            raise InputError(f"a node of bank {node.bank!r} in a changeset of bank {self.plan.bank!r}.", where=node.id)


def guard_rows(guards: tuple[Guard, ...]) -> Iterator[dict[str, Any]]:
    """The parameters of the guards.

    Raises:
        InputError: a guard without key.
    """
    current = sorted(status.value for status in CURRENT)
    for guard in guards:
        if not guard.key:
            raise InputError("a guard needs a key.", where=guard.kind.value)
        yield {
            "kind": guard.kind.value,
            "key": guard.key,
            "stored": stored_key(guard.key),
            "heads": sorted(guard.heads),
            "statuses": current,
        }


def standing_of(rows: list[list[str]]) -> dict[str, Standing]:
    """How nodes stand, from [id, label, status]."""
    return {id_: (label, STATUSES[status]) for id_, label, status in rows}


def checked_dimension(vector: Vector, dimension: int | None) -> int:
    """The dimension of a vector that may be stored beside others.

    Raises:
        EmbeddingMismatch: the others have another one.
        InputError: it holds something else than finite numbers.
    """
    if vector.ndim != 1 or (dimension is not None and len(vector) != dimension):
        raise mismatch(vector.shape, dimension)
    if not np.isfinite(vector).all():
        raise InputError("a vector holds something else than finite numbers.")
    return len(vector)


def mismatch(shape: tuple[int, ...], dimension: int | None) -> EmbeddingMismatch:
    """The error of a vector that the store cannot hold or compare."""
    return EmbeddingMismatch(
        f"a vector of shape {shape} where the store holds {dimension} dimensions.",
        hint="Use the embedding model that filled the store.",
    )


def entry_properties(bank: str, entry: IndexEntry) -> dict[str, Any]:
    """The indexed texts of an entry; None for a node that text search must not find."""
    return {
        "terms": entry_text(bank, entry.terms) if entry.terms else None,
        "context_terms": (" ".join(tokens_of(entry.context_terms)) or None) if entry.terms else None,
        "long_terms": (long_terms(f"{entry.terms} {entry.context_terms}") or None) if entry.terms else None,
        # No index takes a vector of zeros, and no function of the server compares it.
        "zero_vector": True if entry.vector is not None and not entry.vector.any() else None,
    }


def entry_of(properties: Mapping[str, Any], dimension: int | None) -> IndexEntry:
    """The entry that `entry_properties` and `vector_of` made; `dimension` is that of a vector of zeros."""
    kept = properties["long_terms"] or ()
    vector = properties["embedding"]
    if vector is None and properties["zero_vector"]:
        vector = [0.0] * (dimension or 0)
    return IndexEntry(
        terms=terms_of((properties["terms"] or "").split(" ")[1:], kept),
        context_terms=terms_of((properties["context_terms"] or "").split(), kept),
        vector=None if vector is None else np.array(vector, dtype=np.float32),
    )


def entry_sizes(entry: IndexEntry) -> tuple[int, int, int]:
    """How many texts, tokens and vectors an entry adds to its bank."""
    length = len(tokens_of(entry.terms)) + len(tokens_of(entry.context_terms)) if entry.terms else 0
    return int(bool(entry.terms)), length, int(entry.vector is not None)


def vector_of(entry: IndexEntry | None) -> list[float] | None:
    """The vector of an entry as the driver takes it; None for one of zeros."""
    if entry is None or entry.vector is None or not entry.vector.any():
        return None
    floats: list[float] = entry.vector.tolist()
    return floats
