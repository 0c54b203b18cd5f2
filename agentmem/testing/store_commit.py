"""Conformance: one changeset is written whole or not at all, and only on the ground that it was decided on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from agentmem.errors import AgentmemError, ConflictError, EmbeddingMismatch, InputError
from agentmem.records import EVERY_STATUS, Change, Guard, IndexEntry, Kind, RelationshipType, Status
from agentmem.stores import KeySearch, Store, TextSearch, VectorSearch, View
from agentmem.testing.records import (
    BANK,
    adding,
    changeset,
    closed,
    closing,
    days,
    evolving,
    linking,
    make_episode,
    make_fact,
    relation,
    unit_vectors,
)
from agentmem.testing.store_suite import StoreSuite

_VECTORS = unit_vectors(3)


def _taken_id() -> Change:
    return adding(make_fact("present"))


def _dangling_relationship() -> Change:
    fact = make_fact("dangling")
    return adding(fact, relationships=[relation(RelationshipType.CAUSES, fact, "fact-nowhere")])


def _wrong_dimension() -> Change:
    return adding(make_fact("flat"), vector=np.ones(1, dtype=np.float32))


def _lost_status() -> Change:
    return closing(make_fact("present"), Status.RETIRED, at=days(1), expected=Status.PENDING)


def _unknown_version() -> Change:
    return closing(make_fact("nowhere"), Status.RETIRED, at=days(1))


def _unknown_evolved() -> Change:
    return evolving(make_fact("nowhere"))


class CommitConformance(StoreSuite):
    """Atomicity, guards, expected statuses and ids."""

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (_taken_id, ConflictError),
            (_dangling_relationship, InputError),
            (_wrong_dimension, EmbeddingMismatch),
            (_lost_status, ConflictError),
            (_unknown_version, ConflictError),
            (_unknown_evolved, ConflictError),
        ],
    )
    def test_a_failing_change_leaves_nothing_of_the_changeset(
        self, store: Store, fault: Callable[[], Change], error: type[AgentmemError]
    ) -> None:
        present, old = make_fact("present"), make_fact("old", key="k")
        store.commit(
            changeset(
                adding(present, terms="present", vector=_VECTORS[0]), adding(old, terms="old", vector=_VECTORS[1])
            )
        )
        before = _everything(store)
        new = make_fact("new", key="k")
        changes = (
            adding(
                new,
                terms="new",
                vector=_VECTORS[2],
                relationships=[relation(RelationshipType.SUPERSEDES, new, old)],
                states=[closed(old, Status.SUPERSEDED, at=days(1))],
            ),
            evolving(replace(present, text="changed"), index=IndexEntry(terms="changed", vector=_VECTORS[2])),
            fault(),
            adding(make_fact("last"), terms="last"),
        )
        with pytest.raises(error):
            store.commit(changeset(*changes))
        assert _everything(store) == before
        store.commit(changeset(*changes[:2], changes[3]))
        assert store.head(BANK)[0] == 5

    def test_a_failing_first_changeset_leaves_no_bank(self, store: Store) -> None:
        with pytest.raises(ConflictError):
            store.commit(changeset(adding(make_fact("a"), terms="a"), _unknown_version()))
        assert store.banks() == []
        assert store.search(View(bank=BANK), [TextSearch(terms=("a",), k=5)]) == [[]]

    def test_an_empty_changeset_writes_nothing(self, store: Store) -> None:
        assert store.commit(changeset()) == ()
        assert store.banks() == []

    def test_an_id_is_given_once_in_a_changeset(self, store: Store) -> None:
        with pytest.raises(ConflictError):
            store.commit(changeset(adding(make_fact("a")), adding(make_fact("a", text="other"))))
        assert store.fetch(BANK, ["fact-a"]) == {}

    def test_changes_build_on_those_before_them(self, store: Store) -> None:
        first, second = make_fact("first", key="k"), make_fact("second", key="k", version=2)
        evolved = replace(second, text="second, told better")
        store.commit(
            changeset(
                adding(first),
                adding(
                    second,
                    states=[closed(first, Status.SUPERSEDED, at=days(1))],
                    relationships=[relation(RelationshipType.SUPERSEDES, second, first)],
                ),
                evolving(evolved),
                closing(second, Status.RETIRED, at=days(2)),
            )
        )
        nodes = store.fetch(BANK, [first.id, second.id])
        assert nodes[first.id].status is Status.SUPERSEDED
        assert nodes[second.id].status is Status.RETIRED
        assert nodes[second.id].text == "second, told better"

    def test_an_expected_status_counts_after_the_changes_before_it(self, store: Store) -> None:
        fact = make_fact("a")
        twice = closing(fact, Status.RETIRED, at=days(1))
        with pytest.raises(ConflictError):
            store.commit(changeset(adding(fact), twice, twice))

    def test_a_state_change_sets_all_that_it_names(self, store: Store) -> None:
        fact = make_fact("a", valid_to=days(9))
        store.commit(changeset(adding(fact)))
        store.commit(changeset(closing(fact, Status.SUPERSEDED, at=days(2), valid_to=days(1))))
        expected = replace(fact, status=Status.SUPERSEDED, valid_to=days(1), valid_to_before=days(9), closed_at=days(2))
        assert store.fetch(BANK, [fact.id]) == {fact.id: expected}

    def test_evolving_replaces_every_property(self, store: Store) -> None:
        fact = make_fact("a", key="old", metadata={"x": 1})
        evolved = replace(
            fact, text="b", key="new", metadata={"y": True}, at=days(1), subject="Anna", importance=0.9, trust=0.1
        )
        store.commit(changeset(adding(fact)))
        store.commit(changeset(evolving(evolved)))
        assert store.fetch(BANK, [fact.id]) == {fact.id: evolved}
        by_key = store.search(View(bank=BANK), [KeySearch(keys=("old",)), KeySearch(keys=("new",))])
        assert [len(hits) for hits in by_key] == [0, 1]

    def test_a_node_cannot_evolve_into_another_kind(self, store: Store) -> None:
        store.commit(changeset(adding(make_fact("a"))))
        with pytest.raises(InputError):
            store.commit(changeset(evolving(replace(make_episode("b"), id="fact-a"))))

    def test_a_relationship_that_exists_stays_as_it_is(self, store: Store) -> None:
        a, b = make_fact("a"), make_fact("b")
        first = relation(RelationshipType.SUPPORTS, a, b, weight=0.5)
        again = relation(RelationshipType.SUPPORTS, a, b, weight=0.9)
        store.commit(changeset(adding(a), adding(b, relationships=[first, again])))
        store.commit(changeset(linking(a, again)))
        assert store.neighbourhood(View(bank=BANK), [a.id]).relationships == (first,)

    def test_a_guard_holds_while_its_heads_are_the_current_ones(self, store: Store) -> None:
        head, waiting = make_fact("a", key="k"), make_fact("w", key="k", status=Status.PENDING)
        gone = make_fact("gone", key="k", status=Status.SUPERSEDED)
        other = make_episode("other", key="k")
        store.commit(changeset(*map(adding, (head, waiting, gone, other))))
        guard = Guard(kind=Kind.FACT, key="k", heads=frozenset({head.id, waiting.id}))
        nobody = Guard(kind=Kind.FACT, key="free", heads=frozenset())
        store.commit(changeset(adding(make_fact("b")), guards=[guard, nobody]))
        assert store.head(BANK)[0] == 5

    @pytest.mark.parametrize("heads", [frozenset(), {"fact-x"}, {"fact-a", "fact-x"}])
    def test_a_guard_fails_on_any_other_heads(self, store: Store, heads: frozenset[str]) -> None:
        store.commit(changeset(adding(make_fact("a", key="k"))))
        guard = Guard(kind=Kind.FACT, key="k", heads=frozenset(heads))
        with pytest.raises(ConflictError):
            store.commit(changeset(adding(make_fact("b")), guards=[guard]))
        assert store.fetch(BANK, ["fact-b"]) == {}

    def test_a_guard_looks_at_the_store_before_the_changeset(self, store: Store) -> None:
        guard = Guard(kind=Kind.FACT, key="k", heads=frozenset())
        store.commit(changeset(adding(make_fact("a", key="k")), guards=[guard]))
        with pytest.raises(ConflictError):
            store.commit(changeset(adding(make_fact("b", key="k")), guards=[guard]))

    def test_a_search_entry_needs_its_node(self, store: Store) -> None:
        fact = make_fact("a")
        store.commit(changeset(adding(fact)))
        with pytest.raises(InputError):
            store.commit(changeset(replace(linking(fact), index=IndexEntry(terms="a"))))

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_a_vector_holds_finite_numbers(self, store: Store, value: float) -> None:
        with pytest.raises(InputError):
            store.commit(changeset(adding(make_fact("a"), vector=np.array([value, 0.0], dtype=np.float32))))

    def test_a_time_without_zone_is_refused(self, store: Store) -> None:
        naive = days(1).replace(tzinfo=None)
        with pytest.raises(InputError):
            store.commit(changeset(adding(make_fact("a", at=naive))))

    def test_half_a_surrogate_pair_is_refused(self, store: Store) -> None:
        fact = make_fact("a")
        broken = replace(adding(fact, payload_hash="given"), add=replace(fact, text="\ud83d"))
        with pytest.raises(InputError):
            store.commit(changeset(broken))
        assert store.banks() == []


def _everything(store: Store) -> object:
    view = View(bank=BANK, statuses=EVERY_STATUS)
    nodes = store.scan(view)
    found = store.search(
        view,
        [
            TextSearch(terms=("present", "old", "new", "changed", "last"), k=10),
            VectorSearch(vector=_VECTORS[2], k=10),
            KeySearch(keys=("k",)),
        ],
    )
    around = store.neighbourhood(view, [node.id for node in nodes])
    return nodes, found, around, store.operations(BANK), store.head(BANK), store.statistics(BANK)
