"""Exact lookup: the facts about the very subject and predicate that a question asks for, in the time it asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agentmem.language import QuestionAnalysis, normalise_name
from agentmem.memory.recalling.read_path import ReadPath
from agentmem.memory.reflecting.subjects import Subject
from agentmem.records import CURRENT, Fact, Kind, RelationshipType, Status
from agentmem.stores import Direction, KeySearch, View

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
ENDED = "|ended"
"""What stands behind the key of a fact that says that a relation ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Facts that answer a question outright."""

    facts: tuple[Fact, ...]
    """Those that hold in the time asked for, newest first."""
    disputed: bool = False
    """True if only one of them can be true: memory holds both sides of an open contradiction."""
    ended: bool = False
    """True if they say only that what was asked for is over."""
    past: bool = False
    """True if they hold no longer."""


def look_up(path: ReadPath, subject: Subject, analysis: QuestionAnalysis, *, now: datetime) -> Found | None:
    """Facts under "subject|predicate" in the time that the question names, or None. One read.

    Of several people whom a pronoun may mean, the first that has such a fact is taken.
    """
    if not (analysis.predicate and subject.keys):
        return None
    keys = [f"{key}|{analysis.predicate}" for key in subject.keys]
    view = View(bank=path.bank, kinds=frozenset({Kind.FACT}), statuses=CURRENT | {Status.SUPERSEDED})
    nodes = path.store.gather(view, [KeySearch(keys=tuple(key + end for key in keys for end in ("", ENDED)))]).nodes
    facts = [node for node in nodes.values() if isinstance(node, Fact)]
    for key in keys:
        told = sorted((fact for fact in facts if fact.key == key and not never_true(fact)), key=_newest)
        over = sorted((fact for fact in facts if fact.key == key + ENDED), key=_newest)
        found = _in_time(told, over, analysis, now)
        if found is not None:
            return found
    return None


def look_up_holders(path: ReadPath, analysis: QuestionAnalysis) -> Found | None:
    """Facts of whoever has the value that the question names ("Who lives in Lisbon?"), or None. Two reads."""
    if not (analysis.predicate and analysis.object) or analysis.subject or analysis.tense not in ("now", "any"):
        return None
    name = normalise_name(analysis.object)
    named = View(bank=path.bank, kinds=frozenset({Kind.ENTITY}))
    hits = path.store.search(named, [KeySearch(keys=(name,))])[0]
    if not hits:
        return None
    around = path.store.neighbourhood(
        View(bank=path.bank, kinds=frozenset({Kind.FACT})),
        [hit.id for hit in hits],
        types=frozenset({RelationshipType.OBJECT}),
        direction=Direction.IN,
    )
    facts = [node for node in around.nodes.values() if isinstance(node, Fact) and node.predicate == analysis.predicate]
    return Found(facts=tuple(sorted(facts, key=_newest))) if facts else None


def never_true(fact: Fact) -> bool:
    """Whether a correction took the fact back: it held for no time at all."""
    return fact.valid_to is not None and (fact.valid_to <= (fact.valid_from or _LONG_AGO) or fact.valid_to.year == 1)


def holds(fact: Fact, now: datetime) -> bool:
    """Whether a fact is current and still true."""
    return fact.status in CURRENT and (fact.valid_to is None or fact.valid_to > now)


def began(fact: Fact) -> datetime:
    """Since when it is true, else when it was said, else when it was learned."""
    return fact.valid_from or fact.at or fact.created_at


def _newest(fact: Fact) -> tuple[float, int, str]:
    return (-began(fact).timestamp(), -fact.version, fact.id)


def _in_time(told: Sequence[Fact], over: Sequence[Fact], analysis: QuestionAnalysis, now: datetime) -> Found | None:
    current = sorted((fact for fact in told if holds(fact, now)), key=lambda fact: -fact.trust)
    former = [fact for fact in told if not holds(fact, now)]
    if analysis.tense == "before":
        return _before(current, former, over)
    if analysis.tense == "first":
        return Found(facts=(told[-1],), past=told[-1] in former) if told else None
    if analysis.window and analysis.answer_type != "time":
        within = [fact for fact in told if _meets(fact, analysis.window)]
        if within:
            return Found(facts=tuple(within), past=not any(fact in current for fact in within))
        if analysis.tense == "at":
            return None
    if analysis.answer_type == "time" and analysis.object:
        # "When did she leave Boston?" may be about a value that holds no longer.
        about = _with_object(told, analysis.object)
        if about:
            return Found(facts=(about[-1],), past=about[-1] in former)
        return None
    if current:
        single = {normalise_name(fact.object) for fact in current if fact.functional}
        return Found(facts=tuple(current), disputed=len(single) > 1)
    if over:
        return Found(facts=(over[0],), ended=True)
    return None


def _before(current: Sequence[Fact], former: Sequence[Fact], over: Sequence[Fact]) -> Found | None:
    """The value just before the current one, or the one that ended if there is none now."""
    present = {normalise_name(fact.object) for fact in current if fact.object}
    for fact in former:
        if normalise_name(fact.object) not in present or not fact.object:
            return Found(facts=(fact,), past=True)
    return Found(facts=(over[0],), ended=True) if over and not current else None


def _meets(fact: Fact, window: tuple[datetime, datetime]) -> bool:
    return began(fact) < window[1] and (fact.valid_to is None or fact.valid_to > window[0])


def _with_object(facts: Iterable[Fact], name: str) -> list[Fact]:
    wanted = normalise_name(name)
    return [fact for fact in facts if wanted and wanted in normalise_name(f"{fact.object} {fact.text}")]
