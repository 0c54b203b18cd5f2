"""Dates in running text: written out, in numbers, or told from the day on which somebody speaks.

Choices where English is ambiguous: 12/06/2024 is 12 June (the day comes first) unless that is no date; "last Friday" is
the newest one before today, "next Friday" the first after today; a day or month without a year is the nearest one to
the anchor; weeks begin on Monday; "until March" includes March.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal

from agentmem.language.times.absolute_dates import find_absolute
from agentmem.language.times.periods import Period, date, month, span, within_calendar
from agentmem.language.times.relative_dates import LEAD, find_relative, told_in_past

Role = Literal["on", "since", "until", "range", "for", "before", "after"]

_MAYBE = re.compile(
    r"\d|on (?:tue|wed|thu|fri)|day|night|week|month|year|morning|evening|afternoon|noon|ago|recently|summer|spring|"
    r"autumn|winter|fall|decade|"
    r"jan|feb|mar|apr|may|june|july|aug|sep|oct|nov|dec",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"\b(since|from|until|till|through|between|before|by|after|starting|beginning|as of|effective|up to|"
    r"in|on|at|during|around|about|for|back in|early in|late in)\s+(?:(?:the|early|late|mid|"
    r"around|about)[\s-]+)*$",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s*(?:to|until|till|through|and|-|\u2013|\u2014|up to)\s*(?:the\s+)?$", re.IGNORECASE)
_ROLES: dict[str, Role] = {
    "since": "since",
    "from": "since",
    "starting": "since",
    "beginning": "since",
    "as of": "since",
    "effective": "since",
    "until": "until",
    "till": "until",
    "through": "until",
    "up to": "until",
    "between": "since",
    "before": "before",
    "after": "after",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time that a text names."""

    start: int
    """Where its words begin, in characters."""
    end: int
    """Where they end, exclusive."""
    period: Period
    """What it means."""
    relative: bool = False
    """Whether it can only be told from the anchor ("yesterday")."""
    role: Role = "on"
    """What it says: at that time, since it, until it, over the range, for that long."""
    lead: int = 0
    """Where the words that give the role begin ("since 2019"); the same as `start` if there are none."""
    yearless: bool = False
    """Whether the year was not written but told from the anchor."""
    final: Period | None = None
    """Of a range, the period at its end."""


def find_dates(text: str, anchor: datetime | None, *, any_year: bool = False) -> list[Moment]:
    """The times in a text, from left to right, without overlaps.

    Args:
        text: Any text.
        anchor: When it was said; without one, or near the edges of the calendar, only complete dates are found.
        any_year: Whether a day without a year is found even so ("5 May", in some year that means nothing).
    """
    return list(_found(text, within_calendar(anchor), any_year))


@lru_cache(maxsize=64)
def _found(text: str, anchor: datetime | None, any_year: bool) -> tuple[Moment, ...]:
    """The same sentence is asked about several times while it is read."""
    if not _MAYBE.search(text):
        return ()
    taken = bytearray(len(text))
    found: list[Moment] = []
    for start, end, period, relative, yearless in (
        *find_absolute(text, anchor, any_year=any_year),
        *find_relative(text, anchor),
    ):
        if any(taken[start:end]):
            continue
        taken[start:end] = b"x" * (end - start)
        found.append(Moment(start=start, end=end, period=period, relative=relative, yearless=yearless, lead=start))
    found.sort(key=lambda moment: moment.start)
    return tuple(_joined(text, [_in_tense(text, _with_role(text, moment), anchor) for moment in found]))


def _in_tense(text: str, moment: Moment, today: datetime | None) -> Moment:
    """A day or month without a year that the past tense tells of is not a coming one: "married in June" in May."""
    period = moment.period
    if not moment.yearless or today is None or period.start <= today or moment.role not in {"on", "since"}:
        return moment
    lead = text[max(0, moment.start - LEAD) : moment.start].split()[-1:]
    if not told_in_past(text, moment.start, moment.end, lead[0].lower() if lead else ""):
        return moment
    start = period.start
    earlier = (
        date(start.year - 1, start.month, start.day)
        if period.granularity == "day"
        else month(start.year - 1, start.month)
        if period.granularity == "month"
        else None
    )
    return replace(moment, period=earlier) if earlier else moment


def dated(text: str, moments: Sequence[Moment], *, ongoing: bool = False) -> str:
    """The text with the absolute date after each relative one: "yesterday (7 May 2023)".

    Args:
        text: What the moments were found in.
        moments: From `find_dates`.
        ongoing: Whether "for three years" lasts until the anchor, so that its beginning is known.
    """
    for moment in sorted(moments, key=lambda m: -m.end):
        if moment.relative and (ongoing or moment.role != "for"):
            text = f"{text[: moment.end]} ({moment.period.label}){text[moment.end :]}"
    return text


def _with_role(text: str, moment: Moment) -> Moment:
    words = text[moment.start : moment.end].lower()
    if words.startswith(("for ", "over ")):
        return replace(moment, role="for")
    lead = _LEAD.search(text, max(0, moment.start - LEAD), moment.start)
    if lead is None:
        return moment
    return replace(moment, role=_ROLES.get(lead.group(1).lower(), "on"), lead=lead.start())


def _joined(text: str, moments: list[Moment]) -> list[Moment]:
    """Ranges put together: "from 2015 to 2018"."""
    found: list[Moment] = []
    for moment in moments:
        before = found[-1] if found else None
        if (
            before is not None
            and before.role in {"since", "on"}
            and _BETWEEN.fullmatch(text[before.end : moment.start])
        ):
            whole = span(before.period, moment.period)
            if whole is not None and (before.role == "since" or "and" not in text[before.end : moment.start]):
                found[-1] = replace(
                    before,
                    end=moment.end,
                    period=whole,
                    role="range",
                    final=moment.period,
                    yearless=before.yearless and moment.yearless,
                    relative=before.relative or moment.relative,
                )
                continue
        found.append(moment)
    return found
