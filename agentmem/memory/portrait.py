"""One memory with all that explains it: what it rests on, its versions, what it is related to, what was done to it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from agentmem.memory.recalling.recalled import iso
from agentmem.records import EVERY_STATUS, Node, Operation, Relationship, RelationshipType
from agentmem.stores import JournalFilter, Store, View

_LONGEST_CHAIN = 1_000
"""Versions of one memory that are followed at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """A memory and what is around it."""

    node: Node
    """It, whatever its status."""
    evidence: tuple[Node, ...]
    """What it rests on."""
    versions: tuple[Node, ...]
    """All versions of what it says, itself among them, oldest first."""
    relationships: tuple[Relationship, ...]
    """Those that begin or end at it, sorted by identity."""
    beside: dict[str, Node]
    """The nodes at their other ends, by id."""
    operations: tuple[Operation, ...]
    """Its history, oldest first."""

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape: the node's fields, evidence, versions, relationships, operations."""
        return {
            **_properties(self.node),
            "evidence": [{"id": e.id, "text": e.text, "source": e.source, "at": iso(e.at)} for e in self.evidence],
            "versions": [_version(version, self.node) for version in self.versions],
            "relationships": [self._relationship(relationship) for relationship in self.relationships],
            "operations": [_operation(operation) for operation in self.operations],
        }

    def _relationship(self, relationship: Relationship) -> dict[str, Any]:
        outgoing = relationship.source_id == self.node.id
        other = relationship.target_id if outgoing else relationship.source_id
        node = self.beside.get(other)
        return {
            "type": relationship.type.value,
            "direction": "out" if outgoing else "in",
            "id": other,
            "kind": node.kind.value if node else "",
            "text": node.text if node else "",
            "properties": dict(relationship.properties),
        }


def portrait_of(store: Store, node: Node) -> Portrait:
    """The portrait of a node. Three reads."""
    view = View(bank=node.bank, statuses=EVERY_STATUS)
    around = store.neighbourhood(view, [node.id])
    known = {**around.nodes, node.id: node}
    chain = store.neighbourhood(view, [node.id], types=frozenset({RelationshipType.SUPERSEDES}), depth=_LONGEST_CHAIN)
    versions = {**chain.nodes, node.id: node}.values()
    return Portrait(
        node=node,
        evidence=tuple(
            known[link.target_id]
            for link in around.relationships
            if link.type is RelationshipType.EVIDENCED_BY and link.source_id == node.id and link.target_id in known
        ),
        versions=tuple(sorted(versions, key=lambda each: (each.version, each.created_at, each.id))),
        relationships=around.relationships,
        beside=known,
        operations=tuple(store.operations(node.bank, JournalFilter(target=node.id))),
    )


def _properties(node: Node) -> dict[str, Any]:
    """All fields of a node, JSON-able."""
    values: dict[str, Any] = {"id": node.id, "kind": node.kind.value}
    for each in fields(node):
        value = getattr(node, each.name)
        if isinstance(value, datetime):
            value = value.isoformat()
        elif isinstance(value, tuple):
            value = list(value)
        elif each.name == "metadata":
            value = dict(value)
        values[each.name] = value
    return values


def _version(version: Node, shown: Node) -> dict[str, Any]:
    return {
        "id": version.id,
        "version": version.version,
        "status": version.status.value,
        "text": version.text,
        "valid_from": iso(version.valid_from),
        "valid_to": iso(version.valid_to),
        "shown": version.id == shown.id,
    }


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "seq": operation.seq,
        "op": operation.op.value,
        "reason": operation.reason,
        "agent": operation.agent,
        "run": operation.run_id,
        "at": operation.at.isoformat(),
        "evidence": list(operation.evidence),
        "before": operation.before.id if operation.before else None,
        "after": operation.after.id if operation.after else None,
    }
