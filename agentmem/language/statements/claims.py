"""From a clause to what it claims: subject, predicate and object in the shared vocabulary."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agentmem.language.grammar.clauses import Clause, Token
from agentmem.language.grammar.phrases import attribute_of, phrase, place_phrase, trimmed
from agentmem.language.grammar.predicates import FRAMES, Frame, predicate, snake
from agentmem.language.grammar.rewrite import SKIPPED_ADVERBS
from agentmem.language.grammar.scene import Claim, Scene
from agentmem.language.naming.gazetteer import PLACES
from agentmem.language.naming.names import normalise_name
from agentmem.language.statements.copulas import copula_claims, status_claims, value_claim
from agentmem.language.statements.jobs import job_claims
from agentmem.language.statements.possessions import ANIMALS, possession_claims
from agentmem.language.statements.separations import couple_claims
from agentmem.language.words.verbs import third_person
from agentmem.language.words.wordlists import word_set

_VALUE_VERBS = word_set(
    """
    change update increase raise reduce decrease lower cut set grow drop rise fall move revise extend adjust bump
    shift upgrade correct push postpone reschedule delay defer rename transfer relocate switch bring slip
    """
)
_BETWEEN_TAIL = frozenset(
    {
        "from",
        "with",
        "together",
        "all",
        "the",
        "way",
        "out",
        "over",
        "back",
        "in",
        "my",
        "full-time",
        "part-time",
        "remotely",
        "alone",
        "happily",
    }
)
_PREPOSITIONS = word_set(
    "to at in on with for from into about of by over through against between under near as around onto towards"
)
_TIMELESS = frozenset({"scheduled_for", "born_in", "died_in", "founded_by", "price", "name", "graduated_from"})
_NAMED_OBJECT = frozenset(
    {
        "lives_in",
        "comes_from",
        "born_in",
        "died_in",
        "visited",
        "works_at",
        "studies_at",
        "married_to",
        "engaged_to",
        "partner",
        "located_in",
    }
)
_NO_SVO = frozenset(
    {
        "be",
        "have",
        "do",
        "get",
        "let",
        "mean",
        "seem",
        "say",
        "tell",
        "think",
        "feel",
        "guess",
        "hope",
        "wish",
        "know",
        "want",
        "need",
        "look",
        "keep",
        "turn",
        "happen",
    }
)
_VAGUE_SUBJECTS = word_set(
    """
    much more lot time stuff nobody we've it this that these those there you what who which all everything everyone
    everybody nothing something someone somebody one he she they here others most some many both your
    """
) | {""}
_EMPLOYERS = word_set("job company firm employer agency bank hospital school startup work role position practice")
_SOMEBODYS = frozenset({"his", "her", "their", "its", "your"})
_OPEN_SUBJECTS = frozenset({"the", "these", "those", "this", "that", "all", "some", "many", "a", "an"})
DATED_VERBS = frozenset({"launch", "ship", "release", "expire", "open", "close"})
"""Verbs that give a thing a date of that name: Orion launches on 4 May -> launch_date."""
_HAPPENS = frozenset({"schedule", "take", "happen", "occur", "postpone", "reschedule", "delay", "plan"})


def claims_of(clause: Clause, scene: Scene) -> list[Claim]:
    """What a clause claims, the main claim first; nothing if it claims nothing that the rules know."""
    if (
        clause.modal in {"would", "could", "should", "might", "may", "must"}
        or clause.subject.casefold() in _VAGUE_SUBJECTS
    ):
        return []
    words = clause.subject.split()
    if words[0].casefold() in _SOMEBODYS:
        return []
    if words[-1].casefold() in _VAGUE_SUBJECTS and len(words) < 4:
        return []
    if len(words) == 1 and words[0].lower().endswith("ed") and words[0][0].isupper() and clause.past:
        return []
    if len(words) > 14 or (len(words) > 1 and words[0].lower().endswith("ing")):
        return []
    if len(words) > 2 and words[0].lower() in _OPEN_SUBJECTS and normalise_name(words[-1]) in scene.people:
        return []  # "these shoes Anna bought ...": the verb belongs to a relative clause
    if clause.lemma in {"be", "remain", "stay"} and not clause.passive:
        found = copula_claims(clause, scene)
    elif clause.lemma == "turn" and clause.rest and clause.rest[0].text.isdigit() and scene.person(clause.subject):
        found = [
            Claim(
                subject=trimmed(clause.subject),
                predicate="age",
                object=clause.rest[0].text,
                functional=True,
                aspect="begins",
            )
        ]
    elif clause.lemma == "have":
        found = possession_claims(clause, scene)
    else:
        found = (
            status_claims(clause, scene)
            or couple_claims(clause, scene)
            or job_claims(clause, scene)
            or _framed(clause, scene)
            or _valued(clause, scene)
            or _generic(clause, scene)
        )
    found = [_settled(claim, clause) for claim in found]
    return [c for c in found if any(map(str.isalnum, c.subject)) and (c.ends or any(map(str.isalnum, c.object)))]


def _settled(claim: Claim, clause: Clause) -> Claim:
    """The claim with the clause's negation and tense."""
    if clause.no_longer or (clause.negated and not clause.past and not clause.perfect and claim.aspect == "state"):
        known = predicate(claim.predicate)
        if clause.no_longer or known.functional or claim.predicate in {"uses", "member_of"}:
            return replace(claim, ends=True, functional=False)
    if clause.negated:
        return replace(claim, predicate=f"not_{claim.predicate}", functional=False, aspect="event", ends=False)
    if claim.aspect == "state" and clause.past and not clause.perfect and not claim.timeless:
        return replace(claim, past=True, functional=False)
    return claim


