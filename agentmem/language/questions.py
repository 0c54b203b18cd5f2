"""What a question asks for: whose attribute, of which time, and what kind of thing would answer it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from agentmem.language.names import names, normalise_name
from agentmem.language.terms import terms

AnswerType = Literal["place", "person", "time", "organisation", "number", "thing", "reason", "boolean", ""]
Tense = Literal["now", "before", "first", "at", "any"]


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


def analyse_question(question: str, *, now: datetime) -> QuestionAnalysis:
    """Take a question apart; whatever is not recognised stays empty.

    Args:
        question: As a user asks it.
        now: The present, timezone-aware; "last year" counts from it.
    """
    found = tuple(name.text for name in names(question))
    lowered = question.lower()
    simple: list[tuple[str, str, AnswerType]] = [
        (r"where (?:do|does|did|is|are)\b.*\b(?:live|living|move)", "lives_in", "place"),
        (r"where (?:do|does|did|is|are)\b.*\bwork", "works_at", "organisation"),
        (r"^when\b", "", "time"),
        (r"^who\b", "", "person"),
        (r"^where\b", "", "place"),
    ]
    predicate, answer = "", ""
    kind: AnswerType = ""
    for pattern, name, answered in simple:
        if re.search(pattern, lowered):
            predicate, kind = name, answered
            break
    tense: Tense = "before" if "before" in lowered else "now" if "now" in lowered else "any"
    subject = found[0] if found else "user" if re.search(r"\b(?:i|my|me)\b", lowered) else ""
    return QuestionAnalysis(
        subject=subject, predicate=predicate, object=answer, answer_type=kind, tense=tense, window=None,
        names=tuple(dict.fromkeys(found)), terms=tuple(terms(question)),
    )  # fmt: skip


__all__ = ["AnswerType", "QuestionAnalysis", "Tense", "analyse_question", "normalise_name"]
