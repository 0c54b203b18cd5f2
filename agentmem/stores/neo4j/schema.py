"""Constraints, indexes and their version: created, awaited and checked when a store is opened."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentmem.errors import ConfigurationError, SchemaVersionError, StoreUnavailable
from agentmem.stores.neo4j import queries
from agentmem.stores.neo4j.connection import Connection
from agentmem.stores.neo4j.search_queries import TEXT_INDEX, VECTOR_INDEX

OLDEST = (5, 26)
"""The oldest server: variable scope of subqueries and labels that a row names came with it."""
_CALENDAR = (2026, 1)
"""The first line whose vector indexes filter by a property."""
VERSION = 1
"""Of the data: what `migrate` brings an older store to."""
_RANGE_INDEXES = ("key", "at", "valid_from", "valid_to")
_POLL = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What can be said about a server."""

    version: tuple[int, ...]

    @property
    def filters_vectors(self) -> bool:
        """Whether a vector index finds the best of one bank alone."""
        return self.version >= _CALENDAR


def server_of(agent: str, where: str) -> Server:
    """What a server's name says, such as `Neo4j/5.26.30`.

    Raises:
        ConfigurationError: it is too old, or no Neo4j.
    """
    found = re.match(r"Neo4j/(\d+)\.(\d+)", agent)
    if found is None:
        raise ConfigurationError(f"that is no Neo4j server ({agent[:40]!r}).", where=where)
    version = (int(found[1]), int(found[2]))
    if version < OLDEST:
        raise ConfigurationError(
            f"the server is Neo4j {version[0]}.{version[1]}; agentmem needs {OLDEST[0]}.{OLDEST[1]} or later.",
            where=where,
            hint="Upgrade the server, or start one of agentmem's own: agentmem neo4j start.",
        )
    return Server(version=version)


def statements(server: Server) -> Mapping[str, str]:
    """Name -> statement of every constraint and index."""
    made = {"agentmem_id": "CREATE CONSTRAINT NAME IF NOT EXISTS FOR (n:Memory) REQUIRE (n.bank, n.id) IS UNIQUE"}
    for name in _RANGE_INDEXES:
        made[f"agentmem_{name}"] = f"CREATE INDEX NAME IF NOT EXISTS FOR (n:Memory) ON (n.bank, n.{name})"
    made["agentmem_bank_name"] = "CREATE CONSTRAINT NAME IF NOT EXISTS FOR (b:Bank) REQUIRE b.name IS UNIQUE"
    made["agentmem_settings_name"] = "CREATE CONSTRAINT NAME IF NOT EXISTS FOR (s:Settings) REQUIRE s.name IS UNIQUE"
    made["agentmem_operation_seq"] = (
        "CREATE CONSTRAINT NAME IF NOT EXISTS FOR (o:Operation) REQUIRE (o.bank, o.seq) IS UNIQUE"
    )
    for name in ("target", "before_id", "after_id", "run_id"):
        made[f"agentmem_operation_{name}"] = f"CREATE INDEX NAME IF NOT EXISTS FOR (o:Operation) ON (o.bank, o.{name})"
    made[TEXT_INDEX] = (
        "CREATE FULLTEXT INDEX NAME IF NOT EXISTS FOR (n:Memory) ON EACH [n.terms, n.context_terms] "
        "OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace'}}"
    )
    # Without dimensions the index takes any: which there are is a matter of the embedding model, checked at commit.
    # Rounded vectors would save memory and lose some of the best ten.
    made[VECTOR_INDEX] = (
        ("CYPHER 25 " if server.filters_vectors else "")
        + "CREATE VECTOR INDEX NAME IF NOT EXISTS FOR (n:Memory) ON n.embedding "
        + ("WITH [n.bank] " if server.filters_vectors else "")
        + "OPTIONS {indexConfig: {`vector.similarity_function`: 'cosine', `vector.quantization.enabled`: false}}"
    )
    return {name: statement.replace("NAME", name) for name, statement in made.items()}


def prepare(connection: Connection, *, timeout: float) -> Server:
    """Create what is missing, wait until every index answers, and check who wrote the store.

    Args:
        connection: To the database.
        timeout: How long to wait for indexes that are being filled, in seconds.

    Raises:
        ConfigurationError: the server is too old.
        SchemaVersionError: a newer agentmem wrote the store.
        StoreUnavailable: an index failed or is not filled in time, or the database cannot be written to.
    """
    server = server_of(connection.agent(), connection.where)
    settings = connection.read(queries.SETTINGS)
    if settings:
        _check_version(settings[0]["settings"], connection.where)
    wanted = statements(server)
    present = _indexes(connection)
    other = _of_another_shape(wanted, present, connection.where)
    missing = [f"DROP INDEX {name}" for name in other]
    missing += [statement for name, statement in wanted.items() if name not in present or name in other]
    if missing:
        # Schema and data cannot be written in one transaction.
        connection.write(lambda transaction: [transaction.run(statement) for statement in missing])
    if missing or any(row["state"] != "ONLINE" for row in present.values()):
        _await(connection, wanted, timeout)
    if not settings:
        connection.write(lambda transaction: transaction.run(queries.CREATE_SETTINGS, schema=VERSION))
        _check_version(connection.read(queries.SETTINGS)[0]["settings"], connection.where)
    return server


def _of_another_shape(wanted: Mapping[str, str], present: Mapping[str, Any], where: str) -> list[str]:
    """Indexes of ours that hold other properties than they should, such as one that an older server made.

    Raises:
        ConfigurationError: an index of that name belongs to something else.
    """
    other = []
    for name, statement in wanted.items():
        if name not in present:
            continue
        made = statement.partition("OPTIONS")[0]
        label, properties = re.findall(r"\(\w:(\w+)\)", made), re.findall(r"\b[a-z]\.(\w+)", made)
        if present[name]["labelsOrTypes"] != label:
            raise ConfigurationError(
                f"the index {name} of the database is not agentmem's: it is for {present[name]['labelsOrTypes']}.",
                where=where,
                hint=f"Use another database, or give that index another name (DROP INDEX {name}, and create it anew).",
            )
        if present[name]["properties"] != properties:
            other.append(name)
    return other


def _check_version(settings: Mapping[str, Any], where: str) -> None:
    if settings.get("schema", 0) > VERSION:
        raise SchemaVersionError(
            f"the store has schema version {settings['schema']}; this agentmem knows versions up to {VERSION}.",
            where=where,
            hint="Upgrade agentmem: pip install --upgrade agentmem-graph.",
        )


def _indexes(connection: Connection) -> dict[str, Any]:
    rows = connection.read(queries.INDEXES)
    return {row["name"]: row for row in rows if row["name"].startswith("agentmem_")}


def _await(connection: Connection, wanted: Mapping[str, str], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        present = _indexes(connection)
        failed = [name for name in wanted if name in present and present[name]["state"] == "FAILED"]
        if failed:
            raise StoreUnavailable(
                f"an index of the store has failed: {failed[0]}.",
                where=connection.where,
                hint=f"Drop it (DROP INDEX {failed[0]}) and open the store again, which makes it anew.",
            )
        waiting = [name for name in wanted if name not in present or present[name]["state"] != "ONLINE"]
        if not waiting:
            return
        if time.monotonic() > deadline:
            percent = present[waiting[0]]["populationPercent"] if waiting[0] in present else 0
            raise StoreUnavailable(
                f"{len(waiting)} indexes of the store are still being filled ({waiting[0]}: {percent:.0f} %).",
                where=connection.where,
                hint="Try again later.",
            )
        time.sleep(_POLL)
