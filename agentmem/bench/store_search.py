"""Searches of the store beside hand-written Cypher: calibrated to the same exactness, then timed in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import neo4j
import numpy as np

from agentmem.bench.locomo import percentiles
from agentmem.bench.store_bare import BareDriver, lucene_query, search_statement
from agentmem.bench.store_data import BANK, Prepared
from agentmem.embeddings import Embedder
from agentmem.memory.recalling.querying import parse_query
from agentmem.records import CURRENT, RECALLED, Vector
from agentmem.stores import Hit, Store, TextSearch, VectorSearch, View

_Result = TypeVar("_Result")

SIZES = (10, 200)
"""The k of the searches; 200 is what a recall asks for."""

_VIEW = View(bank=BANK, kinds=RECALLED, statuses=CURRENT)
_CONTEXT_WEIGHT = 0.5
_WIDER = (1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 40)
"""How many times k the indexes are asked for, until the hand-written search is exact enough."""
_TIE = 1e-5
"""Scores that differ by less are equal: indexes count in single precision."""
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTimes:
    """One size of search, measured on both sides; times in milliseconds."""

    k: int
    ours_ms: Mapping[str, float]
    """p50 and p95 of `store.search` with a text and a vector."""
    bare_ms: Mapping[str, float]
    """Of one hand-written statement for both."""
    ours_exact: float
    """Mean share of the true k nearest vectors that are found, in [0, 1]."""
    bare_exact: float
    bare_fetch: int
    """Neighbours that the hand-written search asks the index for."""
    same_texts: float
    """Mean share of the store's text hits that the hand-written search, ranked by the engine's score, has too."""

    @property
    def ratio(self) -> float:
        """Of the p50s."""
        return self.ours_ms["p50"] / max(self.bare_ms["p50"], 1e-9)

    def as_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "k": self.k,
            "ours_ms": {name: round(value, 2) for name, value in self.ours_ms.items()},
            "bare_ms": {name: round(value, 2) for name, value in self.bare_ms.items()},
            "ratio": round(self.ratio, 3),
            "ours_exact": round(self.ours_exact, 4),
            "bare_exact": round(self.bare_exact, 4),
            "bare_fetch": self.bare_fetch,
            "same_texts": round(self.same_texts, 4),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A question as the store and as the driver take it, and its true answer."""

    searches: tuple[TextSearch, VectorSearch]
    parameters: dict[str, Any]
    scores: Mapping[str, float]
    """Cosine of every memory with a vector, by id."""
    least: float
    """That of the k-th."""

    def exactness(self, ids: Sequence[str], k: int) -> float:
        """Share of the k nearest that are among the first k ids; equals may stand for each other."""
        found = sum(self.scores.get(id_, -1.0) >= self.least - _TIE for id_ in ids[:k])
        return found / max(min(k, len(self.scores)), 1)


def time_searches(
    store: Store,
    bare: BareDriver,
    prepared: Prepared,
    embedder: Embedder,
    *,
    rounds: int,
    progress: Callable[[str, int, int], None],
) -> list[SearchTimes]:
    """Time both sides for every size.

    Args:
        store: Holds the prepared memories.
        bare: The driver for the same database.
        prepared: The memories and the questions.
        embedder: That of the vectors.
        rounds: How often each question is asked of both.
        progress: Told how far it is.
    """
    query = search_statement(_VIEW, filtered=bare.filters_vectors)
    measured = []
    for number, k in enumerate(SIZES):
        progress(f"searching for {k}", number, len(SIZES))
        asked = _questions(bare, prepared, embedder, k)
        found = [store.search(_VIEW, list(one.searches)) for one in asked]
        fetch = _calibrated(bare, query, asked, found, k)
        measured.append(_timed(store, bare, query, asked, fetch, rounds, k))
    return measured


