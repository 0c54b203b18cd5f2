"""Records to properties of nodes and relationships, and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from agentmem.errors import InputError, StoreCorrupt
from agentmem.records import (
    NODE_TYPES,
    Kind,
    Node,
    Operation,
    OperationType,
    Relationship,
    RelationshipType,
    Status,
    VersionRef,
    build_node,
    decode_time,
    own_properties,
)

TIMES = ("created_at", "at", "valid_from", "valid_to", "closed_at", "valid_to_before")
"""Properties of a node that hold a datetime."""
KINDS = {kind.value: kind for kind in Kind}
STATUSES = {status.value: status for status in Status}
TYPES = {type_.value: type_ for type_ in RelationshipType}
_OPERATIONS = {op.value: op for op in OperationType}

_TEXTS = ("text", "source", "agent", "run_id")
_NUMBERS = ("version", "importance", "trust")
INDEXED = 1_000
"""Characters of a key that an index surely takes: its entries end at 8 kB."""
DIGEST = "sha256:"
"""What stands in the index for a longer key begins with it."""
_WRITTEN_AT = "created_at"
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_time = lru_cache(maxsize=4096)(decode_time)


def utc(moment: datetime) -> datetime:
    """A time as the database holds it.

    Raises:
        InputError: it has no time zone.
    """
    if moment.tzinfo is None:
        raise InputError("a time needs a time zone.", where=moment.isoformat(), hint="Use UTC.")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def utc_or_none(moment: datetime | None) -> datetime | None:
    """As `utc`; None stays None."""
    return None if moment is None else utc(moment)


def time_of(text: str) -> datetime:
    """A time from ISO 8601.

    Raises:
        StoreCorrupt: it is missing.
    """
    moment = _time(text)
    if moment is None:
        raise StoreCorrupt("the store is damaged: a time is missing.", hint="Restore a backup of the database.")
    return moment


def stored_key(key: str) -> str:
    """What the index of keys holds for a key: itself, or a digest if it is too long for an index."""
    return key if len(key) <= INDEXED else DIGEST + hashlib.sha256(key.encode()).hexdigest()


def node_properties(node: Node) -> dict[str, Any]:
    """Every property of a node. What is empty is None, which Neo4j does not store: a person sees what there is."""
    properties: dict[str, Any] = {"id": node.id, "bank": node.bank, "status": node.status.value}
    properties |= {name: utc_or_none(getattr(node, name)) for name in TIMES}
    properties |= {name: getattr(node, name) for name in _NUMBERS}
    properties |= {name: getattr(node, name) or None for name in _TEXTS}
    properties["key"] = stored_key(node.key) or None
    properties["long_key"] = node.key if properties["key"] not in (None, node.key) else None
    properties["metadata"] = _compact(dict(node.metadata)) if node.metadata else None
    left_out = _empty_defaults(node.kind)
    properties |= {name: None if name in left_out and not v else v for name, v in own_properties(node).items()}
    return properties


@cache
def _empty_defaults(kind: Kind) -> frozenset[str]:
    """Texts and lists of a kind that are empty unless given: a missing property reads as their default."""
    return frozenset(f.name for f in fields(NODE_TYPES[kind]) if f.default is not MISSING and f.default in ("", ()))


@contextmanager
def damage_found(what: object) -> Iterator[None]:
    """Raise StoreCorrupt where the database holds what was never written: no JSON, no time, no known name."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise StoreCorrupt(
            f"the store is damaged: {what} cannot be read ({error}).", hint="Restore a backup of the database."
        ) from error


def node_of(label: str, properties: Mapping[str, Any], *, known_at: datetime | None = None) -> Node:
    """A node from its label and properties, times as ISO 8601.

    Args:
        label: Its kind.
        properties: As `queries` returns them.
        known_at: Give the status and end of validity that it had at this transaction time.

    Raises:
        StoreCorrupt: they hold what was never written.
    """
    with damage_found("a node"):
        get = properties.get
        times = {name: _time(get(name)) for name in TIMES}
        status = STATUSES[properties["status"]]
        closed_at = times["closed_at"]
        if known_at is not None and closed_at is not None and closed_at > known_at and status is not Status.ERASED:
            status = Status.ACTIVE
            times |= {"valid_to": times["valid_to_before"], "closed_at": None, "valid_to_before": None}
        metadata = get("metadata")
        common = {
            "id": properties["id"],
            "bank": properties["bank"],
            "status": status,
            "key": get("long_key") or get("key") or "",
            "metadata": json.loads(metadata) if metadata else {},
            **times,
            **{name: properties[name] for name in _NUMBERS},
            **{name: get(name) or "" for name in _TEXTS},
        }
        return build_node(KINDS[label], common, properties)


