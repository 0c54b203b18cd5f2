"""Recall: one query, three round trips to the store, memories ranked by evidence.

Search: what all channels ask, in one batch. Neighbourhood: what the best hits rest on, and what came before and after.
Fetch: the hits themselves. Then channels are fused for each group of evidence (an Episode with its claims), so that a
statement and its source never compete with each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from agentmem.errors import InputError
from agentmem.language import normalise_name
from agentmem.memory.recalling.channels import Channel, Scene
from agentmem.memory.recalling.choosing import choose
from agentmem.memory.recalling.fusion import DECIMALS, Ranked, candidates, fused
from agentmem.memory.recalling.grouping import Group, Sight, evidence_of, grouped
from agentmem.memory.recalling.packing import pack
from agentmem.memory.recalling.querying import HISTORY_TENSES, ParsedQuery
from agentmem.memory.recalling.read_path import ReadPath, Reranker
from agentmem.memory.recalling.recalled import Evidence, LeftOut, Recall, RecalledMemory
from agentmem.memory.recalling.words import words_around
from agentmem.records import (
    CURRENT,
    EVERY_STATUS,
    RECALLED,
    SHOWN_FOR_EVIDENCE,
    Episode,
    Kind,
    Node,
    Relationship,
    RelationshipType,
    Status,
)
from agentmem.stores import View

CANDIDATES = 100
"""Nodes whose surroundings are looked at; more if more memories are asked for."""

FOLLOWED = 5
"""Groups that channels may follow further, the best."""

RERANKED = 50
"""Groups that a reranker reads at most."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_WALKED = frozenset({RelationshipType.EVIDENCED_BY, RelationshipType.NEXT})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Candidates with what they rest on, in groups, best first."""

    looked_at: frozenset[str]
    nodes: Mapping[str, Node]
    relationships: tuple[Relationship, ...]
    groups: Mapping[str, Group]
    ranked: Sequence[Ranked]


def recall(
    path: ReadPath,
    query: str,
    *,
    k: int = 10,
    token_budget: int = 4096,
    kinds: frozenset[Kind] | None = None,
    valid_at: datetime | None = None,
    known_at: datetime | None = None,
    all: bool = False,
    history: bool = False,
    explain: bool = False,
) -> Recall:
    """The memories that matter for a query, best first, and a context packed from them. Writes nothing.

    What is current is shown, and an Episode all of whose claims were superseded is not. Questions about the past
    ("where did she live before?") may be answered by superseded versions, marked as such.

    Args:
        path: Where to look, and with what.
        query: A question or keywords; its first 10,000 characters are read.
        k: How many memories at most.
        token_budget: Size of the packed context, in estimated tokens.
        kinds: Restrict to these labels; default: claims and Episodes.
        valid_at: What was true in the world then; default: the current view.
        known_at: What the memory knew then; default: now.
        all: Fill up to `k` with what scores below `path.least` of the best too.
        history: Show superseded versions even if the query does not ask about the past.
        explain: Say of each memory what each channel scored, and of what was found and is not shown, why.

    Raises:
        InputError: the query is empty, `k` is not positive, `token_budget` is negative or a time has no zone.
    """
    _check(query, k, token_budget, (valid_at, known_at))
    parsed = path.parsed(query)
    past = history or parsed.analysis.tense in HISTORY_TENSES
    sight = Sight(
        kinds=RECALLED if kinds is None else kinds,
        statuses=CURRENT | {Status.SUPERSEDED} if past else CURRENT,
        valid_at=valid_at,
        known_at=known_at,
    )
    channels = _search(path, parsed, sight)
    found = _found(path, channels, parsed, sight, max(CANDIDATES, 5 * k), explain=explain)
    least = 0.0 if all else path.least
    chosen = choose(found.ranked, parsed.analysis.terms, k=k, least=least, channels=channels)
    memories = _memories(chosen, found, parsed)
    context, tokens = pack(memories, token_budget)
    left_out = _left_out(found, memories, sight) if explain else ()
    return Recall(query=query, memories=memories, context=context, tokens=tokens, left_out=left_out)


def _found(
    path: ReadPath, channels: Sequence[Channel], query: ParsedQuery, sight: Sight, limit: int, *, explain: bool
) -> _Found:
    """What the channels found, ranked; once more with what follows from the best of it, if anything does."""
    looked_at = candidates(channels, limit)
    found = _ranked(path, channels, query, sight, looked_at, explain=explain)
    if followed := _follow(path, channels, found.ranked, sight):
        found = _ranked(path, channels, query, sight, looked_at | followed, explain=explain)
    if path.reranker is not None:
        found = replace(found, ranked=_reranked(path.reranker, query.text, found.ranked))
    return found


