"""What the client ranks itself, and what it remembers of how frequent terms are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from agentmem.records import EmbeddingStamp, IndexEntry
from agentmem.stores import Hit, TextSearch, VectorSearch, View
from agentmem.stores.neo4j import Neo4jStore
from agentmem.stores.neo4j.search_ranking import Frequencies, nearest
from agentmem.testing import BANK, adding, changeset, make_fact
from agentmem.testing.references import bm25

_VIEW = View(bank=BANK)
_SEARCH = TextSearch(terms=("common", "rare"), k=10)


def test_cosines_that_single_precision_cannot_tell_apart_go_by_id() -> None:
    candidates = [("c", "Fact", 0.5), ("a", "Fact", 0.5 - 1e-7), ("b", "Fact", 0.5 - 1e-6), ("d", "Fact", 0.1)]
    search = VectorSearch(vector=np.ones(1, dtype=np.float32), k=3, least=0.2)
    assert [(hit.id, hit.score) for hit in nearest(candidates, search)] == [
        ("a", 0.5),
        ("c", 0.5),
        ("b", 0.5 - 1e-6),
    ]


def test_frequencies_are_those_of_one_state() -> None:
    known = Frequencies()
    assert known.of(BANK, ["common"]) == ([], [None])
    known.note(BANK, [1], _SEARCH, [7, 2])
    assert known.of(BANK, ["common", "other", "rare"]) == ([1], [7, None, 2])
    known.note(BANK, [2], TextSearch(terms=("other",), k=1), [3])
    assert known.of(BANK, ["common", "other"]) == ([2], [None, 3])


@pytest.mark.neo4j
def test_what_another_client_writes_is_counted_anew(open_neo4j: Callable[..., Neo4jStore]) -> None:
    first, second = open_neo4j(), open_neo4j()
    entries = {f"fact-{number:02}": IndexEntry(terms=f"common w{number}") for number in range(20)}
    entries["fact-00"] = IndexEntry(terms="common rare")
    changes = [adding(make_fact(id_.removeprefix("fact-")), terms=entry.terms) for id_, entry in entries.items()]
    first.commit(changeset(*changes))
    for _ in range(2):
        assert _scores(first.search(_VIEW, [_SEARCH])[0]) == _expected(entries)
    second.commit(changeset(adding(make_fact("new"), terms="rare rare")))
    entries["fact-new"] = IndexEntry(terms="rare rare")
    assert _scores(first.search(_VIEW, [_SEARCH])[0]) == _expected(entries)
    # As many terms as before, but others.
    entries = {id_: IndexEntry(terms="rare common" if id_ < "fact-05" else "else else") for id_ in entries}
    second.reindex(EmbeddingStamp(model="other", dimension=8), {BANK: entries})
    assert _scores(first.search(_VIEW, [_SEARCH])[0]) == _expected(entries)


def _scores(hits: list[Hit]) -> dict[str, float]:
    return {hit.id: hit.score for hit in hits}


def _expected(entries: dict[str, IndexEntry]) -> dict[str, Any]:
    best = sorted(bm25(entries, _SEARCH.terms).items(), key=lambda scored: (-scored[1], scored[0]))[: _SEARCH.k]
    return {id_: pytest.approx(score, abs=1e-6) for id_, score in best}
