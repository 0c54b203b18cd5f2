"""Conformance: several threads and several openings at once; what was committed stays."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from agentmem.errors import ConflictError, StoreUnavailable
from agentmem.records import Guard, IndexEntry, Kind, Status, verify_chain
from agentmem.stores import EmbeddingStamp, Search, Store, TextSearch, VectorSearch, View
from agentmem.testing.records import BANK, adding, changeset, closing, days, evolving, make_fact, unit_vectors
from agentmem.testing.store_suite import StoreSuite

_VIEW = View(bank=BANK)


class ConcurrencyConformance(StoreSuite):
    """Writers and readers side by side, and the life of a store."""

    def test_many_writing_threads_make_one_unbroken_chain(self, store: Store) -> None:
        def write(worker: int) -> None:
            for number in range(12):
                names = [f"{worker}-{number}-{part}" for part in range(3)]
                store.commit(changeset(*(adding(make_fact(name), terms=f"w{worker}") for name in names)))

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(write, range(6)))
        operations = store.operations(BANK)
        assert [operation.seq for operation in operations] == list(range(1, 6 * 12 * 3 + 1))
        assert verify_chain(operations) is None
        for worker in range(6):
            assert len(store.search(_VIEW, [TextSearch(terms=(f"w{worker}",), k=100)])[0]) == 36
            mine = [o.target for o in operations if o.target.startswith(f"fact-{worker}-")]
            assert mine == [f"fact-{worker}-{number}-{part}" for number in range(12) for part in range(3)]

    def test_two_openings_write_side_by_side(self, store: Store, second_store: Store) -> None:
        def write(opening: Store, name: str) -> None:
            for number in range(40):
                opening.commit(changeset(adding(make_fact(f"{name}-{number}"), terms="w")))

        with ThreadPoolExecutor(2) as pool:
            writing = [pool.submit(write, store, "first"), pool.submit(write, second_store, "second")]
            for writer in writing:
                writer.result()
        assert verify_chain(store.operations(BANK)) is None
        assert store.head(BANK)[0] == 80
        assert len(second_store.search(_VIEW, [TextSearch(terms=("w",), k=100)])[0]) == 80

    def test_of_deciders_on_the_same_ground_one_wins(self, store: Store) -> None:
        start = Barrier(5)

        def decide(worker: int) -> bool:
            start.wait()
            guard = Guard(kind=Kind.FACT, key="k", heads=frozenset())
            try:
                store.commit(changeset(adding(make_fact(f"{worker}", key="k")), guards=[guard]))
            except ConflictError:
                return False
            return True

        with ThreadPoolExecutor(5) as pool:
            assert sum(pool.map(decide, range(5))) == 1
        assert store.statistics(BANK).nodes == {Kind.FACT: 1}

    def test_readers_see_whole_changesets(self, store: Store) -> None:
        vectors = unit_vectors(100)
        store.commit(changeset(*(adding(make_fact(f"first-{n}"), terms="w", vector=vectors[n]) for n in range(10))))

        def write() -> None:
            for batch in range(9):
                numbers = range(batch * 10, batch * 10 + 10)
                store.commit(changeset(*(adding(make_fact(f"{n}"), terms="w", vector=vectors[n]) for n in numbers)))

        def read(_: int) -> list[int]:
            by_text, by_vector = store.search(
                _VIEW, [TextSearch(terms=("w",), k=500), VectorSearch(vector=vectors[0], k=500)]
            )
            return [len(by_text) % 10, len(by_vector) % 10, len(store.scan(_VIEW)) % 10]

        with ThreadPoolExecutor(4) as pool:
            writing = pool.submit(write)
            counts = list(pool.map(read, range(40)))
            writing.result()
        assert counts == [[0, 0, 0]] * 40
        assert len(store.search(_VIEW, [VectorSearch(vector=vectors[0], k=500)])[0]) == 100

    def test_another_opening_sees_every_commit_at_once(self, store: Store, second_store: Store) -> None:
        first, second = unit_vectors(2)
        search: list[Search] = [VectorSearch(vector=first, k=1), TextSearch(terms=("x",), k=5)]
        fact = make_fact("a")
        assert second_store.search(_VIEW, search) == [[], []]
        store.commit(changeset(adding(fact, terms="x", vector=first), adding(make_fact("b"), vector=second)))
        assert [hits[0].id for hits in second_store.search(_VIEW, search)] == ["fact-a", "fact-a"]
        second_store.commit(changeset(evolving(fact, index=IndexEntry(terms="y", vector=-first))))
        by_vector, by_text = store.search(_VIEW, search)
        assert by_vector[0].id == "fact-b"
        assert by_text == []
        second_store.commit(changeset(closing(make_fact("b"), Status.RETIRED, at=days(1))))
        assert store.search(_VIEW, search)[0][0].id == "fact-a"
        assert second_store.operations(BANK) == store.operations(BANK)
        assert verify_chain(store.operations(BANK)) is None

    def test_another_opening_sees_a_reindexing(self, store: Store, second_store: Store) -> None:
        old, new = unit_vectors(1)[0], unit_vectors(1, 4)[0]
        store.commit(changeset(adding(make_fact("a"), vector=old)))
        assert second_store.search(_VIEW, [VectorSearch(vector=old, k=1)])[0]
        entries = {BANK: {"fact-a": IndexEntry(vector=new)}}
        store.reindex(EmbeddingStamp(model="new", dimension=4), entries)
        assert second_store.search(_VIEW, [VectorSearch(vector=new, k=1)])[0][0].id == "fact-a"
        assert second_store.embedding == EmbeddingStamp(model="new", dimension=4)

    def test_a_store_that_is_opened_again_holds_everything(self, store: Store, reopen: Callable[[], Store]) -> None:
        vector = unit_vectors(1)[0]
        store.stamp(EmbeddingStamp(model="m", dimension=8))
        store.commit(changeset(adding(make_fact("a"), terms="x", vector=vector)))
        expected = (store.scan(_VIEW), store.operations(BANK), store.embedding, store.banks())
        store.close()
        again = reopen()
        assert (again.scan(_VIEW), again.operations(BANK), again.embedding, again.banks()) == expected
        hits = again.search(_VIEW, [TextSearch(terms=("x",), k=1), VectorSearch(vector=vector, k=1)])
        assert [[hit.id for hit in found] for found in hits] == [["fact-a"], ["fact-a"]]
        again.commit(changeset(adding(make_fact("b"))))
        assert verify_chain(again.operations(BANK)) is None

    def test_a_closed_store_says_so(self, store: Store) -> None:
        store.commit(changeset(adding(make_fact("a"))))
        store.close()
        store.close()
        for call in (
            lambda: store.commit(changeset(adding(make_fact("b")))),
            lambda: store.search(_VIEW, [TextSearch(terms=("x",), k=1)]),
            lambda: store.fetch(BANK, ["fact-a"]),
            lambda: store.head(BANK),
        ):
            with pytest.raises(StoreUnavailable):
                call()
