"""The properties that hold for SQLite, on a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import neo4j
import pytest
from hypothesis import given, settings

from agentmem.neo4j_server import ServerAccess
from agentmem.stores.neo4j import Neo4jStore
from agentmem.testing.store_properties import Step, check_history, check_terms, check_texts, histories, terms, texts

pytestmark = pytest.mark.neo4j

few = settings(max_examples=15, deadline=None, derandomize=True)
Open = Callable[[], Neo4jStore]


@contextmanager
def _emptied(server: ServerAccess, driver: neo4j.Driver) -> Iterator[Open]:
    """Opens the database, emptied: one fixture serves all examples of a test, and each wants a place of its own."""
    driver.execute_query("MATCH (n) DETACH DELETE n", database_="neo4j")
    yield lambda: Neo4jStore(server.url, user=server.user, password=server.password)


@few
@given(history=histories)
def test_after_any_history(server: ServerAccess, driver: neo4j.Driver, history: list[Step]) -> None:
    with _emptied(server, driver) as opened, opened() as store, opened() as other:
        check_history(store, other, opened, history)


@few
@given(given_texts=texts)
def test_any_text_comes_back(server: ServerAccess, driver: neo4j.Driver, given_texts: list[str]) -> None:
    with _emptied(server, driver) as opened, opened() as store:
        check_texts(store, given_texts)


@few
@given(given_terms=terms)
def test_any_term_finds_exactly_its_nodes(server: ServerAccess, driver: neo4j.Driver, given_terms: list[str]) -> None:
    with _emptied(server, driver) as opened, opened() as store:
        check_terms(store, given_terms)
