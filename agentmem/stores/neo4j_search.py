"""Runs searches: one statement for all of them, and what a server cannot score exactly is scored here."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import neo4j

from agentmem.errors import StoreUnavailable
from agentmem.records import decode_time
from agentmem.stores import neo4j_queries as queries
from agentmem.stores.base import Hit, KeySearch, Search, TextSearch, TimeSearch, VectorSearch, View
from agentmem.stores.neo4j_connection import Connection
from agentmem.stores.neo4j_plan import mismatch
from agentmem.stores.neo4j_rows import KINDS, stored_key, utc
from agentmem.stores.neo4j_search_queries import search as search_query
from agentmem.stores.neo4j_terms import Corpus, bank_token, context_boost, query_tokens, score
from agentmem.stores.neo4j_view import parameters_of, shows_nothing

_DAY = timedelta(days=1)
_WHOLE = 2_500
"""Vectors of a bank that are compared one by one: about as long as an index takes to answer."""
_ALL = 2**60
_MOST = 2_000_000_000
_FEWEST_CANDIDATES = 400
_CANDIDATES = 8
"""Candidates of a text search for each hit wanted."""
_PROPOSALS = 20
"""Proposals of a vector index for each hit wanted: its graph is searched wider, and misses less."""
_FEWEST_PROPOSALS = 400


class Bounds:
    """Up to which seq of each bank this client knows that commits were over; see `neo4j_queries.BOUND`."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._guard = threading.Lock()

    def of(self, bank: str) -> int:
        """The seq known of a bank."""
        with self._guard:
            return self._known.get(bank, 0)

    def raise_to(self, bank: str, seq: int) -> None:
        """Note that a commit is over."""
        with self._guard:
            self._known[bank] = max(seq, self._known.get(bank, 0))


def settled(connection: Connection, bounds: Bounds, query: str, parameters: dict[str, Any]) -> neo4j.Record | None:
    """The row of a statement that sees all commits; None for a bank that nothing was written to.

    If another client committed in the last seconds, waits until it is done and asks again.
    """
    bank = parameters["bank"]
    for _ in range(2):
        rows = connection.read(query, known=bounds.of(bank), **parameters)
        if not rows or rows[0]["bound"] >= rows[0]["seq"]:
            break
        try:
            finished = connection.alone(queries.AWAIT_WRITERS, bank=bank)
        except StoreUnavailable:
            # A user or database that may only read takes no lock. What is being committed at this moment may be seen
            # in part then.
            finished = [rows[0]]
        bounds.raise_to(bank, finished[0]["seq"] if finished else 0)
    return rows[0] if rows else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """One search, and how hard to look."""

    search: Search
    fetch: int
    whole: int = _WHOLE


def run(
    connection: Connection, bounds: Bounds, view: View, searches: Sequence[Search], *, filtered: bool
) -> list[list[Hit]]:
    """One list of hits for each search; asks again for those that may have missed something.

    Raises:
        EmbeddingMismatch: a query vector has another dimension than the store.
    """
    found: list[list[Hit]] = [[] for _ in searches]
    if shows_nothing(view):
        return found
    wishes = {number: _wish(search) for number, search in enumerate(searches) if _finds_anything(search)}
    while wishes:
        order = list(wishes)
        row = settled(
            connection,
            bounds,
            search_query(view, [wishes[number].search for number in order], filtered=filtered),
            {**parameters_of(view), "searches": [_parameters(view.bank, wish) for wish in wishes.values()]},
        )
        if row is None:
            return found
        again: dict[int, _Wish] = {}
        for number, result in zip(order, row["results"], strict=True):
            found[number], harder = _evaluated(wishes[number], row, result)
            if harder is not None:
                again[number] = harder
        wishes = again
    return found


def _finds_anything(search: Search) -> bool:
    if isinstance(search, KeySearch):
        return any(search.keys)
    if search.k <= 0:
        return False
    if isinstance(search, TextSearch):
        return bool(query_tokens(search.terms))
    return isinstance(search, VectorSearch) or search.end > search.start


