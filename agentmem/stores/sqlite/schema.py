"""Tables, their version, and the migrations between versions."""

from __future__ import annotations

import sqlite3
import string

from agentmem.errors import InputError, SchemaVersionError, StoreUnavailable

APPLICATION_ID = 0x61676D6D
"""'agmm' in the file's header: tells an agentmem store from any other SQLite file."""

_FIRST = """
CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE banks (
    bank INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    seq INTEGER NOT NULL DEFAULT 0,    -- of the newest Operation
    hash TEXT NOT NULL,                -- of the newest Operation
    epoch INTEGER NOT NULL DEFAULT 0   -- rises when search entries are replaced without an Operation
);
CREATE TABLE nodes (
    node INTEGER PRIMARY KEY,
    bank INTEGER NOT NULL REFERENCES banks (bank),
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at TEXT NOT NULL,
    at TEXT,
    valid_from TEXT,
    valid_to TEXT,
    closed_at TEXT,
    valid_to_before TEXT,
    version INTEGER NOT NULL,
    importance REAL NOT NULL,
    trust REAL NOT NULL,
    key TEXT NOT NULL,
    source TEXT NOT NULL,
    agent TEXT NOT NULL,
    run_id TEXT NOT NULL,
    changed INTEGER NOT NULL,          -- seq of the newest Operation that wrote this row
    own TEXT NOT NULL,                 -- JSON: the fields that only this kind has
    metadata TEXT NOT NULL,            -- JSON
    text TEXT NOT NULL                 -- last, so that a long one is not read on the way to another column
);
CREATE UNIQUE INDEX nodes_id ON nodes (bank, id);
CREATE INDEX nodes_changed ON nodes (bank, changed);
CREATE INDEX nodes_key ON nodes (bank, key, kind) WHERE key <> '';
CREATE INDEX nodes_at ON nodes (bank, at, id) WHERE at IS NOT NULL;
CREATE INDEX nodes_valid_from ON nodes (bank, valid_from, id) WHERE valid_from IS NOT NULL;
CREATE INDEX nodes_valid_to ON nodes (bank, valid_to) WHERE valid_to IS NOT NULL;
CREATE TABLE relationships (
    source INTEGER NOT NULL REFERENCES nodes (node),
    type TEXT NOT NULL,
    target INTEGER NOT NULL REFERENCES nodes (node),
    created_at TEXT NOT NULL,          -- transaction time, for views of the past
    properties TEXT NOT NULL,          -- JSON
    PRIMARY KEY (source, type, target)
) WITHOUT ROWID;
CREATE INDEX relationships_target ON relationships (target, type);
CREATE TABLE operations (
    bank INTEGER NOT NULL REFERENCES banks (bank),
    seq INTEGER NOT NULL,
    op TEXT NOT NULL,
    target TEXT NOT NULL,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    before_id TEXT,
    before_hash TEXT,
    after_id TEXT,
    after_hash TEXT,
    payload_hash TEXT NOT NULL,
    changes TEXT NOT NULL,             -- JSON
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL,            -- JSON
    candidates TEXT NOT NULL,          -- JSON
    agent TEXT NOT NULL,
    run_id TEXT NOT NULL,
    model TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    cost_usd REAL NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (bank, seq)
) WITHOUT ROWID;
CREATE INDEX operations_target ON operations (bank, target);
CREATE INDEX operations_before ON operations (bank, before_id) WHERE before_id IS NOT NULL;
CREATE INDEX operations_after ON operations (bank, after_id) WHERE after_id IS NOT NULL;
CREATE INDEX operations_run ON operations (bank, run_id) WHERE run_id <> '';
CREATE TABLE vectors (
    node INTEGER PRIMARY KEY REFERENCES nodes (node),
    vector BLOB NOT NULL               -- float32, little-endian
);
"""

_SECOND = """
ALTER TABLE operations ADD COLUMN writes TEXT NOT NULL DEFAULT '';
ALTER TABLE banks ADD COLUMN unfinished TEXT NOT NULL DEFAULT '';
"""
"""What each Operation wrote; the command that finishes a bank which is being filled."""

MIGRATIONS: tuple[str, ...] = (_FIRST, _SECOND)
"""Scripts from each version to the next; the version of a file is how many of them have run."""


def prepare(connection: sqlite3.Connection, where: str) -> None:
    """Create or migrate the tables of an opened file, each step in a transaction of its own.

    Args:
        connection: In autocommit mode, allowed to write.
        where: The file, as errors show it.

    Raises:
        InputError: the file is a database of another program.
        SchemaVersionError: a newer agentmem wrote it.
    """
    version = check(connection, where)
    while version < len(MIGRATIONS):
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = check(connection, where)  # another process may have been faster
            if version < len(MIGRATIONS):
                _run(connection, MIGRATIONS[version])
                version += 1
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {version}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def check(connection: sqlite3.Connection, where: str) -> int:
    """The schema version of a file; 0 for an empty one.

    Raises:
        InputError: the file is a database of another program.
        SchemaVersionError: a newer agentmem wrote it.
    """
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if owner != APPLICATION_ID and not (owner == 0 and version == 0 and empty):
        raise InputError(
            "that is a database of another program; nothing was written to it.",
            where=where,
            hint="Give agentmem a file of its own.",
        )
    if version > len(MIGRATIONS):
        raise SchemaVersionError(
            f"the store has schema version {version}; this agentmem knows versions up to {len(MIGRATIONS)}.",
            where=where,
            hint="Upgrade agentmem: pip install --upgrade agentmem-graph.",
        )
    return version


def require_current(connection: sqlite3.Connection, where: str) -> None:
    """Refuse a file that can only be read and whose tables would have to be made or migrated first.

    Raises:
        StoreUnavailable: the file is empty or of an older version.
    """
    if check(connection, where) < len(MIGRATIONS):
        raise StoreUnavailable(
            "the store is empty or of an older version, and cannot be written to.",
            where=where,
            hint="Check who may write to the file and its folder.",
        )


def text_table(bank: int) -> str:
    """Name of a bank's full-text table: one for each bank, so that no statistics cross between them."""
    return f"terms_{bank}"


def create_text_table(connection: sqlite3.Connection, bank: int) -> None:
    """Create a bank's full-text table.

    The `ascii` tokenizer with all punctuation as token characters splits at ASCII white space alone and changes
    nothing, so terms of any script arrive in the index as they were made above the stores.
    """
    punctuation = string.punctuation.replace("'", "''").replace('"', '""')
    connection.execute(
        f"CREATE VIRTUAL TABLE {text_table(bank)} USING fts5("
        f"terms, context_terms, tokenize = \"ascii tokenchars '{punctuation}'\")"
    )


def _run(connection: sqlite3.Connection, script: str) -> None:
    # executescript() would commit first; statements one by one stay inside the transaction.
    for statement in script.split(";\n"):
        if statement.strip():
            connection.execute(statement)
