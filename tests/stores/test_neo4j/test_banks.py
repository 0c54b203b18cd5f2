"""Banks of very different size each get their own best, in few round trips."""

from __future__ import annotations

from collections.abc import Callable

import neo4j
import numpy as np
import pytest

from agentmem.records import Kind, RelationshipType, Vector
from agentmem.stores import KeySearch, Search, TextSearch, TimeSearch, VectorSearch, View, Walk
from agentmem.stores.neo4j import Neo4jStore
from agentmem.testing import BANK, START, adding, changeset, days, make_fact, make_node, nearest, relation

pytestmark = pytest.mark.neo4j

Open = Callable[..., Neo4jStore]
_SIZES = {"early": 6, "large": 6_000, "late": 6}
_WIDTH = 64


def _vectors(count: int, seed: int) -> list[Vector]:
    """Vectors in clusters, as sentences about the same few things are."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(30, _WIDTH))
    drawn = centres[random.integers(0, 30, count)] + 0.8 * random.normal(size=(count, _WIDTH))
    return list((drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32))


def test_each_bank_gets_its_best_of_a_thousandth(open_neo4j: Open) -> None:
    store = open_neo4j()
    written: dict[str, dict[str, Vector]] = {}
    for bank, size in _SIZES.items():
        vectors = _vectors(size, 1)
        written[bank] = {f"fact-{number:05}": vector for number, vector in enumerate(vectors)}
        for start in range(0, size, 1_000):
            batch = range(start, min(start + 1_000, size))
            changes = [
                adding(make_fact(f"{n:05}", bank=bank), terms=f"all t{n % 7} t{n % 91}", vector=vectors[n])
                for n in batch
            ]
            before = store.round_trips
            store.commit(changeset(*changes, bank=bank))
            assert store.round_trips - before == 1
    for bank in _SIZES:
        view, found, expected = View(bank=bank), 0, 0
        for query in _vectors(20, 2):
            before = store.round_trips
            (hits,) = store.search(view, [VectorSearch(vector=query, k=10)])
            assert store.round_trips - before == 1
            best = {id_ for id_, _ in nearest(written[bank], query, 10)}
            found, expected = found + len(best & {hit.id for hit in hits}), expected + len(best)
            assert all(hit.score == pytest.approx(written[bank][hit.id] @ query, abs=1e-5) for hit in hits)
        assert found >= 0.99 * expected
        (hits,) = store.search(view, [TextSearch(terms=("t3", "t5"), k=10)])
        assert len(hits) == min(10, len(hits))
        assert {hit.id for hit in hits} <= set(written[bank])


def test_round_trips(open_neo4j: Open) -> None:
    store = open_neo4j()
    store.warm()
    assert store.banks() == []
    hub = make_node(Kind.ENTITY, "hub", bank="b")
    facts = [make_fact(f"{number}", bank="b", key="k", at=days(number)) for number in range(50)]
    vectors = _vectors(50, 3)
    view = View(bank="b")

    def trips(call: Callable[[], object]) -> int:
        before = store.round_trips
        call()
        return store.round_trips - before

    changes = [
        adding(fact, terms="w", vector=vector, relationships=[relation(RelationshipType.SUBJECT, fact, hub)])
        for fact, vector in zip(facts, vectors, strict=True)
    ]
    assert trips(lambda: store.commit(changeset(adding(hub), *changes, bank="b"))) == 1
    searches: list[Search] = [
        VectorSearch(vector=vectors[0], k=10),
        TextSearch(terms=("w",), k=10),
        KeySearch(keys=("k",)),
        TimeSearch(start=START, end=days(9), k=10),
    ]
    ids = [fact.id for fact in facts]
    walks = [Walk(search=2, types=frozenset({RelationshipType.SUBJECT}), depth=2)]
    assert trips(lambda: store.gather(view, searches, walks)) == 1
    assert trips(lambda: store.search(view, searches)) == 1
    assert trips(lambda: store.neighbourhood(view, ids, depth=2)) == 1
    assert trips(lambda: store.fetch("b", ids)) == 1
    assert trips(lambda: store.operations("b")) == 1


def test_what_a_view_hides_makes_room_in_a_large_bank(open_neo4j: Open) -> None:
    """An index proposes the best of all kinds: if that leaves too few, it is not the end of the search."""
    store = open_neo4j()
    vectors = _vectors(3_000, 4)
    rare = range(0, 3_000, 600)
    changes = [
        adding(make_node(Kind.NOTE if number in rare else Kind.FACT, f"{number:04}"), vector=vectors[number])
        for number in range(3_000)
    ]
    store.commit(changeset(*changes))
    notes = {f"note-{number:04}": vectors[number] for number in rare}
    kinds = frozenset({Kind.NOTE})
    (hits,) = store.search(View(bank=BANK), [VectorSearch(vector=vectors[7], k=3, kinds=kinds)])
    assert [hit.id for hit in hits] == [id_ for id_, _ in nearest(notes, vectors[7], 3)]
    (hits,) = store.search(View(bank=BANK), [VectorSearch(vector=vectors[600], k=3, least=0.999, kinds=kinds)])
    assert [hit.id for hit in hits] == ["note-0600"]


def test_a_person_sees_the_graph_of_the_design(open_neo4j: Open, driver: neo4j.Driver) -> None:
    store = open_neo4j()
    anna = make_node(Kind.ENTITY, "anna", text="Anna", entity_type="person")
    fact = make_fact("lives", text="Anna lives in Graz.", valid_from=START, metadata={"page": 3})
    about = relation(RelationshipType.SUBJECT, fact, anna)
    store.commit(changeset(adding(anna), adding(fact, terms="anna live graz", relationships=[about])))
    (row,) = driver.execute_query(
        "MATCH (f:Fact)-[r:SUBJECT]->(e:Entity) RETURN f, e, properties(r) AS r", database_="neo4j"
    ).records
    assert row["e"]["entity_type"] == "person"
    assert row["f"]["text"] == "Anna lives in Graz."
    assert row["f"]["valid_from"].to_native() == START
    assert row["f"]["metadata"] == '{"page":3}'
    assert set(row["f"].labels) == {"Fact", "Memory"}
    assert {"source", "agent", "closed_at", "key"}.isdisjoint(row["f"].keys())  # what is empty is not stored
    (chain,) = driver.execute_query(
        "MATCH (o:Operation) RETURN collect(o.op + ' ' + o.target) AS chain", database_="neo4j"
    ).records
    assert chain["chain"] == ["ADD entity-anna", "ADD fact-lives"]
