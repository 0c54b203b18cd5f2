"""Cypher of searches: several searches with one view, and walks from what they find, as one statement.

The server plans a text once and keeps the plan; planning takes it a second or more. So a text depends on which sorts of
search there are, not on their number: each sort has a part that unwinds the list of such searches. What is found is a
list with an element for each search: its `place` among all, and its `hits`, best first.

Rows are sorted whole and then cut, unless an index has them in order: where the server sorts and cuts at once, it takes
everything found so far for a part of each row that it keeps in memory. See `neo4j_queries` for what all statements
have in common.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from agentmem.stores.neo4j_queries import BOUND, PLANNED_ONCE, label_of
from agentmem.stores.neo4j_terms import K1, LEAST_IDF, B
from agentmem.stores.neo4j_view import condition_of, end_of_validity
from agentmem.stores.neo4j_walk_queries import Form, gathered

TEXT_INDEX = "agentmem_terms"
VECTOR_INDEX = "agentmem_vectors"
_COSINE = (
    "CASE WHEN s.zero OR n.embedding IS NULL THEN 0.0 ELSE 2 * vector.similarity.cosine(n.embedding, s.vector) - 1 END"
)
_PRODUCT = (
    "CASE WHEN s.zero OR e IS NULL THEN 0.0 ELSE reduce(sum = 0.0, i IN range(0, size(e) - 1) | sum + e[i] * v[i]) END"
)
"""The score of the best: the server's own function counts in single precision, other stores in double."""
_SPARE = 8
"""How many more to score exactly, since the last of the k best may change places with the next."""
_WANTED = "toInteger(s.fetch * 1.25 * total / (b.vectors + 1)) + 1"
"""How many to ask an index of all banks for, so that enough are of this one."""
_CLAUSES = 200
"""Terms in one Lucene query, which takes 1,024 clauses and has two for each term."""


class Sort(StrEnum):
    """Sorts of search, by the names of their parameters."""

    KEYS = "keys"
    PREFIXES = "prefixes"
    TEXTS = "texts"
    TIMES = "times"
    VECTORS = "vectors"


def search(sorts: Iterable[Sort], forms: Iterable[Form] = (), *, dated: bool, filtered: bool) -> str:
    """The statement of all searches, and of what surrounds what they find.

    Args:
        sorts: Which sorts of search there are.
        forms: Walks to make from hits, each as the parameter of its number.
        dated: The view may ask for times.
        filtered: The server filters by bank inside its vector index (calendar versions).
    """
    shown = f"n.seq <= bound AND {condition_of('s.kinds', dated=dated)}"
    asked = sorted(sorts)
    parts = {
        Sort.KEYS: lambda: _keys(shown),
        Sort.PREFIXES: lambda: _prefixes(shown),
        Sort.TEXTS: lambda: _texts(shown),
        Sort.TIMES: lambda: _times(shown, dated),
        Sort.VECTORS: lambda: _vectors(shown, filtered),
    }
    around = gathered(forms, dated=dated)
    return " ".join(
        (
            f"CYPHER {25 if filtered else 5} {PLANNED_ONCE}",
            "MATCH (b:Bank {name: $p.bank}) MATCH (m:Settings {name: 'agentmem'})",
            f"WITH b, m.dimension AS dimension, {BOUND}",
            *(parts[sort]() for sort in asked),
            f"WITH b, bound, dimension, {' + '.join(asked)} AS found",
            around.cypher,
            "RETURN b.seq AS seq, bound, b.vectors AS vectors, dimension,",
            f"[x IN found | [x.place, [h IN x.hits | [h.n.id, {label_of('h.n')}, h.score]], x.cut]] AS found,",
            f"{around.nodes} AS nodes, {around.relationships} AS relationships",
        )
    )


def _only_if(condition: str) -> str:
    """A beginning of a subquery; after a WHERE the server may look everything up before it tests the condition."""
    return f"UNWIND CASE WHEN {condition} THEN [1] ELSE [] END AS go"


def usual(*, filtered: bool) -> tuple[str, ...]:
    """What an ordinary recall asks."""
    sorts = (Sort.TEXTS, Sort.VECTORS)
    return tuple(search(some, dated=False, filtered=filtered) for some in (sorts, (*sorts, Sort.KEYS), (Sort.KEYS,)))


def _keys(shown: str) -> str:
    return (
        "CALL (bound) { UNWIND $p.keys AS s CALL (bound, s) { "
        "MATCH (n:Memory) USING INDEX n:Memory(bank, key) WHERE n.bank = $p.bank AND n.key IN s.stored "
        f"AND coalesce(n.long_key IN s.keys, true) AND {shown} "
        "RETURN collect({n: n, score: n.version}) AS hits } RETURN collect({place: s.place, hits: hits}) AS keys }"
    )


