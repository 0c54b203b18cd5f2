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
    Status,
    Vector,
    VersionRef,
    build_node,
    decode_time,
    encode_time,
    own_fields,
    own_properties,
)

TIMES = ("created_at", "at", "valid_from", "valid_to", "closed_at", "valid_to_before")
"""Fields of a node that hold a time."""
COMMON = tuple(f.name for f in fields(Node))
"""Fields that every node has."""
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
    kind = Kind(document["kind"])
    common = {name: document[name] for name in COMMON if name in document}
    common |= {name: _time(common[name]) for name in TIMES if common.get(name) is not None}
    if "status" in common:
        common["status"] = Status(common["status"])
    own = {name: document[name] for name in own_fields(kind) if name in document}
    return build_node(kind, common, own)


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
        operation=_document_operation(document["operation"]),
        add=document_node(document["add"]) if "add" in document else None,
        index=_document_entry(document["index"]) if "index" in document else None,
        relationships=tuple(
            Relationship(type=RelationshipType(type_), source_id=source, target_id=target, properties=properties)
            for source, type_, target, properties in document.get("relationships", ())
        ),
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
    values = dict(document)
    for name in ("before", "after"):
        if values[name] is not None:
            id_, content_hash = values[name]
            values[name] = VersionRef(id=id_, content_hash=content_hash)
    values |= {
        "op": OperationType(values["op"]),
        "kind": Kind(values["kind"]),
        "at": _time(values["at"]),
        "changes": {name: (old, new) for name, (old, new) in values["changes"].items()},
        "evidence": tuple(values["evidence"]),
        "candidates": tuple(values["candidates"]),
    }
    return Operation(**values)


def _entry_document(entry: IndexEntry) -> dict[str, str | None]:
    return {
        "terms": entry.terms,
        "context_terms": entry.context_terms,
        "vector": None if entry.vector is None else _vector_text(entry.vector),
    }


def _document_entry(document: Mapping[str, Any]) -> IndexEntry:
    text = document["vector"]
    vector = None if text is None else np.frombuffer(base64.b64decode(text, validate=True), dtype=_STORED)
    return IndexEntry(
        terms=document["terms"],
        context_terms=document["context_terms"],
        vector=None if vector is None else vector.astype(np.float32),
    )


def _vector_text(vector: Vector) -> str:
    return base64.b64encode(np.ascontiguousarray(vector, dtype=_STORED).tobytes()).decode("ascii")


def _time(text: str) -> datetime:
    moment = decode_time(text)
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"{text!r} is no time with a zone")
    return moment