def _framed(clause: Clause, scene: Scene) -> list[Claim]:
    """Claims by the verb's frames: the earliest tail wins."""
    for frame in FRAMES.get(clause.lemma, ()):
        if frame.passive != clause.passive:
            continue
        timed = predicate(frame.predicate).object_type == "time"  # its preposition went with the date
        after = tail_end(frame.tail[:-1] if timed else frame.tail, clause.rest)
        if after is None:
            continue
        found = _by_frame(frame, after, clause, scene)
        if found:
            return found
    return _born(clause, scene, [])


def tail_end(tail: Sequence[str], rest: Sequence[Token]) -> int | None:
    """Index after the tail; None if it does not follow. Adverbs, and "from Boston" or "with her", may come between."""
    index = 0
    while index < len(rest) and rest[index].low in SKIPPED_ADVERBS:
        index += 1
    if not tail:
        return index
    for begin in range(index, min(len(rest), index + 6)):
        if tuple(w.low for w in rest[begin : begin + len(tail)]) == tuple(tail):
            return begin + len(tail)
        word = rest[begin]
        loose = (
            word.low in _BETWEEN_TAIL
            or word.low in SKIPPED_ADVERBS
            or (begin > index and (word.text[0].isupper() or rest[begin - 1].low in {"with", "from", "my"}))
        )
        if not loose:
            return None
    return None


def _by_frame(frame: Frame, after: int, clause: Clause, scene: Scene) -> list[Claim]:
    known = predicate(frame.predicate)
    if known.object_type == "time":
        return _scheduled(clause, scene)
    name = frame.predicate
    wanted = known.object_type if known.object_type in {"place", "organisation", "person"} else ""
    if name == "owns":
        wanted = "thing"
    found = phrase(scene.text, clause.rest, after, scene.names, wanted=wanted)
    if found is None:
        return []
    if name in {"works_at", "works_as", "studies_at"} and not scene.person(clause.subject):
        return []  # "field tests started at the river"
    if name == "lives_in":
        name = "lives_in" if scene.person(clause.subject) else "located_in"
    named = found.kind != "" or found.text.casefold() in PLACES
    if name == "located_in" and (place := place_phrase(scene.text, clause.rest, after, scene.names)):
        found, named = place, named or place.kind != ""
    if not _accepts(name, frame, found.text, named, clause):
        return []
    functional = predicate(name).functional and (
        named or frame.aspect == "begins" or clause.now or name not in _NAMED_OBJECT
    )
    subject, value, kind = scene.full(clause.subject), found.text, found.kind
    if name == "has_pet":
        value = re.split(r"\b(?:named|called)\s+", value)[-1]
    claim = Claim(
        subject=trimmed(subject),
        predicate=name,
        object=value,
        object_type=kind,
        functional=functional,
        aspect="ends" if frame.aspect == "ends" else frame.aspect,
        ends=frame.aspect == "ends",
        timeless=name in _TIMELESS,
    )
    if name in {"born_in", "died_in"}:
        return _born(clause, scene, [claim])
    return [*_before(claim, frame, clause, scene), claim]


def _accepts(name: str, frame: Frame, value: str, named: bool, clause: Clause) -> bool:
    """Whether the object is of a kind that the predicate can have."""
    if name == "lives_in" and frame.aspect == "begins":
        return named or (value.islower() and " " not in value and len(value) > 3 and value not in {"house", "home"})
    if name == "located_in" and not any(map(str.isalpha, value)):
        return False  # "moved to 10:00"
    if name == "visited":
        return named and clause.past | clause.perfect
    if name == "has_pet":
        return any(word in ANIMALS for word in value.lower().split())
    if name in {"born_in", "died_in", "comes_from"}:
        return named
    if name == "studies_at" or (name == "uses" and frame.aspect == "begins"):
        return named or name == "uses"
    if frame.aspect == "ends" and name == "owns" and not clause.past | clause.perfect:
        return False  # "I sell jam" is a trade
    if frame.aspect == "ends" and name == "works_at" and not named:
        return bool(_EMPLOYERS & set(value.lower().split()))  # "I quit smoking", "she left the house"
    return not (name == "works_at" and frame.aspect == "begins" and not named and clause.rest[0].low != "work")


