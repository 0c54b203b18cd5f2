"""What of a database does not fit together: its pages and indexes, rows without owner, full text, tables and triggers.

The records above see rows one by one. Whether an index leads to the rows that are there, SQLite knows. It is asked
about a copy: some of its checks write, which must neither wait for others nor need a file that can be written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from agentmem.stores.sqlite import schema
from agentmem.stores.sqlite.entries import read_stamp
from agentmem.stores.sqlite.vectors import STORED

_NAMED = 10
"""Faults of one sort that are named."""
_STATEMENTS = "SELECT type || ' ' || name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'"
_EMPTIED = """
SELECT name FROM banks b WHERE seq = 0
AND (EXISTS (SELECT 1 FROM nodes n WHERE n.bank = b.bank) OR EXISTS (SELECT 1 FROM operations o WHERE o.bank = b.bank))
"""


def faults_of(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """What is at fault, and how, in words. Empty for a database as `commit` and `reindex` leave it.

    Args:
        connection: In a transaction: one moment of the database.
    """
    with closing(sqlite3.connect("", isolation_level=None)) as copy:
        connection.backup(copy)
        try:
            return [*_physical(copy), *_schema(copy), *_rows(copy)]
        except sqlite3.DatabaseError as error:
            return [("the file", str(error))]


def _physical(copy: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    for (line,) in copy.execute(f"PRAGMA integrity_check({_NAMED})").fetchall():
        if line != "ok":
            yield "the file", " ".join(line.split())


def _schema(copy: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Tables and indexes that are not as every store has them; triggers, which none has: they write on their own."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        schema.prepare(fresh, ":memory:")
        for (bank,) in copy.execute("SELECT bank FROM banks").fetchall():
            schema.create_text_table(fresh, bank)
        expected, found = dict(fresh.execute(_STATEMENTS)), dict(copy.execute(_STATEMENTS))
    for name in sorted(expected.keys() | found.keys()):
        if name not in expected:
            if name.startswith("trigger "):  # tables, indexes and views of somebody's own do nothing
                yield name, "no store has it"
        elif name not in found:
            yield name, "it is missing"
        elif expected[name] != found[name]:
            yield name, "it is defined otherwise"


def _rows(copy: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    for table, row, parent, _ in copy.execute("PRAGMA foreign_key_check").fetchmany(_NAMED):
        yield f"table {table}", f"a row {'' if row is None else f'{row} '}that belongs to nothing in {parent}"
    for (name,) in copy.execute(_EMPTIED).fetchall():
        yield f"bank {name!r}", "its head is that of an empty bank"
    for bank, name in copy.execute("SELECT bank, name FROM banks").fetchall():
        table = schema.text_table(bank)
        orphans = f"SELECT count(*) FROM {table}_docsize WHERE id NOT IN (SELECT node FROM nodes WHERE bank = ?)"
        if copy.execute(orphans, (bank,)).fetchone()[0]:
            yield f"the text index of bank {name!r}", "entries of nodes that the bank does not hold"
        try:
            copy.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")
        except sqlite3.DatabaseError:
            yield f"the text index of bank {name!r}", "it finds other terms than those of its entries"
    yield from _stamp(copy)


def _stamp(copy: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    sizes = {size for (size,) in copy.execute("SELECT DISTINCT length(vector) FROM vectors")}
    stamped = read_stamp(copy)
    if sizes and stamped is None:
        yield "the embedding stamp", "none, where there are vectors"
    elif stamped is not None and sizes - {STORED.itemsize * stamped.dimension}:
        yield "the embedding stamp", f"{stamped.dimension} dimensions, which not every vector has"
