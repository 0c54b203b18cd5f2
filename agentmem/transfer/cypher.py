"""The graph as Cypher statements for an empty Neo4j server: to look at and to query, without agentmem.

Labels and relationship types are those of the Neo4j store, so a style sheet and saved queries for that show this too.
Vectors, search terms and the journal are left out: `agentmem migrate` brings a whole memory into a server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, TextIO

from agentmem.records import Node, own_properties
from agentmem.stores import Store
from agentmem.stores.base import DatedRelationship
from agentmem.stores.paging import node_pages
from agentmem.transfer.contents import Contents
from agentmem.transfer.cypher_rows import rows_of
from agentmem.transfer.cypher_text import text_literal
from agentmem.transfer.documents import COMMON
from agentmem.transfer.replay import Progress

_BATCH = 500
"""Rows of one statement."""
_SOURCE, _TARGET = " source", " target"
"""Columns of the ends of a relationship; no property has such a name."""
_HEAD = """\
// Memory of agentmem as a graph. Load it into an empty Neo4j server, version 5 or later:
//   cypher-shell --file THIS_FILE
CREATE CONSTRAINT agentmem_id IF NOT EXISTS FOR (n:Memory) REQUIRE (n.bank, n.id) IS UNIQUE;
"""


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


def _node_statements(nodes: Sequence[Node]) -> Iterator[str]:
    by_kind = sorted(nodes, key=lambda node: (node.kind.value, node.id))
    for kind, group in groupby(by_kind, key=lambda node: node.kind.value):
        for batch in _batches([_properties(node) for node in group]):
            rows = rows_of(batch)
            yield f"{rows.source} CREATE (n:Memory:{kind} {rows.properties()});\n"


def _relationship_statements(bank: str, found: Sequence[DatedRelationship]) -> Iterator[str]:
    by_type = sorted(found, key=lambda dated: (dated.relationship.type.value, dated.relationship.identity))
    for type_, group in groupby(by_type, key=lambda dated: dated.relationship.type.value):
        for batch in _batches([_ends_and_properties(dated) for dated in group]):
            rows = rows_of(batch)
            ends = (_end(name, bank, rows.cells[key]) for name, key in (("s", _SOURCE), ("t", _TARGET)))
            properties = rows.properties(without=(_SOURCE, _TARGET))
            yield f"{rows.source} {' '.join(ends)} CREATE (s)-[r:{type_} {properties}]->(t);\n"


def _end(name: str, bank: str, id_: str) -> str:
    # In a server that was just filled the planner would look through all nodes: the index is named.
    node = f"({name}:Memory {{bank: {text_literal(bank)}, id: {id_}}})"
    return f"MATCH {node} USING INDEX {name}:Memory(bank, id)"


def _ends_and_properties(dated: DatedRelationship) -> dict[str, Any]:
    found = dated.relationship
    return {
        **found.properties,
        "created_at": dated.created_at,
        _SOURCE: found.source_id,
        _TARGET: found.target_id,
    }


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