def _ranked(
    path: ReadPath,
    channels: Sequence[Channel],
    query: ParsedQuery,
    sight: Sight,
    looked_at: frozenset[str],
    *,
    explain: bool,
) -> _Found:
    nodes, relationships = _surroundings(path, looked_at, sight)
    groups = grouped(nodes, relationships, sight)
    ranked = fused(channels, _scene(groups, looked_at, query), explain=explain)
    return _Found(looked_at=looked_at, nodes=nodes, relationships=relationships, groups=groups, ranked=ranked)


def _check(query: str, k: int, token_budget: int, times: tuple[datetime | None, ...]) -> None:
    if not query.strip():
        raise InputError("the query is empty.", where="recall", hint="Give a question or keywords.")
    if k < 1:
        raise InputError(f"k is {k}.", where="recall", hint="Ask for at least one memory.")
    if token_budget < 0:
        raise InputError(f"token_budget is {token_budget}.", where="recall", hint="It cannot be negative.")
    if any(moment is not None and moment.tzinfo is None for moment in times):
        raise InputError("a time has no zone.", where="recall", hint="Give valid_at and known_at with a time zone.")


def _search(path: ReadPath, query: ParsedQuery, sight: Sight) -> list[Channel]:
    """Every channel with what it found, in one round trip."""
    channels = [make(query) for make in path.channels]
    asked = [list(channel.searches()) for channel in channels]
    found = iter(path.store.search(_view(path, sight), [search for searches in asked for search in searches]))
    for channel, searches in zip(channels, asked, strict=True):
        channel.take([next(found) for _ in searches])
    return channels


def _follow(path: ReadPath, channels: Sequence[Channel], ranked: Sequence[Ranked], sight: Sight) -> frozenset[str]:
    """What the channels find that rest on the best groups: one more round trip, if any of them asks.

    Where something answers for certain, nothing is followed: what it names would only stand before it.
    """
    if any(channel.certain and channel.nodes for channel in channels):
        return frozenset()
    best = [one.group for one in ranked[:FOLLOWED]]
    asked = [list(channel.follow(best)) for channel in channels]
    if not any(asked):
        return frozenset()
    found = iter(path.store.search(_view(path, sight), [search for searches in asked for search in searches]))
    new: set[str] = set()
    for channel, searches in zip(channels, asked, strict=True):
        if searches:
            hits = [next(found) for _ in searches]
            channel.take_followed(hits)
            new.update(hit.id for one in hits for hit in one)
    return frozenset(new)


def _view(path: ReadPath, sight: Sight) -> View:
    return View(
        bank=path.bank,
        kinds=_searched(sight.kinds),
        valid_at=sight.valid_at,
        known_at=sight.known_at,
        statuses=sight.statuses,
    )


def _searched(kinds: frozenset[Kind]) -> frozenset[Kind]:
    """Claims are found through their Episode too, and the other way round, so that one is searched with the other."""
    together = SHOWN_FOR_EVIDENCE | {Kind.EPISODE}
    return kinds | together if kinds & together else kinds


def _surroundings(
    path: ReadPath, looked_at: frozenset[str], sight: Sight
) -> tuple[Mapping[str, Node], tuple[Relationship, ...]]:
    """Candidates, what they rest on or gave rise to in whatever status, and the Episodes before and after."""
    if not looked_at:
        return {}, ()
    wide = View(
        bank=path.bank,
        kinds=SHOWN_FOR_EVIDENCE | {Kind.EPISODE},
        known_at=sight.known_at,
        statuses=EVERY_STATUS,
    )
    around = path.store.neighbourhood(wide, sorted(looked_at), types=_WALKED)
    missing = sorted(looked_at - around.nodes.keys())
    nodes = {**around.nodes, **(path.store.fetch(path.bank, missing) if missing else {})}
    return {node_id: sight.as_known(node) for node_id, node in nodes.items()}, around.relationships


def _scene(groups: Mapping[str, Group], looked_at: frozenset[str], query: ParsedQuery) -> Scene:
    """The groups of the candidates, and the Episodes beside them."""
    found = {
        group.id: group for group in groups.values() if group.id in looked_at or not looked_at.isdisjoint(group.members)
    }
    beside = {other for group in found.values() for other in (group.before, group.after) if other}
    return Scene(
        groups=found,
        beside=frozenset(beside - found.keys()),
        spoken_by_named=frozenset(group.id for group in found.values() if _named_speaker(group, query.people)),
    )


