"""Conformance: prefixes of keys, kinds of single searches, and reading what was found in the same call."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agentmem.records import Kind, RelationshipType, Status
from agentmem.stores import (
    Direction,
    Gathered,
    KeySearch,
    PrefixSearch,
    Search,
    Store,
    TextSearch,
    TimeSearch,
    VectorSearch,
    View,
    Walk,
)
from agentmem.testing.records import (
    BANK,
    START,
    adding,
    changeset,
    closing,
    days,
    make_episode,
    make_fact,
    make_node,
    relation,
    unit_vectors,
)
from agentmem.testing.store_suite import StoreSuite

_VIEW = View(bank=BANK)
_EVIDENCED = frozenset({RelationshipType.EVIDENCED_BY})


class PrefixSearchConformance(StoreSuite):
    """Keys that begin with a text, in order of the keys."""

    def test_prefixes_find_the_first_keys(self, store: Store) -> None:
        keys = {
            "a": "anna berg",
            "b": "anna",
            "c": "anna adler",
            "d": "annabel",
            "e": "tom",
            "f": "anna adler",
            "g": "",
        }
        store.commit(changeset(*(adding(make_fact(name, key=key)) for name, key in keys.items())))
        assert _prefixed(store, "anna ") == ["c", "f", "a"]
        assert _prefixed(store, "anna") == ["b", "c", "f", "a", "d"]
        assert _prefixed(store, "anna", k=2) == ["b", "c"]
        assert _prefixed(store, "tom", "anna a", "anna ", "t") == ["e", "c", "f", "a"]
        assert _prefixed(store, "tom", "anna ", k=1) == ["e", "c"]
        for nothing in [(), ("",), ("Anna",), ("berg",), ("anna  ",)]:
            assert _prefixed(store, *nothing) == []
        assert _prefixed(store, "anna", k=0) == []

    def test_a_prefix_is_taken_letter_by_letter(self, store: Store) -> None:
        keys = ["100% sure", "100 things", "a_b", "axb", "*x", "x", "ß1", "ss1", "漢字 x", "漢 y", "x" * 9_000]
        store.commit(changeset(*(adding(make_fact(str(n), key=key)) for n, key in enumerate(keys))))
        assert _prefixed(store, "100%") == ["0"]
        assert _prefixed(store, "a_") == ["2"]
        assert _prefixed(store, "*") == ["4"]
        assert _prefixed(store, "ß") == ["6"]
        assert _prefixed(store, "漢字") == ["8"]
        assert _prefixed(store, "xx") == ["10"]
        assert _prefixed(store, "x" * 8_999) == ["10"]
        assert _prefixed(store, "x" * 8_999 + "y") == []

    def test_the_view_counts(self, store: Store) -> None:
        gone = make_fact("gone", key="k 1")
        store.commit(
            changeset(adding(gone), adding(make_fact("here", key="k 2")), adding(make_episode("e", key="k 0")))
        )
        store.commit(changeset(closing(gone, Status.RETIRED, at=days(1))))
        store.commit(changeset(adding(make_fact("else", bank="other", key="k 1")), bank="other"))
        search = PrefixSearch(prefixes=("k ",), k=9)
        assert [hit.id for hit in store.search(_VIEW, [search])[0]] == ["episode-e", "fact-here"]
        facts = View(bank=BANK, kinds=frozenset({Kind.FACT}))
        assert [hit.id for hit in store.search(facts, [search])[0]] == ["fact-here"]
        then = View(bank=BANK, known_at=START)
        assert [hit.id for hit in store.search(then, [search])[0]] == ["episode-e", "fact-gone", "fact-here"]


class GatherConformance(StoreSuite):
    """What `search`, `fetch` and `neighbourhood` would give one after the other."""

    @pytest.mark.parametrize("kinds", [None, frozenset({Kind.FACT, Kind.NOTE})])
    def test_each_search_may_be_of_other_kinds(self, store: Store, kinds: frozenset[Kind] | None) -> None:
        _write(store)
        view = View(bank=BANK, kinds=kinds)
        made: list[Callable[[frozenset[Kind] | None], Search]] = [
            lambda k: VectorSearch(vector=unit_vectors(1)[0], k=4, kinds=k),
            lambda k: TextSearch(terms=("word",), k=4, kinds=k),
            lambda k: KeySearch(keys=("key",), kinds=k),
            lambda k: PrefixSearch(prefixes=("ke",), k=4, kinds=k),
            lambda k: TimeSearch(start=days(0), end=days(9), k=4, kinds=k),
        ]
        narrow = [None, frozenset({Kind.FACT}), frozenset({Kind.EPISODE, Kind.NOTE}), frozenset[Kind]()]
        searches = [make(k) for make in made for k in narrow]
        found = store.search(view, searches)
        for search, hits in zip(searches, found, strict=True):
            single = View(bank=BANK, kinds=_both(kinds, search.kinds))
            assert hits == store.search(single, [_of_all_kinds(search)])[0]
            assert bool(hits) == (single.kinds is None or bool(single.kinds))

    def test_it_is_search_fetch_and_neighbourhood_at_once(self, store: Store) -> None:
        _write(store)
        facts = frozenset({Kind.FACT})
        searches: list[Search] = [KeySearch(keys=("key",), kinds=facts), TextSearch(terms=("word",), k=3, kinds=facts)]
        walks = [
            Walk(search=0, types=_EVIDENCED, kinds=frozenset({Kind.EPISODE, Kind.NOTE}), depth=2),
            Walk(search=1, types=frozenset({RelationshipType.CAUSES}), direction=Direction.OUT),
        ]
        gathered = store.gather(_VIEW, searches, walks)
        hits = store.search(_VIEW, searches)
        assert [list(found) for found in gathered.hits] == hits
        expected = store.fetch(BANK, [hit.id for found in hits for hit in found])
        relationships = set()
        for walk in walks:
            around = store.neighbourhood(
                View(bank=BANK, kinds=walk.kinds),
                [hit.id for hit in hits[walk.search]],
                types=walk.types,
                direction=walk.direction,
                depth=walk.depth,
            )
            assert around.relationships
            expected |= around.nodes
            relationships |= {relationship.identity for relationship in around.relationships}
        assert gathered.nodes == expected
        assert [relationship.identity for relationship in gathered.relationships] == sorted(relationships)

    def test_without_walks_and_without_hits(self, store: Store) -> None:
        nothing = Gathered(hits=((), ()), nodes={})
        searches: list[Search] = [KeySearch(keys=("absent",)), PrefixSearch(prefixes=("absent",), k=3)]
        walks = [Walk(search=1, types=_EVIDENCED)]
        assert store.gather(_VIEW, searches, walks) == nothing
        _write(store)
        assert store.gather(_VIEW, searches, walks) == nothing
        assert store.gather(_VIEW, []) == Gathered(hits=(), nodes={})
        (key,) = store.gather(_VIEW, [KeySearch(keys=("key",))]).hits
        assert len(key) == 12

    def test_nodes_are_shown_as_they_were_known(self, store: Store) -> None:
        fact, episode = make_fact("a", key="k", valid_to=days(9)), make_episode("e")
        proof = relation(RelationshipType.EVIDENCED_BY, fact, episode)
        store.commit(changeset(adding(episode), adding(fact, relationships=[proof])))
        store.commit(changeset(closing(fact, Status.SUPERSEDED, at=days(1), valid_to=days(2))))
        searches, walks = [KeySearch(keys=("k",))], [Walk(search=0, types=_EVIDENCED)]
        assert store.gather(_VIEW, searches, walks) == Gathered(hits=((),), nodes={})
        then = store.gather(View(bank=BANK, known_at=START), searches, walks)
        assert then.nodes == {fact.id: fact, episode.id: episode}
        assert then.relationships == (proof,)

    def test_other_banks_are_not_reached(self, store: Store) -> None:
        _write(store)
        store.commit(changeset(adding(make_fact("a", bank="other", key="key")), bank="other"))
        gathered = store.gather(View(bank="other"), [KeySearch(keys=("key",))], [Walk(search=0, types=_EVIDENCED)])
        assert list(gathered.nodes) == ["fact-a"]
        assert gathered.nodes["fact-a"].bank == "other"


def _prefixed(store: Store, *prefixes: str, k: int = 100) -> list[str]:
    (hits,) = store.search(_VIEW, [PrefixSearch(prefixes=prefixes, k=k)])
    assert all(hit.score == 1 for hit in hits)
    return [hit.id.removeprefix("fact-") for hit in hits]


def _both(one: frozenset[Kind] | None, other: frozenset[Kind] | None) -> frozenset[Kind] | None:
    if one is None or other is None:
        return one if other is None else other
    return one & other


def _of_all_kinds(search: Search) -> Search:
    match search:
        case VectorSearch():
            return VectorSearch(vector=search.vector, k=search.k)
        case TextSearch():
            return TextSearch(terms=search.terms, k=search.k)
        case KeySearch():
            return KeySearch(keys=search.keys)
        case PrefixSearch():
            return PrefixSearch(prefixes=search.prefixes, k=search.k)
        case TimeSearch():
            return TimeSearch(start=search.start, end=search.end, k=search.k)


def _write(store: Store) -> None:
    """Four episodes, each with a fact and a note that rest on it; each fact causes the next one."""
    vectors = unit_vectors(12)
    changes = []
    for n in range(4):
        episode = make_episode(str(n), key="key", at=days(n))
        fact = make_fact(str(n), key="key", at=days(n))
        note = make_node(Kind.NOTE, str(n), key="key", at=days(n))
        before = [relation(RelationshipType.CAUSES, f"fact-{n - 1}", fact)] if n else []
        for place, (node, links) in enumerate([(episode, []), (fact, before), (note, [])]):
            proof = [] if node is episode else [relation(RelationshipType.EVIDENCED_BY, node, episode)]
            vector = vectors[3 * n + place]
            changes.append(adding(node, terms="word", vector=vector, relationships=[*proof, *links]))
    store.commit(changeset(*changes))
