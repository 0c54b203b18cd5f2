"""What "is" says: values of attributes, dates, places, ages, occupations, states."""

from __future__ import annotations

import re
from dataclasses import replace

from agentmem.language.grammar.clauses import Clause
from agentmem.language.grammar.phrases import attribute_of, phrase, trimmed
from agentmem.language.grammar.predicates import PREDICATES, Aspect, attribute, predicate, snake
from agentmem.language.grammar.rewrite import SKIPPED_ADVERBS
from agentmem.language.grammar.scene import Claim, Scene
from agentmem.language.naming.gazetteer import KINSHIP
from agentmem.language.statements.jobs import is_occupation, role_claims
from agentmem.language.statements.placings import last_day, placed
from agentmem.language.words.wordlists import word_set

STATUSES = word_set(
    """
    open closed done finished complete completed blocked cancelled canceled delayed postponed approved rejected
    pending active inactive paused resolved merged deployed released shipped live deprecated archived green red
    amber yellow online offline broken fixed available unavailable overdue
    """
)
"""States of a task, a ticket, a project: a thing is in one of them at a time."""
_STATUS_PHRASES = frozenset(
    {
        "on hold",
        "in progress",
        "in review",
        "on track",
        "at risk",
        "in production",
        "up and running",
        "behind schedule",
        "ahead of schedule",
    }
)
_MARITAL = frozenset({"single", "married", "divorced", "widowed", "engaged"})
_ADJECTIVES = {
    ("allergic", "to"): "allergic_to",
    ("fond", "of"): "likes",
    ("interested", "in"): "interested_in",
    ("afraid", "of"): "afraid_of",
    ("scared", "of"): "afraid_of",
    ("good", "at"): "good_at",
    ("responsible", "for"): "responsible_for",
    ("compatible", "with"): "compatible_with",
    ("proud", "of"): "proud_of",
    ("passionate", "about"): "likes",
    ("obsessed", "with"): "likes",
    ("married", "to"): "married_to",
    ("engaged", "to"): "engaged_to",
    ("related", "to"): "related_to",
    ("similar", "to"): "similar_to",
    ("worth", ""): "price",
    ("into", ""): "likes",
    ("intolerant", "to"): "allergic_to",
    ("part", "of"): "member_of",
    ("due", "to"): "",
    ("vegan", ""): "",
    ("home", "to"): "home_to",
    ("capable", "of"): "capable_of",
    ("fluent", "in"): "speaks",
    ("native", "to"): "comes_from",
    ("based", "on"): "based_on",
}
_OF = {
    "member": "member_of",
    "part": "member_of",
    "fan": "likes",
    "citizen": "citizenship",
    "native": "comes_from",
    "resident": "lives_in",
    "capital": "",
    "graduate": "graduated_from",
    "employee": "works_at",
}
_PLAIN_VALUES = frozenset(
    {"works_as", "status", "age", "price", "born_on", "phone", "email", "name", "nickname", "version"}
)
_NO_VALUES = frozenset(
    {"like", "about", "so", "such", "there", "always", "full", "very", "really", "here", "why", "how", "what"}
)
VALUED = word_set(
    """
    colour color size type kind status state priority level theme mode style language currency timezone format
    framework database editor system platform role title diet breed species gender religion hobby topic genre
    category owner location shape material brand model number code password username handle name nickname budget
    price cost salary income address email phone age height weight capital sport position food drink dish snack
    flavour flavor fruit animal subject instrument employer job occupation plan backend frontend stack provider host
    policy default setting preference choice goal
    """
)
"""Attributes whose value may be any word."""
_NUMBER = re.compile(r"[$\u20ac\u00a3]?\d[\d,.]*%?$")
_AGE = re.compile(r"(?P<age>\d{1,3}|[a-z]+(?:-[a-z]+)?)(?:\s+|-)(?:years?|yrs?|months?)(?:\s+|-)old\b", re.IGNORECASE)


def value_claim(clause: Clause, scene: Scene, value: str, *, kind: str = "", dated: bool = False) -> Claim:
    """A value of what the subject names: (Orion, budget, 2 million), (wedding, scheduled_for, 12 June)."""
    subject = scene.full(clause.subject)
    owned = attribute_of(subject)
    aspect: Aspect = "state" if clause.lemma == "be" and not clause.now else "begins"
    if owned is not None:
        owner, what = owned
        known = attribute(what, dated=dated)
        if known.name in {"role", "position", "title"} and scene.person(owner):
            known = predicate("works_as")
        if known.name in _PLAIN_VALUES:
            kind = ""
        return Claim(
            subject=owner,
            predicate=known.name,
            object=value,
            object_type=kind,
            functional=known.functional and not _describes(clause, value, what),
            aspect=aspect,
            timeless=dated,
        )
    if dated:
        return Claim(
            subject=trimmed(subject),
            predicate="scheduled_for",
            object=value,
            functional=True,
            timeless=True,
            aspect=aspect,
        )
    if clause.lemma == "rename":
        return Claim(
            subject=trimmed(subject), predicate="name", object=value, object_type=kind, functional=True, aspect="begins"
        )
    return Claim(
        subject=trimmed(subject),
        predicate="is",
        object=value,
        object_type=kind,
        functional=not scene.person(subject),
        aspect=aspect,
    )


