"""Scaling: what a search scores, as a score in [0, 1] that channels can be added up by. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from agentmem.stores import Hit

HITS = 200
"""Hits of each search: deep enough that a turn's neighbours have scores of their own."""

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
