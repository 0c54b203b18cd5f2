"""Dates that can only be told from the day on which somebody speaks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from agentmem.language.times.absolute_dates import Found
from agentmem.language.times.periods import (
    MONTHS,
    WEEKDAYS,
    Period,
    day,
    midnight,
    month,
    quarter,
    season,
    shifted_month,
    week,
    weekend,
    year,
)
from agentmem.language.words.verbs import BE, HAVE, MODALS, PAST_AUXILIARIES, verb_forms

_COUNTS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "a couple": 2,
    "couple": 2,
    "a couple of": 2,
    "couple of": 2,
    "a few": 3,
    "few": 3,
    "several": 4,
    "half a": 1,
}
_COUNT = (
    r"(?P<count>\d{1,3}|a couple of|a couple|couple of|a few|few|several|an?|one|two|three|"
    r"four|five|six|seven|eight|nine|ten|"
    r"eleven|twelve|fifteen|twenty|thirty)"
)
_UNIT = r"(?P<unit>day|week|weekend|month|year|decade|hour|minute)s?"
_DAYS = re.compile(
    r"\b(?P<word>the day before yesterday|the day after tomorrow|yesterday|tomorrow|today|tonight|last night|"
    r"this morning|this afternoon|this evening|earlier today|just now)\b",
    re.IGNORECASE,
)
_OFFSETS = {
    "the day before yesterday": -2,
    "yesterday": -1,
    "last night": -1,
    "tomorrow": 1,
    "the day after tomorrow": 2,
}
_NAMED = re.compile(
    r"\b(?P<which>last|past|previous|this|this past|this coming|next|coming|the following)\s+"
    r"(?P<what>weekend|week|month|year|quarter|spring|summer|autumn|fall|winter|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tues?|wed|thurs?|fri|sat|sun|"
    r"january|february|march|april|may|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)
_AGO = re.compile(
    rf"\b(?:about|around|almost|nearly|over|roughly|just)?\s*\b{_COUNT}\s+{_UNIT}\s+(?:ago|back|earlier)\b",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    rf"\b(?:in\s+{_COUNT}\s+{_UNIT}(?:['\u2019]?\s+time)?(?=\s*[.,;!]|$|\s+from now)|"
    rf"(?P<count2>\d{{1,4}}|an?|one|two|three|four|five|six)\s+(?P<unit2>day|week|month|"
    rf"year)s?\s+from\s+(?:now|today))\b",
    re.IGNORECASE,
)
_FOR = re.compile(
    rf"\b(?:for|over|in)\s+(?:about\s+|almost\s+|nearly\s+|over\s+|the\s+(?:last|"
    rf"past)\s+){_COUNT}\s+{_UNIT}\b|"
    r"\bfor\s+(?P<count3>\d{1,3}|a couple of|a few|an?|one|two|three|four|five|six|seven|"
    r"eight|nine|ten|eleven|twelve)"
    r"\s+(?P<unit3>week|month|year|decade)s?\b(?!\s+old)",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(
    r"(?<!\w)(?:(?P<lead>on|by|until|till|since|from|before|after|to|for|this|of)\s+)?"
    r"(?P<day>monday|tuesday|wednesday|thursday|friday|saturday|sunday|(?<=\bon )(?:tues?|wed|thurs?|fri))\b"
    r"(?!['\u2019]?s\b|,?\s+(?:\d|the \d)|,? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d)",
    re.IGNORECASE,
)
# "every Friday" is no day, "Good Friday" a name, "last Friday" found elsewhere.
_NO_WEEKDAY = frozenset(
    {
        "every",
        "each",
        "any",
        "good",
        "black",
        "easter",
        "ash",
        "cyber",
        "palm",
        "last",
        "next",
        "past",
        "coming",
        "this",
    }
)
_AHEAD_LEADS = frozenset({"by", "until", "till", "to", "for", "before"})
_FUTURE = re.compile(
    r"\b(?:will|shall|going to|gonna|plans?|planning|tomorrow|let's|can|should|must|needs?|due|have to|has to|"
    r"(?:was|were|been|got) (?:cancell?ed|postponed|rescheduled|scheduled|planned|booked|called off)|"
    r"(?:am|is|are|'m|'re)(?: \w+){0,3})\b|['\u2019]ll\b",
    re.IGNORECASE,
)
_NEXT_CLAUSE = re.compile(r"[,;.!?]|\b(?:and|but|so|because|then)\b", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]+(?:['\u2019]\w+)?")
_MAYBE = re.compile(
    r"yesterday|tomorrow|today|tonight|night|this|last|past|next|ago|coming|previous|"
    r"following|from now|in |for |day|back|earlier"
    r"|now|over|on (?:tue|wed|thu|fri)",
    re.IGNORECASE,
)


LEAD = 24
"""Characters before a time that may hold the word that leads it in."""
_NEAR = 200
"""Characters before and after a time that may hold the verb that tells its tense."""


def find_relative(text: str, anchor: datetime | None) -> Iterator[Found]:
    """Times told from `anchor`; none without one."""
    if anchor is None or not _MAYBE.search(text):
        return
    today = midnight(anchor)
    for match in _DAYS.finditer(text):
        found = day(today + timedelta(days=_OFFSETS.get(match["word"].lower(), 0)))
        yield match.start(), match.end(), found, True, False
    for match in _NAMED.finditer(text):
        if named := _named(match["which"].lower().split()[-1], match["what"].lower(), today):
            yield match.start(), match.end(), named, True, False
    yield from _counted(text, today)
    yield from _weekdays(text, today)


def _weekdays(text: str, today: datetime) -> Iterator[Found]:
    """Bare days of the week: the last before today in the past tense, else the first after it."""
    for match in _WEEKDAY.finditer(text):
        before = text[max(0, match.start("day") - LEAD) : match.start("day")].split()[-1:]
        lead = (match["lead"] or "").lower()
        if before and before[0].lower() in _NO_WEEKDAY:
            continue
        number = next(i for i, name in enumerate(WEEKDAYS) if name.lower().startswith(match["day"][:3].lower()))
        back = lead == "since" or (lead not in _AHEAD_LEADS and told_in_past(text, match.start(), match.end(), lead))
        yield match.start("day"), match.end("day"), _weekday(number, today, back=back), True, False


def told_in_past(text: str, start: int, end: int, lead: str = "") -> bool:
    """Whether the clause around a time tells of the past, by the verb before it, else the one after.

    Args:
        text: The sentence.
        start: Where the time begins.
        end: Where it ends.
        lead: The preposition before it, lower case.
    """
    if lead in _AHEAD_LEADS:
        return False
    first = max(0, start - _NEAR)
    text, start, end = text[first : end + _NEAR], start - first, end - first
    breaks = list(_NEXT_CLAUSE.finditer(text, 0, start))
    begin = breaks[-1].end() if breaks else 0
    ahead = _NEXT_CLAUSE.search(text, end)
    pieces = (text[begin:start], text[end : ahead.start() if ahead else len(text)], text)
    for piece in pieces:
        if _FUTURE.search(piece):
            return False
        if any(_is_past_form(word.group().lower()) for word in _LETTERS.finditer(piece)):
            return True
        if any(word.group().lower() in _PRESENT for word in _LETTERS.finditer(piece)):
            return False
    return lead == "from"


_PRESENT = BE | HAVE | MODALS


def _is_past_form(word: str) -> bool:
    return word in PAST_AUXILIARIES or any(form.form == "past" for form in verb_forms(word))


def _counted(text: str, today: datetime) -> Iterator[Found]:
    for match in _AGO.finditer(text):
        if found := _shifted(today, -_count(match["count"]), match["unit"].lower()):
            start = match.start() + len(match.group()) - len(match.group().lstrip())
            yield start, match.end(), found, True, False
    for match in _AHEAD.finditer(text):
        count, unit = match["count"] or match["count2"], match["unit"] or match["unit2"]
        if found := _shifted(today, _count(count), unit.lower()):
            yield match.start(), match.end(), found, True, False
    for match in _FOR.finditer(text):
        count, unit = match["count"] or match["count3"], match["unit"] or match["unit3"]
        if found := _shifted(today, -_count(count), unit.lower()):
            since = Period(
                start=found.start, end=today + timedelta(days=1), granularity="span", label=f"since {found.label}"
            )
            yield match.start(), match.end(), since, True, False


def _count(words: str) -> int:
    return int(words) if words.isdigit() else _COUNTS.get(words.lower(), 1)


def _shifted(today: datetime, count: int, unit: str) -> Period | None:
    if unit in {"hour", "minute"}:
        return day(today)
    if unit == "day":
        return day(today + timedelta(days=count))
    if unit == "week":
        return week(today + timedelta(days=7 * count))
    if unit == "weekend":
        return weekend(today + timedelta(days=7 * count))
    if unit == "month":
        return shifted_month(day(today), count)
    return year(today.year + count * (10 if unit == "decade" else 1))


def _named(which: str, what: str, today: datetime) -> Period | None:
    """As in "last week", "next May", "this summer": -1, 0 or 1 away."""
    back = which in {"last", "past", "previous"}
    step = -1 if back else 0 if which == "this" else 1
    weekday = next(
        (i for i, name in enumerate(WEEKDAYS) if name.lower().startswith(what[:3]) and what != "month"), None
    )
    if weekday is not None and what[:3] in {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}:
        return _weekday(weekday, today, back=back, include_today=which == "this")
    if what in {"week", "weekend", "month", "year"}:
        if what == "weekend" and back and today.weekday() == 6:
            step = -1
        return _shifted(today, step, what)
    if what == "quarter":
        index = today.year * 4 + (today.month - 1) // 3 + step
        return quarter(index // 4, index % 4 + 1)
    if what in {"spring", "summer", "autumn", "fall", "winter"}:
        return _nearest([season(today.year + shift, what) for shift in (-1, 0, 1)], step, today)
    number = next(i for i, name in enumerate(MONTHS, 1) if name.lower() == what)
    return _nearest([month(today.year + shift, number) for shift in (-1, 0, 1)], step, today)


def _nearest(choices: list[Period | None], step: int, today: datetime) -> Period | None:
    """The newest period that is over, the one of this year, or the first that has not begun."""
    known = [choice for choice in choices if choice]
    if step < 0:
        return next((choice for choice in reversed(known) if choice.end <= today), None)
    if step > 0:
        return next((choice for choice in known if choice.start > today), None)
    return next((choice for choice in known if choice.start.year == today.year), None)


def _weekday(number: int, today: datetime, *, back: bool, include_today: bool = False) -> Period:
    """The newest such day before today, or the first after it."""
    if back:
        return day(today - timedelta(days=(today.weekday() - number - 1) % 7 + 1))
    ahead = (number - today.weekday()) % 7
    return day(today + timedelta(days=ahead if ahead or include_today else 7))