def _wish(search: Search) -> _Wish:
    if isinstance(search, VectorSearch):
        return _Wish(search=search, fetch=max(_FEWEST_PROPOSALS, _PROPOSALS * search.k))
    if isinstance(search, TextSearch):
        return _Wish(search=search, fetch=max(_FEWEST_CANDIDATES, _CANDIDATES * search.k))
    return _Wish(search=search, fetch=0)


def _parameters(bank: str, wish: _Wish) -> dict[str, Any]:
    search = wish.search
    if isinstance(search, VectorSearch):
        zero = not search.vector.any()
        vector = search.vector.tolist()
        return {"vector": vector, "zero": zero, "k": search.k, "fetch": wish.fetch, "whole": wish.whole}
    if isinstance(search, TextSearch):
        tokens = list(dict.fromkeys(query_tokens(search.terms)))
        within, context = f"+terms:{bank_token(bank)} ", context_boost(search.context_weight)
        return {"tokens": tokens, "within": within, "context": context, "fetch": wish.fetch}
    if isinstance(search, KeySearch):
        keys = sorted({key for key in search.keys if key})
        return {"keys": keys, "stored": [stored_key(key) for key in keys]}
    return {"start": utc(search.start), "end": utc(search.end), "k": search.k}


def _evaluated(wish: _Wish, row: neo4j.Record, result: Any) -> tuple[list[Hit], _Wish | None]:
    """Hits of one search, and how to look again if they may be wrong."""
    search = wish.search
    if isinstance(search, VectorSearch):
        return _vectors(wish, search, row, result)
    if isinstance(search, TextSearch):
        return _terms(wish, search, row, result)
    if isinstance(search, KeySearch):
        return [Hit(id_, 1.0, KINDS[label]) for id_, label in result], None
    return _times(search, result), None


def _vectors(
    wish: _Wish, search: VectorSearch, row: neo4j.Record, result: Sequence[Any]
) -> tuple[list[Hit], _Wish | None]:
    if row["vectors"] and row["dimension"] != len(search.vector):
        raise mismatch(search.vector.shape, row["dimension"])
    hits = [Hit(id_, value, KINDS[label]) for id_, label, value in result]
    missed = len(hits) < search.k and row["vectors"] > wish.whole
    return hits, replace(wish, whole=_ALL) if missed else None


def _terms(wish: _Wish, search: TextSearch, row: neo4j.Record, result: Any) -> tuple[list[Hit], _Wish | None]:
    """Exact scores of Lucene's candidates.

    Lucene ranks by much the same formula, so the best by the exact one are among its candidates. Where they are not,
    nearly every node has every term, and the order says nothing. It looks again only if the view hides so many of the
    candidates that the k are not full.
    """
    frequencies, rows, cut = result
    tokens = query_tokens(search.terms)
    corpus = Corpus(
        size=row["indexed"],
        length=row["length"],
        frequencies=dict(zip(dict.fromkeys(tokens), frequencies, strict=True)),
    )
    scored = []
    for id_, label, terms, context_terms in rows:
        exact = score(corpus, tokens, terms, context_terms or "", search.context_weight)
        if exact is not None:
            scored.append((-exact, id_, label))
    scored.sort()
    hits = [Hit(id_, -negative, KINDS[label]) for negative, id_, label in scored[: search.k]]
    complete = not cut or len(hits) == search.k or wish.fetch >= _MOST
    return hits, None if complete else replace(wish, fetch=min(wish.fetch * 16, _MOST))


def _times(search: TimeSearch, result: Sequence[Any]) -> list[Hit]:
    """The k nearest to the window's start of what the probes found; the score is 1 / (1 + days)."""
    nearest: dict[str, tuple[timedelta, str]] = {}
    for id_, label, text in result:
        moment = decode_time(text)
        if moment is None:
            continue
        distance = abs(moment - search.start)
        if id_ not in nearest or distance < nearest[id_][0]:
            nearest[id_] = (distance, label)
    ranked: list[tuple[timedelta, str, str]] = sorted((d, id_, label) for id_, (d, label) in nearest.items())
    return [Hit(id_, 1 / (1 + distance / _DAY), KINDS[label]) for distance, id_, label in ranked[: search.k]]
