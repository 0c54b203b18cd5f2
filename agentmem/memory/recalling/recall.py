"""Recall: one query, three round trips to the store, memories ranked by evidence.

Search: keyword, vector, exact keys and times in one batch. Neighbourhood: what the best hits rest on, and what came
before and after. Fetch: the hits themselves. Then channels are fused for each group of evidence (an Episode with its
claims), so that a statement and its source never compete with each other.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agentmem.embeddings import Embedder
from agentmem.errors import InputError
from agentmem.language import normalise_name
from agentmem.memory.recalling.choosing import Chosen, choose
from agentmem.memory.recalling.fusion import (
    DECIMALS,
    KEY_WEIGHT,
    SPEAKER_WEIGHT,
    TIME_WEIGHT,
    blended,
    final_score,
    smoothed,
)
from agentmem.memory.recalling.grouping import CLAIMS, RECALLED, Group, Sight, evidence_of, grouped
from agentmem.memory.recalling.packing import pack
from agentmem.memory.recalling.querying import (
    HISTORY_TENSES,
    Channels,
    ParsedQuery,
    channels_of,
    parse_query,
    searches_of,
)
from agentmem.memory.recalling.recalled import Evidence, Recall, RecalledMemory
from agentmem.records import CURRENT, Clock, Episode, Kind, Node, Relationship, RelationshipType, Status
from agentmem.stores import Store, View

__all__ = ["Evidence", "Recall", "RecalledMemory", "recall"]

CANDIDATES = 100
"""Nodes whose surroundings are looked at; more if more memories are asked for."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_WALKED = frozenset({RelationshipType.EVIDENCED_BY, RelationshipType.NEXT})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Surroundings:
    """Candidates with what they rest on."""

    nodes: Mapping[str, Node]
    relationships: tuple[Relationship, ...]


def recall(
    store: Store,
    embedder: Embedder,
    clock: Clock,
    query: str,
    *,
    bank: str,
    k: int = 10,
    token_budget: int = 4096,
    kinds: frozenset[Kind] | None = None,
    valid_at: datetime | None = None,
    known_at: datetime | None = None,
    history: bool = False,
) -> Recall:
    """The memories that matter for a query, best first, and a context packed from them. Writes nothing.

    What is current is shown, and an Episode all of whose claims were superseded is not. Questions about the past
    ("where did she live before?") may be answered by superseded versions, marked as such.

    Args:
        store: Where to look.
        embedder: The model that filled the store.
        clock: The present, from which "last year" counts.
        query: A question or keywords; its first 10,000 characters are read.
        bank: The tenant.
        k: How many memories at most.
        token_budget: Size of the packed context, in estimated tokens.
        kinds: Restrict to these labels; default: claims, Episodes and Insights.
        valid_at: What was true in the world then; default: the current view.
        known_at: What the memory knew then; default: now.
        history: Show superseded versions even if the query does not ask about the past.

    Raises:
        InputError: the query is empty, `k` is not positive, `token_budget` is negative or a time has no zone.
    """
    _check(query, k, token_budget, (valid_at, known_at))
    parsed = parse_query(query, now=clock.now())
    past = history or parsed.analysis.tense in HISTORY_TENSES
    sight = Sight(
        kinds=RECALLED if kinds is None else kinds,
        statuses=CURRENT | {Status.SUPERSEDED} if past else CURRENT,
        valid_at=valid_at,
        known_at=known_at,
    )
    channels = _search(store, embedder, bank, parsed, sight)
    candidates = _candidates(channels, max(CANDIDATES, 5 * k))
    around = _surroundings(store, bank, candidates, sight)
    ranked = _rank(grouped(around.nodes, around.relationships, sight), candidates, channels, parsed)
    chosen = choose(ranked, parsed.analysis.terms, k=k, keyword=channels.keyword, preferred=channels.keys)
    memories = _memories(chosen, around)
    context, tokens = pack(memories, token_budget)
    return Recall(query=query, memories=memories, context=context, tokens=tokens)


def _check(query: str, k: int, token_budget: int, times: tuple[datetime | None, ...]) -> None:
    if not query.strip():
        raise InputError("the query is empty.", where="recall", hint="Give a question or keywords.")
    if k < 1:
        raise InputError(f"k is {k}.", where="recall", hint="Ask for at least one memory.")
    if token_budget < 0:
        raise InputError(f"token_budget is {token_budget}.", where="recall", hint="It cannot be negative.")
    if any(moment is not None and moment.tzinfo is None for moment in times):
        raise InputError("a time has no zone.", where="recall", hint="Give valid_at and known_at with a time zone.")


def _search(store: Store, embedder: Embedder, bank: str, query: ParsedQuery, sight: Sight) -> Channels:
    """Every channel, in one round trip."""
    searches = searches_of(query, embedder.embed(query.texts))
    view = View(
        bank=bank,
        kinds=_searched(sight.kinds),
        valid_at=sight.valid_at,
        known_at=sight.known_at,
        statuses=sight.statuses,
    )
    return channels_of(searches, store.search(view, searches))