def _prefixes(shown: str) -> str:
    """A key that is too long for the index is there as a digest: the bank's few long keys are compared one by one."""
    return (
        "CALL (bound) { UNWIND $p.prefixes AS s CALL (bound, s) { "
        "UNWIND range(0, size(s.prefixes) - 1) AS number WITH number, s.prefixes[number] AS prefix "
        "CALL (bound, s, prefix) { CALL (bound, s, prefix) { "
        "MATCH (n:Memory) USING INDEX n:Memory(bank, key) WHERE n.bank = $p.bank AND n.key STARTS WITH prefix[1] "
        f"AND n.long_key IS NULL AND {shown} "
        "WITH n ORDER BY n.bank, n.key, n.id LIMIT toInteger($p.most) RETURN n, n.key AS key UNION ALL "
        "MATCH (n:Memory) USING INDEX n:Memory(bank, key) WHERE n.bank = $p.bank AND n.key STARTS WITH $p.digest "
        f"AND n.long_key STARTS WITH prefix[0] AND {shown} RETURN n, n.long_key AS key }} "
        "WITH n ORDER BY key, n.id WITH collect({n: n, score: 1.0}) AS found RETURN found[0..s.k] AS found } "
        "WITH found ORDER BY number UNWIND found AS hit RETURN collect(hit) AS hits } "
        "RETURN collect({place: s.place, hits: hits}) AS prefixes }"
    )


def _times(shown: str, dated: bool) -> str:
    """The k nearest of each of four sorts: moment in the window; validity that begins in it, before it, or never."""
    end = end_of_validity(dated=dated)
    # A claim that ended before it began was never true, so its validity meets nothing.
    meets = f"coalesce({end} > s.start AND {end} > n.valid_from, true)"
    probes = [
        ("at", "n.at >= s.start AND n.at < s.end", ""),
        ("valid_from", f"n.valid_from >= s.start AND n.valid_from < s.end AND {meets}", ""),
        ("valid_from", f"n.valid_from < s.start AND {meets}", " DESC"),
    ]
    if not dated:
        probes.append(("valid_to", "n.valid_to > s.start AND n.valid_from IS NULL", ""))
    united = [
        f"MATCH (n:Memory) USING INDEX n:Memory(bank, {name}) WHERE n.bank = $p.bank AND {test} AND {shown} "
        f"WITH n, n.{name} AS moment ORDER BY n.bank{way}, n.{name}{way}, n.id LIMIT toInteger($p.most) "
        "RETURN n, moment"
        for name, test, way in probes
    ]
    if dated:
        # What ended otherwise than it was known to end is in no index.
        united.append(
            "MATCH (n:Memory) USING INDEX n:Memory(bank, id) WHERE n.bank = $p.bank AND n.id > '' "
            f"AND n.valid_from IS NULL AND {end} > s.start AND {shown} RETURN n, {end} AS moment"
        )
    distance = "abs(s.micros - (moment.epochSeconds * 1000000 + moment.microsecond))"
    return (
        f"CALL (bound) {{ UNWIND $p.times AS s CALL (bound, s) {{ CALL (bound, s) {{ {' UNION ALL '.join(united)} }} "
        f"WITH n, min({distance}) AS distance ORDER BY distance, n.id "
        "WITH collect({n: n, score: distance}) AS hits RETURN hits[0..s.k] AS hits } "
        "RETURN collect({place: s.place, hits: hits}) AS times }"
    )


