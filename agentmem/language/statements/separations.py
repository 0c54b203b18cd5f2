"""Couples: who marries, is engaged to, or parts from whom."""

from __future__ import annotations

import re

from agentmem.language.grammar.clauses import Clause
from agentmem.language.grammar.phrases import phrase, trimmed
from agentmem.language.grammar.scene import Claim, Scene

_TOGETHER = re.compile(r"^(?P<one>[^,]{1,40}?) and (?P<other>[^,]{1,40})$")
_HAPPENED: tuple[tuple[re.Pattern[str], str, bool], ...] = (
    (
        re.compile(r"(?:break|split) up\b|separate\b|part ways\b|break off (?:the|our|their) engagement"),
        "partner",
        True,
    ),
    (re.compile(r"get divorced\b|divorce\b"), "married_to", True),
    (re.compile(r"(?:get|be) married\b|marry\b|tie the knot\b"), "married_to", False),
    (re.compile(r"(?:get|be) engaged\b"), "engaged_to", False),
    (re.compile(r"(?:be|start) dating\b|date\b"), "partner", False),
)
_SPOUSES = {"husband": "married_to", "wife": "married_to", "spouse": "married_to"}
_PARTNERS = {"partner": "partner", "boyfriend": "partner", "girlfriend": "partner"}


def couple_claims(clause: Clause, scene: Scene) -> list[Claim]:
    """As in "Leo and Kate got married", "we broke up", "Kate left her husband"; nothing for others."""
    if clause.lemma == "leave":
        return _left(clause, scene)
    words = " ".join((clause.lemma, *(w.low for w in clause.rest[:5])))
    for pattern, name, ends in _HAPPENED:
        match = pattern.match(words)
        if match is None or not scene.person(clause.subject.split(" and ")[-1]):
            continue
        used = len(match.group().split()) - 1
        following = clause.rest[used].low if used < len(clause.rest) else ""
        if following in {"with", "to", "from"} or (ends and name == "partner" and following == "for"):
            other = phrase(scene.text, clause.rest, used + 1, scene.names, wanted="person")
            kind = other.kind if other else ""
            return [_claim(clause.subject, name, other.text, ends)] if other and kind else []
        pair = _TOGETHER.match(clause.subject)
        if pair and following not in {"a", "the"}:
            return [_claim(pair["one"], name, pair["other"], ends), _claim(pair["other"], name, pair["one"], ends)]
        if ends and clause.subject.lower() in {"we", "they"} and not following.isalpha():
            return [_claim(clause.subject, name, "", ends)]
    return []


def _left(clause: Clause, scene: Scene) -> list[Claim]:
    found = phrase(scene.text, clause.rest, 0, scene.names, wanted="person")
    words = found.text.split() if found else []
    kin = next((w.lower() for w in words[-2:] if w.lower() in _SPOUSES | _PARTNERS), "")
    if not kin or not scene.person(clause.subject):
        return []
    named = words[-1] if words[-1][0].isupper() and words[-1].lower() != kin else ""
    return [_claim(clause.subject, (_SPOUSES | _PARTNERS)[kin], named, ends=True)]


def _claim(subject: str, name: str, other: str, ends: bool) -> Claim:
    return Claim(
        subject=trimmed(subject),
        predicate=name,
        object=trimmed(other),
        object_type="person" if other else "",
        functional=not ends,
        aspect="ends" if ends else "begins",
        ends=ends,
    )
