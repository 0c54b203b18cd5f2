"""The same changesets give the same store in Neo4j as in SQLite: nodes, journal, hashes, hits and scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from agentmem.records import EVERY_STATUS, Changeset, Fact, IndexEntry, Kind, RelationshipType, Status
from agentmem.stores import (
    JournalFilter,
    KeySearch,
    Search,
    SQLiteStore,
    Store,
    TextSearch,
    TimeSearch,
    VectorSearch,
    View,
)
from agentmem.stores.neo4j import Neo4jStore
from agentmem.testing import (
    BANK,
    adding,
    changeset,
    closing,
    days,
    evolving,
    make_node,
    relation,
    unit_vectors,
)

pytestmark = pytest.mark.neo4j

_VECTORS = unit_vectors(40, 96, seed=2)
_WORDS = [f"w{number}" for number in range(30)] + ["漢字", "c++", "हिन्दी", "q" * 200]
_TYPES = [RelationshipType.SUPPORTS, RelationshipType.CAUSES, RelationshipType.LINKS_TO]


def _entry(random: Random) -> IndexEntry:
    words = [_WORDS[min(int(random.paretovariate(0.7)) - 1, len(_WORDS) - 1)] for _ in range(random.randrange(1, 15))]
    context = random.sample(_WORDS, random.randrange(0, 5))
    return IndexEntry(terms=" ".join(words), context_terms=" ".join(context), vector=random.choice([*_VECTORS, None]))


def _history(seed: int) -> list[Changeset]:
    """Additions, changes in place, withdrawals and links, as a memory over some weeks."""
    random, history = Random(seed), []
    alive: dict[str, Fact] = {}
    for step in range(12):
        changes = []
        for number in range(random.randrange(1, 12)):
            kind = random.choice([Kind.FACT, Kind.FACT, Kind.NOTE])
            fields = {"created_at": days(step), "key": random.choice(["", "k", "l"]), "at": days(random.randrange(30))}
            node = make_node(kind, f"{step}-{number}", valid_from=random.choice([None, days(step)]), **fields)
            entry = _entry(random)
            others = random.sample(sorted(alive), min(len(alive), 2))
            links = [relation(random.choice(_TYPES), node, other, weight=random.random()) for other in others]
            changes.append(
                replace(adding(node, relationships=links, at=days(step), evidence=tuple(others)), index=entry)
            )
            if isinstance(node, Fact):
                alive[node.id] = node
        for id_ in random.sample(sorted(alive), min(len(alive), 2)):
            fact = alive.pop(id_)
            if random.random() < 0.5:
                changes.append(closing(fact, Status.SUPERSEDED, at=days(step), valid_to=days(step)))
            else:
                changes.append(evolving(replace(fact, text="told better"), index=_entry(random), at=days(step)))
        history.append(changeset(*changes))
    return history


def _everything(store: Store) -> list[object]:
    ids = [node.id for node in store.scan(View(bank=BANK, statuses=EVERY_STATUS), limit=1_000)]
    seen: list[object] = [ids, store.operations(BANK), store.head(BANK), store.statistics(BANK), store.fetch(BANK, ids)]
    seen += [store.operations(BANK, JournalFilter(evidence=id_, through=40)) for id_ in ids[:10]]
    seen.append(store.relationships(BANK, ids))
    entries = store.entries(BANK, ids)
    seen.append(
        {id_: (e.terms, e.context_terms, None if e.vector is None else e.vector.tolist()) for id_, e in entries.items()}
    )
    for view in (
        View(bank=BANK),
        View(bank=BANK, known_at=days(6)),
        View(bank=BANK, valid_at=days(5), kinds=frozenset({Kind.FACT})),
        View(bank=BANK, known_at=days(8), valid_at=days(3)),
    ):
        seen.append(store.scan(view))
        seen.append(store.neighbourhood(view, ids[::5], depth=2, limit=25))
    return seen


_SEARCHES: list[Search] = [
    *(VectorSearch(vector=vector, k=9) for vector in _VECTORS[:5]),
    TextSearch(terms=("w0", "w3", "w9"), k=15),
    TextSearch(terms=("漢字", "c++", "q" * 200), k=15, context_weight=0.25),
    KeySearch(keys=("k", "l")),
    TimeSearch(start=days(4), end=days(12), k=20),
]


@pytest.mark.parametrize("seed", range(3))
def test_the_same_history(open_neo4j: Callable[[], Neo4jStore], seed: int) -> None:
    ours = open_neo4j()
    with SQLiteStore("sqlite:///:memory:") as reference:
        for step in _history(seed):
            assert ours.commit(step) == reference.commit(step)
        assert _everything(ours) == _everything(reference)
        for view in (View(bank=BANK), View(bank=BANK, known_at=days(7)), View(bank=BANK, valid_at=days(7))):
            for mine, theirs in zip(ours.search(view, _SEARCHES), reference.search(view, _SEARCHES), strict=True):
                assert [(hit.id, hit.kind) for hit in mine] == [(hit.id, hit.kind) for hit in theirs]
                assert [hit.score for hit in mine] == pytest.approx([hit.score for hit in theirs], abs=1e-6)
