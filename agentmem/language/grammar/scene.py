"""What surrounds a clause while it is read: its names and times, and who is known to be a person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from agentmem.language.grammar.phrases import is_person
from agentmem.language.grammar.predicates import Aspect
from agentmem.language.naming.names import Name, normalise_name
from agentmem.language.times.absolute_dates import value_label
from agentmem.language.times.dates import Moment

_GAP = re.compile(
    r"[\s,(:-]*(?:(?:on|for|at|in|to|from|until|till|by|back|forward|the|now|set|scheduled|"
    r"due|place|off|again|instead|"
    r"every|early|late|sometime|around|about|currently|not|still|up|planned|only|"
    r"only)\b[\s,(:-]*|[\d:]+\s*(?:am|pm)?[\s,]*)*",
    re.IGNORECASE,
)
CLOCK = re.compile(
    r"\b(?:at\s+)?(?P<clock>(?:[01]?\d|2[0-3]):[0-5]\d(?:\s?[ap]\.?m\b\.?)?|(?:1[0-2]|"
    r"[1-9])\s?[ap]\.?m\b\.?|noon\b|midnight\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The sentence in which clauses stand."""

    text: str
    """Contractions written out, persons resolved, times blanked out: what tokens and phrases are taken from."""
    moments: tuple[Moment, ...] = ()
    """Its times; their places are those of `text`."""
    names: tuple[Name, ...] = ()
    """Its names; likewise."""
    at: datetime | None = None
    """When it was said."""
    people: frozenset[str] = frozenset()
    """Normalised names that are known to be persons."""
    things: frozenset[str] = frozenset()
    """Normalised names that are known not to be persons."""
    owners: Mapping[str, str] = field(default_factory=dict)
    """Head noun -> the full phrase last used for it ("wedding" -> "Anna's wedding")."""
    clock: str = ""
    """A time of day in the sentence; empty if there is none."""

    def person(self, subject: str) -> bool:
        """Whether a subject means a person."""
        return normalise_name(subject) not in self.things and is_person(subject, self.people)

    def full(self, subject: str) -> str:
        """A subject in its full form: "the wedding" after "Anna's wedding" is that one; articles go."""
        bare = normalise_name(subject)
        first = subject.split()[0].lower() if subject.split() else ""
        plain = first == "the" or (subject[:1].islower() and first == bare.split()[0])
        known = self.owners.get(bare) if plain else None
        return known or subject

    def time_after(self, position: int) -> Moment | None:
        """The time that follows a verb with nothing but prepositions between; None if there is none."""
        for moment in self.moments:
            if moment.end <= position:
                continue
            gap = self.text[position : moment.lead] if moment.lead > position else ""
            return moment if _GAP.fullmatch(gap) and moment.role not in {"for"} else None
        return None

    def label(self, moment: Moment, *, last: bool = False) -> str:
        """A time as a value; with `last`, the end of a range ("moved from 10 to 12 June")."""
        period = moment.final if last and moment.final is not None else moment.period
        label = value_label(period, yearless=moment.yearless)
        return f"{label}, {self.clock}" if self.clock and period.granularity == "day" else label


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a clause says of its subject."""

    subject: str
    predicate: str
    object: str = ""
    object_type: str = ""
    """Entity type of the object; empty for a value."""
    functional: bool = False
    aspect: Aspect = "state"
    past: bool = False
    """Whether it held in the past and the clause does not say that it still does."""
    ends: bool = False
    """Whether the clause says that it holds no longer."""
    timeless: bool = False
    """Whether a time in the clause is its value, not its validity."""
    before: bool = False
    """Whether it is what a change put an end to ("moved from Boston")."""
