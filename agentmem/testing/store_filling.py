"""Conformance: a bank that is being filled is refused to everybody but the object that fills it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agentmem.errors import ConflictError, IncompleteBank
from agentmem.records import GENESIS, EmbeddingStamp
from agentmem.stores import KeySearch, Store, View
from agentmem.testing.records import BANK, adding, changeset, make_fact
from agentmem.testing.store_suite import StoreSuite

_EMPTY = (0, GENESIS)
_FINISH = "agentmem migrate 'there and' back"
_VIEW = View(bank=BANK)

_READS: dict[str, Callable[[Store], object]] = {
    "search": lambda store: store.search(_VIEW, [KeySearch(keys=("k",))]),
    "gather": lambda store: store.gather(_VIEW, [KeySearch(keys=("k",))]),
    "fetch": lambda store: store.fetch(BANK, ["fact-a"]),
    "resolve": lambda store: store.resolve(BANK, "fact"),
    "neighbourhood": lambda store: store.neighbourhood(_VIEW, ["fact-a"]),
    "scan": lambda store: store.scan(_VIEW),
    "operations": lambda store: store.operations(BANK),
    "entries": lambda store: store.entries(BANK, ["fact-a"]),
    "relationships": lambda store: store.relationships(BANK, ["fact-a"]),
    "statistics": lambda store: store.statistics(BANK),
}


class FillingConformance(StoreSuite):
    """begin_filling, end_filling, unfinished."""

    def test_who_fills_a_bank_reads_and_writes_it(self, store: Store) -> None:
        store.begin_filling(BANK, _FINISH, _EMPTY)
        store.commit(changeset(adding(make_fact("a"))))
        store.commit(changeset(adding(make_fact("b"))))
        assert list(store.fetch(BANK, ["fact-a", "fact-b"])) == ["fact-a", "fact-b"]
        for read in _READS.values():
            read(store)
        store.end_filling(BANK, whole=True)
        store.commit(changeset(adding(make_fact("c"))))
        assert store.head(BANK)[0] == 3

    @pytest.mark.parametrize("read", _READS)
    def test_others_do_not_read_it(self, store: Store, second_store: Store, read: str) -> None:
        store.begin_filling(BANK, _FINISH, _EMPTY)
        store.commit(changeset(adding(make_fact("a"))))
        with pytest.raises(IncompleteBank) as caught:
            _READS[read](second_store)
        assert _FINISH in caught.value.hint
        assert repr(BANK) in str(caught.value)
        assert second_store.unfinished(BANK) == _FINISH
        assert second_store.head(BANK) == store.head(BANK)
        store.end_filling(BANK, whole=True)
        _READS[read](second_store)
        assert second_store.unfinished(BANK) == ""

    def test_others_do_not_write_to_it_even_if_they_knew_it_before(self, store: Store, second_store: Store) -> None:
        (first,) = second_store.commit(changeset(adding(make_fact("a"))))
        store.begin_filling(BANK, _FINISH, (first.seq, first.hash))
        with pytest.raises(IncompleteBank, match="incomplete"):
            second_store.commit(changeset(adding(make_fact("b"))))
        assert store.head(BANK) == (first.seq, first.hash)
        second_store.commit(changeset(adding(make_fact("c", bank="other")), bank="other"))

    def test_who_gives_up_is_refused_as_everybody_else(self, store: Store) -> None:
        store.begin_filling(BANK, _FINISH, _EMPTY)
        store.commit(changeset(adding(make_fact("a"))))
        store.end_filling(BANK, whole=False)
        with pytest.raises(IncompleteBank):
            store.fetch(BANK, ["fact-a"])
        with pytest.raises(IncompleteBank):
            store.commit(changeset(adding(make_fact("b"))))
        assert store.unfinished(BANK) == _FINISH

    def test_the_mark_outlives_the_object_and_is_taken_over(self, store: Store, reopen: Callable[[], Store]) -> None:
        store.begin_filling(BANK, _FINISH, _EMPTY)
        (first,) = store.commit(changeset(adding(make_fact("a"))))
        store.close()
        later = reopen()
        assert later.unfinished(BANK) == _FINISH
        later.begin_filling(BANK, "another command", (first.seq, first.hash))
        assert later.unfinished(BANK) == "another command"
        later.commit(changeset(adding(make_fact("b"))))
        later.end_filling(BANK, whole=True)
        assert list(reopen().fetch(BANK, ["fact-a", "fact-b"])) == ["fact-a", "fact-b"]

    def test_of_two_that_fill_a_bank_one_is_told(self, store: Store, second_store: Store) -> None:
        store.begin_filling(BANK, _FINISH, _EMPTY)
        second_store.begin_filling(BANK, _FINISH, _EMPTY)
        (first,) = store.commit(changeset(adding(make_fact("a"))))
        with pytest.raises(ConflictError, match="too"):
            second_store.commit(changeset(adding(make_fact("b"))))
        store.end_filling(BANK, whole=True)
        with pytest.raises(ConflictError, match="too"):
            second_store.commit(changeset(adding(make_fact("b"))))
        assert store.head(BANK) == (first.seq, first.hash)

    def test_a_bank_that_moved_on_is_not_marked(self, store: Store, second_store: Store) -> None:
        second_store.commit(changeset(adding(make_fact("a"))))
        with pytest.raises(ConflictError, match="meanwhile"):
            store.begin_filling(BANK, _FINISH, _EMPTY)
        assert store.unfinished(BANK) == ""
        store.commit(changeset(adding(make_fact("b"))))

    def test_nothing_is_embedded_anew_while_a_bank_is_incomplete(self, store: Store, second_store: Store) -> None:
        store.begin_filling(BANK, _FINISH, _EMPTY)
        with pytest.raises(IncompleteBank):
            second_store.reindex(EmbeddingStamp(model="m", dimension=8), {})
        assert second_store.embedding is None
