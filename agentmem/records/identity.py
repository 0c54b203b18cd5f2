"""Ids, hashes and time: the only sources of either."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import Protocol

from agentmem.records.nodes import Kind, Node
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
    """SHA-256 over what a node says, leaving out how it stands (status, validity end) and when it was written."""
    content = {f.name: getattr(node, f.name) for f in fields(node) if f.name not in _STATE_FIELDS}
    content["kind"] = node.kind.value
    return _canonical_hash(content)


def version_ref(node: Node) -> VersionRef:
    """Names a node as it is now."""
    return VersionRef(id=node.id, content_hash=content_hash(node))


def payload_hash_of(change: Change) -> str:
    """SHA-256 over the words of a change: node content, states, relationships and the Operation's reason."""
    return _canonical_hash(
        {
            "add": content_hash(change.add) if change.add else "",
            "evolve": content_hash(change.evolve) if change.evolve else "",
            "changes": dict(change.operation.changes),
            "reason": change.operation.reason,
            "states": [[s.node_id, s.status.value, s.valid_to, s.closed_at] for s in change.states],
            "relationships": [[*r.identity, dict(r.properties)] for r in change.relationships],
        }
    )


def _canonical_hash(value: object) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
