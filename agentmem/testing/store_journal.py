"""Conformance: the journal keeps everything, in order, in a chain that verifies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from agentmem.records import (
    GENESIS,
    Change,
    Kind,
    Operation,
    OperationType,
    RelationshipType,
    Status,
    VersionRef,
    payload_hash_of,
    verify_chain,
    writes_of,
)
from agentmem.stores import JournalFilter, Statistics, Store
from agentmem.testing.records import (
    BANK,
    adding,
    changeset,
    closing,
    days,
    evolving,
    linking,
    make_episode,
    make_fact,
    relation,
)
from agentmem.testing.store_suite import StoreSuite


class JournalConformance(StoreSuite):
    """Operations, their order and chain, and counts."""

    def test_operations_come_back_sealed_and_as_they_are_listed(self, store: Store) -> None:
        first = store.commit(changeset(adding(make_fact("a")), adding(make_fact("b"))))
        second = store.commit(changeset(adding(make_fact("c"))))
        assert [operation.seq for operation in (*first, *second)] == [1, 2, 3]
        assert first[0].previous_hash == GENESIS
        assert second[0].previous_hash == first[1].hash
        assert store.operations(BANK) == [*first, *second]
        assert verify_chain(store.operations(BANK)) is None
        assert store.head(BANK) == (3, second[0].hash)

    def test_every_field_of_an_operation_is_kept(self, store: Store) -> None:
        fact = make_fact("a")
        draft = Operation(
            op=OperationType.EVOLVE,
            bank=BANK,
            target=fact.id,
            kind=Kind.FACT,
            at=days(1) + timedelta(microseconds=7),
            before=VersionRef(id="fact-x", content_hash="1" * 64),
            after=VersionRef(id="fact-a", content_hash="2" * 64),
            payload_hash="3" * 64,
            changes={"tags": ("[]", '["a \\"quoted\\" ünïcode 😀"]')},
            reason='Because; "quoted" \n and 漢字',
            evidence=("episode-2", "episode-1"),
            candidates=("fact-c", "fact-b"),
            agent="memory_manager",
            run_id="run-1",
            model="some-model",
            tokens=123,
            cost_usd=0.1 + 0.2,
        )
        store.commit(changeset(adding(fact)))
        (returned,) = store.commit(changeset(Change(operation=draft, evolve=fact)))
        assert replace(returned, seq=0, previous_hash="", hash="", writes="") == draft
        assert returned.writes == writes_of(Change(operation=draft, evolve=fact))
        assert store.operations(BANK)[-1] == returned

    def test_the_chain_holds_for_values_that_are_read_back_otherwise(self, store: Store) -> None:
        east = timezone(timedelta(hours=9))
        change = adding(make_fact("a"), at=days(1).astimezone(east), cost_usd=1, tokens=True)
        store.commit(changeset(change, adding(make_fact("b"))))
        assert verify_chain(store.operations(BANK)) is None

    def test_the_payload_hash_is_kept_or_made(self, store: Store) -> None:
        bare, given = adding(make_fact("a")), adding(make_fact("b"), payload_hash="9" * 64)
        operations = store.commit(changeset(bare, given))
        assert [operation.payload_hash for operation in operations] == [payload_hash_of(bare), "9" * 64]

    def test_a_bank_without_operations(self, store: Store) -> None:
        assert store.operations("nobody") == []
        assert store.head("nobody") == (0, GENESIS)
        assert store.statistics("nobody") == Statistics(nodes={}, relationships={}, operations=0)
        assert store.banks() == []

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (JournalFilter(), [1, 2, 3, 4, 5, 6]),
            (JournalFilter(after=4), [5, 6]),
            (JournalFilter(ops=frozenset({OperationType.EVOLVE, OperationType.LINK})), [4, 6]),
            (JournalFilter(target="fact-a"), [1, 3, 4]),
            (JournalFilter(target="fact-b"), [2, 3, 6]),
            (JournalFilter(target="fact-%"), []),
            (JournalFilter(run_id="run-1"), [2, 5]),
            (JournalFilter(agent="planner"), [5]),
            (JournalFilter(evidence="episode-e"), [1, 2]),
            (JournalFilter(evidence="episode"), []),
            (JournalFilter(since=days(3)), [4, 5, 6]),
            (JournalFilter(until=days(3)), [1, 2, 3]),
            (JournalFilter(since=days(1), until=days(2)), [2]),
            (JournalFilter(target="fact-a", ops=frozenset({OperationType.ADD}), after=1), []),
        ],
    )
    def test_filters(self, store: Store, where: JournalFilter, expected: list[int]) -> None:
        _fill(store)
        assert [operation.seq for operation in store.operations(BANK, where)] == expected

    def test_a_limit_keeps_the_newest_in_ascending_order(self, store: Store) -> None:
        _fill(store)
        assert [o.seq for o in store.operations(BANK, limit=2)] == [5, 6]
        assert [o.seq for o in store.operations(BANK, JournalFilter(target="fact-a"), limit=2)] == [3, 4]
        assert store.operations(BANK, limit=0) == []
        assert len(store.operations(BANK, limit=100)) == 6

    def test_statistics_count_all_versions(self, store: Store) -> None:
        _fill(store)
        assert store.statistics(BANK) == Statistics(
            nodes={Kind.FACT: 2, Kind.EPISODE: 1}, relationships={RelationshipType.CAUSES: 1}, operations=6
        )
        assert store.banks() == [BANK]


def _fill(store: Store) -> None:
    a, b = make_fact("a"), make_fact("b")
    evidence = ("episode-e", "episode-f")
    closed_by_b = replace(
        closing(a, Status.SUPERSEDED, at=days(2)).operation, after=VersionRef(id=b.id, content_hash="")
    )
    elsewhere = replace(closing(a, Status.SUPERSEDED, at=days(2)), operation=closed_by_b)
    store.commit(changeset(adding(a, evidence=evidence)))
    store.commit(changeset(adding(b, at=days(1), evidence=evidence[:1], run_id="run-1")))
    store.commit(changeset(elsewhere))
    store.commit(changeset(evolving(a, at=days(3))))
    store.commit(changeset(adding(make_episode("e"), at=days(4), run_id="run-1", agent="planner")))
    store.commit(changeset(linking(b, relation(RelationshipType.CAUSES, b, a), at=days(5))))
