"""Conformance: one bank never sees, reaches or weighs another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentmem.errors import InputError
from agentmem.records import Guard, IndexEntry, Kind, RelationshipType, Status, verify_chain
from agentmem.stores import KeySearch, Store, TextSearch, TimeSearch, VectorSearch, View
from agentmem.testing.records import (
    adding,
    changeset,
    closing,
    days,
    evolving,
    linking,
    make_fact,
    relation,
    unit_vectors,
)
from agentmem.testing.references import bm25, nearest
from agentmem.testing.store_suite import StoreSuite

_SMALL, _LARGE = "small bank", 'LARGE "bank" \'; --'
_QUERY = unit_vectors(1, seed=9)[0]


class IsolationConformance(StoreSuite):
    """Two banks of very different size in one store."""

    @pytest.mark.parametrize(("bank", "size"), [(_SMALL, 10), (_LARGE, 800)])
    def test_each_bank_gets_its_own_best(self, store: Store, bank: str, size: int) -> None:
        _write_both(store)
        vectors = dict(zip(_ids(size), unit_vectors(size, seed=size), strict=True))
        entries = {id_: IndexEntry(terms=_terms(number)) for number, id_ in enumerate(_ids(size))}
        by_vector, by_text, by_key, by_time = store.search(
            View(bank=bank),
            [
                VectorSearch(vector=_QUERY, k=10),
                TextSearch(terms=("w1", "w2"), k=10),
                KeySearch(keys=("k",)),
                TimeSearch(start=days(0), end=days(1_000), k=10_000),
            ],
        )
        assert [hit.id for hit in by_vector] == [id_ for id_, _ in nearest(vectors, _QUERY, 10)]
        expected = bm25(entries, ("w1", "w2"))
        assert [hit.id for hit in by_text] == list(expected)[:10]
        assert [hit.score for hit in by_text] == pytest.approx(list(expected.values())[:10], abs=1e-6)
        assert len(by_key) == len(by_time) == size

    def test_the_same_ids_live_apart(self, store: Store) -> None:
        ours, theirs = make_fact("same", bank="a", text="ours"), make_fact("same", bank="b", text="theirs")
        store.commit(changeset(adding(ours, terms="x"), bank="a"))
        store.commit(changeset(adding(theirs, terms="x"), bank="b"))
        store.commit(changeset(evolving(replace(theirs, text="changed"), index=IndexEntry(terms="y")), bank="b"))
        store.commit(changeset(closing(theirs, Status.RETIRED, at=days(1)), bank="b"))
        assert store.fetch("a", [ours.id]) == {ours.id: ours}
        assert store.scan(View(bank="a")) == [ours]
        assert len(store.search(View(bank="a"), [TextSearch(terms=("x",), k=5)])[0]) == 1
        assert store.scan(View(bank="b")) == []
        assert store.resolve("a", "fact") == store.resolve("b", "fact") == [ours.id]

    def test_journals_are_separate_chains(self, store: Store) -> None:
        for number in range(3):
            for bank in ("a", "b"):
                store.commit(changeset(adding(make_fact(f"{number}", bank=bank)), bank=bank))
        store.commit(changeset(adding(make_fact("3", bank="b")), bank="b"))
        assert [o.seq for o in store.operations("a")] == [1, 2, 3]
        assert [o.seq for o in store.operations("b")] == [1, 2, 3, 4]
        assert verify_chain(store.operations("a")) is verify_chain(store.operations("b")) is None
        assert store.banks() == ["a", "b"]
        assert store.statistics("a").nodes == {Kind.FACT: 3}

    def test_a_guard_looks_at_its_own_bank(self, store: Store) -> None:
        store.commit(changeset(adding(make_fact("x", bank="a", key="k")), bank="a"))
        guard = Guard(kind=Kind.FACT, key="k", heads=frozenset())
        store.commit(changeset(adding(make_fact("x", bank="b", key="k")), bank="b", guards=[guard]))
        assert store.banks() == ["a", "b"]

    def test_nothing_crosses_banks(self, store: Store) -> None:
        ours, theirs = make_fact("ours", bank="a"), make_fact("theirs", bank="b")
        store.commit(changeset(adding(ours), bank="a"))
        store.commit(changeset(adding(theirs), bank="b"))
        bridge = relation(RelationshipType.CAUSES, ours, theirs)
        for foreign in (
            changeset(linking(ours, bridge), bank="a"),
            changeset(adding(make_fact("n", bank="b")), bank="a"),
            changeset(replace(adding(make_fact("n", bank="a")), add=make_fact("n", bank="b")), bank="a"),
            changeset(replace(evolving(ours), evolve=replace(ours, bank="b")), bank="a"),
        ):
            with pytest.raises(InputError):
                store.commit(foreign)
        assert store.neighbourhood(View(bank="a"), [ours.id, theirs.id]).relationships == ()
        assert store.fetch("a", [theirs.id]) == {}
        assert [store.head(bank)[0] for bank in ("a", "b")] == [1, 1]


def _ids(size: int) -> list[str]:
    return [f"fact-{number:04}" for number in range(size)]


def _terms(number: int) -> str:
    return f"w{number % 3} w{number % 50} " + "filler " * (number % 9 + 1) + "end"


def _write_both(store: Store) -> None:
    for bank, size in ((_LARGE, 800), (_SMALL, 10)):
        vectors = unit_vectors(size, seed=size)
        store.commit(
            changeset(
                *(
                    adding(
                        make_fact(f"{number:04}", bank=bank, key="k", at=days(number)),
                        terms=_terms(number),
                        vector=vectors[number],
                    )
                    for number in range(size)
                ),
                bank=bank,
            )
        )
