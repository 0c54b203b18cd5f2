"""Conformance: full-text, key and time search, and several searches in one call."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from agentmem.records import Change, IndexEntry, Kind, Status
from agentmem.stores import Hit, KeySearch, Search, Store, TextSearch, TimeSearch, VectorSearch, View
from agentmem.testing.records import (
    BANK,
    adding,
    changeset,
    closing,
    days,
    evolving,
    make_episode,
    make_fact,
    unit_vectors,
)
from agentmem.testing.references import bm25
from agentmem.testing.store_suite import StoreSuite

_VIEW = View(bank=BANK)
_HOSTILE = [
    'qu"ote', '"', "it's", "and", "or", "not", "near", "near(a", "a*", "^a", "terms:a", "{a}", "(a", "a)", "-a", "+a",
    "a-b", "a.b", "a_b", "a/b", "\\", "--", ";", "%", "_", "漢字", "かな", "हिन्दी", "ไทย", "naïve", "ß", "\u0131", "😀",
    "c++", "#1", "\u3000x", "x\u200dy",
]  # fmt: skip


class TextSearchConformance(StoreSuite):
    """Full-text search is BM25 as `TextSearch` says, over terms of any script."""

    @pytest.mark.parametrize("context_weight", [0.5, 0.0, 1.0, 2.0])
    def test_scores_are_those_of_the_formula(self, store: Store, context_weight: float) -> None:
        entries = _write_corpus(store, 120)
        for terms in [("w0",), ("w1", "w2"), ("w3", "w30", "w9"), ("w5", "absent"), ("w7", "w7")]:
            expected = bm25(entries, terms, context_weight)
            (hits,) = store.search(_VIEW, [TextSearch(terms=terms, k=500, context_weight=context_weight)])
            assert {hit.id for hit in hits} == set(expected)
            for hit in hits:
                assert hit.score == pytest.approx(expected[hit.id], abs=1e-6, rel=1e-6)
            assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)

    def test_k_cuts_after_the_best(self, store: Store) -> None:
        _write_corpus(store, 60)
        search = TextSearch(terms=("w0", "w4"), k=500)
        (all_hits,) = store.search(_VIEW, [search])
        assert len(all_hits) > 10
        for k in (0, 1, 3, 10):
            assert store.search(_VIEW, [replace(search, k=k)]) == [all_hits[:k]]

    def test_ties_go_by_id(self, store: Store) -> None:
        names = ["d", "a", "c", "b"]
        store.commit(changeset(*(adding(make_fact(name), terms="same words") for name in names)))
        (hits,) = store.search(_VIEW, [TextSearch(terms=("same",), k=3)])
        assert [hit.id for hit in hits] == ["fact-a", "fact-b", "fact-c"]

    @pytest.mark.parametrize("terms", [(), ("absent",), ("",), ("\0",), (" ",)])
    def test_nothing_to_find(self, store: Store, terms: tuple[str, ...]) -> None:
        assert store.search(_VIEW, [TextSearch(terms=terms, k=5)]) == [[]]
        store.commit(changeset(adding(make_fact("a"), terms="present")))
        assert store.search(_VIEW, [TextSearch(terms=terms, k=5)]) == [[]]

    @pytest.mark.parametrize("term", _HOSTILE)
    def test_a_term_is_matched_letter_by_letter(self, store: Store, term: str) -> None:
        others = [other for other in _HOSTILE if other != term]
        store.commit(
            changeset(adding(make_fact("it"), terms=f"x {term} y"), adding(make_fact("b"), terms=" ".join(others)))
        )
        (hits,) = store.search(_VIEW, [TextSearch(terms=(term,), k=5)])
        assert [hit.id for hit in hits] == ["fact-it"]

    def test_a_nul_between_terms_harms_nobody(self, store: Store) -> None:
        store.commit(changeset(adding(make_fact("a"), terms="before\0after"), adding(make_fact("b"), terms="other")))
        (hits,) = store.search(_VIEW, [TextSearch(terms=("after",), k=5)])
        assert [hit.id for hit in hits] == ["fact-a"]

    def test_a_text_of_a_megabyte_and_a_query_of_thousands_of_terms(self, store: Store) -> None:
        words = [f"word{number}" for number in range(120_000)]
        store.commit(
            changeset(adding(make_fact("big"), terms=" ".join(words)), adding(make_fact("b"), terms="word7 z"))
        )
        (hits,) = store.search(_VIEW, [TextSearch(terms=tuple(words[::30]), k=5)])
        assert hits[0].id == "fact-big"
        (hits,) = store.search(_VIEW, [TextSearch(terms=("word119999",), k=5)])
        assert [hit.id for hit in hits] == ["fact-big"]

    def test_statistics_are_over_the_whole_bank(self, store: Store) -> None:
        entries = _write_corpus(store, 40)
        withdrawn = [make_fact(f"{number:03}") for number in range(0, 40, 2)]
        store.commit(changeset(*(closing(node, Status.RETIRED, at=days(1)) for node in withdrawn)))
        expected = bm25(entries, ("w2",))
        (hits,) = store.search(_VIEW, [TextSearch(terms=("w2",), k=100)])
        assert hits
        for hit in hits:
            assert hit.score == pytest.approx(expected[hit.id], abs=1e-6, rel=1e-6)

    def test_evolving_replaces_the_entry(self, store: Store) -> None:
        entries = _write_corpus(store, 30)
        changed = make_fact("003", text="evolved")
        entry = IndexEntry(terms="w1 brand new", context_terms="w2")
        store.commit(changeset(evolving(changed, index=entry)))
        entries[changed.id] = entry
        assert [hit.id for hit in store.search(_VIEW, [TextSearch(terms=("brand",), k=5)])[0]] == [changed.id]
        expected = bm25(entries, ("w1", "w2"))
        (hits,) = store.search(_VIEW, [TextSearch(terms=("w1", "w2"), k=100)])
        assert {hit.id: pytest.approx(hit.score, abs=1e-6, rel=1e-6) for hit in hits} == expected
        store.commit(changeset(evolving(changed)))  # without an entry the search stays
        assert len(store.search(_VIEW, [TextSearch(terms=("brand",), k=5)])[0]) == 1
        store.commit(changeset(evolving(changed, index=IndexEntry(context_terms="brand"))))  # no terms: taken out
        assert store.search(_VIEW, [TextSearch(terms=("brand",), k=5)]) == [[]]


class KeyAndTimeSearchConformance(StoreSuite):
    """Exact keys and moments."""

    def test_keys_find_the_newest_version_first(self, store: Store) -> None:
        nodes = [
            make_fact("a", key="k", version=1),
            make_fact("b", key="k", version=3),
            make_fact("c", key="l", version=3),
            make_fact("d", key="other"),
            make_fact("e"),
            make_episode("f", key="k", version=2),
        ]
        store.commit(changeset(*map(adding, nodes)))
        (hits,) = store.search(_VIEW, [KeySearch(keys=("k", "l", "k", "absent", ""))])
        assert hits == [
            Hit("fact-b", 1.0, Kind.FACT),
            Hit("fact-c", 1.0, Kind.FACT),
            Hit("episode-f", 1.0, Kind.EPISODE),
            Hit("fact-a", 1.0, Kind.FACT),
        ]
        assert store.search(_VIEW, [KeySearch(keys=()), KeySearch(keys=("",)), KeySearch(keys=("K",))]) == [[], [], []]

    def test_many_keys(self, store: Store) -> None:
        store.commit(changeset(*(adding(make_fact(f"{n:04}", key=f"k'{n}\"")) for n in range(1_000))))
        (hits,) = store.search(_VIEW, [KeySearch(keys=tuple(f"k'{n}\"" for n in range(2_000)))])
        assert [hit.id for hit in hits] == [f"fact-{n:04}" for n in range(1_000)]

    def test_times_are_half_open_and_nearest_to_the_start_first(self, store: Store) -> None:
        times = {"before": 9.99, "start": 10, "early": 11, "late": 19, "end": 20}
        store.commit(changeset(*(adding(make_fact(name, at=days(day))) for name, day in times.items())))
        assert _times(store, 10, 20) == ["start", "early", "late"]
        assert _times(store, 10, 20, k=2) == ["start", "early"]
        assert _times(store, 10, 10) == []
        assert _times(store, 20, 10) == []
        assert _times(store, 10, 20, k=0) == []

    def test_validity_meets_a_window(self, store: Store) -> None:
        spans = {
            "ended": (1, 10),
            "covers": (2, 30),
            "ends_inside": (8, 12),
            "starts_inside": (15, 40),
            "open": (7, None),
            "until": (None, 13),
            "starts_at_end": (20, 30),
            "never": (15, 11),
            "unbounded": (None, None),
        }
        store.commit(
            changeset(
                *(
                    adding(
                        make_fact(
                            name,
                            valid_from=None if span[0] is None else days(span[0]),
                            valid_to=None if span[1] is None else days(span[1]),
                        )
                    )
                    for name, span in spans.items()
                )
            )
        )
        # Distances from day 10: ends_inside 2, open 3, until 3, starts_inside 5, covers 8.
        expected = ["ends_inside", "open", "until", "starts_inside", "covers"]
        for k in range(7):
            assert _times(store, 10, 20, k=k) == expected[:k]

    def test_the_nearer_of_moment_and_validity_counts(self, store: Store) -> None:
        both = make_fact("both", at=days(15), valid_from=days(11))
        moment = make_fact("moment", at=days(12))
        store.commit(changeset(adding(both), adding(moment)))
        (hits,) = store.search(_VIEW, [TimeSearch(start=days(10), end=days(20), k=5)])
        assert [hit.id for hit in hits] == ["fact-both", "fact-moment"]
        assert hits[0].score > hits[1].score > 0

    def test_several_searches_in_one_call(self, store: Store) -> None:
        vectors = unit_vectors(40)
        changes: list[Change] = [
            adding(make_fact(f"{n:02}", key=f"k{n % 5}", at=days(n)), terms=f"w{n % 7} all", vector=vectors[n])
            for n in range(40)
        ]
        store.commit(changeset(*changes))
        searches: list[Search] = [
            TextSearch(terms=("w3",), k=4),
            VectorSearch(vector=vectors[3], k=4),
            TimeSearch(start=days(3), end=days(9), k=4),
            KeySearch(keys=("k3",)),
            TextSearch(terms=("w4",), k=2),
        ]
        together = store.search(_VIEW, searches)
        assert together == [store.search(_VIEW, [search])[0] for search in searches]
        assert all(together)
        assert store.search(_VIEW, []) == []
        assert store.search(View(bank="nobody"), searches) == [[], [], [], [], []]


def _times(store: Store, start: float, end: float, *, k: int = 100) -> list[str]:
    (hits,) = store.search(_VIEW, [TimeSearch(start=days(start), end=days(end), k=k)])
    return [hit.id.removeprefix("fact-") for hit in hits]


def _write_corpus(store: Store, size: int) -> dict[str, IndexEntry]:
    random = Random(7)
    entries: dict[str, IndexEntry] = {}
    changes = []
    for number in range(size):
        words = [f"w{int(random.paretovariate(0.7)) % 40}" for _ in range(random.randrange(1, 25))]
        context = [f"w{random.randrange(10)}" for _ in range(random.randrange(0, 6))]
        node = make_fact(f"{number:03}")
        entries[node.id] = IndexEntry(terms=" ".join(words), context_terms=" ".join(context))
        changes.append(adding(node, terms=entries[node.id].terms, context_terms=entries[node.id].context_terms))
    changes.append(adding(make_fact("unsearched")))
    store.commit(changeset(*changes))
    return entries
