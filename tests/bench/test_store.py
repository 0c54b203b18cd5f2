"""The benchmark of stores runs on a real server; what it measures is never tested, what it counts is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

import neo4j
import pytest

from agentmem.bench.store import Access, Effort, Work, run_store
from agentmem.bench.store_data import made_up_questions, made_up_turns, prepare
from agentmem.bench.store_report import MOST_RECALL_TRIPS, MOST_RETAIN_TRIPS
from agentmem.embeddings import HashingEmbedder
from agentmem.errors import ConfigurationError, InputError
from agentmem.memory import Memory
from agentmem.neo4j_server import ServerAccess

_EMPTY = "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS"
_LITTLE = Effort(memories=200, questions=1, rounds=1, calls=3, conversations=1, runs=1)


@pytest.fixture
def access(server: ServerAccess) -> Access:
    return Access(url=server.url, user=server.user, password=server.password)


@pytest.fixture
def driver(access: Access) -> Iterator[neo4j.Driver]:
    """The emptied database."""
    with neo4j.GraphDatabase.driver(access.url, auth=(access.user, access.password)) as driver:
        with driver.session() as session:
            session.run(_EMPTY).consume()
        yield driver


def retain_something(access: Access, bank: str) -> None:
    with Memory.open(
        access.url, bank=bank, embedder=HashingEmbedder(), user=access.user, password=access.password
    ) as memory:
        memory.retain("Anna moved to Lisbon.")


@pytest.mark.neo4j
def test_a_run_writes_the_same_on_both_sides_counts_round_trips_and_leaves_nothing(
    access: Access, driver: neo4j.Driver
) -> None:
    told: list[str] = []
    report = run_store(
        access,
        effort=_LITTLE,
        work=Work(name="a sentence", run=retain_something),
        progress=lambda what, _done, _total: told.append(what),
    )
    shape = report.as_dict()
    assert json.loads(json.dumps(shape)) == shape
    assert shape["memories"] >= 200
    assert shape["relationships"] > shape["memories"]
    assert shape["operations"] >= shape["memories"]
    assert [search["k"] for search in shape["searches"]] == [10, 200]
    assert all(search["ours_exact"] == search["bare_exact"] == 1.0 for search in shape["searches"])
    assert shape["round_trips"]["recall"]["maximum"] <= MOST_RECALL_TRIPS
    assert shape["round_trips"]["retain_turn"]["maximum"] <= MOST_RETAIN_TRIPS
    assert shape["round_trips"]["retain_batch"]["maximum"] <= MOST_RETAIN_TRIPS
    assert shape["workflow"]["ratio"] > 0
    assert shape["passed"] == all(target["held"] for target in shape["targets"])
    header, rows = report.table()
    assert {len(row) for row in rows} == {len(header)}
    assert len(rows) == len(shape["targets"]) == 7
    assert {"preparing memories", "writing", "counting round trips", "running a sentence"} <= set(told)
    with driver.session() as session:
        assert session.run("MATCH (n) RETURN count(n)").single(strict=True).value() == 0
        names = session.run("SHOW INDEXES YIELD name RETURN collect(name)").single(strict=True).value()
        assert not [name for name in names if name.startswith("bare_")]


@pytest.mark.neo4j
def test_a_database_that_holds_something_is_refused_and_left_alone(access: Access, driver: neo4j.Driver) -> None:
    with driver.session() as session:
        session.run("CREATE (:Mine)").consume()
        with pytest.raises(InputError, match="not empty"):
            run_store(access, effort=_LITTLE)
        assert session.run("MATCH (n:Mine) RETURN count(n)").single(strict=True).value() == 1


def test_another_store_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Neo4j"):
        run_store(Access(url="sqlite:///memory.db"), effort=_LITTLE)


def test_made_up_text_is_the_same_in_every_run() -> None:
    assert [turn.text for turn in islice(made_up_turns(), 50)] == [turn.text for turn in islice(made_up_turns(), 50)]
    assert len(set(islice(made_up_questions(), 20))) == 20


def test_prepared_batches_hold_what_the_write_path_makes() -> None:
    prepared = prepare(
        memories=400, batch=100, questions=3, embedder=HashingEmbedder(), progress=lambda _what, _done, _total: None
    )
    changes = [change for batch in prepared.batches for change in batch.changes]
    assert len(prepared.batches) == 4
    assert prepared.memories == sum(change.add is not None for change in changes) >= 400
    assert prepared.vectors.shape == (len(prepared.ids), 384)
    assert any(change.relationships for change in changes)
    assert any(change.states for change in changes)
    assert len(prepared.questions) == 3
