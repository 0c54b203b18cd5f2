"""Cypher of searches: several searches with one view become one statement. See `neo4j_queries`."""

from __future__ import annotations

from collections.abc import Sequence

from agentmem.stores.base import KeySearch, Search, TextSearch, VectorSearch, View
from agentmem.stores.neo4j_queries import BOUND, KIND
from agentmem.stores.neo4j_view import condition_of, end_of_validity

TEXT_INDEX = "agentmem_terms"
VECTOR_INDEX = "agentmem_vectors"
_COSINE = (
    "CASE WHEN P.zero OR n.embedding IS NULL THEN 0.0 ELSE 2 * vector.similarity.cosine(n.embedding, P.vector) - 1 END"
)
_PRODUCT = (
    "CASE WHEN P.zero OR e IS NULL THEN 0.0 ELSE reduce(sum = 0.0, i IN range(0, size(v) - 1) | sum + e[i] * v[i]) END"
)
"""The score of the best: the server's own function counts in single precision, other stores in double."""
_SPARE = 8
"""How many more to score exactly, since the last of the k best may change places with the next."""
_WANTED = "toInteger(P.fetch * 1.25 * total / (b.vectors + 1)) + 1"
"""How many to ask an index of all banks for, so that enough are of this one."""
_CLAUSES = 200
"""Terms in one Lucene query, which takes 1,024 clauses and has two for each term."""


def search(view: View, searches: Sequence[Search], *, filtered: bool) -> str:
    """All searches in one statement; the N-th element of `results` holds what the N-th found.

    Args:
        view: What they may see.
        searches: What to look for; their parameters are `p.searches`.
        filtered: The server filters by bank inside its vector index (calendar versions).
    """
    parts = [
        "CYPHER 25" if filtered else "CYPHER 5",
        "MATCH (b:Bank {name: $p.bank}) MATCH (s:Settings {name: 'agentmem'})",
        f"WITH b, s.dimension AS dimension, {BOUND}",
        "CALL () { MATCH (x:Bank) RETURN sum(x.vectors) AS total }",
    ]
    for number, wanted in enumerate(searches):
        text = _one(view, wanted, filtered=filtered)
        parts.append(text.replace("P.", f"$p.searches[{number}].").replace("RESULT", f"r{number}"))
    results = ", ".join(f"r{number}" for number in range(len(searches)))
    parts.append(
        "RETURN b.seq AS seq, bound, b.indexed AS indexed, b.length AS length, b.vectors AS vectors, dimension, "
        f"[{results}] AS results"
    )
    return " ".join(parts)


def _one(view: View, wanted: Search, *, filtered: bool) -> str:
    if isinstance(wanted, VectorSearch):
        return _vectors(view, filtered=filtered)
    if isinstance(wanted, TextSearch):
        return _terms(view)
    if isinstance(wanted, KeySearch):
        return _keys(view)
    return _times(view)


def _shown(view: View) -> str:
    return f"n.seq <= bound AND {condition_of(view)}"


def _vectors(view: View, *, filtered: bool) -> str:
    """Top k by cosine with the stored vectors.

    A small bank is compared whole. For a large one the index proposes: that of calendar versions within the bank, that
    of 5.26 from all banks, asked for as many more as the bank's share is small; if that comes near to the bank's size,
    comparing the bank whole costs less and misses nothing.
    """
    usable = "dimension = size(P.vector)"
    proposing = "NOT P.zero AND b.vectors > P.whole" + ("" if filtered else f" AND {_WANTED} < b.vectors / 2")
    whole = (
        "MATCH (n:Memory) WHERE n.bank = $p.bank AND n.id > '' AND (n.embedding IS NOT NULL OR n.zero_vector) "
        f"AND {_shown(view)}"
    )
    if filtered:
        proposed = (
            f"MATCH (n:Memory) SEARCH n IN (VECTOR INDEX {VECTOR_INDEX} FOR P.vector WHERE n.bank = $p.bank "
            f"LIMIT P.fetch) WITH n, bound WHERE {_shown(view)}"
        )
    else:
        proposed = (
            f"CALL db.index.vector.queryNodes('{VECTOR_INDEX}', {_WANTED}, P.vector) YIELD node AS n "
            f"WITH n, bound WHERE n.bank = $p.bank AND {_shown(view)}"
        )
    best = (
        f"WITH n, {_COSINE} AS rough ORDER BY rough DESC, n.id LIMIT toInteger(P.k) + {_SPARE} "
        f"WITH n, n.embedding AS e, P.vector AS v WITH n, {_PRODUCT} AS score "
        f"ORDER BY score DESC, n.id LIMIT toInteger(P.k) RETURN [n.id, {KIND}, score] AS hit"
    )
    return (
        "CALL (b, bound, dimension, total) { CALL (b, bound, dimension, total) { "
        f"WITH b, bound, total WHERE {usable} AND NOT ({proposing}) {whole} {best} UNION ALL "
        f"WITH b, bound, total WHERE {usable} AND {proposing} {proposed} {best} }} "
        "RETURN collect(hit) AS RESULT }"
    )


