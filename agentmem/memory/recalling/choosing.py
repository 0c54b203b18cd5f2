"""Choosing: from ranked groups of evidence to the memories that are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentmem.language import terms
from agentmem.memory.recalling.channels import Channel
from agentmem.memory.recalling.fusion import DECIMALS, Contribution, Ranked
from agentmem.records import KINDS, Node

_SAME = 0.8
"""Share of common terms from which two texts of one group say the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A node to be shown, and its score."""

    node: Node
    score: float
    by: Mapping[str, Contribution]
    """What the channels said about its group."""


@dataclass(frozen=True, slots=True)
class _Said:
    node: Node
    terms: frozenset[str]
    covered: float
    """Share of the query's terms that it holds."""
    found: float
    """What the channels scored for the node itself that tell claims of one Episode apart."""


@dataclass(frozen=True, slots=True)
class _Further:
    score: float
    said: _Said
    first: frozenset[str]
    """Terms of what its group said first."""
    by: Mapping[str, Contribution]


def choose(
    ranked: Sequence[Ranked],
    query_terms: Sequence[str],
    *,
    k: int,
    channels: Sequence[Channel] = (),
) -> list[Chosen]:
    """At most `k` memories: one of every group in order of rank, then what else the groups say about the query.

    Of a group that claim is shown which covers most of the query's terms; facts come before notes, which repeat them.

    Args:
        ranked: Groups and their scores, best first.
        query_terms: Stemmed terms of the query.
        k: How many.
        channels: What they found for certain is shown first whatever it covers; what they scored breaks ties.
    """
    wanted = frozenset(query_terms)
    certain = frozenset(id_ for channel in channels if channel.certain for id_ in channel.nodes)
    chosen: dict[str, Chosen] = {}
    further: list[_Further] = []
    for one in ranked:
        if len(chosen) >= k:
            break
        said = sorted(
            (_said(node, wanted, channels) for node in one.group.shown),
            key=lambda s: (s.node.id not in certain, -s.covered, -s.found, KINDS[s.node.kind].rank, s.node.id),
        )
        if any(s.node.id in chosen for s in said):
            continue  # evidence that only repeats what is shown already
        first = said[0]
        chosen[first.node.id] = Chosen(node=first.node, score=one.score, by=one.by)
        for other in said[1:]:
            if other.covered:
                score = one.score * other.covered / max(first.covered, other.covered)
                further.append(_Further(score, other, first.terms, one.by))
    _add_further(chosen, further, k)
    return list(chosen.values())


def _add_further(chosen: dict[str, Chosen], further: list[_Further], k: int) -> None:
    """Second claims of shown evidence, none of which says again what its group said first."""
    if not chosen or len(chosen) >= k:
        return
    least = min(memory.score for memory in chosen.values())
    texts = [one.first for one in further]
    for one in sorted(further, key=lambda entry: (-entry.score, entry.said.node.id)):
        if len(chosen) >= k:
            return
        node = one.said.node
        if node.id in chosen or any(_alike(one.said.terms, text) for text in texts):
            continue
        chosen[node.id] = Chosen(node=node, score=round(min(least, one.score), DECIMALS), by=one.by)
        texts.append(one.said.terms)


def _said(node: Node, wanted: frozenset[str], channels: Sequence[Channel]) -> _Said:
    said = frozenset(terms(node.text))
    covered = len(said & wanted) / len(wanted) if wanted else 0.0
    return _Said(node, said, covered, sum(c.nodes.get(node.id, 0.0) for c in channels if c.tells_claims_apart))


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether the shorter text is mostly contained in the other."""
    smaller = min(len(one), len(other))
    return smaller == 0 or len(one & other) / smaller >= _SAME