def _searched(kinds: frozenset[Kind]) -> frozenset[Kind]:
    """Claims are found through their Episode too, and the other way round, so that one is searched with the other."""
    return kinds | CLAIMS | {Kind.EPISODE} if kinds & (CLAIMS | {Kind.EPISODE}) else kinds


def _candidates(channels: Channels, limit: int) -> frozenset[str]:
    """The nodes whose surroundings are worth a look: the best by all channels together, and every exact key."""
    keyword, semantic, anonymous = channels.keyword, channels.semantic, channels.anonymous
    best = []
    for node_id in channels.found:
        meaning = max(semantic.get(node_id, 0.0), anonymous.get(node_id, 0.0))
        together = blended(keyword.get(node_id, 0.0), meaning) + TIME_WEIGHT * (node_id in channels.times)
        best.append((-round(together, DECIMALS), node_id))
    best = heapq.nsmallest(limit, best)
    return frozenset(node_id for _, node_id in best) | channels.keys


def _surroundings(store: Store, bank: str, candidates: frozenset[str], sight: Sight) -> _Surroundings:
    """Candidates, what they rest on or gave rise to in whatever status, and the Episodes before and after."""
    if not candidates:
        return _Surroundings(nodes={}, relationships=())
    wide = View(bank=bank, kinds=CLAIMS | {Kind.EPISODE}, known_at=sight.known_at, statuses=frozenset(Status))
    around = store.neighbourhood(wide, sorted(candidates), types=_WALKED)
    missing = sorted(candidates - around.nodes.keys())
    nodes = {**around.nodes, **(store.fetch(bank, missing) if missing else {})}
    known = {node_id: sight.as_known(node) for node_id, node in nodes.items()}
    return _Surroundings(nodes=known, relationships=around.relationships)


def _rank(
    groups: Mapping[str, Group], candidates: frozenset[str], channels: Channels, query: ParsedQuery
) -> list[tuple[Group, float]]:
    """The groups of the candidates with their scores, best first."""
    found = [group for group in groups.values() if group.id in candidates or not candidates.isdisjoint(group.members)]
    speakers = {group.id: _named_speaker(group, query.people) for group in found}
    # A name that is a speaker's tells who spoke and nothing about what was said: the meaning is that of the rest.
    semantic = channels.anonymous if channels.anonymous and any(speakers.values()) else channels.semantic
    known = {group.id: _relevance(group, channels.keyword, semantic) for group in found}
    neighbours = {group.id: [other for other in (group.before, group.after) if other] for group in found}
    for around in neighbours.values():
        for other in around:
            if other not in known:
                known[other] = blended(channels.keyword.get(other, 0.0), semantic.get(other, 0.0))
    relevance = smoothed(known, neighbours)
    possible = SPEAKER_WEIGHT * any(speakers.values())
    possible += TIME_WEIGHT * bool(channels.times) + KEY_WEIGHT * bool(channels.keys)
    ranked = []
    for group in found:
        earned = SPEAKER_WEIGHT * speakers[group.id]
        earned += TIME_WEIGHT * (not channels.times.isdisjoint(group.members))
        earned += KEY_WEIGHT * (not channels.keys.isdisjoint(group.members))
        ranked.append((group, final_score(relevance[group.id], earned=earned, possible=possible)))
    return sorted(ranked, key=lambda pair: (-pair[1], pair[0].id))


def _relevance(group: Group, keyword: Mapping[str, float], semantic: Mapping[str, float]) -> float:
    said = max((keyword.get(member, 0.0) for member in group.members), default=0.0)
    meant = max((semantic.get(member, 0.0) for member in group.members), default=0.0)
    return blended(said, max(meant, semantic.get(group.id, 0.0) * group.current))


def _named_speaker(group: Group, people: frozenset[str]) -> bool:
    """Whether the query names who spoke, by full name or by first name."""
    speaker = normalise_name(group.episode.speaker) if group.episode and group.episode.speaker else ""
    return bool(speaker) and (speaker in people or speaker.split()[0] in people)


def _memories(chosen: Sequence[Chosen], around: _Surroundings) -> tuple[RecalledMemory, ...]:
    resting = evidence_of(around.relationships)
    return tuple(_memory(one, resting.get(one.node.id, []), around.nodes) for one in chosen)


def _memory(chosen: Chosen, episodes: list[str], nodes: Mapping[str, Node]) -> RecalledMemory:
    node = chosen.node
    resting = [node] if isinstance(node, Episode) else [nodes[i] for i in episodes if i in nodes]
    resting.sort(key=lambda e: (e.at or _LONG_AGO, e.id))
    evidence = tuple(Evidence(id=e.id, source=e.source, at=e.at) for e in resting)
    return RecalledMemory(
        id=node.id,
        kind=node.kind,
        text=node.text,
        score=chosen.score,
        valid_from=node.valid_from,
        valid_to=node.valid_to,
        evidence=evidence,
        source=node.source or next((e.source for e in evidence if e.source), ""),
        at=node.at or max((e.at for e in evidence if e.at), default=None),
        status=node.status,
    )
