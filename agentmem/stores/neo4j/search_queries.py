"""Cypher of searches: several searches with one view, and walks from what they find, as one statement.

The server plans a text once and keeps the plan; planning takes it a second or more. So a text depends on which sorts of
search there are, not on their number: each sort has a part that unwinds the list of such searches. What is found is a
list with an element for each search: its `place` among all, and its `hits`, best first.

Rows are sorted whole and then cut, unless an index has them in order: where the server sorts and cuts at once, it takes
everything found so far for a part of each row that it keeps in memory. See `queries` for what all statements
have in common.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from agentmem.stores.neo4j.queries import BOUND, KIND, PLANNED_ONCE, label_of
from agentmem.stores.neo4j.terms import K1, LEAST_IDF, B
from agentmem.stores.neo4j.view import condition_of, end_of_validity
from agentmem.stores.neo4j.walk_queries import Form, Surroundings, gathered

TEXT_INDEX = "agentmem_terms"
VECTOR_INDEX = "agentmem_vectors"
_COSINE = (
    "CASE WHEN s.zero OR n.embedding IS NULL THEN 0.0 ELSE 2 * vector.similarity.cosine(n.embedding, s.vector) - 1 END"
)
CLOSE = 2e-7
"""Cosines that differ by less are equal: the server counts in single precision."""
_SPARE = 8
"""How many more to look at than are wanted, since the last of the k best may change places with the next."""
_WANTED = "CASE WHEN total = b.vectors THEN s.fetch ELSE toInteger(s.fetch * 1.25 * total / (b.vectors + 1)) + 1 END"
"""How many to ask an index of all banks for, so that enough are of this one."""
_LONG = 4_000
"""Characters of an entry beyond which only what was asked for is sent of it."""
_STATE = "[b.seq, b.written, b.indexed, b.length]"
"""Differs after anything was written to the full-text index of a bank."""
_CLAUSES = 200
"""Terms in one Lucene query, which takes 1,024 clauses and has two for each term."""


class Sort(StrEnum):
    """Sorts of search, by the names of their parameters."""

    KEYS = "keys"
    PREFIXES = "prefixes"
    TEXTS = "texts"
    TIMES = "times"
    VECTORS = "vectors"


def search(
    sorts: Iterable[Sort], forms: Iterable[Form] = (), *, dated: bool, filtered: bool, read: bool = False
) -> str:
    """The statement of all searches, and of what surrounds what they find.

    Args:
        sorts: Which sorts of search there are.
        forms: Walks to make from hits, each as the parameter of its number; none unless `read`.
        dated: The view may ask for times.
        filtered: The server filters by bank inside its vector index (calendar versions).
        read: The nodes found are read, so the server itself must know which are the best. Otherwise searches of texts
            and vectors have `candidates`, ranked by who asked: that is quicker, since Cypher is interpreted.
    """
    shown = f"n.seq <= bound AND {condition_of('s.kinds', dated=dated)}"
    proposed = f"n.bank = $p.bank AND n.seq <= bound AND {condition_of('s.kinds', dated=dated, label='kind')}"
    asked = sorted(sorts)
    parts = {
        Sort.KEYS: lambda: _keys(shown),
        Sort.PREFIXES: lambda: _prefixes(shown),
        Sort.TEXTS: lambda: _texts(proposed, scored=read),
        Sort.TIMES: lambda: _times(shown, dated),
        Sort.VECTORS: lambda: _vectors(shown, proposed, filtered=filtered, scored=read),
    }
    around = gathered(forms, dated=dated) if read else Surroundings(cypher="", nodes="[]", relationships="[]")
    return " ".join(
        (
            f"CYPHER {25 if filtered else 5} {PLANNED_ONCE}",
            "MATCH (b:Bank {name: $p.bank}) MATCH (m:Settings {name: 'agentmem'})",
            f"WITH b, m.dimension AS dimension, {BOUND}",
            *(parts[sort]() for sort in asked),
            f"WITH b, bound, dimension, {' + '.join(asked)} AS found",
            around.cypher,
            f"RETURN b.seq AS seq, bound, b.vectors AS vectors, dimension, {_STATE} AS state,",
            f"[x IN found | [x.place, [h IN x.hits | [h.n.id, {label_of('h.n')}, h.score]],",
            "x.cut, x.candidates, x.idf, x.frequencies]] AS found,",
            f"{around.nodes} AS nodes, {around.relationships} AS relationships",
        )
    )


def _only_if(condition: str) -> str:
    """A beginning of a subquery; after a WHERE the server may look everything up before it tests the condition."""
    return f"UNWIND CASE WHEN {condition} THEN [1] ELSE [] END AS go"


def usual(*, filtered: bool) -> tuple[str, ...]:
    """What an ordinary recall asks."""
    sorts = (Sort.TEXTS, Sort.VECTORS)
    recalls = (search(some, dated=False, filtered=filtered) for some in (sorts, (*sorts, Sort.KEYS)))
    return (*recalls, search((Sort.KEYS,), dated=False, filtered=filtered, read=True))


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


def _texts(shown: str, *, scored: bool) -> str:
    """Top k by BM25: Lucene proposes by its own formula, and what it proposes is scored by ours.

    Lucene counts in how many nodes each term is; each term is boosted towards the weight that it has in this bank. What
    was counted before is not counted again while the bank is in the same state.
    """
    idf = "log((b.indexed - f + 0.5) / (f + 0.5))"
    lucene = "log(1 + (b.indexed - f + 0.5) / (f + 0.5))"
    # In hundredths and with at most three decimals: Lucene reads no exponents.
    boost = f"CASE WHEN b.indexed < 2 * f THEN 0.001 ELSE round(100 * {idf} / {lucene}, 3) + 0.001 END"
    ask = f"CALL db.index.fulltext.queryNodes('{TEXT_INDEX}', "
    return (
        "CALL (b, bound) { UNWIND $p.texts AS s "
        f"CALL (b, s) {{ WITH {_STATE} = s.state AS same UNWIND range(0, size(s.tokens) - 1) AS i "
        "WITH s.tokens[i] AS token, CASE WHEN same THEN s.known[i] END AS f "
        f"CALL (s, token, f) {{ {_only_if('f IS NULL')} "
        f"{ask}s.within + '+(terms:' + token + ' context_terms:' + token + ')') YIELD node "
        "RETURN count(node) AS counted } RETURN collect(coalesce(f, counted)) AS frequencies } "
        "CALL (b, s, frequencies) { UNWIND range(0, size(frequencies) - 1) AS i "
        "WITH i, frequencies[i] AS f WHERE f > 0 "
        f"WITH s.tokens[i] AS token, i / {_CLAUSES} AS chunk, {boost} AS boost "
        "WITH chunk, collect('terms:' + token + '^' + toString(boost) + ' context_terms:' + token + '^' "
        "+ toString(round(boost * s.boost, 3) + 0.001)) AS clauses "
        "RETURN collect(s.within + '+(' + reduce(q = '', c IN clauses | q + c + ' ') + ')') AS queries } "
        f"WITH b, bound, s, queries, frequencies, reduce(sum = 0, f IN frequencies | sum + f) AS most, "
        f"[f IN frequencies | CASE WHEN {idf} > {LEAST_IDF} THEN {idf} ELSE {LEAST_IDF} END] AS weights "
        "CALL (b, bound, s, queries, weights) { UNWIND queries AS query CALL (s, query) { "
        f"{ask}query, {{limit: s.fetch}}) YIELD node RETURN node AS n }} "
        f"WITH DISTINCT n WITH n, {KIND} AS kind WHERE {shown} "
        f"{_SCORED if scored else _ENTRIES} }} "
        "RETURN collect({place: s.place, hits: hits, cut: most >= s.fetch, "
        "candidates: candidates, idf: weights, frequencies: frequencies}) AS texts }"
    )


_SCORED = (
    "WITH n, split(n.terms, ' ') AS own, split(coalesce(n.context_terms, ''), ' ') AS around "
    "WITH n, own, CASE WHEN around = [''] THEN [] ELSE around END AS around "
    f"WITH n, {K1} * ({1 - B} + {B} * (size(own) + size(around) - 1) * b.indexed / b.length) AS norm, "
    "[t IN own WHERE s.numbers[t] IS NOT NULL | [s.numbers[t], 1.0]] "
    "+ [t IN around WHERE s.numbers[t] IS NOT NULL | [s.numbers[t], s.weight]] AS having "
    "UNWIND having AS term WITH n, norm, term[0] AS i, sum(term[1]) AS f ORDER BY i "
    f"WITH n, collect(s.repeats[i] * weights[i] * f * {K1 + 1} / (f + norm)) AS parts "
    "WITH n, reduce(sum = 0.0, part IN parts | sum + part) AS score ORDER BY score DESC, n.id "
    "WITH collect({n: n, score: score}) AS hits RETURN hits[0..s.k] AS hits, [] AS candidates"
)
"""The score of `TextSearch`; see `neo4j_search_ranking` for the same in Python, number for number."""
_LENGTHS = "size(split(own, ' ')) + CASE around WHEN '' THEN 0 ELSE size(split(around, ' ')) END"
_ENTRIES = (
    "WITH n, kind, n.id AS id, n.terms AS own, coalesce(n.context_terms, '') AS around "
    f"RETURN [] AS hits, collect(CASE WHEN size(own) + size(around) < {_LONG} "
    f"THEN [id, kind, own, around, null] ELSE [id, kind, "
    "[t IN split(own, ' ') WHERE s.numbers[t] IS NOT NULL], [t IN split(around, ' ') WHERE s.numbers[t] IS NOT NULL], "
    f"{_LENGTHS}] END) AS candidates"
)
"""[id, kind, tokens, tokens of the context, how many] of each; how many is null if the tokens are all there."""


def _vectors(shown: str, likewise: str, *, filtered: bool, scored: bool) -> str:
    """Top k by cosine with the stored vectors.

    A small bank is compared whole. For a large one the index proposes: that of calendar versions within the bank, that
    of 5.26 from all banks, asked for as many more as the bank's share is small; if that comes near to the bank's size,
    comparing the bank whole costs less and misses nothing.

    Cosines are those of the server, in single precision; see `CLOSE`. `cut` says that the view hid so many proposals
    that others, further off, may belong to the best.
    """
    if filtered:
        known, counted, few_enough = "b, bound, dimension, s", "", ""
        proposed = (
            f"MATCH (n:Memory) SEARCH n IN (VECTOR INDEX {VECTOR_INDEX} FOR s.vector WHERE n.bank = $p.bank "
            f"LIMIT toInteger($p.fetch)) SCORE AS score"
        )
    else:
        known, few_enough = "b, bound, dimension, s, total", f" AND {_WANTED} < b.vectors / 2"
        counted = f"CALL (b) {{ {_only_if('b.vectors > $p.whole')} MATCH (x:Bank) RETURN sum(x.vectors) AS total }}"
        proposed = f"CALL db.index.vector.queryNodes('{VECTOR_INDEX}', {_WANTED}, s.vector) YIELD node AS n, score"
    usable = "dimension = size(s.vector)"
    best = "WITH n, rough ORDER BY rough DESC, n.id WITH collect({n: n, rough: rough}) AS nearest "
    best += f"WITH nearest[0..s.k + {_SPARE}] AS nearest "
    proposing = f"(NOT s.zero AND b.vectors > s.whole{few_enough})"
    return (
        f"CALL (b, bound, dimension) {{ {counted} UNWIND $p.vectors AS s CALL ({known}) {{ CALL ({known}) {{ "
        f"{_only_if(f'{usable} AND NOT {proposing}')} "
        "MATCH (n:Memory) USING INDEX n:Memory(bank, id) WHERE n.bank = $p.bank AND n.id > '' "
        f"AND coalesce(n.embedding IS NOT NULL OR n.zero_vector, false) AND {shown} "
        f"WITH s, n, {_COSINE} AS rough {best} UNWIND nearest AS near "
        f"RETURN near.n AS n, near.rough AS rough, {label_of('near.n')} AS kind "
        f"UNION ALL {_only_if(f'{usable} AND {proposing}')} {proposed} "
        f"WITH n, 2 * score - 1 AS rough, {KIND} AS kind WHERE {likewise} RETURN n, rough, kind }} "
        f"{best + _RANKED if scored else _PROPOSED} }} "
        "RETURN collect({place: s.place, hits: hits, cut: cut, candidates: candidates}) AS vectors }"
    )


_RANKED = (
    "UNWIND range(0, size(nearest) - 1) AS i WITH nearest[i].n AS n, "
    "[j IN range(i, 0, -1) WHERE coalesce(j = 0 OR nearest[j - 1].rough - nearest[j].rough >= "
    f"{CLOSE}) | nearest[j].rough][0] AS score ORDER BY score DESC, n.id "
    "WITH collect({n: n, score: score}) AS near RETURN [hit IN near[0..s.k] WHERE hit.score >= s.least] AS hits, "
    "size(near) < s.k AND coalesce(near[-1].score >= s.least, true) AS cut, [] AS candidates"
)
"""Those that are close to the one before have its score."""
_PROPOSED = (
    "WITH min(rough) AS last, collect([n.id, kind, rough]) AS candidates "
    "RETURN [] AS hits, size(candidates) < s.k AND coalesce(last >= s.least, true) AS cut, candidates"
)
"""[id, kind, cosine] of each, in no order."""
