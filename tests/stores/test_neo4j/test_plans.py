"""Statements whose plans were made when the database was empty stay cheap when it is full."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import neo4j
import pytest

from agentmem.records import Guard, Kind, RelationshipType
from agentmem.stores import (
    Direction,
    JournalFilter,
    KeySearch,
    PrefixSearch,
    Search,
    TextSearch,
    TimeSearch,
    VectorSearch,
    View,
    Walk,
)
from agentmem.stores.neo4j import Neo4jStore
from agentmem.stores.neo4j.connection import Connection
from agentmem.testing import BANK, adding, changeset, days, evolving, make_fact, relation, unit_vectors

pytestmark = pytest.mark.neo4j

_EMPTY = "MATCH (n) WHERE NOT n:Settings DETACH DELETE n"
_SIZE = 4_000
_VIEW, _PAST = View(bank=BANK), View(bank=BANK, known_at=days(9))
_IDS = [f"fact-{number:04}" for number in range(0, _SIZE, _SIZE // 10)]
_VECTORS = unit_vectors(_SIZE, seed=1)
_TYPES = frozenset({RelationshipType.CAUSES, RelationshipType.SUPPORTS})
_WALK = Walk(search=0, types=_TYPES, depth=2)

_SEARCHES: list[Search] = [
    KeySearch(keys=("key 7", "absent")),
    PrefixSearch(prefixes=("key 39", "other"), k=20),
    TextSearch(terms=("w7", "w8"), k=5),
    TimeSearch(start=days(100), end=days(101), k=5),
]

Call = Callable[[Neo4jStore], object]
_READS: dict[str, Call] = {
    "fetch": lambda store: store.fetch(BANK, _IDS),
    "resolve": lambda store: store.resolve(BANK, "fact-01"),
    "scan": lambda store: store.scan(_VIEW, after_id="fact-2000", limit=20),
    "entries": lambda store: store.entries(BANK, _IDS),
    "relationships": lambda store: store.relationships(BANK, _IDS),
    "head": lambda store: store.head(BANK),
    "newest operations": lambda store: store.operations(BANK, limit=20),
    "operations of a node": lambda store: store.operations(BANK, JournalFilter(target=_IDS[3])),
    "operations of a run": lambda store: store.operations(BANK, JournalFilter(run_id="run 7")),
    "searches": lambda store: store.search(_VIEW, _SEARCHES),
    "vectors": lambda store: store.search(_VIEW, [VectorSearch(vector=_VECTORS[7], k=5)]),
    "hops": lambda store: store.neighbourhood(_VIEW, _IDS, types=_TYPES, depth=2),
    "hops one way": lambda store: store.neighbourhood(_VIEW, _IDS, types=_TYPES, direction=Direction.OUT),
    "gathering of the past": lambda store: store.gather(_PAST, _SEARCHES[:1], [_WALK]),
}
_MOST = {"vectors": 5_000}
"""Accesses to the database; 2,000 unless given. Of vectors the index proposes some hundred."""


class _Held(Exception):
    """A statement was not sent."""


class _Asked(list[tuple[str, dict[str, Any]]]):
    """Statements of stores with their parameters, which are sent unless they are held."""

    hold = False


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> _Asked:
    seen = _Asked()
    for name in ("read", "alone"):
        send = getattr(Connection, name)

        def recorded(self: Connection, query: str, *, _send: Any = send, **parameters: Any) -> Any:
            seen.append((query, {key: value for key, value in parameters.items() if key != "again_if_broken"}))
            if seen.hold:
                raise _Held
            return _send(self, query, **parameters)

        monkeypatch.setattr(Connection, name, recorded)
    return seen


def test_plans_made_for_an_empty_store_are_right_for_a_full_one(
    open_neo4j: Callable[..., Neo4jStore], driver: neo4j.Driver, asked: _Asked
) -> None:
    store = open_neo4j()
    mark = f" // {uuid.uuid4().hex}"  # another text, for the server: nobody planned it before
    for call in _READS.values():
        call(store)
    store.commit(changeset(adding(make_fact("first", bank="other")), bank="other"))
    early = [query for query, _ in asked]
    with driver.session(database="neo4j") as session:
        session.run(_EMPTY).consume()
        for query in early:
            session.run(f"EXPLAIN {query}{mark}", {"p": {}}).consume()
        _fill(store)
        for name, call in _READS.items():
            asked.clear()
            assert call(store), name
            ((query, parameters),) = asked
            assert query in early, name
            assert _profiled(session, query + mark, parameters) <= _MOST.get(name, 2_000), name
        asked.clear()
        asked.hold = True
        with pytest.raises(_Held):
            _write(store)
        ((query, parameters),) = asked
        assert query in early
        assert _profiled(session, query + mark, parameters) <= 2_000


def test_a_walk_costs_as_much_as_it_walks(
    open_neo4j: Callable[..., Neo4jStore], driver: neo4j.Driver, asked: _Asked
) -> None:
    store = open_neo4j()
    _fill(store)
    asked.clear()
    around = store.neighbourhood(_VIEW, [f"fact-{number:04}" for number in range(_SIZE)], types=_TYPES, depth=2)
    assert len(around.relationships) == _SIZE - 1
    assert len(around.nodes) == _SIZE
    (statement,) = asked
    with driver.session(database="neo4j") as session:
        assert _profiled(session, *statement) <= 80 * _SIZE


def _fill(store: Neo4jStore) -> None:
    """A chain of facts, of which ten at a time have one key and one term."""
    for start in range(0, _SIZE, 1_000):
        changes = []
        for number in range(start, start + 1_000):
            tens = number // 10
            fact = make_fact(f"{number:04}", key=f"key {tens}", at=days(number), run_id=f"run {tens}")
            links = [relation(RelationshipType.CAUSES, f"fact-{number - 1:04}", fact)] if number else []
            changes.append(
                adding(fact, terms=f"w{tens} all", vector=_VECTORS[number], relationships=links, run_id=fact.run_id)
            )
        store.commit(changeset(*changes))


def _write(store: Neo4jStore) -> None:
    """Every sort of change at once."""
    guard = Guard(kind=Kind.FACT, key="key 7", heads=frozenset(f"fact-{number:04}" for number in range(70, 80)))
    new = make_fact("new", key="key 7")
    link = relation(RelationshipType.CAUSES, _IDS[0], new)
    evolved = make_fact("0100", key="key 10", text="told better")
    changes = [adding(new, terms="w7", vector=_VECTORS[0], relationships=[link]), evolving(evolved)]
    store.commit(changeset(*changes, guards=[guard]))


def _profiled(session: neo4j.Session, query: str, parameters: dict[str, Any]) -> int:
    """Accesses to the database of a statement that is taken back."""
    with session.begin_transaction() as transaction:
        summary = transaction.run(f"PROFILE {query}", {"p": parameters}).consume()
        transaction.rollback()
    assert summary.profile is not None
    return _accesses(summary.profile)


def _accesses(plan: dict[str, Any]) -> int:
    hits: int = plan.get("dbHits", 0)
    return hits + sum(map(_accesses, plan.get("children", ())))