def _questions(bare: BareDriver, prepared: Prepared, embedder: Embedder, k: int) -> list[_Asked]:
    within = bare.first_token(BANK)
    asked = []
    for question in prepared.questions:
        terms = tuple(dict.fromkeys(parse_query(question, now=_NOW).analysis.terms))
        vector: Vector = embedder.embed([question])[0]
        cosines = prepared.vectors.astype(np.float64) @ vector.astype(np.float64)
        asked.append(
            _Asked(
                searches=(
                    TextSearch(terms=terms, k=k, context_weight=_CONTEXT_WEIGHT),
                    VectorSearch(vector=vector, k=k),
                ),
                parameters={
                    "bank": BANK,
                    "statuses": sorted(CURRENT),
                    "query": lucene_query(terms, within=within, context_weight=_CONTEXT_WEIGHT),
                    "vector": vector.tolist(),
                    "k": k,
                },
                scores=dict(zip(prepared.ids, map(float, cosines), strict=True)),
                least=float(np.partition(cosines, -min(k, len(cosines)))[-min(k, len(cosines))]),
            )
        )
    return asked


def _calibrated(
    bare: BareDriver, query: str, asked: Sequence[_Asked], found: Sequence[Sequence[Sequence[Hit]]], k: int
) -> dict[str, int]:
    """How much the hand-written search asks the indexes for: the least with which it is as good as the store.

    Texts: as many hits for every question. Vectors: at least the same share of the true ones.
    """
    wanted = float(np.mean([one.exactness(_ids(hits[1]), k) for one, hits in zip(asked, found, strict=True)]))

    def rows_with(fetch: Mapping[str, int]) -> list[neo4j.Record]:
        return [bare.search(query, {**one.parameters, **fetch}) for one in asked]

    fetch = {"texts": k, "fetch": k}
    for wider in _WIDER:
        fetch["texts"] = int(k * wider)
        if all(len(row["texts"]) >= len(hits[0]) for row, hits in zip(rows_with(fetch), found, strict=True)):
            break
    for wider in _WIDER:
        fetch["fetch"] = int(k * wider)
        shares = [one.exactness(_names(row["vectors"]), k) for one, row in zip(asked, rows_with(fetch), strict=True)]
        if float(np.mean(shares)) >= wanted:
            break
    return fetch


def _timed(
    store: Store,
    bare: BareDriver,
    query: str,
    asked: Sequence[_Asked],
    fetch: Mapping[str, int],
    rounds: int,
    k: int,
) -> SearchTimes:
    ours, theirs, exact, bare_exact, same = [], [], [], [], []
    for turn in range(rounds):
        for number, one in enumerate(asked):
            through_store = partial(store.search, _VIEW, list(one.searches))
            by_hand = partial(bare.search, query, {**one.parameters, **fetch})
            if (turn + number) % 2:
                (seconds, hits), (bare_seconds, row) = _taken(through_store), _taken(by_hand)
            else:
                (bare_seconds, row), (seconds, hits) = _taken(by_hand), _taken(through_store)
            ours.append(seconds)
            theirs.append(bare_seconds)
            exact.append(one.exactness(_ids(hits[1]), k))
            bare_exact.append(one.exactness(_names(row["vectors"]), k))
            texts = set(_ids(hits[0]))
            same.append(len(texts.intersection(_names(row["texts"]))) / max(len(texts), 1))
    return SearchTimes(
        k=k,
        ours_ms=percentiles(ours),
        bare_ms=percentiles(theirs),
        ours_exact=float(np.mean(exact)),
        bare_exact=float(np.mean(bare_exact)),
        bare_fetch=fetch["fetch"],
        same_texts=float(np.mean(same)),
    )


def _taken(doing: Callable[[], _Result]) -> tuple[float, _Result]:
    started = time.perf_counter()
    result = doing()
    return time.perf_counter() - started, result


def _ids(hits: Sequence[Hit]) -> list[str]:
    return [hit.id for hit in hits]


def _names(rows: Sequence[Sequence[Any]]) -> list[str]:
    return [row[0] for row in rows]
