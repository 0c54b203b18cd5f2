"""Runs searches and walks from what they find: one statement for all of them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import neo4j

from agentmem.errors import StoreUnavailable
from agentmem.stores.base import (
    WALKED,
    Gathered,
    Hit,
    KeySearch,
    PrefixSearch,
    Search,
    TextSearch,
    TimeSearch,
    VectorSearch,
    View,
    Walk,
)
from agentmem.stores.neo4j import queries
from agentmem.stores.neo4j.connection import Connection
from agentmem.stores.neo4j.plan import mismatch
from agentmem.stores.neo4j.rows import DIGEST, INDEXED, KINDS, node_of, relationship_of, stored_key, utc
from agentmem.stores.neo4j.search_queries import Sort
from agentmem.stores.neo4j.search_queries import search as search_query
from agentmem.stores.neo4j.search_ranking import Frequencies, best, nearest
from agentmem.stores.neo4j.terms import bank_token, context_boost, query_tokens
from agentmem.stores.neo4j.view import is_dated, kinds_of, parameters_of
from agentmem.stores.neo4j.walk_queries import Form

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1) // _MICROSECOND
_WHOLE = 1_000
"""Vectors of a bank that are compared one by one: about as long as an index takes to answer."""
_ALL = 2**60
_MOST = 2_000_000_000
_FEWEST_CANDIDATES, _CANDIDATES = 100, 3
"""Candidates of a text search, and how many more for each hit wanted: Lucene ranks nearly as we do."""
_FEWEST_PROPOSALS, _PROPOSALS = 160, 1.6
"""Proposals of a vector index, and how many for each hit wanted: the wider it searches, the less it misses."""
_WIDER = 16
"""How many times as much is asked for where the view hid too many."""

_SORTS: Mapping[type[Search], Sort] = {
    KeySearch: Sort.KEYS,
    PrefixSearch: Sort.PREFIXES,
    TextSearch: Sort.TEXTS,
    TimeSearch: Sort.TIMES,
    VectorSearch: Sort.VECTORS,
}


class Known:
    """What a client knows of the banks of a store, and need not ask again."""

    def __init__(self) -> None:
        self.bounds = Bounds()
        self.frequencies = Frequencies()


class Bounds:
    """Up to which seq of each bank this client knows that commits were over; see `queries.BOUND`."""

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
    kinds: list[str] | None
    fetch: int = 0
    whole: int = _WHOLE

    @property
    def finds_anything(self) -> bool:
        """Whether there is anything to look for."""
        search = self.search
        if self.kinds == []:
            return False
        if isinstance(search, KeySearch):
            return any(search.keys)
        if search.k <= 0:
            return False
        match search:
            case PrefixSearch():
                return any(search.prefixes)
            case TextSearch():
                return bool(query_tokens(search.terms))
            case TimeSearch():
                return search.end > search.start
        return True


def search(
    connection: Connection, known: Known, view: View, searches: Sequence[Search], *, filtered: bool
) -> list[list[Hit]]:
    """One list of hits for each search.

    Raises:
        EmbeddingMismatch: a query vector has another dimension than the store.
    """
    return _run(connection, known, view, searches, (), filtered=filtered, read=False)[0]


def gather(
    connection: Connection,
    known: Known,
    view: View,
    searches: Sequence[Search],
    walks: Sequence[Walk],
    *,
    filtered: bool,
) -> Gathered:
    """What the searches find, and what surrounds it; see `Store.gather`.

    Raises:
        EmbeddingMismatch: a query vector has another dimension than the store.
    """
    hits, row = _run(connection, known, view, searches, walks, filtered=filtered, read=True)
    if row is None:
        return Gathered(hits=tuple(map(tuple, hits)), nodes={})
    nodes = (node_of(label, properties, known_at=view.known_at) for some in row["nodes"] for label, properties in some)
    walked = (relationship_of(*found) for some in row["relationships"] for found in some)
    relationships = {relationship.identity: relationship for relationship in walked}
    return Gathered(
        hits=tuple(map(tuple, hits)),
        nodes={node.id: node for node in nodes},
        relationships=tuple(relationships[identity] for identity in sorted(relationships)),
    )


def _run(
    connection: Connection,
    known: Known,
    view: View,
    searches: Sequence[Search],
    walks: Sequence[Walk],
    *,
    filtered: bool,
    read: bool,
) -> tuple[list[list[Hit]], neo4j.Record | None]:
    """Hits of each search and the statement's row; asks again, harder, if something may have been missed."""
    found: list[list[Hit]] = [[] for _ in searches]
    wishes = {
        place: wish for place, wish in enumerate(_wish(view, search) for search in searches) if wish.finds_anything
    }
    forms, routes = _routes(view, walks)
    sorts = {_SORTS[type(wish.search)] for wish in wishes.values()}
    query, row = search_query(sorts, forms, dated=is_dated(view), filtered=filtered, read=read), None
    while wishes:
        parameters = {**parameters_of(view), **_parameters(view.bank, wishes, known.frequencies)}
        around = {"walks": routes, "limit": WALKED, "read": read}
        row = settled(connection, known.bounds, query, {**parameters, **around})
        if row is None:
            break
        harder = {}
        for place, hits, cut, candidates, idf, frequencies in row["found"]:
            wish = wishes[place]
            match wish.search:
                case VectorSearch() if row["vectors"] and row["dimension"] != len(wish.search.vector):
                    raise mismatch(wish.search.vector.shape, row["dimension"])
                case VectorSearch() if not read:
                    found[place] = nearest(candidates, wish.search)
                case TextSearch() if not read:
                    found[place] = best(candidates, wish.search, idf, row["state"])
                case _:
                    found[place] = _hits(wish.search, hits)
            # While a commit is being applied, its state is seen before what it indexes.
            if isinstance(wish.search, TextSearch) and row["bound"] >= row["seq"]:
                known.frequencies.note(view.bank, row["state"], wish.search, frequencies)
            if cut and len(found[place]) < _room(wish.search) and (again := _harder(wish, row)) is not None:
                harder[place] = again
        if not harder:
            break
        wishes |= harder
    return found, row