def _describes(clause: Clause, value: str, what: str) -> bool:
    """Whether the value is one description among others ("my art is a way to relax")."""
    indefinite = bool(clause.rest) and clause.rest[0].low in {"a", "an"}
    return indefinite and not any(c.isdigit() or c.isupper() for c in value) and what.split()[-1].lower() not in VALUED


def copula_claims(clause: Clause, scene: Scene) -> list[Claim]:
    """What a clause with "is" claims."""
    if clause.subject.lower() in {"it", "that", "this", "there", "what", "these", "those", "here", "all", "everything"}:
        return []
    begin = 0
    while begin < len(clause.rest) and clause.rest[begin].low in SKIPPED_ADVERBS | {"no", "longer"}:
        begin += 1
    moment = scene.time_after(clause.verb_end)
    first = clause.rest[begin].start if begin < len(clause.rest) else len(scene.text)
    if moment is not None and (first >= moment.end or moment.lead <= first):
        ended = last_day(clause, scene)
        if ended or scene.person(clause.subject):
            return ended
        return [value_claim(clause, scene, scene.label(moment), dated=True)]
    if begin >= len(clause.rest):
        if scene.clock and not scene.person(clause.subject):
            return [value_claim(clause, scene, scene.clock, dated=True)]
        return []
    shorter = replace(clause, rest=clause.rest[begin:])
    return _described(shorter, scene) or _valued(shorter, scene) or _classified(shorter, scene)


def status_claims(clause: Clause, scene: Scene) -> list[Claim]:
    """As in "the flight was cancelled": the passive of a change that leaves a thing in a state."""
    words = scene.text[clause.verb_start : clause.verb_end].lower().split()
    plain = not clause.rest or not clause.rest[0].text[0].isalnum() or clause.rest[0].low in {"today", "again", "now"}
    if not clause.passive or not plain or words[-1:] == [] or words[-1] not in STATUSES or scene.person(clause.subject):
        return []
    what = trimmed(scene.full(clause.subject))
    return [Claim(subject=what, predicate="status", object=words[-1], functional=True, aspect="begins")]


def _described(clause: Clause, scene: Scene) -> list[Claim]:
    """Age, place, origin, adjectives with a preposition, status."""
    subject = trimmed(scene.full(clause.subject))
    lows = [w.low for w in clause.rest]
    words = scene.text[clause.rest[0].start : clause.rest[min(len(lows), 4) - 1].end]
    age = _AGE.match(words) or (
        re.fullmatch(r"(?P<age>\d{1,3})", words.strip(" .!")) if scene.person(clause.subject) else None
    )
    if (age and attribute_of(clause.subject) is None) or (age and scene.person(clause.subject)):
        return [Claim(subject=subject, predicate="age", object=age["age"], functional=True)]
    adjective = _ADJECTIVES.get((lows[0], lows[1] if len(lows) > 1 else "")) or _ADJECTIVES.get((lows[0], ""))
    if adjective:
        index = 1 if (lows[0], "") in _ADJECTIVES else 2
        found = phrase(scene.text, clause.rest, index, scene.names, wanted=_wanted(adjective))
        return (
            [
                Claim(
                    subject=subject,
                    predicate=adjective,
                    object=found.text,
                    object_type=found.kind,
                    functional=predicate(adjective).functional,
                )
            ]
            if found
            else []
        )
    if lows[:3] == ["in", "charge", "of"]:
        found = phrase(scene.text, clause.rest, 3, scene.names)
        return [Claim(subject=subject, predicate="leads", object=found.text, object_type=found.kind)] if found else []
    if not scene.person(clause.subject):
        status = next(
            (s for s in _STATUS_PHRASES if words.lower().startswith(s)), lows[0] if lows[0] in STATUSES else ""
        )
        if status and attribute_of(scene.full(clause.subject)) is None:
            return [Claim(subject=subject, predicate="status", object=status, functional=True)]
    if lows[0] == "from" and scene.person(clause.subject):
        found = phrase(scene.text, clause.rest, 1, scene.names, wanted="place")
        return (
            [Claim(subject=subject, predicate="comes_from", object=found.text, object_type=found.kind, functional=True)]
            if found and found.kind
            else []
        )
    return placed(clause, scene, subject, lows)


def _wanted(name: str) -> str:
    return predicate(name).object_type if predicate(name).object_type in {"person", "place", "organisation"} else ""