def _texts(shown: str) -> str:
    """Top k by BM25: Lucene proposes by its own formula, and what it proposes is scored by ours.

    Lucene counts in how many nodes each term is; each term is boosted towards the weight that it has in this bank.
    """
    idf = "log((b.indexed - f + 0.5) / (f + 0.5))"
    lucene = "log(1 + (b.indexed - f + 0.5) / (f + 0.5))"
    # In hundredths and with at most three decimals: Lucene reads no exponents.
    boost = f"CASE WHEN b.indexed < 2 * f THEN 0.001 ELSE round(100 * {idf} / {lucene}, 3) + 0.001 END"
    ask = f"CALL db.index.fulltext.queryNodes('{TEXT_INDEX}', "
    norm = f"{K1} * ({1 - B} + {B} * (size(own) + size(around) - 1) * b.indexed / b.length)"
    return (
        "CALL (b, bound) { UNWIND $p.texts AS s "
        "CALL (s) { UNWIND s.tokens AS token CALL (s, token) { "
        f"{ask}s.within + '+(terms:' + token + ' context_terms:' + token + ')') YIELD node RETURN count(node) AS f }} "
        "RETURN collect(f) AS frequencies } "
        "CALL (b, s, frequencies) { UNWIND range(0, size(frequencies) - 1) AS i "
        "WITH i, frequencies[i] AS f WHERE f > 0 "
        f"WITH s.tokens[i] AS token, i / {_CLAUSES} AS chunk, {boost} AS boost "
        "WITH chunk, collect('terms:' + token + '^' + toString(boost) + ' context_terms:' + token + '^' "
        "+ toString(round(boost * s.boost, 3) + 0.001)) AS clauses "
        "RETURN collect(s.within + '+(' + reduce(q = '', c IN clauses | q + c + ' ') + ')') AS queries } "
        f"WITH b, bound, s, queries, reduce(sum = 0, f IN frequencies | sum + f) AS most, "
        f"[f IN frequencies | CASE WHEN {idf} > {LEAST_IDF} THEN {idf} ELSE {LEAST_IDF} END] AS weights "
        "CALL (b, bound, s, queries, weights) { UNWIND queries AS query CALL (s, query) { "
        f"{ask}query, {{limit: s.fetch}}) YIELD node RETURN node AS n }} "
        f"WITH DISTINCT n WHERE n.bank = $p.bank AND {shown} "
        "WITH n, split(n.terms, ' ') AS own, split(coalesce(n.context_terms, ''), ' ') AS around "
        "WITH n, own, CASE WHEN around = [''] THEN [] ELSE around END AS around "
        f"WITH n, {norm} AS norm, [t IN own WHERE s.numbers[t] IS NOT NULL | [s.numbers[t], 1.0]] "
        "+ [t IN around WHERE s.numbers[t] IS NOT NULL | [s.numbers[t], s.weight]] AS having "
        "UNWIND having AS term WITH n, norm, term[0] AS i, sum(term[1]) AS f ORDER BY i "
        f"WITH n, collect(s.repeats[i] * weights[i] * f * {K1 + 1} / (f + norm)) AS parts "
        "WITH n, reduce(sum = 0.0, part IN parts | sum + part) AS score ORDER BY score DESC, n.id "
        "WITH collect({n: n, score: score}) AS hits RETURN hits[0..s.k] AS hits } "
        "RETURN collect({place: s.place, hits: hits, cut: most >= s.fetch}) AS texts }"
    )


def _vectors(shown: str, filtered: bool) -> str:
    """Top k by cosine with the stored vectors.

    A small bank is compared whole. For a large one the index proposes: that of calendar versions within the bank, that
    of 5.26 from all banks, asked for as many more as the bank's share is small; if that comes near to the bank's size,
    comparing the bank whole costs less and misses nothing. `cut` says that the view hid so many proposals that others,
    further off, may belong to the best.
    """
    if filtered:
        known, counted, few_enough, own = "b, bound, dimension, s", "", "", ""
        proposed = (
            f"MATCH (n:Memory) SEARCH n IN (VECTOR INDEX {VECTOR_INDEX} FOR s.vector WHERE n.bank = $p.bank "
            f"LIMIT toInteger($p.fetch)) SCORE AS score"
        )
    else:
        known, few_enough = "b, bound, dimension, s, total", f" AND {_WANTED} < b.vectors / 2"
        own = "n.bank = $p.bank AND "
        counted = f"CALL (b) {{ {_only_if('b.vectors > $p.whole')} MATCH (x:Bank) RETURN sum(x.vectors) AS total }}"
        proposed = f"CALL db.index.vector.queryNodes('{VECTOR_INDEX}', {_WANTED}, s.vector) YIELD node AS n, score"
    usable = "dimension = size(s.vector)"
    proposing = f"(NOT s.zero AND b.vectors > s.whole{few_enough})"
    return (
        f"CALL (b, bound, dimension) {{ {counted} UNWIND $p.vectors AS s CALL ({known}) {{ CALL ({known}) {{ "
        f"{_only_if(f'{usable} AND NOT {proposing}')} "
        "MATCH (n:Memory) USING INDEX n:Memory(bank, id) WHERE n.bank = $p.bank AND n.id > '' "
        f"AND coalesce(n.embedding IS NOT NULL OR n.zero_vector, false) AND {shown} "
        f"RETURN n, {_COSINE} AS rough UNION ALL {_only_if(f'{usable} AND {proposing}')} {proposed} "
        f"WITH n, 2 * score - 1 AS rough WHERE {own}{shown} RETURN n, rough }} "
        "WITH n, rough ORDER BY rough DESC, n.id WITH collect(n) AS nearest "
        f"UNWIND nearest[0..s.k + {_SPARE}] AS n WITH n, n.embedding AS e, s.vector AS v "
        f"WITH n, {_PRODUCT} AS score ORDER BY score DESC, n.id "
        "WITH collect({n: n, score: score}) AS near "
        "RETURN [hit IN near[0..s.k] WHERE hit.score >= s.least] AS hits, "
        "size(near) < s.k AND coalesce(near[-1].score >= s.least, true) AS cut } "
        "RETURN collect({place: s.place, hits: hits, cut: cut}) AS vectors }"
    )