def _terms(view: View) -> str:
    """Document frequencies of all terms, and candidates with their stored terms to be scored exactly.

    Lucene proposes by its own BM25, each term boosted towards the weight that it has in this bank.
    """
    idf = "log((b.indexed - f + 0.5) / (f + 0.5))"
    lucene = "log(1 + (b.indexed - f + 0.5) / (f + 0.5))"
    # In hundredths and with at most three decimals: Lucene reads no exponents.
    boost = f"CASE WHEN b.indexed < 2 * f THEN 0.001 ELSE round(100 * {idf} / {lucene}, 3) + 0.001 END"
    return (
        "CALL (b, bound) { CALL () { UNWIND P.tokens AS token CALL (token) { "
        f"CALL db.index.fulltext.queryNodes('{TEXT_INDEX}', "
        "P.within + '+(terms:' + token + ' context_terms:' + token + ')') YIELD node RETURN count(node) AS f } "
        "RETURN collect(f) AS frequencies } "
        "CALL (b, frequencies) { UNWIND range(0, size(frequencies) - 1) AS i "
        "WITH b, i, frequencies[i] AS f WHERE f > 0 "
        f"WITH P.tokens[i] AS token, i / {_CLAUSES} AS chunk, {boost} AS boost "
        "WITH chunk, collect('terms:' + token + '^' + toString(boost) + ' context_terms:' + token + '^' "
        "+ toString(round(boost * P.context, 3) + 0.001)) AS clauses "
        "RETURN collect(P.within + '+(' + reduce(q = '', c IN clauses | q + c + ' ') + ')') AS queries } "
        "CALL (queries) { UNWIND queries AS query CALL (query) { "
        f"CALL db.index.fulltext.queryNodes('{TEXT_INDEX}', query, {{limit: P.fetch}}) YIELD node "
        "RETURN collect(node) AS found } RETURN collect(found) AS lists } "
        "CALL (bound, lists) { UNWIND lists AS found UNWIND found AS n WITH DISTINCT bound, n "
        f"WHERE n.bank = $p.bank AND {_shown(view)} "
        f"RETURN collect([n.id, {KIND}, n.terms, n.context_terms]) AS rows }} "
        "WITH frequencies, rows, size([found IN lists WHERE size(found) >= P.fetch]) AS cut "
        "RETURN [frequencies, rows, cut] AS RESULT }"
    )


def _keys(view: View) -> str:
    return (
        "CALL (bound) { MATCH (n:Memory) WHERE n.bank = $p.bank AND n.key IN P.stored "
        f"AND (n.long_key IS NULL OR n.long_key IN P.keys) AND {_shown(view)} WITH n ORDER BY n.version DESC, n.id "
        f"RETURN collect([n.id, {KIND}]) AS RESULT }}"
    )


def _times(view: View) -> str:
    """The k nearest of each of four sorts: moment in the window; validity that begins in it, before it, or never."""
    end = end_of_validity(view)
    # A claim that ended before it began was never true, so its validity meets nothing.
    meets = f"({end} IS NULL OR ({end} > P.start AND {end} > n.valid_from))"
    probes = [
        ("n.at", "n.at >= P.start AND n.at < P.end", "n.bank, n.at, n.id"),
        ("n.valid_from", f"n.valid_from >= P.start AND n.valid_from < P.end AND {meets}", "n.bank, n.valid_from, n.id"),
        ("n.valid_from", f"n.valid_from < P.start AND {meets}", "n.bank DESC, n.valid_from DESC, n.id"),
    ]
    if view.known_at is None:
        probes.append(("n.valid_to", "n.valid_to > P.start AND n.valid_from IS NULL", "n.bank, n.valid_to, n.id"))
    else:
        probes.append((end, f"n.id > '' AND n.valid_from IS NULL AND {end} > P.start", "moment, n.id"))
    united = " UNION ALL ".join(
        f"MATCH (n:Memory) WHERE n.bank = $p.bank AND {test} AND {_shown(view)} "
        f"WITH n, {moment} AS moment ORDER BY {order} LIMIT toInteger(P.k) RETURN n, moment"
        for moment, test, order in probes
    )
    return f"CALL (bound) {{ CALL (bound) {{ {united} }} RETURN collect([n.id, {KIND}, toString(moment)]) AS RESULT }}"
