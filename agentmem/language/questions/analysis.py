"""What a question asks for: whose attribute, of which time, and what kind of thing would answer it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from agentmem.language.grammar.clauses import expanded
from agentmem.language.naming.names import names
from agentmem.language.questions.asking import asked_of
from agentmem.language.questions.question_forms import AnswerType, Asked
from agentmem.language.questions.question_tense import Tense, tense_of
from agentmem.language.times.dates import Moment, find_dates
from agentmem.language.words.sentences import LONGEST
from agentmem.language.words.terms import terms


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnalysis:
    """A question taken apart."""

    subject: str
    """Whom or what it is about, as written; empty if it names none. "user" for I and my."""
    predicate: str
    """In the vocabulary of statements (lives_in, budget ...); empty if none is recognised."""
    object: str
    """A value that the question itself names ("Did Anna move to Rome?"); empty otherwise."""
    answer_type: AnswerType
    """What would answer it; empty if nothing tells."""
    tense: Tense
    """now: the current value. before: the one before it. first: the earliest. at: in `window`. any: nothing is said."""
    window: tuple[datetime, datetime] | None
    """The time that the question names, half-open, UTC."""
    names: tuple[str, ...]
    """Names in the question, as written."""
    terms: tuple[str, ...]
    """Search terms of the question."""


_POLITE = re.compile(
    r"^(?:(?:hey|hi|hello|ok|okay|so|and|but|well|please|now)[,!]?\s+)*(?:(?:can|could|would|"
    r"will) you (?:please )?(?:tell me|remind me|remember|recall|say|find out|explain)\s+|"
    r"(?:please )?(?:tell me|remind me)\s+(?:about\s+)?|do you (?:know|remember|recall)\s+|"
    r"i(?:'d| would) like to know\s+|i (?:want|need) to know\s+|according to [^,]+,\s+)",
    re.IGNORECASE,
)


def analyse_question(question: str, *, now: datetime) -> QuestionAnalysis:
    """Take a question apart; whatever is not recognised stays empty.

    Args:
        question: As a user asks it; beyond the first `LONGEST` characters only its terms are read.
        now: The present, timezone-aware; "last year" counts from it.
    """
    whole = " ".join(question.split())
    plain = whole[:LONGEST]
    bare = _POLITE.sub("", plain).strip(" ?.!\"'")
    moments = find_dates(bare, now)
    window = _window(moments)
    tense, shorter = tense_of(_without(bare, moments), windowed=window is not None)
    asked = asked_of(expanded(" ".join(shorter.split())))
    found = names(plain, opening=True)
    written = tuple(dict.fromkeys(name.text for name in found))
    if not asked.subject:
        asked = replace(asked, subject=_only_name(written, asked))
    return QuestionAnalysis(
        subject=asked.subject,
        predicate=asked.predicate,
        object=asked.object,
        answer_type=asked.answer_type,
        tense=tense,
        window=window,
        names=written,
        terms=tuple(dict.fromkeys(terms(whole))),
    )


def _window(moments: list[Moment]) -> tuple[datetime, datetime] | None:
    if not moments:
        return None
    first = next((m for m in moments if m.role != "for"), moments[0])
    return first.period.start, first.period.end


def _without(text: str, moments: list[Moment]) -> str:
    for moment in reversed(moments):
        text = text[: moment.lead] + text[moment.end :]
    return text.strip(" ,?")


def _only_name(written: tuple[str, ...], asked: Asked) -> str:
    """The one name in a question whose form is not recognised; it must be what the question is about."""
    others = [name for name in written if name != asked.object]
    return others[0] if len(others) == 1 and not asked.object else ""
