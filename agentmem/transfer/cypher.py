"""The graph as Cypher statements for an empty Neo4j server: to look at and to query, without agentmem.

Labels and relationship types are those of the Neo4j store, so a style sheet and saved queries for that show this too.
Vectors, search terms and the journal are left out: `agentmem migrate` brings a whole memory into a server.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, TextIO

from agentmem.records import Node, encode_time, own_properties
from agentmem.stores import Store
from agentmem.stores.base import DatedRelationship
from agentmem.transfer.contents import Contents, node_pages
from agentmem.transfer.documents import COMMON
from agentmem.transfer.replay import Progress

_BATCH = 200
"""Rows of one statement: a server parses long statements slowly."""
_HEAD = """\
// Memory of agentmem as a graph. Load it into an empty Neo4j server, version 5 or later:
//   cypher-shell --file THIS_FILE
CREATE CONSTRAINT agentmem_id IF NOT EXISTS FOR (n:Memory) REQUIRE (n.bank, n.id) IS UNIQUE;
"""
_LARGEST, _SMALLEST = 2**63 - 1, -(2**63)
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_SPECIAL = re.compile(r"[\\'\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


def write_cypher(store: Store, banks: Iterable[str], file: TextIO, progress: Progress) -> Contents:
    """Write banks as statements, one on a line; returns what was written."""
    written = Contents()
    file.write(_HEAD)
    for bank in banks:
        total, done = sum(store.statistics(bank).nodes.values()), 0
        for nodes in node_pages(store, bank):
            for statement in _node_statements(nodes):
                file.write(statement)
            written.counts.update(node.kind.value for node in nodes)
            done += len(nodes)
            progress("writing nodes", done, max(done, total))
        done = 0
        for nodes in node_pages(store, bank):
            found = store.relationships(bank, [node.id for node in nodes])
            for statement in _relationship_statements(bank, found):
                file.write(statement)
            written.counts.update(dated.relationship.type.value for dated in found)
            done += len(nodes)
            progress("writing relationships", done, max(done, total))
    return written


def literal(value: Any) -> str:
    """A value as Cypher writes it; None for what Neo4j cannot hold is `null`.

    Raises:
        TypeError: no value of a record.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if _SMALLEST < value <= _LARGEST else f"{float(value)!r}"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, datetime):
        return f"datetime('{encode_time(value)}')"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name_literal(name)}: {literal(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(literal, value)) + "]"
    raise TypeError(f"{type(value).__name__} has no Cypher literal")


def text_literal(text: str) -> str:
    r"""A text in quotes.

    Servers read `\uXXXX` before anything else, some even behind a backslash that is itself escaped. So only control
    characters are written that way, and where a backslash stands before a `u`, the text is put together of two.
    """
    return " + ".join(f"'{_SPECIAL.sub(_escape, part)}'" for part in re.split(r"(?<=\\)(?=u)", text))


def name_literal(name: str) -> str:
    """The name of a property, in backticks unless it is a plain word."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return name
    # A name cannot be put together of two: a backslash, which might begin an escape, becomes its full-width form.
    return "`" + name.replace("\\", "\uff3c").replace("`", "``") + "`"


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    return _ESCAPES.get(character) or f"\\u{ord(character):04X}"


def _float(value: float) -> str:
    if math.isnan(value):
        return "(0.0 / 0.0)"
    if math.isinf(value):
        return "(1.0 / 0.0)" if value > 0 else "(-1.0 / 0.0)"
    return repr(value)


def _node_statements(nodes: Sequence[Node]) -> Iterator[str]:
    by_kind = sorted(nodes, key=lambda node: (node.kind.value, node.id))
    for kind, group in groupby(by_kind, key=lambda node: node.kind.value):
        for rows in _batches([_properties(node) for node in group]):
            yield f"UNWIND {literal(rows)} AS row CREATE (n:Memory:{kind}) SET n = row;\n"


def _relationship_statements(bank: str, found: Sequence[DatedRelationship]) -> Iterator[str]:
    by_type = sorted(found, key=lambda dated: (dated.relationship.type.value, dated.relationship.identity))
    for type_, group in groupby(by_type, key=lambda dated: dated.relationship.type.value):
        rows = [
            {
                "s": dated.relationship.source_id,
                "t": dated.relationship.target_id,
                "p": {**dated.relationship.properties, "created_at": dated.created_at},
            }
            for dated in group
        ]
        for batch in _batches(rows):
            yield (
                f"UNWIND {literal(batch)} AS row MATCH (s:Memory {{bank: {literal(bank)}, id: row.s}}) "
                f"MATCH (t:Memory {{bank: {literal(bank)}, id: row.t}}) "
                f"CREATE (s)-[r:{type_}]->(t) SET r = row.p;\n"
            )


def _properties(node: Node) -> dict[str, Any]:
    """What Neo4j can hold of a node: no empty texts, and metadata flat beside the rest."""
    values = {name: getattr(node, name) for name in COMMON if name != "metadata"}
    values |= own_properties(node)
    values["status"] = node.status.value
    values |= {f"metadata_{name}": value for name, value in node.metadata.items()}
    return {name: value for name, value in values.items() if value is not None and value not in ("", [])}


def _batches(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]