def _named_speaker(group: Group, people: frozenset[str]) -> bool:
    """Whether the query names who spoke, by full name or by first name."""
    speaker = normalise_name(group.episode.speaker) if group.episode and group.episode.speaker else ""
    return bool(speaker) and (speaker in people or speaker.split()[0] in people)


def _reranked(reranker: Reranker, query: str, ranked: Sequence[Ranked]) -> list[Ranked]:
    """The best groups in the order that the reranker gives, the others behind them as they were."""
    best = ranked[:RERANKED]
    texts = ["\n".join(node.text for node in one.group.shown) for one in best]
    scored = [
        replace(one, score=round(s, DECIMALS)) for one, s in zip(best, reranker.scores(query, texts), strict=True)
    ]
    scored.sort(key=lambda one: (-one.score, one.group.id))
    least = scored[-1].score if scored else 0.0
    return [*scored, *(replace(one, score=min(least, one.score)) for one in ranked[RERANKED:])]


def _memories(chosen: Sequence[tuple[Ranked, Node]], found: _Found, query: ParsedQuery) -> tuple[RecalledMemory, ...]:
    resting = evidence_of(found.relationships)
    quotes = {
        (link.source_id, link.target_id): str(link.properties.get("quote", ""))
        for link in found.relationships
        if link.type is RelationshipType.EVIDENCED_BY
    }
    wanted = frozenset(query.analysis.terms)
    memories = []
    for ranked, node in chosen:
        episodes = [node] if isinstance(node, Episode) else [found.nodes.get(i) for i in resting.get(node.id, ())]
        memory = _memory(node, [episode for episode in episodes if episode is not None])
        words, speaker = _said(ranked.group, node, quotes, wanted)
        memories.append(replace(memory, score=ranked.score, words=words, speaker=speaker, by=ranked.by))
    return tuple(memories)


def _said(group: Group, node: Node, quotes: Mapping[tuple[str, str], str], wanted: frozenset[str]) -> tuple[str, str]:
    """The words that a memory rests on and who said them; its own where no evidence may be shown."""
    if group.episode is None:
        return node.text, ""
    hidden = [quote for id_ in group.hidden if (quote := quotes.get((id_, group.id)))]
    words = words_around(group.episode.text, quote=quotes.get((node.id, group.id), ""), hidden=hidden, wanted=wanted)
    return words or node.text, group.episode.speaker


def _memory(node: Node, resting: list[Node]) -> RecalledMemory:
    resting.sort(key=lambda e: (e.at or _LONG_AGO, e.id))
    evidence = tuple(Evidence(id=e.id, source=e.source, at=e.at) for e in resting)
    return RecalledMemory(
        id=node.id,
        kind=node.kind,
        text=node.text,
        score=0.0,
        valid_from=node.valid_from,
        valid_to=node.valid_to,
        evidence=evidence,
        source=node.source or next((e.source for e in evidence if e.source), ""),
        at=node.at or max((e.at for e in evidence if e.at), default=None),
        status=node.status,
    )


def _left_out(found: _Found, memories: Sequence[RecalledMemory], sight: Sight) -> tuple[LeftOut, ...]:
    """What was found and is not shown, best first, each with the reason."""
    shown = {memory.id for memory in memories}
    scores = {
        id_: one.score for one in reversed(found.ranked) for id_ in (one.group.id, *(n.id for n in one.group.shown))
    }
    evidence = {group.id for group in found.groups.values() if any(node.id in shown for node in group.shown)}
    resting = evidence_of(found.relationships)
    left = []
    for id_ in sorted(found.looked_at - shown, key=lambda id_: (-scores.get(id_, 0.0), id_)):
        node = found.nodes.get(id_)
        if node is None:
            continue
        if not sight.shows(node):
            reason = f"not in the view: {node.status.value}"
        elif id_ in evidence or evidence.intersection(resting.get(id_, ())):
            reason = "its evidence is shown already"
        elif id_ in scores:
            reason = "beyond k, or far below the best"
        else:
            reason = "what was made of it left the view"
        left.append(LeftOut(id=id_, kind=node.kind, text=node.text, score=scores.get(id_, 0.0), reason=reason))
    return tuple(left)
