"""Store URLs, and that a password shows nowhere."""

from __future__ import annotations

import pytest

from agentmem.errors import ConfigurationError, StoreUnavailable
from agentmem.stores import open_store
from agentmem.stores.neo4j.location import parse_location
from agentmem.stores.neo4j.schema import server_of

SECRET = "p@ss/word?#"
QUOTED = "p%40ss%2Fword%3F%23"


@pytest.mark.parametrize(
    ("url", "shown", "user", "password"),
    [
        ("neo4j://localhost", "neo4j://neo4j@localhost:7687/neo4j", "neo4j", ""),
        ("bolt://anna@host:1234/Things", "bolt://anna@host:1234/things", "anna", ""),
        (f"neo4j+s://anna:{QUOTED}@host", "neo4j+s://anna@host:7687/neo4j", "anna", SECRET),
        ("bolt+ssc://[::1]:99/", "bolt+ssc://neo4j@[::1]:99/neo4j", "neo4j", ""),
        (f"NEO4J://a%40b:{QUOTED}@Host", "neo4j://a%40b@host:7687/neo4j", "a@b", SECRET),
    ],
)
def test_urls(url: str, shown: str, user: str, password: str) -> None:
    location = parse_location(url)
    assert location.url == shown
    assert (location.credentials.user, location.credentials.password) == (user, password)
    assert SECRET not in repr(location) + str(location) + location.url
    assert QUOTED not in repr(location) + str(location) + location.url


def test_the_url_counts_before_what_is_given_beside_it() -> None:
    location = parse_location("bolt://anna@host", user="ben", password=SECRET)
    assert (location.credentials.user, location.credentials.password) == ("anna", SECRET)


@pytest.mark.parametrize(
    "url",
    [
        "neo4j://",
        f"neo4j://anna:{SECRET}@host",
        f"bolt://anna:{QUOTED}@host:port",
        f"bolt://anna:{QUOTED}@host/no database",
        f"bolt://anna:{QUOTED}@host/System",
        f"bolt://anna:{QUOTED}@host?x=1",
        f"http://anna:{QUOTED}@host",
    ],
)
def test_what_is_wrong_is_said_without_the_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_location(url)
    assert "p%40ss" not in str(caught.value)
    assert "p@ss" not in str(caught.value)


@pytest.mark.parametrize("agent", ["Neo4j/4.4.30", "Neo4j/5.25.1", "Memgraph/2.0"])
def test_servers_that_are_too_old_or_others_are_refused(agent: str) -> None:
    with pytest.raises(ConfigurationError):
        server_of(agent, "here")


@pytest.mark.parametrize(
    ("agent", "filters"), [("Neo4j/5.26.0", False), ("Neo4j/5.26.30", False), ("Neo4j/2026.08.1", True)]
)
def test_what_a_server_can(agent: str, filters: bool) -> None:
    assert server_of(agent, "here").filters_vectors is filters


def test_a_server_that_is_down_is_said_at_once() -> None:
    with pytest.raises(StoreUnavailable, match="cannot be reached") as caught:
        open_store(f"bolt://anna:{QUOTED}@127.0.0.1:1")
    assert SECRET not in str(caught.value)