def _valued(clause: Clause, scene: Scene) -> list[Claim]:
    """The value of an attribute, in either order: "Orion's budget is 2 million", "Tim is the CEO of Apple"."""
    found = phrase(scene.text, clause.rest, 0, scene.names, limit=20)
    if found is None:
        return []
    subject = scene.full(clause.subject)
    if attribute_of(subject) is not None:
        if not _is_value(attribute_of(subject)[1], found.text, clause):  # type: ignore[index]  # checked above
            return [Claim(subject=trimmed(subject), predicate="is", object=found.text)]
        kind = found.kind
        owner_attribute = attribute(attribute_of(subject)[1])  # type: ignore[index]  # checked above
        known = predicate(owner_attribute.name).object_type
        if owner_attribute.name == "address":
            return [value_claim(clause, scene, trimmed(scene.text[clause.rest[0].start : clause.rest[-1].end]))]
        if owner_attribute.name in {"located_in", "lives_in"} and clause.rest[0].low in {"in", "at"}:
            found = phrase(scene.text, clause.rest, 1, scene.names, wanted="place") or found
        return [
            value_claim(
                clause,
                scene,
                found.text,
                kind=kind
                or (known if found.text[:1].isupper() and known in {"person", "place", "organisation"} else ""),
            )
        ]
    complement = scene.text[clause.rest[0].start : clause.rest[found.stop - 1].end]
    of = _of_claims(clause, scene, complement)
    if of:
        return of
    role = attribute_of(complement)
    if role is None or not _names_role(complement, *role):
        return []
    owner, what = role
    known_attribute = attribute(what)
    claims = [
        Claim(
            subject=owner,
            predicate=known_attribute.name,
            object=trimmed(subject),
            functional=known_attribute.functional,
            object_type="person" if scene.person(clause.subject) else "",
            aspect="begins" if clause.now else "state",
        )
    ]
    if scene.person(clause.subject) and is_occupation(what) and not scene.person(owner):
        claims.extend(role_claims(trimmed(subject), f"{what} of {owner}", scene, begins=clause.now, now=clause.now)[:1])
    return claims


def _names_role(complement: str, owner: str, what: str) -> bool:
    """Whether "the CEO of Apple", "Anna's brother" name the subject by a role that somebody or something has one of."""
    head = what.split()[-1].lower()
    fitting = is_occupation(what) or head in KINSHIP | _ROLES or what.lower().startswith(("favourite", "favorite"))
    opens = complement.lower().startswith(("the ", "our ", "my ", "his ", "her ", "their ", "its ")) or (
        complement[0].isupper() and complement.startswith(owner)
    )
    fitting = fitting or attribute(what).name in PREDICATES
    bare = complement.split()[0].lower() == head  # "CTO of Acme"
    return len(what.split()) <= 3 and len(owner.split()) <= 6 and fitting and (opens or bare)


_ROLES = word_set(
    """
    capital author creator owner leader winner captain chair sponsor host organiser organizer maintainer contact
    mayor king queen successor predecessor name headquarters home birthplace ceo inventor composer architect editor
    publisher
    """
)


def _is_value(what: str, value: str, clause: Clause) -> bool:
    """Whether a complement gives an attribute's value and does not only describe it ("my house is old").

    What is written with a capital, a digit or an article is a value; so is anything said of an attribute that has
    values by its nature (a colour, a status).
    """
    words = value.split()
    if words[0].lower() in _NO_VALUES and not any(c.isdigit() for c in value):
        return False
    return (
        clause.rest[0].low in {"a", "an", "the", "my", "our", "to"}
        or any(c.isdigit() or c.isupper() or c == "@" for c in value)
        or what.split()[-1].lower() in VALUED
        or what.lower().startswith(("favourite", "favorite"))
        or predicate(attribute(what).name).name in PREDICATES
        or (clause.now and len(words) <= 3)
    )


def _of_claims(clause: Clause, scene: Scene, complement: str) -> list[Claim]:
    """As in "a member of the board", "a fan of jazz", "a citizen of France"."""
    match = re.match(r"(?:an?\s+|the\s+)?(?:\w+\s+)?(?P<what>\w+)\s+of\s+(?P<whole>.+)$", complement)
    name = _OF.get(match["what"].lower()) if match else None
    if match is None or not name:
        return []
    known = predicate(name)
    return [
        Claim(
            subject=trimmed(clause.subject),
            predicate=name,
            object=trimmed(match["whole"]),
            functional=known.functional or name == "citizenship",
        )
    ]


def _classified(clause: Clause, scene: Scene) -> list[Claim]:
    """What kind of thing the subject is, or how it is."""
    found = phrase(scene.text, clause.rest, 0, scene.names, limit=20)
    if found is None:
        return []
    subject = trimmed(scene.full(clause.subject))
    if scene.person(clause.subject):
        if found.text.lower() in _MARITAL:
            return [Claim(subject=subject, predicate="marital_status", object=found.text.lower(), functional=True)]
        if is_occupation(found.text):
            return role_claims(subject, found.text, scene, begins=clause.now, now=clause.now)
    value_like = bool(_NUMBER.match(found.text.split()[0])) or (
        found.kind != "" and clause.subject.lower().startswith("the ")
    )
    return [
        Claim(
            subject=subject,
            predicate=snake("is"),
            object=found.text,
            object_type=found.kind,
            functional=value_like and not scene.person(clause.subject),
        )
    ]
