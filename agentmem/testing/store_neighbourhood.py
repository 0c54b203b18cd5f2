"""Conformance: bounded, breadth-first walks that are the same in every store."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from agentmem.records import Kind, Relationship, RelationshipType, Status
from agentmem.stores import Direction, Neighbourhood, Store, View
from agentmem.testing.records import BANK, adding, changeset, linking, make_fact, make_node, relation
from agentmem.testing.store_suite import StoreSuite

_VIEW = View(bank=BANK)
_CHAIN = ["a", "b", "c", "d", "e"]

_WALKS = [
    ("CAUSES SUPPORTS LINKS_TO", Direction.BOTH, 1),
    ("CAUSES SUPPORTS LINKS_TO", Direction.BOTH, 3),
    ("SUPPORTS LINKS_TO", Direction.IN, 2),
    ("CAUSES SUPPORTS", Direction.OUT, 4),
    ("LINKS_TO", Direction.OUT, 2),
    ("CAUSES", Direction.IN, 3),
]
"""A few forms of walks: a server may have to plan each anew."""


class NeighbourhoodConformance(StoreSuite):
    """Depth, direction, types, view and limit."""

    @pytest.mark.parametrize(
        ("direction", "depth", "expected"),
        [
            (Direction.OUT, 1, {"d"}),
            (Direction.IN, 1, {"b"}),
            (Direction.BOTH, 1, {"b", "d"}),
            (Direction.OUT, 2, {"d", "e"}),
            (Direction.BOTH, 2, {"a", "b", "d", "e"}),
            (Direction.OUT, 9, {"d", "e"}),
            (Direction.BOTH, 0, set()),
        ],
    )
    def test_depth_and_direction(self, store: Store, direction: Direction, depth: int, expected: set[str]) -> None:
        _write_chain(store)
        around = store.neighbourhood(_VIEW, ["fact-c"], direction=direction, depth=depth)
        assert set(around.nodes) == {f"fact-{name}" for name in expected}
        assert len(around.relationships) == len(expected)
        assert around.nodes == store.fetch(BANK, list(around.nodes))

    def test_types(self, store: Store) -> None:
        a, b, c = make_fact("a"), make_fact("b"), make_fact("c")
        causes, supports = (
            relation(RelationshipType.CAUSES, a, b, strength=0.5),
            relation(RelationshipType.SUPPORTS, a, c),
        )
        store.commit(changeset(adding(a), adding(b), adding(c, relationships=[causes, supports])))
        around = store.neighbourhood(_VIEW, [a.id], types=frozenset({RelationshipType.CAUSES}))
        assert around == Neighbourhood(nodes={b.id: b}, relationships=(causes,))
        assert store.neighbourhood(_VIEW, [a.id], types=frozenset()) == Neighbourhood()
        assert len(store.neighbourhood(_VIEW, [a.id]).relationships) == 2

    def test_several_types_between_two_nodes_and_a_loop(self, store: Store) -> None:
        a, b = make_fact("a"), make_fact("b")
        walked = [
            relation(RelationshipType.CAUSES, a, a),
            relation(RelationshipType.CAUSES, a, b),
            relation(RelationshipType.SUPPORTS, a, b),
            relation(RelationshipType.CAUSES, b, a),
        ]
        store.commit(changeset(adding(a), adding(b, relationships=walked)))
        around = store.neighbourhood(_VIEW, [a.id], depth=3)
        assert list(around.relationships) == sorted(walked, key=lambda r: r.identity)
        assert set(around.nodes) == {a.id, b.id}

    def test_starting_nodes_are_shown_only_if_they_are_reached(self, store: Store) -> None:
        _write_chain(store)
        around = store.neighbourhood(_VIEW, ["fact-a", "fact-b"], direction=Direction.OUT)
        assert set(around.nodes) == {"fact-b", "fact-c"}

    def test_a_walk_does_not_pass_what_the_view_hides(self, store: Store) -> None:
        _write_chain(store, hidden="c")
        around = store.neighbourhood(_VIEW, ["fact-a"], depth=9)
        assert set(around.nodes) == {"fact-b"}
        assert [r.identity for r in around.relationships] == [("fact-a", "CAUSES", "fact-b")]

    def test_a_hidden_starting_node_is_walked_from_but_never_shown(self, store: Store) -> None:
        _write_chain(store, hidden="c")
        around = store.neighbourhood(_VIEW, ["fact-c", "fact-b"])
        assert set(around.nodes) == {"fact-a", "fact-b", "fact-d"}
        assert len(around.relationships) == 3

    def test_kinds_bound_the_walk(self, store: Store) -> None:
        fact, entity, other = make_fact("f"), make_node(Kind.ENTITY, "e"), make_fact("g")
        about = [relation(RelationshipType.SUBJECT, fact, entity), relation(RelationshipType.SUBJECT, other, entity)]
        store.commit(changeset(adding(fact), adding(entity), adding(other, relationships=about)))
        view = View(bank=BANK, kinds=frozenset({Kind.FACT}))
        assert store.neighbourhood(view, [fact.id], depth=2) == Neighbourhood()
        assert set(store.neighbourhood(view, [entity.id]).nodes) == {fact.id, other.id}

    def test_unknown_or_no_starting_nodes(self, store: Store) -> None:
        _write_chain(store)
        assert store.neighbourhood(_VIEW, []) == Neighbourhood()
        assert store.neighbourhood(_VIEW, ["fact-unknown"]) == Neighbourhood()
        assert store.neighbourhood(View(bank="nobody"), ["fact-a"]) == Neighbourhood()

    def test_a_limit_cuts_by_hop_and_then_by_identity(self, store: Store) -> None:
        facts = {name: make_fact(name) for name in ("m", "z", "y", "x", "n")}
        near = [relation(RelationshipType.CAUSES, facts["m"], facts[name]) for name in ("z", "y", "x")]
        far = relation(RelationshipType.CAUSES, facts["x"], facts["n"])
        back = relation(RelationshipType.SUPPORTS, facts["n"], facts["m"])
        store.commit(changeset(*map(adding, facts.values()), linking(facts["m"], *near, far, back)))
        expected = [("fact-m", "CAUSES", "fact-x"), ("fact-m", "CAUSES", "fact-y"), ("fact-m", "CAUSES", "fact-z")]
        expected += [("fact-n", "SUPPORTS", "fact-m"), ("fact-x", "CAUSES", "fact-n")]
        for limit in range(6):
            around = store.neighbourhood(_VIEW, ["fact-m"], depth=3, limit=limit)
            assert [r.identity for r in around.relationships] == expected[:limit]

    @pytest.mark.parametrize("seed", range(4))
    def test_any_walk_over_any_graph(self, store: Store, seed: int) -> None:
        random = Random(seed)
        hidden = {f"fact-{n:02}" for n in random.sample(range(30), 5)}
        facts = [
            make_fact(f"{n:02}", status=Status.RETIRED if f"fact-{n:02}" in hidden else Status.ACTIVE)
            for n in range(30)
        ]
        types = [RelationshipType.CAUSES, RelationshipType.SUPPORTS, RelationshipType.LINKS_TO]
        drawn = [relation(random.choice(types), *random.choices(facts, k=2)) for _ in range(80)]
        edges = list({r.identity: r for r in drawn}.values())
        store.commit(changeset(*map(adding, facts), linking(facts[0], *edges)))
        for _ in range(30):
            starts = [random.choice(facts).id for _ in range(random.randrange(1, 4))]
            names, direction, depth = random.choice(_WALKS)
            wanted = frozenset(map(RelationshipType, names.split()))
            limit = random.choice([3, 10, 1_000])
            around = store.neighbourhood(_VIEW, starts, types=wanted, direction=direction, depth=depth, limit=limit)
            allowed = [
                r
                for r in edges
                if r.type in wanted and all(end not in hidden or end in starts for end in (r.source_id, r.target_id))
            ]
            walked, reached = _walk(allowed, starts, direction, depth, limit)
            assert {r.identity for r in around.relationships} == walked
            assert set(around.nodes) == reached - hidden


def _walk(
    edges: list[Relationship], starts: list[str], direction: Direction, depth: int, limit: int
) -> tuple[set[tuple[str, str, str]], set[str]]:
    """The protocol's walk, written the obvious way: identities walked and nodes reached."""
    walked: set[tuple[str, str, str]] = set()
    reached: set[str] = set()
    seen, frontier = set(starts), set(starts)
    for _ in range(depth):
        new = set()
        for edge in sorted(edges, key=lambda r: r.identity):
            ends = []
            if direction is not Direction.IN and edge.source_id in frontier:
                ends.append(edge.target_id)
            if direction is not Direction.OUT and edge.target_id in frontier:
                ends.append(edge.source_id)
            if ends and edge.identity not in walked and len(walked) < limit:
                walked.add(edge.identity)
                new.update(ends)
        reached |= new
        frontier = new - seen
        seen |= new
    return walked, reached


def _write_chain(store: Store, hidden: str = "") -> None:
    facts = [make_fact(name, status=Status.RETIRED if name == hidden else Status.ACTIVE) for name in _CHAIN]
    links = [relation(RelationshipType.CAUSES, a, b) for a, b in pairwise(facts)]
    store.commit(changeset(*map(adding, facts), linking(facts[0], *links)))
