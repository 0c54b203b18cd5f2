"""Conformance: every read shows the versions that its View says, and no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest

from agentmem.records import Kind, Node, RelationshipType, Status
from agentmem.stores import KeySearch, Search, Store, TextSearch, TimeSearch, VectorSearch, View
from agentmem.testing.records import (
    BANK,
    adding,
    changeset,
    closing,
    days,
    linking,
    make_node,
    relation,
    unit_vectors,
)
from agentmem.testing.references import is_seen, standing_at
from agentmem.testing.store_suite import StoreSuite

_KEY = "shared"
_TERM = "word"
_VECTOR = unit_vectors(1)[0]
_ALWAYS = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
_HUB = "entity-hub"


class ViewConformance(StoreSuite):
    """Status, kinds, valid time and transaction time, alike for every way to read."""

    def test_the_present_shows_active_and_pending(self, store: Store) -> None:
        nodes = [_node(status.value, status=status) for status in Status]
        _write(store, nodes)
        _assert_seen(store, View(bank=BANK), {"fact-active", "fact-pending"})

    @pytest.mark.parametrize("status", [Status.SUPERSEDED, Status.RETIRED, Status.QUARANTINED, Status.ERASED])
    def test_what_leaves_the_present_is_found_no_more(self, store: Store, status: Status) -> None:
        stays, leaves = _node("stays"), _node("leaves")
        _write(store, [stays, leaves])
        _assert_seen(store, View(bank=BANK), {stays.id, leaves.id})
        store.commit(changeset(closing(leaves, status, at=days(1))))
        _assert_seen(store, View(bank=BANK), {stays.id})
        _assert_seen(store, View(bank=BANK, statuses=frozenset({status})), {leaves.id})

    def test_kinds(self, store: Store) -> None:
        _write(store, [_node("a"), _node("b", kind=Kind.NOTE), _node("c", kind=Kind.EPISODE)])
        _assert_seen(store, View(bank=BANK, kinds=frozenset({Kind.NOTE, Kind.FACT})), {"fact-a", "note-b"})
        _assert_seen(store, View(bank=BANK, kinds=frozenset()), set())
        _assert_seen(store, View(bank=BANK, kinds=frozenset({Kind.BELIEF})), set())

    def test_valid_at_is_half_open_and_unbounded_where_open(self, store: Store) -> None:
        _write(
            store,
            [
                _node("closed", valid_from=days(10), valid_to=days(20)),
                _node("since", valid_from=days(10)),
                _node("until", valid_to=days(20)),
                _node("always"),
                _node("never", valid_from=days(10), valid_to=days(5)),
            ],
        )
        for day, expected in [
            (9, {"until", "always"}),
            (10, {"closed", "since", "until", "always"}),
            (15, {"closed", "since", "until", "always"}),
            (20, {"since", "always"}),
        ]:
            _assert_seen(store, View(bank=BANK, valid_at=days(day)), {f"fact-{name}" for name in expected})

    def test_valid_at_shows_superseded_but_not_withdrawn(self, store: Store) -> None:
        superseded = _node("s", status=Status.SUPERSEDED, valid_from=days(0), valid_to=days(9), closed_at=days(9))
        retired = _node("r", status=Status.RETIRED, valid_from=days(0), valid_to=days(9), closed_at=days(9))
        _write(store, [superseded, retired])
        _assert_seen(store, View(bank=BANK, valid_at=days(5)), {superseded.id})
        _assert_seen(store, View(bank=BANK), set())

    def test_known_at_shows_the_memory_as_it_was(self, store: Store) -> None:
        old = _node("old", created_at=days(1), valid_from=days(0))
        new = _node("new", created_at=days(5), valid_from=days(4))
        _write(store, [old])
        store.commit(changeset(closing(old, Status.SUPERSEDED, at=days(5), valid_to=days(4))))
        _write(store, [new])
        for day, expected in [(0.9, set()), (1, {old.id}), (4.99, {old.id}), (5, {new.id}), (6, {new.id})]:
            _assert_seen(store, View(bank=BANK, known_at=days(day)), expected)
        # On day 4.5 nobody knew yet that the old version had ended on day 4.
        _assert_seen(store, View(bank=BANK, known_at=days(4.5), valid_at=days(4.5)), {old.id})
        _assert_seen(store, View(bank=BANK, known_at=days(5), valid_at=days(4.5)), {new.id})
        _assert_seen(store, View(bank=BANK, known_at=days(5), valid_at=days(3)), {old.id})

    def test_known_at_gives_status_and_end_of_validity_as_they_were(self, store: Store) -> None:
        fact = _node("a", valid_to=days(30))
        _write(store, [fact])
        store.commit(changeset(closing(fact, Status.RETIRED, at=days(5), valid_to=days(4))))
        (then,) = store.scan(View(bank=BANK, known_at=days(2), kinds=frozenset({Kind.FACT})))
        assert then == fact
        around = store.neighbourhood(View(bank=BANK, known_at=days(2)), [_HUB])
        assert around.nodes[fact.id] == fact
        assert store.fetch(BANK, [fact.id])[fact.id].status is Status.RETIRED

    def test_what_was_erased_is_erased_in_the_past_too(self, store: Store) -> None:
        fact = _node("a")
        _write(store, [fact])
        store.commit(changeset(closing(fact, Status.ERASED, at=days(5))))
        _assert_seen(store, View(bank=BANK, known_at=days(1)), set())

    def test_relationships_are_not_seen_before_they_were_known(self, store: Store) -> None:
        a, b = _node("a"), _node("b")
        store.commit(changeset(adding(a), adding(b)))
        store.commit(changeset(linking(a, relation(RelationshipType.CAUSES, a, b), at=days(3))))
        assert store.neighbourhood(View(bank=BANK, known_at=days(2)), [a.id]).relationships == ()
        assert len(store.neighbourhood(View(bank=BANK, known_at=days(3)), [a.id]).relationships) == 1

    @pytest.mark.parametrize("seed", range(5))
    def test_any_view_of_any_history(self, store: Store, seed: int) -> None:
        random = Random(seed)
        nodes = [_random_node(random, number) for number in range(60)]
        _write(store, nodes)
        for _ in range(40):
            view = _random_view(random)
            expected = {node.id for node in nodes if is_seen(node, view)}
            _assert_seen(store, view, expected)
            for node in store.scan(view):
                assert node.id == _HUB or (node.status, node.valid_to) == standing_at(
                    next(written for written in nodes if written.id == node.id), view.known_at
                )


def _node(name: str, *, kind: Kind = Kind.FACT, **fields: object) -> Node:
    return make_node(kind, name, **{"key": _KEY, "at": days(0), **fields})


def _write(store: Store, nodes: list[Node]) -> None:
    """Writes nodes that every search can find, tied to a hub that every neighbourhood can start from."""
    hub = make_node(Kind.ENTITY, "hub", created_at=_ALWAYS[0])
    if not store.fetch(BANK, [hub.id]):
        store.commit(changeset(adding(hub)))
    store.commit(
        changeset(
            *(
                adding(node, terms=_TERM, vector=_VECTOR, relationships=[relation(RelationshipType.ABOUT, node, hub)])
                for node in nodes
            )
        )
    )


def _assert_seen(store: Store, view: View, expected: set[str]) -> None:
    """Every way to read shows the same nodes."""
    searches: list[Search] = [
        VectorSearch(vector=_VECTOR, k=1_000),
        TextSearch(terms=(_TERM,), k=1_000),
        KeySearch(keys=(_KEY,)),
        TimeSearch(start=_ALWAYS[0], end=_ALWAYS[1], k=1_000),
    ]
    for search, hits in zip(searches, store.search(view, searches), strict=True):
        assert {hit.id for hit in hits} == expected, search
        assert len(hits) == len(expected), search
    assert {node.id for node in store.scan(view)} - {_HUB} == expected
    assert set(store.neighbourhood(view, [_HUB]).nodes) == expected


def _random_node(random: Random, number: int) -> Node:
    def moment(chance: float) -> datetime | None:
        return days(random.randrange(20)) if random.random() < chance else None

    status = random.choice(list(Status))
    node = _node(
        f"{number:03}",
        kind=random.choice([Kind.FACT, Kind.NOTE, Kind.EPISODE]),
        created_at=days(random.randrange(10)),
        valid_from=moment(0.6),
        valid_to=moment(0.5),
        status=status,
    )
    if status in (Status.ACTIVE, Status.PENDING):
        return node
    return replace(node, closed_at=days(random.randrange(10, 20)), valid_to_before=moment(0.5))


def _random_view(random: Random) -> View:
    def moment() -> datetime | None:
        return days(random.randrange(21)) if random.random() < 0.6 else None

    kinds = frozenset(random.sample([Kind.FACT, Kind.NOTE, Kind.EPISODE], 2)) if random.random() < 0.4 else None
    view = View(bank=BANK, kinds=kinds, valid_at=moment(), known_at=moment())
    if random.random() < 0.4:
        return replace(view, statuses=frozenset(random.sample(list(Status), 3)))
    return view
