"""Records as JSON documents and back: the same bytes for the same record, on every machine."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np

from agentmem.records import (
    NODE_TYPES,
    Change,
    IndexEntry,
    Kind,
    Node,
    Operation,
    OperationType,
    Relationship,
    RelationshipType,
    Vector,
    VersionRef,
    encode_time,
    own_properties,
)
from agentmem.transfer import shapes

UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
"""What reading a document raises that is none of ours."""
COMMON = tuple(f.name for f in fields(Node))
"""Fields that every node has."""
_OPERATION_FIELDS = frozenset(f.name for f in fields(Operation))
_STORED = np.dtype("<f4")


def node_document(node: Node, *, sparse: bool = False) -> dict[str, Any]:
    """A node as plain values: times as ISO 8601 in UTC, lists for tuples.

    Args:
        node: The node.
        sparse: Leave out what is empty and need not be said.
    """
    values = {name: getattr(node, name) for name in COMMON}
    document: dict[str, Any] = {"kind": node.kind.value}
    document |= {n: encode_time(v) if isinstance(v, datetime) else v for n, v in values.items()}
    document |= {"status": node.status.value, "metadata": dict(node.metadata), **own_properties(node)}
    if sparse:
        left_out = _empty_defaults(node.kind)
        return {name: value for name, value in document.items() if value or name not in left_out}
    return document


@cache
def _empty_defaults(kind: Kind) -> frozenset[str]:
    """Fields of a kind that are empty texts, lists or mappings, or None, unless given."""
    fields_ = [f for f in fields(NODE_TYPES[kind]) if f.default in ("", (), None) or f.default_factory is dict]
    return frozenset(f.name for f in fields_)


def document_node(document: Mapping[str, Any]) -> Node:
    """The inverse of `node_document`; what is missing takes its default.

    Raises:
        KeyError, TypeError, ValueError: it is no such document.
    """
    record = NODE_TYPES[Kind(shapes.text(document["kind"]))]
    node = record(**shapes.shaped(record, document))
    if not node.id or "\0" in node.id:
        raise ValueError("an id cannot be empty or hold a NUL character")
    return node


def change_document(change: Change) -> dict[str, Any]:
    """An Operation with what it wrote. What it did not write is absent."""
    document: dict[str, Any] = {"operation": _operation_document(change.operation)}
    if change.add is not None:
        document["add"] = node_document(change.add)
    if change.index is not None:
        document["index"] = _entry_document(change.index)
    if change.relationships:
        document["relationships"] = [[*r.identity, dict(r.properties)] for r in change.relationships]
    return document


def document_change(document: Mapping[str, Any]) -> Change:
    """The inverse of `change_document`.

    Raises:
        KeyError, TypeError, ValueError: it is no such document.
    """
    return Change(
        operation=_document_operation(shapes.mapping(document["operation"])),
        add=document_node(shapes.mapping(document["add"])) if "add" in document else None,
        index=_document_entry(shapes.mapping(document["index"])) if "index" in document else None,
        relationships=tuple(
            document_relationship(source, type_, target, properties)
            for source, type_, target, properties in document.get("relationships", ())
        ),
    )


def document_relationship(source: object, type_: object, target: object, properties: object) -> Relationship:
    """A relationship from plain values.

    Raises:
        ValueError: they make none.
    """
    return Relationship(
        type=RelationshipType(shapes.text(type_)),
        source_id=shapes.text(source),
        target_id=shapes.text(target),
        properties=shapes.properties(properties),
    )


def _operation_document(operation: Operation) -> dict[str, Any]:
    values: dict[str, Any] = {f.name: getattr(operation, f.name) for f in fields(operation)}
    versions = {name: [ref.id, ref.content_hash] if (ref := values[name]) else None for name in ("before", "after")}
    return (
        values
        | versions
        | {
            "at": encode_time(operation.at),
            "changes": {name: list(pair) for name, pair in operation.changes.items()},
            "evidence": list(operation.evidence),
            "candidates": list(operation.candidates),
        }
    )


def _document_operation(document: Mapping[str, Any]) -> Operation:
    unknown = sorted(set(document) - _OPERATION_FIELDS)
    if unknown:
        raise ValueError(f"an Operation has no {unknown[0]!r}")
    pairs = {name: shapes.texts(pair) for name, pair in shapes.mapping(document["changes"]).items()}
    return Operation(
        **shapes.shaped(Operation, document),
        before=_version(document["before"]),
        after=_version(document["after"]),
        op=OperationType(shapes.text(document["op"])),
        kind=Kind(shapes.text(document["kind"])),
        changes={name: (old, new) for name, (old, new) in pairs.items()},
    )


def _version(value: object) -> VersionRef | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise TypeError("a version is an id and a hash")
    id_, content_hash = shapes.texts(value)
    return VersionRef(id=id_, content_hash=content_hash)


def _entry_document(entry: IndexEntry) -> dict[str, str | None]:
    return {
        "terms": entry.terms,
        "context_terms": entry.context_terms,
        "vector": None if entry.vector is None else _vector_text(entry.vector),
    }


def _document_entry(document: Mapping[str, Any]) -> IndexEntry:
    encoded = document["vector"]
    vector = None if encoded is None else np.frombuffer(base64.b64decode(shapes.text(encoded), validate=True), _STORED)
    if vector is not None and not np.isfinite(vector).all():
        raise ValueError("a vector holds something else than finite numbers")
    return IndexEntry(
        terms=shapes.text(document["terms"]),
        context_terms=shapes.text(document["context_terms"]),
        vector=None if vector is None else vector.astype(np.float32),
    )


def _vector_text(vector: Vector) -> str:
    return base64.b64encode(np.ascontiguousarray(vector, dtype=_STORED).tobytes()).decode("ascii")
