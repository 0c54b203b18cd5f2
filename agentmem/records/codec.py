"""Nodes to flat properties and back, alike for every store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from typing import Any

from agentmem.records.nodes import NODE_TYPES, Kind, Node

_COMMON = frozenset(f.name for f in fields(Node))


@cache
def own_fields(kind: Kind) -> tuple[str, ...]:
    """Names of the fields that a kind has beyond those of every node, in order of definition."""
    return tuple(f.name for f in fields(NODE_TYPES[kind]) if f.name not in _COMMON)


def own_properties(node: Node) -> dict[str, Any]:
    """The fields that only this kind of node has, tuples as lists: JSON-able."""
    values = ((name, getattr(node, name)) for name in own_fields(node.kind))
    return {name: list(v) if isinstance(v, tuple) else v for name, v in values}


def build_node(kind: Kind, common: Mapping[str, Any], own: Mapping[str, Any]) -> Node:
    """A node from the fields of every node and its own; own fields that are missing take their defaults."""
    values = dict(common)
    known = own_fields(kind)
    for name, value in own.items():
        if name in known:
            values[name] = tuple(value) if type(value) is list else value
    return NODE_TYPES[kind](**values)


def encode_time(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with microseconds, fixed width: the order of the strings is the order of the times."""
    if moment is None:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def decode_time(text: str | None) -> datetime | None:
    """The inverse of `encode_time`."""
    return datetime.fromisoformat(text) if text else None
