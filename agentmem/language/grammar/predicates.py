"""The predicates that statements and questions share, and how verbs and attributes lead to them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from agentmem.language.words.wordlists import word_set

Aspect = Literal["state", "begins", "ends", "event"]
"""state: it holds. begins, ends: a change after which it holds, or no longer. event: it happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """What can be said of a subject."""

    name: str
    """snake_case, present tense."""
    functional: bool = False
    """Whether a subject has one value at a time."""
    object_type: str = ""
    """Entity type of the value; "time" or "number" for such values; empty if it may be anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A verb with what follows it, and the predicate that it expresses."""

    predicate: str
    """Name of the predicate."""
    aspect: Aspect
    """What the verb says about it."""
    tail: tuple[str, ...]
    """The words between the verb and the object; empty for a direct object."""
    passive: bool = False
    """Whether the verb stands in the passive."""


PREDICATES: dict[str, Predicate] = {
    predicate.name: predicate
    for predicate in (
        Predicate(name="lives_in", functional=True, object_type="place"),
        Predicate(name="located_in", functional=True, object_type="place"),
        Predicate(name="comes_from", functional=True, object_type="place"),
        Predicate(name="born_in", functional=True, object_type="place"),
        Predicate(name="born_on", functional=True, object_type="time"),
        Predicate(name="died_in", functional=True, object_type="place"),
        Predicate(name="died_on", functional=True, object_type="time"),
        Predicate(name="age", functional=True, object_type="number"),
        Predicate(name="works_at", functional=True, object_type="organisation"),
        Predicate(name="works_as", functional=True),
        Predicate(name="works_on"),
        Predicate(name="works_with", object_type="person"),
        Predicate(name="manager", functional=True, object_type="person"),
        Predicate(name="leads"),
        Predicate(name="owner", functional=True),
        Predicate(name="led_by", functional=True, object_type="person"),
        Predicate(name="married_to", functional=True, object_type="person"),
        Predicate(name="engaged_to", functional=True, object_type="person"),
        Predicate(name="partner", functional=True, object_type="person"),
        Predicate(name="studies_at", functional=True, object_type="organisation"),
        Predicate(name="studies"),
        Predicate(name="graduated_from", object_type="organisation"),
        Predicate(name="member_of", object_type="organisation"),
        Predicate(name="has_pet"),
        Predicate(name="owns"),
        Predicate(name="has"),
        Predicate(name="likes"),
        Predicate(name="dislikes"),
        Predicate(name="prefers"),
        Predicate(name="allergic_to"),
        Predicate(name="speaks"),
        Predicate(name="plays"),
        Predicate(name="uses"),
        Predicate(name="drives"),
        Predicate(name="visited", object_type="place"),
        Predicate(name="scheduled_for", functional=True, object_type="time"),
        Predicate(name="price", functional=True, object_type="number"),
        Predicate(name="name", functional=True),
        Predicate(name="nickname", functional=True),
        Predicate(name="status", functional=True),
        Predicate(name="founded_by", object_type="person"),
        Predicate(name="founded_in", functional=True, object_type="time"),
        Predicate(name="plans_to"),
        Predicate(name="wants_to"),
        Predicate(name="is"),
    )
}
"""The named predicates; any other verb or attribute gives a predicate of its own name."""

