"""Conformance: what a copy of a store needs comes out whole, and goes in again by the one door."""

from __future__ import annotations

from contextlib import closing as closing_store
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agentmem.records import Change, IndexEntry, Kind, Relationship, RelationshipType, Status
from agentmem.stores import JournalFilter, SQLiteStore, Store
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
    make_node,
    relation,
    unit_vectors,
)
from agentmem.testing.store_suite import StoreSuite

_TERMS = ["plain words", "  odd \t spaces\nbetween ", "漢字 ünï ß İ Ünï", 'a+b c\'d "e" * OR AND -x', "w" * 300 + " w"]


class TransferConformance(StoreSuite):
    """entries, relationships and pages of the journal."""

    @pytest.mark.parametrize("terms", _TERMS, ids=range(len(_TERMS)))
    def test_terms_come_back(self, store: Store, terms: str) -> None:
        fact = make_fact("a")
        store.commit(changeset(adding(fact, terms=terms, context_terms=terms)))
        entry = store.entries(BANK, [fact.id])[fact.id]
        assert (entry.terms.split(), entry.context_terms.split(), entry.vector) == (terms.split(), terms.split(), None)

    def test_vectors_come_back_to_the_bit(self, store: Store) -> None:
        odd = np.array([1e-38, -1.5e-45, 3.4e38, 1 / 3, 0.1, -0.7, 5e-7, 1], dtype=np.float32)
        vectors = [*unit_vectors(3), odd, np.zeros(8, dtype=np.float32)]
        facts = [make_fact(f"{number}") for number in range(len(vectors))]
        store.commit(changeset(*(adding(f, vector=v) for f, v in zip(facts, vectors, strict=True))))
        entries = store.entries(BANK, [fact.id for fact in facts])
        for fact, vector in zip(facts, vectors, strict=True):
            entry = entries[fact.id]
            assert entry.vector is not None
            assert entry.vector.dtype == np.float32
            assert entry.vector.tobytes() == vector.tobytes()
            assert (entry.terms, entry.context_terms) == ("", "")

    def test_what_no_search_finds_has_no_entry(self, store: Store) -> None:
        found, bare = make_fact("a"), make_fact("b")
        store.commit(changeset(adding(found, terms="w", vector=unit_vectors(1)[0]), adding(bare)))
        assert list(store.entries(BANK, [found.id, bare.id, "fact-unknown", ""])) == [found.id]
        assert store.entries(BANK, []) == {}
        assert store.entries("other", [found.id]) == {}

    def test_entries_are_those_that_were_written_last(self, store: Store) -> None:
        first, second = unit_vectors(2)
        a, b = make_fact("a"), make_fact("b")
        store.commit(changeset(adding(a, terms="old", vector=first), adding(b, terms="old", vector=first)))
        changed = IndexEntry(terms="new", vector=second)
        store.commit(changeset(evolving(a, index=changed), evolving(b, index=IndexEntry())))
        store.commit(changeset(closing(a, Status.RETIRED, at=days(1))))
        entries = store.entries(BANK, [a.id, b.id])
        assert list(entries) == [a.id]
        assert entries[a.id].terms == "new"
        assert np.array_equal(entries[a.id].vector, second)  # type: ignore[arg-type]

    def test_relationships_come_with_the_time_at_which_they_became_known(self, store: Store) -> None:
        a, b, c = (make_fact(name) for name in "abc")
        weighed = relation(RelationshipType.SIMILAR_TO, a, b, weight=0.25, count=3, sure=True, reason="é\n'")
        store.commit(changeset(adding(a), adding(b, relationships=[weighed])))
        later = [relation(RelationshipType.CAUSES, a, c), relation(RelationshipType.CAUSES, c, a), _again(weighed)]
        store.commit(changeset(adding(c), linking(c, *later, at=days(2))))
        found = store.relationships(BANK, [c.id, a.id, "fact-unknown"])
        assert [dated.relationship for dated in found] == [later[0], weighed, later[1]]
        assert [dated.created_at for dated in found] == [days(2), days(0), days(2)]
        kept = found[1].relationship.properties
        assert {name: type(kept[name]) for name in kept} == {"weight": float, "count": int, "sure": bool, "reason": str}
        assert store.relationships(BANK, [b.id]) == []
        assert store.relationships(BANK, []) == []
        assert store.relationships("other", [a.id]) == []

    def test_relationships_of_ends_that_no_view_shows_come_too(self, store: Store) -> None:
        a, b = make_fact("a", status=Status.ERASED), make_fact("b", status=Status.QUARANTINED)
        store.commit(changeset(adding(a), adding(b, relationships=[relation(RelationshipType.SUPERSEDES, b, a)])))
        assert [d.relationship.target_id for d in store.relationships(BANK, [b.id])] == [a.id]

    def test_the_journal_by_pages(self, store: Store) -> None:
        whole = list(store.commit(changeset(*(adding(make_fact(f"{number}")) for number in range(7)))))
        assert store.operations(BANK, JournalFilter(after=2, through=5)) == whole[2:5]
        assert store.operations(BANK, JournalFilter(through=3), limit=2) == whole[1:3]
        assert store.operations(BANK, JournalFilter(after=5, through=100)) == whole[5:]
        assert store.operations(BANK, JournalFilter(after=3, through=3)) == []
        assert store.operations(BANK, JournalFilter(through=0)) == []
        assert store.operations(BANK, JournalFilter(through=4, target="fact-1")) == whole[1:2]

    def test_a_journal_that_is_committed_again_has_its_hashes(self, store: Store, tmp_path: Path) -> None:
        """Whatever the nodes look like by then: the seal covers the Operation and never the content."""
        episode, fact = make_episode("e", at=days(3)), make_fact("a")
        original = store.commit(changeset(adding(episode), adding(fact), closing(fact, Status.RETIRED, at=days(1))))
        now = store.fetch(BANK, [episode.id, fact.id])
        adds = [now[episode.id], now[fact.id], None]
        copied = [Change(operation=o, add=node) for o, node in zip(original, adds, strict=True)]
        with closing_store(SQLiteStore(f"sqlite:///{tmp_path}/copied.db")) as other:
            assert other.commit(changeset(*copied)) == original
            assert other.fetch(BANK, list(now)) == now

    def test_every_kind_of_node_goes_in_as_it_stands(self, store: Store) -> None:
        nodes = [
            make_node(kind, status.value, status=status, closed_at=days(4), valid_to=days(3), valid_to_before=days(5))
            for kind in Kind
            for status in Status
        ]
        store.commit(changeset(*(adding(node, terms="w") for node in nodes)))
        assert store.fetch(BANK, [node.id for node in nodes]) == {node.id: node for node in nodes}
        assert set(store.entries(BANK, [node.id for node in nodes])) == {node.id for node in nodes}


def _again(relationship: Relationship) -> Relationship:
    """The same relationship, which a store leaves as it is."""
    return replace(relationship, properties={"weight": 0.75})
