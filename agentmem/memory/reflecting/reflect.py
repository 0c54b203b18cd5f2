"""Reflect: an answer built from recalled evidence, or an honest "Not known.".

A question that says whose what it asks for is answered by exact lookup of facts, in the time it asks for. Any other,
and one whose facts are not there, is answered in the words of the recalled sentences that cover it. Nothing is ever
said that no memory says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from agentmem.display import one_line
from agentmem.errors import InputError
from agentmem.language import QuestionAnalysis, analyse_question, normalise_name
from agentmem.memory.recalling.querying import QUERY_CHARACTERS
from agentmem.memory.recalling.read_path import ReadPath
from agentmem.memory.recalling.recall import recall
from agentmem.memory.reflecting.answers import NOT_KNOWN, Answer, Citation, not_known
from agentmem.memory.reflecting.dating import date_of, day_text
from agentmem.memory.reflecting.lookup import Found, look_up, look_up_holders
from agentmem.memory.reflecting.subjects import Subject, subject_of
from agentmem.memory.reflecting.support import Supported, fitting, holds_number, sentences_of, supporting, when
from agentmem.records import EVERY_STATUS, Fact, RelationshipType, Status
from agentmem.stores import Direction, View

__all__ = ["NOT_KNOWN", "Answer", "Answerer", "Citation", "RuleAnswerer", "reflect"]

READ = 12
"""Memories that are read for an answer."""
SAID = 3
"""Statements that an answer holds at most."""
_NEARLY_AS_GOOD = 0.85
"""Further sentences stand beside the best one from this share of its strength."""

# How far each kind of answer may be trusted; measured shares of right answers differ by text, the order does not.
_EXACT, _ENDED, _SOME, _DISPUTED, _INSTEAD, _SENTENCE = 0.9, 0.7, 0.55, 0.5, 0.4, 0.7
_GUESSED = 0.7
"""What is left of it if a pronoun may mean several people."""


class Answerer(Protocol):
    """Answers a question from memory. The rule-based form is `RuleAnswerer`."""

    def answer(self, path: ReadPath, question: str) -> Answer:
        """An answer with the memories that it rests on; never anything that memory does not say."""


class RuleAnswerer:
    """Answers by exact lookup of facts, else with the sentences that cover the question; no model."""

    def answer(self, path: ReadPath, question: str) -> Answer:
        """See `Answerer`."""
        now = path.clock.now()
        analysis = analyse_question(question, now=now)
        subject = subject_of(path, question, analysis)
        found = look_up(path, subject, analysis, now=now) or look_up_holders(path, analysis)
        facts = fitting(path.embedder, question, analysis, found.facts) if found else ()
        if found and facts:
            answer = _from_facts(path, question, analysis, subject, replace(found, facts=facts))
            if answer is not None:
                return answer
        asked = _with_name(question, subject)
        recalled = recall(path, asked, k=READ, all=True)
        evidence = {evidence.id for memory in recalled.memories for evidence in memory.evidence}
        episodes = path.store.fetch(path.bank, sorted(evidence)) if evidence else {}
        candidates = list(sentences_of(recalled.memories, episodes))
        supported = supporting(path.embedder, asked, analyse_question(asked, now=now), candidates)
        return _from_sentences(path, question, analysis, supported, certain=subject.certain)


def reflect(path: ReadPath, question: str, *, answerer: Answerer | None = None) -> Answer:
    """An answer from memory with what it rests on, or an honest "Not known.".

    Args:
        path: Where to look, and with what.
        question: As a user asks it; its first 10,000 characters are read.
        answerer: How to answer; default: by rules.

    Raises:
        InputError: the question is empty.
    """
    if not question.strip():
        raise InputError("the question is empty.", where="reflect", hint="Ask something.")
    return (answerer or RuleAnswerer()).answer(path, question[:QUERY_CHARACTERS])


def _with_name(question: str, subject: Subject) -> str:
    """A question by pronoun, with the name behind it, so that it can be searched for."""
    return f"{question.rstrip()} ({subject.name})" if subject.pronoun and subject.name else question


def _from_facts(
    path: ReadPath, question: str, analysis: QuestionAnalysis, subject: Subject, found: Found
) -> Answer | None:
    """The answer that facts give; None if they do not hold the kind of thing that is asked for."""
    told = _told_by(found, analysis)
    if told is None:
        return None
    words, facts, confidence = told
    confidence *= min(fact.trust for fact in facts) * (1.0 if subject.certain else _GUESSED)
    return Answer(
        question=question,
        answer=words,
        known=True,
        confidence=round(confidence, 4),
        citations=_citations(path, facts),
    )


def _told_by(found: Found, analysis: QuestionAnalysis) -> tuple[str, tuple[Fact, ...], float] | None:
    """Words, the facts that they come from, and how far they may be trusted."""
    facts = found.facts[:SAID]
    if found.disputed:
        sides = " ".join(_dated_statement(fact) for fact in facts)
        return f"Memory holds contradicting statements. {sides}", facts, _DISPUTED
    if found.ended:
        return " ".join(map(_statement, facts)), facts, _ENDED
    match analysis.answer_type:
        case "time":
            return _told_when(facts)
        case "number" if not any(holds_number(fact.text) for fact in facts):
            return f"Memory names no number. {' '.join(map(_statement, facts))}", facts, _INSTEAD
        case "boolean" if analysis.object:
            words = _yes_or_no(analysis, facts)
            return (words, facts, _EXACT) if words else None
    sure = _EXACT if all(fact.functional for fact in facts) else _SOME
    return " ".join(map(_past if found.past else _statement, facts)), facts, sure


def _told_when(facts: Sequence[Fact]) -> tuple[str, tuple[Fact, ...], float] | None:
    """The date of the newest fact that gives one, else the day on which the newest was told."""
    dates = [
        (fact, date)
        for fact in facts
        if (date := date_of(fact.text, value=fact.object, valid_from=fact.valid_from, told=fact.at))
    ]
    if not dates:
        return None
    fact, date = next((pair for pair in dates if pair[1].stated), dates[0])
    return f"{date.label}: {_statement(fact)}", (fact,), _EXACT if date.stated else _INSTEAD


def _yes_or_no(analysis: QuestionAnalysis, facts: Sequence[Fact]) -> str:
    """Yes or no with the fact that says so; empty if the facts leave it open."""
    asked = normalise_name(analysis.object)
    same = [fact for fact in facts if normalise_name(fact.object) == asked]
    if same:
        return f"Yes. {_statement(same[0])}"
    other = [fact for fact in facts if fact.functional and fact.object]
    return f"No. {_statement(other[0])}" if other else ""


def _statement(fact: Fact) -> str:
    words = one_line(fact.text)
    return words if words.endswith((".", "!", "?", "\u3002")) else f"{words}."


def _dated_statement(fact: Fact) -> str:
    said = f" (said on {day_text(fact.at)})" if fact.at else ""
    return f"{one_line(fact.text).rstrip('.')}{said}."


def _past(fact: Fact) -> str:
    """What held once, said so that nobody takes it for the present."""
    until = f"until {day_text(fact.valid_to)}" if fact.valid_to else "no longer"
    value = one_line(fact.object)
    statement = one_line(fact.text).rstrip(".")
    return f"{value}, {until} (\u201c{statement}\u201d)." if value else f"{statement} ({until})."


def _citations(path: ReadPath, facts: Sequence[Fact]) -> tuple[Citation, ...]:
    """The facts with the words of their evidence. One read."""
    around = path.store.neighbourhood(
        View(bank=path.bank, statuses=EVERY_STATUS),
        [fact.id for fact in facts],
        types=frozenset({RelationshipType.EVIDENCED_BY}),
        direction=Direction.OUT,
    )
    quotes: dict[str, str] = {}
    for link in around.relationships:
        quotes.setdefault(link.source_id, str(link.properties.get("quote", "")))
    return tuple(
        Citation(id=fact.id, text=quotes.get(fact.id) or fact.text, source=fact.source, at=fact.at) for fact in facts
    )


def _from_sentences(
    path: ReadPath,
    question: str,
    analysis: QuestionAnalysis,
    supported: Sequence[Supported],
    *,
    certain: bool,
) -> Answer:
    if not supported:
        return not_known(question)
    best = supported[0]
    chosen: dict[str, Supported] = {}
    limit = 1 if analysis.answer_type in ("time", "number", "boolean") else SAID
    for one in supported:
        if len(chosen) >= limit or one.strength < _NEARLY_AS_GOOD * best.strength:
            break
        words = one_line(one.sentence.text)
        if one.sentence.memory.id not in chosen and not any(
            words == one_line(c.sentence.text) for c in chosen.values()
        ):
            chosen[one.sentence.memory.id] = one
    facts = {id_: node for id_, node in path.store.fetch(path.bank, list(chosen)).items() if isinstance(node, Fact)}
    quoted: Mapping[str, Citation] = {c.id: c for c in _citations(path, list(facts.values()))} if facts else {}
    return Answer(
        question=question,
        answer=" ".join(_told(one, analysis) for one in chosen.values()),
        known=True,
        confidence=round(_SENTENCE * best.strength * (1.0 if certain else _GUESSED), 4),
        citations=tuple(quoted.get(id_) or _quoted(one) for id_, one in chosen.items()),
    )


def _told(one: Supported, analysis: QuestionAnalysis) -> str:
    sentence = one.sentence
    words = one_line(sentence.text)
    words = words if words.endswith((".", "!", "?", "\u3002")) else f"{words}."
    if sentence.speaker and sentence.memory.kind.value in ("Episode", "Note"):
        words = f"{one_line(sentence.speaker)}: \u201c{words}\u201d"
    if sentence.memory.status is Status.SUPERSEDED:
        words = f"{words} (no longer current)"
    date = when(sentence) if analysis.answer_type == "time" else None
    return f"{date.label}: {words}" if date else words


def _quoted(one: Supported) -> Citation:
    memory = one.sentence.memory
    return Citation(id=memory.id, text=one.sentence.text, source=memory.source, at=_at(one))


def _at(one: Supported) -> datetime | None:
    return one.sentence.memory.at