# predicate | aspect | verb and tail, "/" between equal verbs or tails, "-" for a direct object, "!" for the passive.
_FRAMES = """
lives_in state live/reside/dwell in/at/near
lives_in state base! in
lives_in begins settle in/down in
lives_in begins move/relocate/emigrate/immigrate to/into/in to/back to/over to/out to/down to/up to
lives_in begins move!/relocate!/transfer! to
located_in state locate!/situate!/headquarter!/base!/house!/host! in/at/on/near
located_in state lie/sit/stand in/at/on/near
works_at state work/intern/volunteer/consult at/for
works_at state employ! by/at
works_at begins hire!/recruit!/headhunt! by/at
works_at begins join -
works_at begins start at/work at/working at/working for
works_at ends leave/quit -
works_at ends retire/resign from
works_as state work/serve/act as
works_as begins start as/working as/work as
works_in state work in
works_on state work on
works_with state work with/alongside/together with
leads state lead/manage/supervise/oversee -
led_by state lead!/manage!/head!/supervise!/run! by
manager state report to
married_to state marry! to
married_to begins marry -
married_to begins get married to
married_to ends divorce -/from
married_to ends divorce! from
married_to ends separate/split from/up with
engaged_to begins get engaged to
engaged_to state engage! to
partner state date -
partner begins start dating
partner ends break up with
studies_at state study/teach! at
studies_at begins enrol/enroll at/in
studies_at begins start at university/studying at
studies state study/major/specialise/specialize -/in
studies begins start studying
studies begins switch my major to/his major to/her major to/majors to
studies_at state educate! at/in
graduated_from event graduate from
graduated_from event drop out of
member_of state belong to
member_of begins join the/a/an
has_pet begins adopt/get/buy/rescue/foster -
owns begins buy/purchase/inherit -
owns state own/possess -
owner state own! by
owns ends sell -
likes state like/love/enjoy/adore/appreciate -
dislikes state dislike/hate/detest -
dislikes state stand -
prefers state prefer -
speaks state speak -
plays state play -
uses state use -
uses begins switch/migrate to/over to
uses begins start using
uses ends stop using
uses ends drop/abandon/deprecate -
drives state drive -
visited event visit -
visited event travel/fly/go to
born_in event bear! in
died_in event die/pass in/away in
scheduled_for state schedule!/plan!/set!/book!/fix! for/on
scheduled_for state take/happen/occur place on/place at/place in/on/in
scheduled_for begins move!/postpone!/reschedule!/delay!/push!/bring! to/until/back to/forward to/till
scheduled_for begins defer!/shift!/change! to/until/back to/forward to/till
scheduled_for begins slip/shift/move/change to
scheduled_for state start/begin/end/finish/launch/open/close/expire/arrive/depart/leave/ship/release on/at/in
scheduled_for state launch!/release!/ship!/open!/close! on/at/in
price state cost -
price state price!/value!/list! at
name state call!/name! -
name begins rename!/rebrand! to/as/-
founded_by event found!/establish!/start! by
is begins turn into
prefers begins start preferring
"""
_ATTRIBUTES = {
    "home town": "hometown",
    "hometown": "hometown",
    "phone": "phone",
    "phone number": "phone",
    "telephone": "phone",
    "telephone number": "phone",
    "mobile": "phone",
    "mobile number": "phone",
    "cell": "phone",
    "cell number": "phone",
    "cell phone number": "phone",
    "number": "number",
    "e-mail": "email",
    "email": "email",
    "email address": "email",
    "e-mail address": "email",
    "mail address": "email",
    "home address": "address",
    "address": "address",
    "birthday": "born_on",
    "birth date": "born_on",
    "birthdate": "born_on",
    "date of birth": "born_on",
    "birthplace": "born_in",
    "place of birth": "born_in",
    "employer": "works_at",
    "workplace": "works_at",
    "place of work": "works_at",
    "job": "works_as",
    "occupation": "works_as",
    "profession": "works_as",
    "job title": "works_as",
    "husband": "married_to",
    "wife": "married_to",
    "spouse": "married_to",
    "fiance": "engaged_to",
    "fiancé": "engaged_to",
    "fiancee": "engaged_to",
    "fiancée": "engaged_to",
    "girlfriend": "partner",
    "boyfriend": "partner",
    "partner": "partner",
    "boss": "manager",
    "manager": "manager",
    "supervisor": "manager",
    "line manager": "manager",
    "headquarters": "located_in",
    "headquarter": "located_in",
    "head office": "located_in",
    "hq": "located_in",
    "location": "located_in",
    "cost": "price",
    "price": "price",
    "chief executive officer": "ceo",
    "chief executive": "ceo",
    "chief technology officer": "cto",
    "chief financial officer": "cfo",
    "university": "studies_at",
    "school": "studies_at",
    "college": "studies_at",
    "major": "studies",
    "field of study": "studies",
    "first name": "first_name",
    "full name": "name",
    "name": "name",
    "real name": "name",
    "nick name": "nickname",
    "nickname": "nickname",
    "current version": "version",
    "latest version": "version",
    "due date": "deadline",
    "deadline": "deadline",
    "residence": "lives_in",
    "team lead": "lead",
    "team leader": "lead",
    "state": "state",
    "native language": "native_language",
    "citizenship": "citizenship",
    "nationality": "citizenship",
    "country of citizenship": "citizenship",
}
# Attributes of which a subject may well have several.
_PLURAL = word_set(
    """
    brother sister sibling child son daughter kid friend colleague coworker co-worker cousin uncle aunt nephew niece
    neighbour neighbor grandmother grandfather grandparent grandson granddaughter roommate flatmate pet dog cat
    hobby interest passion skill language goal dream problem issue concern example member part kind type idea point
    advantage disadvantage benefit reason feature effect symptom lesson strength weakness challenge allergy favorite
    favourite teacher student client customer book song film movie project task result thing person way one most
    best student collaborator author founder creator developer
    """
)
_STATUS_DATES = frozenset({"deadline", "born_on", "due"})
_NOT_WORD = re.compile(r"[^\w]+")
_FILL = re.compile(
    r"^(?:the|a|an|my|our|your|his|her|its|their|current|present|new|official|actual|exact|"
    r"own|old)\s+"
)


