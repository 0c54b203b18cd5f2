"""What the Store protocol says, computed the slow and obvious way: tests compare stores with it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from agentmem.records import IndexEntry, Node, Status, Vector
from agentmem.stores import View


def is_seen(node: Node, view: View) -> bool:
    """Whether a view shows a version, as the docstring of `View` says."""
    status, valid_to = standing_at(node, view.known_at)
    if view.known_at is not None and node.created_at > view.known_at:
        return False
    if view.kinds is not None and node.kind not in view.kinds:
        return False
    statuses = view.statuses
    if view.valid_at is not None:
        statuses = statuses | {Status.SUPERSEDED}
        began = node.valid_from is None or node.valid_from <= view.valid_at
        lasts = valid_to is None or view.valid_at < valid_to
        if not (began and lasts):
            return False
    return node.bank == view.bank and status in statuses


def standing_at(node: Node, known_at: datetime | None) -> tuple[Status, datetime | None]:
    """Status and end of validity of a version as they were at a transaction time; None for now."""
    closed_later = known_at is not None and node.closed_at is not None and node.closed_at > known_at
    if closed_later and node.status is not Status.ERASED:
        return Status.ACTIVE, node.valid_to_before
    return node.status, node.valid_to


def bm25(entries: Mapping[str, IndexEntry], terms: Sequence[str], context_weight: float = 0.5) -> dict[str, float]:
    """Scores by node id, best first and then by id: the formula in the docstring of `TextSearch`."""
    fields = {
        id_: (Counter(e.terms.split(" ")), Counter(e.context_terms.split(" ") if e.context_terms else []))
        for id_, e in entries.items()
        if e.terms
    }
    lengths = {id_: own.total() + context.total() for id_, (own, context) in fields.items()}
    average = sum(lengths.values()) / len(lengths) if lengths else 0.0
    scores: defaultdict[str, float] = defaultdict(float)
    for term in terms:
        having = {id_ for id_, (own, context) in fields.items() if own[term] or context[term]}
        idf = max(1e-6, math.log((len(fields) - len(having) + 0.5) / (len(having) + 0.5))) if having else 0.0
        for id_ in having:
            own, context = fields[id_]
            frequency = own[term] + context_weight * context[term]
            norm = 1.2 * (1 - 0.75 + 0.75 * lengths[id_] / average)
            scores[id_] += idf * frequency * 2.2 / (frequency + norm)
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))


def nearest(vectors: Mapping[str, Vector], query: Vector, k: int) -> list[tuple[str, float]]:
    """The k best by cosine in double precision, then by id."""
    scores = [(float(v.astype(np.float64) @ query.astype(np.float64)), id_) for id_, v in vectors.items()]
    return [(id_, score) for score, id_ in sorted(scores, key=lambda pair: (-round(pair[0], 12), pair[1]))[:k]]
