"""Fusion: scores of several channels to one score in [0, 1]. Pure functions of their arguments.

Channels are fused by scaled scores and not by ranks: reciprocal rank fusion forgets how far ahead a hit is, and
measured below a plain sum of scaled scores on conversations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentmem.stores import Hit

SEMANTIC_WEIGHT = 0.5
"""Share of the semantic channel beside the keyword channel."""

NEIGHBOUR_WEIGHT = 0.2
"""What the turns before and after each add of their own relevance: answers stand next to questions."""

SPEAKER_WEIGHT = 0.15
"""What it adds that the question names who spoke."""

TIME_WEIGHT = 0.2
"""What it adds that something was said, or held, in the time that the question names."""

KEY_WEIGHT = 0.6
"""What it adds that a fact has the very subject and predicate that the question asks for."""

DECIMALS = 6
"""Scores are rounded to this, so that ranks do not depend on the last digits of a platform's arithmetic."""

_NO_LIKENESS = 1e-6
"""A cosine of 0, as a store that counts in single precision may give it."""


def scaled_keyword(hits: Sequence[Hit], *, limit: int) -> dict[str, float]:
    """BM25 scores to [0, 1]: the best hit is 1; the zero is what every node beyond the list falls below.

    Args:
        hits: What the search found, best first.
        limit: How many it was allowed to find. If it found fewer, all others score 0.
    """
    if not hits:
        return {}
    floor = hits[-1].score if len(hits) >= limit else 0.0
    return _scaled(hits, min(floor, hits[0].score / 2))


def scaled_semantic(hits: Sequence[Hit]) -> dict[str, float]:
    """Cosines to [0, 1]: the best hit is 1, the last is 0 unless it is more than half as good as the best.

    Cosines of one model all lie high or all lie low; what tells is how far a hit stands out of the list. Hits without
    any likeness (cosine 0 or less) are left out.
    """
    alike = [hit for hit in hits if hit.score > _NO_LIKENESS]
    return _scaled(alike, min(alike[-1].score, alike[0].score / 2)) if alike else {}


def _scaled(hits: Sequence[Hit], floor: float) -> dict[str, float]:
    span = hits[0].score - floor
    if span <= 0.0:
        return {}
    return {hit.id: min(1.0, max(0.0, (hit.score - floor) / span)) for hit in hits}


def blended(keyword: float, semantic: float) -> float:
    """Relevance of one node or group from its two scaled scores: a weighted mean."""
    return (1.0 - SEMANTIC_WEIGHT) * keyword + SEMANTIC_WEIGHT * semantic


def smoothed(relevance: Mapping[str, float], neighbours: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Relevance with a share of that of the neighbours: own + NEIGHBOUR_WEIGHT * sum of theirs, at most two counted.

    Not in [0, 1] by itself; `final_score` brings it there.
    """
    result = {}
    for node_id, own in relevance.items():
        around = sorted((relevance.get(other, 0.0) for other in neighbours.get(node_id, ())), reverse=True)[:2]
        result[node_id] = own + NEIGHBOUR_WEIGHT * sum(around)
    return result


def final_score(relevance: float, *, earned: float = 0.0, possible: float = 0.0) -> float:
    """The score that is shown, in [0, 1]: smoothed relevance and boosts, over the most that they could come to.

    Args:
        relevance: From `smoothed`.
        earned: Sum of the boosts that apply here.
        possible: Sum of the boosts that could apply to anything for this query.
    """
    most = 1.0 + 2 * NEIGHBOUR_WEIGHT + max(earned, possible)
    return round(min(1.0, max(0.0, (relevance + earned) / most)), DECIMALS)
