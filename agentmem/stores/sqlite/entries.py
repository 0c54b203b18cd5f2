"""Writes search entries: terms to the bank's full-text table, vectors to theirs, and the stamp of the model."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Set

import numpy as np

from agentmem.errors import EmbeddingMismatch, InputError
from agentmem.records import EmbeddingStamp, IndexEntry, Vector
from agentmem.stores.base import filled_by_another
from agentmem.stores.sqlite.rows import damage_found, id_list
from agentmem.stores.sqlite.schema import create_text_table, text_table
from agentmem.stores.sqlite.search import storable
from agentmem.stores.sqlite.vectors import STORED

_MODEL, _DIMENSION = "embedding_model", "embedding_dimension"


def read_stamp(connection: sqlite3.Connection) -> EmbeddingStamp | None:
    """Which model filled the store."""
    query = "SELECT name, value FROM settings WHERE name IN (?, ?)"
    found = dict(connection.execute(query, (_MODEL, _DIMENSION)).fetchall())
    with damage_found("the embedding stamp"):
        return EmbeddingStamp(model=found[_MODEL], dimension=int(found[_DIMENSION])) if found else None


def write_stamp(connection: sqlite3.Connection, embedding: EmbeddingStamp) -> None:
    """Record the model, whatever was recorded before."""
    connection.executemany(
        "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        [(_MODEL, embedding.model), (_DIMENSION, str(embedding.dimension))],
    )


def stamp(connection: sqlite3.Connection, embedding: EmbeddingStamp, where: str) -> None:
    """Record the model in a store that has none, inside the connection's transaction.

    Raises:
        EmbeddingMismatch: the store has another one.
    """
    present = read_stamp(connection)
    if present is None:
        write_stamp(connection, embedding)
    elif present != embedding:
        raise filled_by_another(present, embedding, where)


class EntryWriter:
    """Writes entries inside the connection's transaction; every vector must have the dimension of the store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        stamp = read_stamp(connection)
        self._dimension = stamp.dimension if stamp else self._dimension_found()

    def _dimension_found(self) -> int | None:
        row = self._connection.execute("SELECT length(vector) FROM vectors LIMIT 1").fetchone()
        return row[0] // STORED.itemsize if row else None

    def write(self, bank: int, entries: Mapping[int, IndexEntry], *, fresh: Set[int]) -> None:
        """Replace the entries of nodes, given by row number.

        Args:
            bank: The bank that they belong to.
            entries: An entry without terms or without vector takes the node out of that search.
            fresh: Nodes that certainly have no entry yet.

        Raises:
            EmbeddingMismatch: a vector of another dimension.
            InputError: a vector that holds something else than finite numbers.
        """
        execute_all, table = self._connection.executemany, text_table(bank)
        stale = [(node,) for node in entries if node not in fresh]
        execute_all(f"DELETE FROM {table} WHERE rowid = ?", stale)
        execute_all("DELETE FROM vectors WHERE node = ?", stale)
        execute_all(
            f"INSERT INTO {table} (rowid, terms, context_terms) VALUES (?, ?, ?)",
            [(n, storable(e.terms), storable(e.context_terms)) for n, e in entries.items() if e.terms],
        )
        execute_all(
            "INSERT INTO vectors (node, vector) VALUES (?, ?)",
            [(node, self._blob(entry.vector)) for node, entry in entries.items() if entry.vector is not None],
        )

    def _blob(self, vector: Vector) -> bytes:
        if self._dimension is None:
            self._dimension = len(vector)
        if vector.shape != (self._dimension,):
            raise EmbeddingMismatch(
                f"a vector of shape {vector.shape} where the store holds {self._dimension} dimensions.",
                hint="Use the embedding model that filled the store.",
            )
        if not np.isfinite(vector).all():
            raise InputError("a vector holds something else than finite numbers.")
        return np.ascontiguousarray(vector, dtype=STORED).tobytes()


def replace_all(
    connection: sqlite3.Connection, embedding: EmbeddingStamp, entries: Mapping[str, Mapping[str, IndexEntry]]
) -> None:
    """Replace stamp and entries of all banks inside the connection's transaction.

    Raises:
        InputError: a bank or a node that the store does not hold.
        EmbeddingMismatch: a vector has another dimension than the stamp says.
    """
    banks: dict[str, int] = dict(connection.execute("SELECT name, bank FROM banks").fetchall())
    unknown = sorted(set(entries) - set(banks))
    if unknown:
        raise InputError("the store holds no such bank.", where=", ".join(unknown))
    write_stamp(connection, embedding)
    connection.execute("DELETE FROM vectors")
    connection.execute("UPDATE banks SET epoch = epoch + 1")
    writer = EntryWriter(connection)
    for name, bank in banks.items():
        connection.execute(f"DROP TABLE {text_table(bank)}")
        create_text_table(connection, bank)
        given = entries.get(name, {})
        nodes = _row_numbers(connection, bank, given)
        writer.write(bank, {nodes[id_]: entry for id_, entry in given.items()}, fresh=set(nodes.values()))


def _row_numbers(connection: sqlite3.Connection, bank: int, given: Mapping[str, IndexEntry]) -> dict[str, int]:
    rows = connection.execute(
        "SELECT id, node FROM nodes WHERE bank = ? AND id IN (SELECT value FROM json_each(?))", (bank, id_list(given))
    )
    nodes: dict[str, int] = dict(rows.fetchall())
    missing = next((id_ for id_ in given if id_ not in nodes), None)
    if missing is not None:
        raise InputError("a search entry of a node that the store does not hold.", where=missing)
    return nodes
