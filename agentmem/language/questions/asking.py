"""From a question to what it asks for, form by form."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from agentmem.language.grammar.phrases import attribute_of, is_person, trimmed
from agentmem.language.grammar.predicates import attribute, predicate
from agentmem.language.questions.asked_attributes import attribute_asked, mine
from agentmem.language.questions.asked_clauses import embedded, inverted, subject_asked, yes_or_no
from agentmem.language.questions.question_forms import SPECIAL_FORMS, AnswerType, Asked, answer_type
from agentmem.language.statements.possessions import ANIMALS

_FIRST_PERSON = re.compile(r"^(?:i|me|my|mine|myself)$", re.IGNORECASE)


def asked_of(question: str) -> Asked:
    """The core of a question, written without contractions, times and words of tense."""
    question = re.sub(r"\s+", " ", question).strip(" ?.!,")
    kind = answer_type(question)
    steps: Sequence[Callable[[str], Asked | None]] = (
        _special,
        _asked_by_being,
        attribute_asked,
        inverted,
        yes_or_no,
        subject_asked,
        embedded,
    )
    for step in steps:
        found = step(question)
        if found is not None:
            answer = kind or found.answer_type
            return replace(_tidied(found), answer_type=_refined(answer, found))
    return Asked(answer_type=kind, subject="user" if re.search(r"\b(?:I|me|my)\b", question) else "")


def _refined(kind: AnswerType, found: Asked) -> AnswerType:
    """A "what" question about a place or a person asks for that."""
    wanted = predicate(found.predicate).object_type
    if kind == "person" and wanted == "organisation":
        return "organisation"
    if kind not in {"thing", ""}:
        return kind
    if wanted in {"place", "person", "time", "organisation", "number"}:
        return wanted  # type: ignore[return-value]  # one of the literals
    if found.predicate.endswith(("_date", "deadline")) or found.predicate in {"born_on"}:
        return "time"
    return kind


def _tidied(found: Asked) -> Asked:
    subject = found.subject.strip(" ,")
    subject = "user" if _FIRST_PERSON.match(subject) else mine(subject)
    return replace(found, subject=trimmed(subject), object=trimmed(found.object))


def _special(question: str) -> Asked | None:
    for pattern, name in SPECIAL_FORMS:
        match = pattern.match(question)
        if match is None:
            continue
        subject = match["s"].strip()
        if name == "scheduled_for":
            return _event(subject, question)
        if name == "price" and (
            is_person(subject)
            or subject.split()[0] in {"time", "did"}
            or re.search(r"\b(?:earn|make|pay|spend|weigh)\b", subject)
        ):
            continue
        if (
            name == "name"
            and attribute_of(mine(subject)) is not None
            and not any(a in subject.lower().split() for a in ANIMALS)
        ):
            continue
        return Asked(subject=mine(subject), predicate=name)
    return None


def _event(subject: str, question: str) -> Asked | None:
    """When something is, or happened: a thing's own date, or the time of what a verb tells."""
    told = inverted(question)
    if told is not None and (told.predicate or is_person(told.subject)):
        return replace(told, answer_type="time")
    subject = mine(subject)
    owned = attribute_of(subject)
    if owned:
        return Asked(subject=owned[0], predicate=attribute(owned[1], dated=True).name, answer_type="time")
    return Asked(subject=subject, predicate="" if is_person(subject) else "scheduled_for", answer_type="time")


def _asked_by_being(question: str) -> Asked | None:
    """As in "Who is responsible for billing": the subject is asked for, and an adjective tells of what."""
    return (
        subject_asked(question)
        if re.match(r"^who (?:is|was) (?:responsible|in charge|allergic|married|fluent|from)\b", question, re.I)
        else None
    )