def _frames() -> dict[str, tuple[Frame, ...]]:
    found: dict[str, list[Frame]] = {}
    for line in _FRAMES.strip().splitlines():
        predicate, aspect, verbs, tails = line.split(" ", 3)
        for verb in verbs.split("/"):
            for tail in tails.split("/"):
                words = () if tail == "-" else tuple(tail.split())
                found.setdefault(verb.rstrip("!"), []).append(
                    Frame(predicate=predicate, aspect=_ASPECTS[aspect], tail=words, passive=verb.endswith("!"))
                )
    return {verb: tuple(sorted(frames, key=lambda f: -len(f.tail))) for verb, frames in found.items()}


_ASPECTS: dict[str, Aspect] = {"state": "state", "begins": "begins", "ends": "ends", "event": "event"}
FRAMES = _frames()
"""Lemma -> frames, those with the longest tail first."""


def predicate(name: str) -> Predicate:
    """The predicate of a name; one that is not in the vocabulary may have many values of any type."""
    return PREDICATES.get(name) or Predicate(name=name)


def attribute(words: str, *, dated: bool = False) -> Predicate:
    """The predicate that an attribute names: "phone number" -> phone, "launch date" -> launch_date.

    Args:
        words: The attribute without its owner.
        dated: Whether its value is a date; then "launch" and "launch date" are the same.
    """
    lowered = " ".join(words.casefold().split()).strip(" .,:;'\"")
    while (bare := _FILL.sub("", lowered)) != lowered:
        lowered = bare
    known = _ATTRIBUTES.get(lowered)
    if known is not None:
        return PREDICATES.get(known) or Predicate(name=known, functional=True, object_type=_value_type(known))
    lowered = re.sub(r"^favou?rite\b", "favourite", lowered)
    name = snake(lowered)
    if dated and not re.search(r"(?:date|day|time|deadline|year|due)$", name):
        name += "_date"
    plural = lowered.split()[-1:] and (lowered.split()[-1] in _PLURAL or _looks_plural(lowered.split()[-1]))
    functional = not plural or lowered.startswith("favourite")
    return Predicate(name=name, functional=bool(functional), object_type="time" if dated else "")


def _value_type(name: str) -> str:
    return "time" if name in _STATUS_DATES else ""


def _looks_plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith(("ss", "us", "is", "news", "series", "headquarters"))


def snake(words: str | Iterable[str]) -> str:
    """Words as a name of a predicate: lower case, joined by underscores."""
    text = words if isinstance(words, str) else " ".join(words)
    return _NOT_WORD.sub("_", text.casefold()).strip("_")