def relationship_properties(relationship: Relationship, written_at: datetime) -> dict[str, Any]:
    """The properties of a relationship with the time at which memory came to know it."""
    given = {_escaped(name): value for name, value in relationship.properties.items()}
    return {**given, _WRITTEN_AT: utc(written_at)}


def _escaped(name: str) -> str:
    """`created_at` is ours: a property of that name gets an underscore more."""
    return f"{name}_" if name.rstrip("_") == _WRITTEN_AT else name


def relationship_of(source_id: str, type_: str, target_id: str, properties: Mapping[str, Any]) -> Relationship:
    """A relationship from what the database holds.

    Raises:
        StoreCorrupt: it holds what was never written.
    """
    with damage_found("a relationship"):
        given = {
            name[:-1] if name.rstrip("_") == _WRITTEN_AT else name: value
            for name, value in properties.items()
            if name != _WRITTEN_AT
        }
        return Relationship(type=TYPES[type_], source_id=source_id, target_id=target_id, properties=given)


def operation_properties(operation: Operation) -> dict[str, Any]:
    """Every property of a journalled Operation; what is empty is None."""
    before, after = operation.before, operation.after
    changes = {name: list(pair) for name, pair in operation.changes.items()}
    return {
        "bank": operation.bank,
        "seq": operation.seq,
        "op": operation.op.value,
        "target": operation.target,
        "kind": operation.kind.value,
        "at": utc(operation.at),
        # Mostly the target itself, which an index finds already.
        "before_id": before.id if before and before.id != operation.target else None,
        "before_hash": before.content_hash if before else None,
        "after_id": after.id if after and after.id != operation.target else None,
        "after_hash": after.content_hash if after else None,
        "payload_hash": operation.payload_hash,
        "changes": _compact(changes) if changes else None,
        "reason": operation.reason or None,
        "evidence": list(operation.evidence) or None,
        "candidates": list(operation.candidates) or None,
        "agent": operation.agent or None,
        "run_id": operation.run_id or None,
        "model": operation.model,
        "tokens": operation.tokens,
        "cost_usd": operation.cost_usd,
        "writes": operation.writes or None,
        "previous_hash": operation.previous_hash,
        "hash": operation.hash,
    }


def operation_of(properties: Mapping[str, Any]) -> Operation:
    """An Operation from its properties, the time as ISO 8601.

    Raises:
        StoreCorrupt: they hold what was never written.
    """
    with damage_found("an Operation"):
        get = properties.get
        changes = get("changes")
        return Operation(
            op=_OPERATIONS[properties["op"]],
            bank=properties["bank"],
            target=properties["target"],
            kind=KINDS[properties["kind"]],
            at=time_of(properties["at"]),
            before=_version(get("before_id") or properties["target"], get("before_hash")),
            after=_version(get("after_id") or properties["target"], get("after_hash")),
            payload_hash=properties["payload_hash"],
            changes={name: (old, new) for name, (old, new) in json.loads(changes).items()} if changes else {},
            reason=get("reason") or "",
            evidence=tuple(get("evidence") or ()),
            candidates=tuple(get("candidates") or ()),
            agent=get("agent") or "",
            run_id=get("run_id") or "",
            model=properties["model"],
            tokens=properties["tokens"],
            cost_usd=properties["cost_usd"],
            writes=get("writes") or "",
            seq=properties["seq"],
            previous_hash=properties["previous_hash"],
            hash=properties["hash"],
        )


def _version(id_: str, content_hash: str | None) -> VersionRef | None:
    return None if content_hash is None else VersionRef(id=id_, content_hash=content_hash)