def _before(claim: Claim, frame: Frame, clause: Clause, scene: Scene) -> list[Claim]:
    """The value before a change: "moved from Boston to Lisbon" ends Boston."""
    if frame.aspect != "begins" or claim.predicate not in {"lives_in", "located_in", "uses"}:
        return []
    start = next((i for i, w in enumerate(clause.rest[:3]) if w.low == "from"), None)
    if start is None:
        return []
    old = phrase(
        scene.text,
        clause.rest,
        start + 1,
        scene.names,
        wanted="place" if claim.predicate != "uses" else "thing",
        limit=4,
    )
    if old is None or old.text == claim.object:
        return []
    text = old.text.split(" to ")[0]
    if claim.predicate == "uses":
        return [replace(claim, object=text, object_type=old.kind, aspect="ends", ends=True, functional=False)]
    return [replace(claim, object=text, object_type=old.kind, aspect="state", past=True, before=True, functional=False)]


def _born(clause: Clause, scene: Scene, found: list[Claim]) -> list[Claim]:
    """Adds the day to "born in London on 5 May 1990"."""
    if clause.lemma not in {"bear", "die"} or not scene.moments or (clause.lemma == "bear" and not clause.passive):
        return found
    name = "born_on" if clause.lemma == "bear" else "died_on"
    on = Claim(
        subject=trimmed(clause.subject),
        predicate=name,
        object=scene.label(scene.moments[0]),
        functional=True,
        aspect="event",
        timeless=True,
    )
    return [*found, on]


def _scheduled(clause: Clause, scene: Scene) -> list[Claim]:
    """A thing and its date."""
    moment = scene.time_after(clause.verb_end)
    if moment is None or (clause.lemma not in DATED_VERBS | _HAPPENS and scene.person(clause.subject)):
        return []
    if clause.lemma in DATED_VERBS:
        what = trimmed(scene.full(clause.subject))
        return [
            Claim(
                subject=what,
                predicate=f"{clause.lemma}_date",
                object=scene.label(moment, last=True),
                functional=True,
                timeless=True,
            )
        ]
    return [value_claim(clause, scene, scene.label(moment, last=True), dated=True)]


def _valued(clause: Clause, scene: Scene) -> list[Claim]:
    """A change of a value: "Orion's budget was raised to 3 million", "we moved the launch to 5 May"."""
    if clause.lemma not in _VALUE_VERBS:
        return []
    moment = scene.moments[-1] if scene.moments and scene.moments[-1].start >= clause.verb_end else None
    to = next((i for i, w in enumerate(clause.rest) if w.low in {"to", "at", "until", "as"}), None)
    if not clause.passive and clause.rest and clause.rest[0].low not in {"to", "from", "by", "at", "back"}:
        return _valued_object(clause, scene)
    if scene.person(clause.subject):
        return []
    if moment is not None and (to is None or to + 1 >= len(clause.rest) or clause.rest[to].end <= moment.lead):
        return (
            [value_claim(clause, scene, scene.label(moment, last=True), dated=True)]
            if to is not None or moment.role == "until"
            else []
        )
    if to is None:
        return []
    found = phrase(scene.text, clause.rest, to + 1, scene.names)
    return [value_claim(clause, scene, found.text, kind=found.kind)] if found else []


def _valued_object(clause: Clause, scene: Scene) -> list[Claim]:
    """The active form: what is changed is the verb's object."""
    to = next((i for i, w in enumerate(clause.rest[:9]) if i and w.low in {"to", "until"}), None)
    if to is None:
        return []
    stop = next((i for i, w in enumerate(clause.rest[:to]) if i and w.low == "from"), to)
    what = scene.text[clause.rest[0].start : clause.rest[stop - 1].end].strip()
    if len(what.split()) > 6 or not (
        clause.rest[0].low in {"the", "our", "my", "its", "their"} or attribute_of(what) or clause.lemma == "rename"
    ):
        return []
    moved = replace(clause, subject=what, passive=True, rest=clause.rest[stop:], verb_end=clause.rest[stop - 1].end)
    return _framed(moved, scene) or _valued(moved, scene)


def _generic(clause: Clause, scene: Scene) -> list[Claim]:
    """Any other verb with an object: "Acme acquired Beta" -> acquires."""
    if clause.lemma in _NO_SVO or not clause.rest or (clause.habitual and clause.lemma in {"be"}):
        return []
    index = 0
    while index < len(clause.rest) and clause.rest[index].low in SKIPPED_ADVERBS:
        index += 1
    if index >= len(clause.rest):
        return []
    preposition = clause.rest[index].low if clause.rest[index].low in _PREPOSITIONS else ""
    found = phrase(scene.text, clause.rest, index + bool(preposition), scene.names)
    if found is None:
        return []
    if clause.passive:
        if not preposition:
            return []
        name = snake(f"{scene.text[: clause.verb_end].split()[-1]} {preposition}")
    else:
        name = snake(f"{third_person(clause.lemma)} {preposition}")
    happened = clause.past or clause.perfect
    subject = trimmed(scene.full(clause.subject))
    return [
        Claim(
            subject=subject,
            predicate=name,
            object=found.text,
            object_type=found.kind,
            aspect="event" if happened else "state",
        )
    ]
