"""Reads what only a copy of a store needs: search entries as they are, and when relationships became known."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from agentmem.records import IndexEntry, decode_time
from agentmem.stores.base import DatedRelationship
from agentmem.stores.sqlite.rows import damage_found, id_list, relationship_of
from agentmem.stores.sqlite.schema import text_table
from agentmem.stores.sqlite.vectors import vector_of

_RELATIONSHIPS = """
SELECT s.id, r.type, t.id, r.properties, r.created_at
FROM nodes s JOIN relationships r ON r.source = s.node JOIN nodes t ON t.node = r.target
WHERE s.bank = ? AND s.id IN (SELECT value FROM json_each(?))
ORDER BY s.id, r.type, t.id
"""


def read_entries(connection: sqlite3.Connection, bank: int, ids: Sequence[str]) -> dict[str, IndexEntry]:
    """The search entries of nodes; those that no search finds are absent.

    Raises:
        StoreCorrupt: a vector is damaged.
    """
    rows = connection.execute(
        f"SELECT n.id, f.terms, f.context_terms, v.vector FROM nodes n "
        f"LEFT JOIN {text_table(bank)} f ON f.rowid = n.node LEFT JOIN vectors v ON v.node = n.node "
        "WHERE n.bank = ? AND n.id IN (SELECT value FROM json_each(?)) "
        "AND (f.rowid IS NOT NULL OR v.node IS NOT NULL)",
        (bank, id_list(ids)),
    )
    with damage_found("a search entry"):
        return {
            id_: IndexEntry(terms=terms or "", context_terms=context_terms or "", vector=vector_of(vector))
            for id_, terms, context_terms, vector in rows
        }


def read_relationships(connection: sqlite3.Connection, bank: int, ids: Sequence[str]) -> list[DatedRelationship]:
    """The relationships that start at nodes, by identity.

    Raises:
        StoreCorrupt: a row holds what was never written.
    """
    found = []
    for source_id, type_, target_id, properties, created_at in connection.execute(_RELATIONSHIPS, (bank, id_list(ids))):
        with damage_found("a relationship"):
            relationship = relationship_of(source_id, type_, target_id, properties)
            known_since = decode_time(created_at)
            if known_since is None:
                raise ValueError("it has no time")
            found.append(DatedRelationship(relationship=relationship, created_at=known_since))
    return found
