"""The session's Neo4j, and an empty store in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import neo4j
import pytest

from agentmem.neo4j_server import ServerAccess
from agentmem.stores.neo4j import Neo4jStore
from agentmem.stores.neo4j.schema import VERSION

_EMPTY = (
    "MATCH (n) WHERE NOT n:Settings OR properties(n) <> {name: 'agentmem', schema: $schema} "
    "CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS"
)
"""Settings that are those of a new store stay, which makes opening it quicker."""


@pytest.fixture(scope="session")
def driver(server: ServerAccess) -> Iterator[neo4j.Driver]:
    """The bare driver, to look behind the store."""
    with neo4j.GraphDatabase.driver(server.url, auth=(server.user, server.password)) as driver:
        yield driver


@pytest.fixture
def store_url(server: ServerAccess, driver: neo4j.Driver) -> str:
    """The URL of the database, emptied; its indexes stay, which makes a test quick."""
    with driver.session(database="neo4j") as session:
        session.run(_EMPTY, schema=VERSION).consume()
    scheme, _, rest = server.url.partition("://")
    return f"{scheme}://{server.user}:{server.password}@{rest}"


@pytest.fixture
def open_neo4j(store_url: str) -> Iterator[Callable[..., Neo4jStore]]:
    """Opens the emptied database as often as wanted; everything is closed at the end."""
    opened: list[Neo4jStore] = []

    def open_again(**options: float) -> Neo4jStore:
        opened.append(Neo4jStore(store_url, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()
