"""Choosing: from ranked groups of evidence to the memories that are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentmem.language import terms
from agentmem.memory.recalling.fusion import DECIMALS
from agentmem.memory.recalling.grouping import Group
from agentmem.records import Kind, Node

_ORDER = {Kind.FACT: 0, Kind.BELIEF: 1, Kind.INSIGHT: 2, Kind.NOTE: 3}
_SAME = 0.8
"""Share of common terms from which two texts of one group say the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A node to be shown, and its score."""

    node: Node
    score: float


@dataclass(frozen=True, slots=True)
class _Said:
    node: Node
    terms: frozenset[str]
    covered: float


def choose(
    ranked: Sequence[tuple[Group, float]],
    query_terms: Sequence[str],
    *,
    k: int,
    keyword: Mapping[str, float],
    preferred: frozenset[str] = frozenset(),
) -> list[Chosen]:
    """At most `k` memories: one of every group in order of rank, then what else the groups say about the query.

    Of a group that claim is shown which covers most of the query's terms; facts come before notes, which repeat them.

    Args:
        ranked: Groups and their scores, best first.
        query_terms: Stemmed terms of the query.
        k: How many.
        keyword: Keyword scores by node id, the first tie-breaker.
        preferred: Ids that are shown first whatever they cover.
    """
    wanted = frozenset(query_terms)
    chosen: dict[str, Chosen] = {}
    further: list[tuple[float, _Said, frozenset[str]]] = []
    for group, score in ranked:
        if len(chosen) >= k:
            break
        said = sorted(
            (_said(node, wanted) for node in group.shown),
            key=lambda s: (
                s.node.id not in preferred,
                -s.covered,
                -keyword.get(s.node.id, 0.0),
                _rank(s.node),
                s.node.id,
            ),
        )
        if any(s.node.id in chosen for s in said):
            continue  # evidence that only repeats what is shown already
        first = said[0]
        chosen[first.node.id] = Chosen(node=first.node, score=score)
        for other in said[1:]:
            if other.covered:
                further.append((score * other.covered / max(first.covered, other.covered), other, first.terms))
    _add_further(chosen, further, k)
    return list(chosen.values())


def _add_further(chosen: dict[str, Chosen], further: list[tuple[float, _Said, frozenset[str]]], k: int) -> None:
    """Second claims of shown evidence, none of which says again what its group said first."""
    if not chosen or len(chosen) >= k:
        return
    least = min(memory.score for memory in chosen.values())
    texts = [first for _, _, first in further]
    for score, said, _ in sorted(further, key=lambda entry: (-entry[0], entry[1].node.id)):
        if len(chosen) >= k:
            return
        if said.node.id in chosen or any(_alike(said.terms, text) for text in texts):
            continue
        chosen[said.node.id] = Chosen(node=said.node, score=round(min(least, score), DECIMALS))
        texts.append(said.terms)


def _said(node: Node, wanted: frozenset[str]) -> _Said:
    said = frozenset(terms(node.text))
    return _Said(node, said, len(said & wanted) / len(wanted) if wanted else 0.0)


def _rank(node: Node) -> int:
    return _ORDER.get(node.kind, len(_ORDER))


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether the shorter text is mostly contained in the other."""
    smaller = min(len(one), len(other))
    return smaller == 0 or len(one & other) / smaller >= _SAME
