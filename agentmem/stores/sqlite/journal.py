"""Reads the journal."""

from __future__ import annotations

import sqlite3

from agentmem.records import Operation
from agentmem.stores.base import JournalFilter
from agentmem.stores.sqlite.rows import OPERATION_COLUMNS, operations_of, time_text
from agentmem.stores.sqlite.view import Conditions


def read_operations(
    connection: sqlite3.Connection, bank: int, name: str, where: JournalFilter, limit: int | None
) -> list[Operation]:
    """Operations of a bank by seq; with `limit`, the newest that match."""
    matching = _conditions(bank, where)
    rows = connection.execute(
        f"SELECT {OPERATION_COLUMNS} FROM operations o WHERE {matching.sql} ORDER BY seq DESC LIMIT ?",
        (*matching.values, -1 if limit is None else max(limit, 0)),
    ).fetchall()
    return operations_of(name, reversed(rows))


def _conditions(bank: int, where: JournalFilter) -> Conditions:
    conditions = Conditions()
    conditions.add("o.bank = ? AND o.seq > ?", bank, where.after)
    if where.through is not None:
        conditions.add("o.seq <= ?", where.through)
    if where.ops:
        conditions.add(f"o.op IN ({', '.join('?' * len(where.ops))})", *sorted(where.ops))
    if where.target:
        # A union of three indexed look-ups; one OR would read the whole journal.
        columns = ("target", "before_id", "after_id")
        picked = " UNION ".join(f"SELECT seq FROM operations WHERE bank = ? AND {column} = ?" for column in columns)
        conditions.add(f"o.seq IN ({picked})", *(bank, where.target) * len(columns))
    if where.run_id:
        conditions.add("o.run_id = ? AND o.run_id <> ''", where.run_id)
    if where.agent:
        conditions.add("o.agent = ?", where.agent)
    if where.evidence:
        conditions.add("EXISTS (SELECT 1 FROM json_each(o.evidence) WHERE value = ?)", where.evidence)
    if where.since is not None:
        conditions.add("o.at >= ?", time_text(where.since))
    if where.until is not None:
        conditions.add("o.at < ?", time_text(where.until))
    return conditions
