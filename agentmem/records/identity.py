"""Ids, hashes and time: the only sources of either."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from typing import Protocol

from agentmem.records.canonical import canonical_hash
from agentmem.records.nodes import NODE_TYPES, Kind, Node
from agentmem.records.operations import Change, VersionRef

_STATE_FIELDS = frozenset({"status", "closed_at", "valid_to", "valid_to_before", "created_at", "run_id", "agent"})
"""Not content: they say how a version stands, or when and by whom it was written."""


class Clock(Protocol):
    """Where transaction time comes from; replaced in tests and replays so that a run can be repeated exactly."""

    def now(self) -> datetime:
        """The present, timezone-aware, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present in UTC."""
        return datetime.now(UTC)


def node_id(kind: Kind, *parts: object) -> str:
    """A deterministic id such as `fact-3f9a0c...`: the kind and 80 bits of SHA-256 over `parts`."""
    digest = hashlib.sha256("\x1f".join([kind.value, *map(str, parts)]).encode()).hexdigest()
    return f"{kind.value.lower()}-{digest[:20]}"


def content_hash(node: Node) -> str:
    """SHA-256 over what a node says, leaving out how it stands (status, validity end) and when it was written.

    The same for the same moment in another time zone and for a whole number where a float belongs: a node that was
    written and read back has the hash that it had.
    """
    words, measures = _content_fields(node.kind)
    content: dict[str, object] = {name: getattr(node, name) for name in words}
    content.update((name, float(getattr(node, name))) for name in measures)
    content["metadata"] = dict(node.metadata)
    content["kind"] = node.kind.value
    return canonical_hash(content)


@cache
def _content_fields(kind: Kind) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the fields that are content, those that hold a float apart."""
    content = [f for f in fields(NODE_TYPES[kind]) if f.name not in _STATE_FIELDS]
    measures = tuple(f.name for f in content if f.type in ("float", float))
    return tuple(f.name for f in content if f.name not in measures), measures


def version_ref(node: Node) -> VersionRef:
    """Names a node as it is now."""
    return VersionRef(id=node.id, content_hash=content_hash(node))


def payload_hash_of(change: Change) -> str:
    """SHA-256 over the words of a change: node content, states, relationships and the Operation's reason."""
    return canonical_hash(
        {
            "add": _hash_written(change, change.add),
            "evolve": _hash_written(change, change.evolve),
            "changes": dict(change.operation.changes),
            "reason": change.operation.reason,
            "states": [[s.node_id, s.status.value, s.valid_to, s.closed_at] for s in change.states],
            "relationships": [[*r.identity, dict(r.properties)] for r in change.relationships],
        }
    )


def _hash_written(change: Change, node: Node | None) -> str:
    """The content hash of a node that a change writes, which its Operation mostly names already."""
    if node is None:
        return ""
    after = change.operation.after
    return after.content_hash if after and after.id == node.id else content_hash(node)