def _routes(view: View, walks: Iterable[Walk]) -> tuple[list[Form], list[list[dict[str, Any]]]]:
    """The forms of walks, and the parameters of those of each form."""
    routes: dict[Form, list[dict[str, Any]]] = {}
    for walk in walks:
        kinds = kinds_of(view, walk.kinds)
        if walk.types and walk.depth > 0 and kinds != []:
            routes.setdefault(Form.of(walk), []).append({"search": walk.search, "kinds": kinds})
    forms = sorted(routes)
    return forms, [routes[form] for form in forms]


def _wish(view: View, search: Search) -> _Wish:
    kinds = kinds_of(view, search.kinds)
    match search:
        case VectorSearch():
            return _Wish(search=search, kinds=kinds, fetch=max(_FEWEST_PROPOSALS, int(_PROPOSALS * search.k)))
        case TextSearch():
            return _Wish(search=search, kinds=kinds, fetch=_FEWEST_CANDIDATES + _CANDIDATES * search.k)
    return _Wish(search=search, kinds=kinds)


def _harder(wish: _Wish, row: neo4j.Record) -> _Wish | None:
    """How to look again for what the first proposals of an index may have missed; None if they were all there are."""
    if isinstance(wish.search, TextSearch):
        return None if wish.fetch >= _MOST else replace(wish, fetch=min(wish.fetch * _WIDER, _MOST))
    if row["vectors"] <= wish.whole:
        return None
    wider = wish.fetch * _WIDER
    return replace(wish, fetch=wider) if wider < row["vectors"] / 2 else replace(wish, whole=_ALL)


def _room(search: Search) -> int:
    return _ALL if isinstance(search, KeySearch) else search.k


def _parameters(bank: str, wishes: Mapping[int, _Wish], frequencies: Frequencies) -> dict[str, Any]:
    """The parameters of the searches; the server takes no variable where it limits rows, so there is one for all."""
    sorts: dict[str, list[dict[str, Any]]] = {}
    for place, wish in wishes.items():
        own = {"place": place, "kinds": wish.kinds, **_parameters_of(bank, wish, frequencies)}
        sorts.setdefault(_SORTS[type(wish.search)], []).append(own)
    vectors = [wish for wish in wishes.values() if isinstance(wish.search, VectorSearch)]
    return {
        **sorts,
        "most": max(0 if isinstance(wish.search, KeySearch) else wish.search.k for wish in wishes.values()),
        "fetch": max((wish.fetch for wish in vectors), default=0),
        "whole": min((wish.whole for wish in vectors), default=_ALL),
        "digest": DIGEST,
    }


def _parameters_of(bank: str, wish: _Wish, frequencies: Frequencies) -> dict[str, Any]:
    match wish.search:
        case VectorSearch(vector=vector, k=k, least=least):
            values = vector.tolist()
            asked = {"vector": values, "zero": not vector.any(), "k": k, "least": least}
            return {**asked, "fetch": wish.fetch, "whole": wish.whole}
        case TextSearch(terms=terms, k=k, context_weight=weight):
            counts = Counter(query_tokens(terms))
            state, known = frequencies.of(bank, list(counts))
            return {
                "tokens": list(counts),
                "state": state,
                "known": known,
                "numbers": {token: number for number, token in enumerate(counts)},
                "repeats": list(counts.values()),
                "within": f"+terms:{bank_token(bank)} ",
                "weight": float(weight),
                "boost": context_boost(weight),
                "k": k,
                "fetch": wish.fetch,
            }
        case KeySearch(keys=given):
            keys = sorted({key for key in given if key})
            return {"keys": keys, "stored": [stored_key(key) for key in keys]}
        case PrefixSearch(prefixes=given, k=k):
            prefixes = list(dict.fromkeys(prefix for prefix in given if prefix))
            return {"prefixes": [[p, p if len(p) <= INDEXED else None] for p in prefixes], "k": k}
        case TimeSearch(start=start, end=end, k=k):
            return {"start": utc(start), "end": utc(end), "micros": (start - _EPOCH) // _MICROSECOND, "k": k}


def _hits(search: Search, found: Sequence[tuple[str, str, float]]) -> list[Hit]:
    if isinstance(search, TimeSearch):
        return [Hit(id_, 1 / (1 + microseconds / _DAY), KINDS[label]) for id_, label, microseconds in found]
    if isinstance(search, KeySearch):
        return [Hit(id_, 1.0, KINDS[label]) for id_, label, _ in sorted(found, key=lambda row: (-row[2], row[0]))]
    # What several prefixes find is named once.
    hits: dict[str, Hit] = {}
    for id_, label, value in found:
        hits.setdefault(id_, Hit(id_, value, KINDS[label]))
    return list(hits.values())
