"""Questions for an attribute: "What is Orion's budget", "Who is the CEO of Apple"."""

from __future__ import annotations

import re

from agentmem.language.grammar.phrases import attribute_of
from agentmem.language.grammar.predicates import attribute
from agentmem.language.naming.gazetteer import KINSHIP
from agentmem.language.questions.question_forms import Asked
from agentmem.language.words.verbs import verb_forms

_ATTRIBUTE_OF = re.compile(r"^(?:what|who|where|when|which)\s+(?:is|are|was|were)\s+(?P<what>.+)$", re.IGNORECASE)
_MY = re.compile(r"^(?:my|mine)\s+", re.IGNORECASE)

_OF_MY = re.compile(r"\bof (?:my|mine)\s+", re.IGNORECASE)


def mine(subject: str) -> str:
    """Whom "my" means: the user."""
    if _MY.match(subject):
        return "user's " + _MY.sub("", subject)
    return _OF_MY.sub("of user's ", subject)


def attribute_asked(question: str) -> Asked | None:
    """As in "What is Orion's budget", "Who is the CEO of Apple", "What is my phone number", "Where is the office"."""
    match = _ATTRIBUTE_OF.match(question)
    if match is None:
        return None
    what = mine(match["what"].strip())
    first = question.split()[0].lower()
    owned = attribute_of(what)
    if owned is not None and not _has_verb(what):
        known = attribute(owned[1])
        if known.name == "name":
            return _name_of(owned[0])
        return Asked(subject=owned[0], predicate=known.name)
    if first == "where" and not _has_verb(what):
        place = re.sub(r"\s+(?:located|situated|based|headquartered)$", "", what)
        return Asked(subject=place, predicate="located_in")
    if first in {"what", "who"} and not _has_verb(what):
        bare = re.sub(r"\s+(?:at|in|for|on)\s*$", "", what)
        return Asked(subject=bare, predicate=_own_predicate(bare))
    return None


def _own_predicate(what: str) -> str:
    """What is asked of a thing without an owner: "the deadline" has a date, "the budget" is something."""
    words = what.lower().split()
    if not words or words[0] not in {"the", "our"} or len(words) > 4:
        return ""
    return (
        "scheduled_for"
        if words[-1] in {"deadline", "date", "day", "time"}
        else "status"
        if words[-1] == "status"
        else "is"
    )


def _name_of(owner: str) -> Asked:
    """A relative's name is who the relative is; other names are an attribute."""
    relation = attribute_of(owner)
    if relation and relation[1].split()[-1].lower() in KINSHIP:
        return Asked(subject=relation[0], predicate=attribute(relation[1]).name)
    return Asked(subject=owner, predicate="name")


def _has_verb(words: str) -> bool:
    parts = words.split()
    return (
        any(
            verb_forms(w.lower())
            and verb_forms(w.lower())[0].form in {"base", "ing", "participle", "past"}
            and w.islower()
            for w in parts[-2:]
        )
        and len(parts) > 1
        and not words.lower().endswith(
            (
                "name",
                "address",
                "budget",
                "plan",
                "cost",
                "price",
                "number",
                "date",
                "work",
                "limit",
                "schedule",
                "project",
                "post",
                "test",
                "design",
                "report",
                "target",
            )
        )
    )
