"""Choosing: from ranked groups of evidence to the memories that are shown."""

from __future__ import annotations

from collections.abc import Sequence

from agentmem.language import terms
from agentmem.memory.recalling.channels import Channel
from agentmem.memory.recalling.fusion import Ranked
from agentmem.records import KINDS, Node


def choose(
    ranked: Sequence[Ranked],
    query_terms: Sequence[str],
    *,
    k: int,
    least: float = 0.0,
    channels: Sequence[Channel] = (),
) -> list[tuple[Ranked, Node]]:
    """At most `k` memories, one of every group in order of rank.

    Of a group that claim is shown which covers most of the query's terms; facts come before notes, which repeat them.
    Evidence that only repeats what is shown already, by the same claim or in the same words of one speaker, is passed
    over.

    Args:
        ranked: Groups and their scores, best first.
        query_terms: Stemmed terms of the query.
        k: How many.
        least: Share of the best score that a group must have.
        channels: What they found for certain is shown first whatever it covers; what they scored breaks ties.
    """
    wanted = frozenset(query_terms)
    certain = frozenset(id_ for channel in channels if channel.certain for id_ in channel.nodes)
    telling = [channel for channel in channels if channel.tells_claims_apart]

    def order(node: Node) -> tuple[bool, int, float, int, str]:
        covered = len(wanted.intersection(terms(node.text)))
        found = sum(channel.nodes.get(node.id, 0.0) for channel in telling)
        return (node.id not in certain, -covered, -found, KINDS[node.kind].rank, node.id)

    chosen: dict[str, tuple[Ranked, Node]] = {}
    said: set[tuple[str, ...]] = set()
    enough = least * ranked[0].score if ranked else 0.0
    for one in ranked:
        if len(chosen) >= k or one.score < enough:
            break
        if any(node.id in chosen for node in one.group.shown):
            continue
        node = min(one.group.shown, key=order)
        speaker = one.group.episode.speaker if one.group.episode else ""
        words = (speaker, *(terms(node.text) or [node.text]))
        if words not in said:
            said.add(words)
            chosen[node.id] = (one, node)
    return list(chosen.values())
