"""Where things and people are, and where "at" and "with" mean an employer."""

from __future__ import annotations

import re
from dataclasses import replace

from agentmem.language.grammar.clauses import Clause
from agentmem.language.grammar.phrases import attribute_of, phrase, place_phrase, trimmed
from agentmem.language.grammar.predicates import attribute
from agentmem.language.grammar.scene import Claim, Scene
from agentmem.language.naming.gazetteer import PLACE_ENDINGS, PLACES
from agentmem.language.statements.jobs import role_claims

_PLACE_OPENINGS = (
    ("next", "to"),
    ("close", "to"),
    ("across", "from"),
    ("in", "front", "of"),
    *((word,) for word in ("in", "at", "on", "near", "outside", "inside", "behind", "opposite", "with")),
)
_WORK = re.compile(r"\b(?:jobs?|employers?|compan(?:y|ies)|work(?:s|ed|ing)?|quit|hired|left)\b", re.IGNORECASE)
_LAST_DAY = re.compile(r"^(?P<who>.{1,50}?)['\u2019]s? last (?:work(?:ing)? )?day (?:at|with) (?P<where>.{2,50})$")


def last_day(clause: Clause, scene: Scene) -> list[Claim]:
    """Somebody's last day at a firm ends the work there; nothing for other subjects."""
    last = _LAST_DAY.match(scene.full(clause.subject))
    if last is None:
        return []
    work = _works(trimmed(last["who"]), trimmed(last["where"]), begins=False)
    return [replace(work, aspect="ends", ends=True, functional=False)]


def placed(clause: Clause, scene: Scene, subject: str, lows: list[str]) -> list[Claim]:
    """Where the subject is: "at 12 Harbor Street in Boston", "next to the station"."""
    begin = next((len(p) for p in _PLACE_OPENINGS if tuple(lows[: len(p)]) == p), 0)
    if not begin:
        return []
    if scene.person(clause.subject):
        return _person_at(clause, scene, subject, lows, begin)
    found = place_phrase(scene.text, clause.rest, begin, scene.names)
    if found is None or not (found.kind or (len(lows) > begin and lows[begin] in {"the", "my", "our", "a"})):
        return []
    job = attribute_of(scene.full(clause.subject))
    if job and attribute(job[1]).name == "works_as" and found.kind:
        return [_works(job[0], found.text, begins=True)]
    last = clause.rest[found.stop - 1]
    return [
        Claim(
            subject=job[0] if job and attribute(job[1]).name == "located_in" else subject,
            predicate="located_in",
            object=found.text if lows[0] in {"in", "at", "on"} else scene.text[clause.rest[0].start : last.end],
            object_type=found.kind,
            functional=bool(found.kind),
            aspect="begins" if clause.now else "state",
        )
    ]


def _person_at(clause: Clause, scene: Scene, subject: str, lows: list[str], begin: int) -> list[Claim]:
    """Where a person is; whom somebody is "no longer at" or "now with" is an employer."""
    found = phrase(scene.text, clause.rest, begin, scene.names, wanted="place")
    if found is None or not found.kind:
        return []
    known = found.text.casefold() in PLACES or found.text.casefold().split()[-1] in PLACE_ENDINGS
    about_work = clause.no_longer or clause.now_first or (clause.now and _WORK.search(scene.text) is not None)
    if lows[0] in {"at", "with"} and not known and about_work:
        work = _works(subject, found.text, begins=not clause.no_longer)
        role = (
            found.stop + 1
            if lows[found.stop : found.stop + 1] == ["as"]
            else lows.index("as") + 1
            if "as" in lows
            else 0
        )
        what = (
            phrase(scene.text, clause.rest, role, scene.names, wanted="role") if role and not clause.no_longer else None
        )
        return [work, *(role_claims(subject, what.text, scene, begins=True, now=True) if what else ())]
    if lows[0] == "with":
        return []
    return [Claim(subject=subject, predicate="located_in", object=found.text, object_type=found.kind, functional=known)]


def _works(subject: str, employer: str, *, begins: bool) -> Claim:
    return Claim(
        subject=subject,
        predicate="works_at",
        object=employer,
        object_type="organisation",
        functional=True,
        aspect="begins" if begins else "state",
    )
