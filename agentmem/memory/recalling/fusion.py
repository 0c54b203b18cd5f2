"""Fusion: what the channels score, as one score in [0, 1] for each group of evidence.

Channels are added up by scaled scores and not by ranks: reciprocal rank fusion forgets how far ahead a hit is, and
measured below a plain weighted sum on conversations.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentmem.memory.recalling.channels import Channel, Scene
from agentmem.memory.recalling.grouping import Group

DECIMALS = 6
"""Scores are rounded to this, so that ranks do not depend on the last digits of a platform's arithmetic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one channel said about a group."""

    rank: int
    """Place among all groups by this channel alone, from 1; equal scores share the best place."""
    score: float
    """In [0, 1], by this channel alone."""
    share: float
    """How much of the group's score it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A group with its score."""

    group: Group
    score: float
    """In [0, 1]: the weighted sum of what the channels scored, over the most that it could have come to."""
    by: Mapping[str, Contribution]
    """By channel; those that said nothing about the group are absent, and all unless it was asked for."""


def candidates(channels: Sequence[Channel], limit: int) -> frozenset[str]:
    """The nodes whose surroundings are worth a look: the best by all channels together, and every certain one."""
    together: dict[str, float] = {}
    certain: set[str] = set()
    for channel in channels:
        if channel.certain:
            certain.update(channel.nodes)
            continue
        for id_, score in channel.nodes.items():
            together[id_] = together.get(id_, 0.0) + channel.weight * score
    best = heapq.nsmallest(limit, ((-round(score, DECIMALS), id_) for id_, score in together.items()))
    return frozenset(id_ for _, id_ in best) | certain


def fused(channels: Sequence[Channel], scene: Scene, *, explain: bool = False) -> list[Ranked]:
    """The groups of a scene, best first; equal ones by id.

    Each channel sees in `scene.relevance` what those before it came to.
    """
    scored: list[tuple[Channel, Mapping[str, float]]] = []
    most = 0.0
    for channel in channels:
        if not channel.applies(scene):
            continue
        scores = channel.scores(scene)
        most += channel.weight
        for id_, score in scores.items():
            scene.relevance[id_] = scene.relevance.get(id_, 0.0) + channel.weight * score
        scored.append((channel, scores))
    told = _contributions(scored, scene, most) if explain else {}
    ranked = []
    for group in scene.groups.values():
        total = round(min(1.0, scene.relevance.get(group.id, 0.0) / most), DECIMALS) if most else 0.0
        ranked.append(Ranked(group=group, score=total, by=told.get(group.id, {})))
    return sorted(ranked, key=lambda one: (-one.score, one.group.id))


def _contributions(
    scored: Sequence[tuple[Channel, Mapping[str, float]]], scene: Scene, most: float
) -> dict[str, dict[str, Contribution]]:
    told: dict[str, dict[str, Contribution]] = {id_: {} for id_ in scene.groups}
    for channel, scores in scored:
        places = _ranks(scores, scene)
        for id_, by in told.items():
            if (score := scores.get(id_, 0.0)) > 0.0:
                by[channel.name] = Contribution(rank=places[score], score=score, share=channel.weight * score / most)
    return told


def _ranks(scores: Mapping[str, float], scene: Scene) -> dict[float, int]:
    """The best place of each score among those of the groups."""
    ordered = sorted((scores.get(id_, 0.0) for id_ in scene.groups), reverse=True)
    places: dict[float, int] = {}
    for place, score in enumerate(ordered, start=1):
        places.setdefault(score, place)
    return places
