"""What a name's own words and the claims about it tell of its type: who is allergic to nuts is a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from agentmem.language.grammar.scene import Claim
from agentmem.language.naming.first_names import FEMALE_NAMES, MALE_NAMES
from agentmem.language.naming.gazetteer import KINSHIP, PLACES, TITLES
from agentmem.language.naming.names import EntityType, Name, name_type, normalise_name
from agentmem.language.words.wordlists import word_set

FIRST_NAMES: frozenset[str] = FEMALE_NAMES | MALE_NAMES
_OF_PEOPLE = (
    word_set(
        """
    works_as works_at works_with works_in manager age born_on born_in died_on died_in married_to engaged_to partner
    marital_status studies_at studies graduated_from speaks plays drives likes dislikes prefers allergic_to afraid_of
    good_at interested_in proud_of comes_from has_pet lives_in says plans_to wants_to diet hobby nickname phone
    birthday first_name native_language job_title husband wife reports_to
    """
    )
    | KINSHIP
)
"""Predicates that only a person is the subject of."""
_WITH_PEOPLE = (
    word_set("works_with manager married_to engaged_to partner led_by founded_by reports_to project_lead lead ceo cto")
    | KINSHIP
)
"""Predicates whose named object is a person."""
_WITH_ORGANISATIONS = word_set(
    """
    works_at supplied_by supplier vendor employer client company manufacturer made_by manufactured_by produced_by
    published_by publisher acquires acquired_by owned_by hired_by sponsor sponsored_by studies_at graduated_from
    """
)
_DOING = word_set("supplies acquires acquired hires employs manufactures publishes sponsors")
"""Predicates whose subject is an organisation, if it is a name without another type."""


def first_name(name: str) -> bool:
    """Whether the first word of a name is one that people are given."""
    first = name.casefold().split()[0] if name.split() else ""
    return first in FIRST_NAMES


def clearly_person(subject: str) -> bool:
    """Whether the words alone tell that a subject is a person: a title, a relation, a known first name."""
    words = subject.casefold().split()
    if not words or subject.casefold() in PLACES:
        return False
    return (
        words[-1] in KINSHIP | {"user", "assistant"} or words[0].rstrip(".") in TITLES or name_type(subject) == "person"
    )


def told_types(claims: Iterable[Claim]) -> dict[str, EntityType]:
    """The types that claims give to the names in them, by normalised name."""
    found: dict[str, EntityType] = {}
    for claim in claims:
        subject = normalise_name(claim.subject) if claim.subject[:1].isupper() else ""
        if subject and "'" not in subject and "\u2019" not in subject and name_type(claim.subject) != "organisation":
            name = claim.predicate.removeprefix("not_").removeprefix("ended_")
            if name in _OF_PEOPLE:
                found[subject] = "person"
            elif name in _DOING:
                found.setdefault(subject, "organisation")
        value = normalise_name(claim.object) if claim.object[:1].isupper() else ""
        if value and claim.predicate in _WITH_PEOPLE:
            found[value] = "person"
        elif value and claim.predicate in _WITH_ORGANISATIONS and name_type(claim.object) == "thing":
            found.setdefault(value, "organisation")
    return found


def retyped(name: Name, told: Mapping[str, EntityType], given: frozenset[str]) -> Name:
    """The name with what is known of it: from claims, or as the first name of somebody named in full.

    Args:
        name: As its surroundings in one sentence tell.
        told: Types by normalised name.
        given: First names of those who were named in full.
    """
    bare = normalise_name(name.text)
    known = told.get(bare)
    if known == "person" or (known is not None and name.type == "thing"):
        return replace(name, type=known)
    if bare in given and name.type in {"thing", "place"} and not name.local:
        return replace(name, type="person")
    return name
