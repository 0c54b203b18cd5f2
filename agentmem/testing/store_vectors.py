"""Conformance: vector search is exact, follows every change at once, and refuses another model's vectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agentmem.errors import ConflictError, EmbeddingMismatch, InputError
from agentmem.records import Guard, IndexEntry, Kind, Status, Vector
from agentmem.stores import EmbeddingStamp, Store, TextSearch, VectorSearch, View
from agentmem.testing.records import BANK, adding, changeset, closing, days, evolving, make_fact, unit_vectors
from agentmem.testing.references import nearest
from agentmem.testing.store_suite import StoreSuite

_VIEW = View(bank=BANK)


class VectorSearchConformance(StoreSuite):
    """Exactness, ties, growth, changes in place, stamps."""

    @pytest.mark.parametrize("k", [1, 10, 299, 300, 1_000])
    def test_top_k_is_that_of_brute_force(self, store: Store, k: int) -> None:
        vectors = _write(store, 300, dimension=48)
        for query in unit_vectors(5, 48, seed=99):
            (hits,) = store.search(_VIEW, [VectorSearch(vector=query, k=k)])
            expected = nearest(vectors, query, k)
            assert [hit.id for hit in hits] == [id_ for id_, _ in expected]
            assert [hit.score for hit in hits] == pytest.approx([score for _, score in expected], abs=1e-6)

    def test_ties_go_by_id(self, store: Store) -> None:
        # Enough rows that a matrix product may round equal ones differently.
        query, other = unit_vectors(2, 384, seed=4)
        store.commit(changeset(*(adding(make_fact(f"{n:03}"), vector=other) for n in range(50))))
        store.commit(changeset(*(adding(make_fact(f"{n * 37 % 103 + 50:03}"), vector=query) for n in range(103))))
        for k in (1, 7, 103):
            (hits,) = store.search(_VIEW, [VectorSearch(vector=query, k=k)])
            assert [hit.id for hit in hits] == [f"fact-{n:03}" for n in range(50, 50 + k)]
        (hits,) = store.search(_VIEW, [VectorSearch(vector=query, k=106)])
        assert [hit.id for hit in hits[103:]] == ["fact-000", "fact-001", "fact-002"]

    def test_every_commit_is_seen_by_the_next_search(self, store: Store) -> None:
        vectors = dict(zip((f"fact-{n:03}" for n in range(700)), unit_vectors(700), strict=True))
        query = unit_vectors(1, seed=5)[0]
        written: dict[str, Vector] = {}
        for id_, vector in vectors.items():
            store.commit(changeset(adding(make_fact(id_.removeprefix("fact-")), vector=vector)))
            written[id_] = vector
            if len(written) % 25 == 0:
                (hits,) = store.search(_VIEW, [VectorSearch(vector=query, k=5)])
                assert [hit.id for hit in hits] == [found for found, _ in nearest(written, query, 5)]

    def test_evolving_replaces_or_removes_the_vector(self, store: Store) -> None:
        first, second = unit_vectors(2)
        fact = make_fact("a")
        store.commit(changeset(adding(fact, vector=first), adding(make_fact("b"), vector=second)))
        search = VectorSearch(vector=first, k=1)
        assert store.search(_VIEW, [search])[0][0].id == "fact-a"
        store.commit(changeset(evolving(replace(fact, text="b"), index=IndexEntry(vector=-first))))
        assert store.search(_VIEW, [search])[0][0].id == "fact-b"
        store.commit(changeset(evolving(replace(fact, text="c"))))
        assert len(store.search(_VIEW, [replace(search, k=5)])[0]) == 2
        store.commit(changeset(evolving(fact, index=IndexEntry(terms="only text"))))
        assert len(store.search(_VIEW, [replace(search, k=5)])[0]) == 1
        store.commit(changeset(evolving(fact, index=IndexEntry(vector=first))))
        assert store.search(_VIEW, [search])[0][0].id == "fact-a"

    def test_the_best_withdrawn_makes_room_for_the_next(self, store: Store) -> None:
        vectors = _write(store, 50)
        query = unit_vectors(1, seed=3)[0]
        for _ in range(10):
            best = nearest(vectors, query, 1)[0][0]
            (hits,) = store.search(_VIEW, [VectorSearch(vector=query, k=1)])
            assert [hit.id for hit in hits] == [best]
            withdrawn = make_fact(best.removeprefix("fact-"))
            store.commit(changeset(closing(withdrawn, Status.RETIRED, at=days(1))))
            del vectors[best]

    def test_a_store_without_vectors_finds_nothing(self, store: Store) -> None:
        store.commit(changeset(adding(make_fact("a"), terms="a")))
        assert store.search(_VIEW, [VectorSearch(vector=unit_vectors(1)[0], k=5)]) == [[]]
        store.commit(changeset(adding(make_fact("b"), vector=unit_vectors(1)[0])))
        assert len(store.search(_VIEW, [VectorSearch(vector=unit_vectors(1)[0], k=5)])[0]) == 1

    def test_a_zero_vector_is_like_nothing(self, store: Store) -> None:
        zero = np.zeros(8, dtype=np.float32)
        vectors = _write(store, 3)
        store.commit(changeset(adding(make_fact("zero"), vector=zero)))
        (hits,) = store.search(_VIEW, [VectorSearch(vector=vectors["fact-000"], k=10)])
        assert {hit.id: hit.score for hit in hits}["fact-zero"] == 0.0
        (hits,) = store.search(_VIEW, [VectorSearch(vector=zero, k=2)])
        assert [(hit.id, hit.score) for hit in hits] == [("fact-000", 0.0), ("fact-001", 0.0)]

    @pytest.mark.parametrize("k", [0, -1])
    def test_no_room_no_hits(self, store: Store, k: int) -> None:
        vectors = _write(store, 3)
        assert store.search(_VIEW, [VectorSearch(vector=vectors["fact-000"], k=k)]) == [[]]

    def test_another_dimension_is_refused(self, store: Store) -> None:
        _write(store, 3)
        with pytest.raises(EmbeddingMismatch):
            store.search(_VIEW, [VectorSearch(vector=unit_vectors(1, 9)[0], k=1)])
        with pytest.raises(EmbeddingMismatch):
            store.commit(changeset(adding(make_fact("x"), vector=unit_vectors(1, 9)[0])))
        with pytest.raises(EmbeddingMismatch):
            store.commit(changeset(adding(make_fact("x", bank="b"), vector=unit_vectors(1, 9)[0]), bank="b"))

    def test_the_stamp_is_given_once(self, store: Store) -> None:
        stamp = EmbeddingStamp(model="minilm", dimension=8)
        assert store.embedding is None
        store.stamp(stamp)
        store.stamp(stamp)
        assert store.embedding == stamp
        for other in (replace(stamp, model="other"), replace(stamp, dimension=9)):
            with pytest.raises(EmbeddingMismatch, match="minilm"):
                store.stamp(other)
        assert store.embedding == stamp
        with pytest.raises(EmbeddingMismatch):
            store.commit(changeset(adding(make_fact("x"), vector=unit_vectors(1, 9)[0])))

    @pytest.mark.parametrize("least", [-1.0, 0.0, 0.3, 1.5])
    def test_hits_below_the_least_cosine_are_left_out(self, store: Store, least: float) -> None:
        vectors = _write(store, 60)
        (everything,) = store.search(_VIEW, [VectorSearch(vector=vectors["fact-007"], k=60)])
        for k in (5, 60):
            (hits,) = store.search(_VIEW, [VectorSearch(vector=vectors["fact-007"], k=k, least=least)])
            assert hits == [hit for hit in everything[:k] if hit.score >= least]

    def test_a_changeset_brings_its_stamp(self, store: Store) -> None:
        stamp = EmbeddingStamp(model="minilm", dimension=8)
        refused = changeset(adding(make_fact("x")), embedding=stamp, guards=[_impossible()])
        with pytest.raises(ConflictError):
            store.commit(refused)
        assert store.embedding is None
        store.commit(changeset(adding(make_fact("a")), embedding=stamp))
        assert store.embedding == stamp
        store.commit(changeset(adding(make_fact("b"), vector=unit_vectors(1)[0]), embedding=stamp))
        for other in (replace(stamp, model="other"), replace(stamp, dimension=9)):
            for bank in (BANK, "b"):
                with pytest.raises(EmbeddingMismatch, match="minilm"):
                    store.commit(changeset(adding(make_fact("x", bank=bank)), bank=bank, embedding=other))
        assert store.embedding == stamp
        assert set(store.fetch(BANK, ["fact-a", "fact-b", "fact-x"])) == {"fact-a", "fact-b"}
        with pytest.raises(EmbeddingMismatch):
            store.commit(changeset(adding(make_fact("x"), vector=unit_vectors(1, 9)[0]), embedding=stamp))

    def test_reindexing_replaces_all_entries_of_all_banks(self, store: Store) -> None:
        _write(store, 20)
        _write(store, 5, bank="other")
        store.stamp(EmbeddingStamp(model="old", dimension=8))
        store.search(_VIEW, [VectorSearch(vector=unit_vectors(1)[0], k=1)])
        fresh = unit_vectors(10, 16, seed=1)
        entries = {f"fact-{n:03}": IndexEntry(terms=f"t{n} new", vector=fresh[n]) for n in range(10)}
        journal = store.operations(BANK)
        store.reindex(EmbeddingStamp(model="new", dimension=16), {BANK: entries})
        assert store.embedding == EmbeddingStamp(model="new", dimension=16)
        vectors, texts, old_texts = store.search(
            _VIEW,
            [
                VectorSearch(vector=fresh[4], k=20),
                TextSearch(terms=("t4",), k=20),
                TextSearch(terms=("word",), k=20),
            ],
        )
        assert vectors[0].id == "fact-004"
        assert len(vectors) == 10
        assert [hit.id for hit in texts] == ["fact-004"]
        assert old_texts == []
        other = store.search(View(bank="other"), [VectorSearch(vector=fresh[4], k=5), TextSearch(terms=("word",), k=5)])
        assert other == [[], []]
        assert store.operations(BANK) == journal
        store.commit(changeset(adding(make_fact("later"), terms="t4", vector=fresh[4])))
        assert len(store.search(_VIEW, [VectorSearch(vector=fresh[4], k=20)])[0]) == 11

    def test_a_failing_reindex_changes_nothing(self, store: Store) -> None:
        vectors = _write(store, 5)
        store.stamp(EmbeddingStamp(model="old", dimension=8))
        new = EmbeddingStamp(model="new", dimension=16)
        wide = IndexEntry(terms="x", vector=unit_vectors(1, 16)[0])
        for entries, error in [
            ({BANK: {"fact-000": wide, "fact-unknown": wide}}, InputError),
            ({"nobody": {"fact-000": wide}}, InputError),
            ({BANK: {"fact-000": replace(wide, vector=vectors["fact-000"])}}, EmbeddingMismatch),
        ]:
            with pytest.raises(error):
                store.reindex(new, entries)
        assert store.embedding == EmbeddingStamp(model="old", dimension=8)
        (hits, texts) = store.search(
            _VIEW, [VectorSearch(vector=vectors["fact-003"], k=1), TextSearch(terms=("word",), k=9)]
        )
        assert hits[0].id == "fact-003"
        assert len(texts) == 5


def _impossible() -> Guard:
    return Guard(kind=Kind.FACT, key="k", heads=frozenset({"fact-absent"}))


def _write(store: Store, count: int, *, dimension: int = 8, bank: str = BANK) -> dict[str, Vector]:
    vectors = unit_vectors(count, dimension)
    changes = [adding(make_fact(f"{n:03}", bank=bank), terms="word", vector=vectors[n]) for n in range(count)]
    store.commit(changeset(*changes, bank=bank))
    return {f"fact-{n:03}": vectors[n] for n in range(count)}
