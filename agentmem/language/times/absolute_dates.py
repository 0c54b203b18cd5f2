"""Dates that are written out or in numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from agentmem.language.times.periods import Period, date, day, decade, midnight, month, quarter, season, year

Found = tuple[int, int, Period, bool, bool]
"""Start, end, period, whether it is relative, whether the year was told from the anchor."""

_MONTH = (
    r"(?P<month>jan(?:uary|\.)?|feb(?:ruary|\.)?|mar(?:ch|\.)?|apr(?:il|\.)?|may|june?\.?|"
    r"july?\.?|aug(?:ust|\.)?|"
    r"sept?(?:ember|\.)?|oct(?:ober|\.)?|nov(?:ember|\.)?|dec(?:ember|\.)?)"
)
_YEAR = r"(?P<year>(?:1[0-9]|20|21)\d{2})"
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
_NUMBERS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}

_ISO = re.compile(
    r"(?<![\d-])(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?:[T "
    r"]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
    r"(?![\d-])"
)
_ISO_MONTH = re.compile(r"(?<![\d-])(?P<year>(?:19|20)\d{2})-(?P<month>0[1-9]|1[0-2])(?![\d-])")
_NUMERIC = re.compile(
    r"(?<![\d/.])(?P<a>\d{1,2})(?P<sep>[/.])(?P<b>\d{1,2})(?P=sep)(?P<year>\d{4}|\d{2})(?![\d/]|\.\d)"
)
_YEAR_FIRST = re.compile(r"(?<![\d/])(?P<year>(?:19|20)\d{2})/(?P<month>\d{1,2})/(?P<day>\d{1,2})(?![\d/])")
_DAY_MONTH = re.compile(rf"\b{_DAY}(?:\s+of)?[\s-]+{_MONTH}\b\.?(?:[\s,-]+{_YEAR}\b)?", re.IGNORECASE)
_MONTH_DAY = re.compile(
    rf"\b{_MONTH}\s+(?:the\s+)?{_DAY}(?![\d:])\b(?!\s*(?:people|%|years|kg|km|million))(?:,?\s+{_YEAR}\b)?",
    re.IGNORECASE,
)
_MONTH_YEAR = re.compile(rf"(?<!\d )\b{_MONTH}\.?,?\s+(?:of\s+)?{_YEAR}\b", re.IGNORECASE)
_SEASON_YEAR = re.compile(rf"\b(?P<season>spring|summer|autumn|fall|winter)\s+(?:of\s+)?{_YEAR}\b", re.IGNORECASE)
_QUARTER = re.compile(rf"\bQ(?P<quarter>[1-4])[\s/-]+{_YEAR}\b", re.IGNORECASE)
_DECADE = re.compile(r"\b(?P<decade>(?:1[0-9]|20)\d0)['\u2019]?s\b")
_BARE_YEAR = re.compile(
    r"\b(?:in|since|until|till|by|from|during|of|before|after|around|between|to|and|early|"
    r"late|mid|class of|as of|year|"
    rf"through|circa)[\s-]+(?:the\s+year\s+|early\s+|late\s+|mid[\s-]|about\s+|"
    rf"around\s+)?{_YEAR}\b(?![.,]?\d|\s*(?:people|"
    r"dollars|euros|items|km|miles|users|members|tokens|records|rows|calories|units|\w*bytes)|%)|"
    r"(?:(?<=\()|(?<=\d-)|(?<=\d\u2013)|(?<=[a-z], ))"
    r"(?P<year2>(?:19|20)\d{2})\b(?![.,]?\d)|\b(?P<year3>(?:19|20)\d{2})(?=\s?[-\u2013]\s?(?:19|20)\d{2}\b)"
)
_BARE_MONTH = re.compile(
    r"\b(?:(?:in|since|until|till|by|from|during|before|after|through|to|of|early|late|"
    r"mid)[\s-]+(?:early\s+|late\s+|mid[\s-])?)"
    r"(?P<month>January|February|March|April|May|June|July|August|September|October|November|"
    r"December)\b(?!\s+\d)"
)


_ANY_YEAR = datetime(2000, 1, 1, tzinfo=UTC)  # a leap year


def find_absolute(text: str, anchor: datetime | None, *, any_year: bool = False) -> Iterator[Found]:
    """Dates whose words name them, the more exact first; those without a year only if there is an anchor.

    With `any_year`, a day without a year is found even without an anchor, in a year that means nothing.
    """
    if any(character.isdigit() for character in text):
        yield from _numeric(text)
        for pattern in (_DAY_MONTH, _MONTH_DAY):
            for match in pattern.finditer(text):
                yield from _day_of_month(match, anchor or (_ANY_YEAR if any_year else None))
        yield from _by_year(text)
    if anchor is not None:
        for match in _BARE_MONTH.finditer(text):
            found = _nearest_month(_NUMBERS[match["month"][:3].lower()], anchor, match.group().lower())
            if found:
                yield match.start("month"), match.end("month"), found, True, True


def _numeric(text: str) -> Iterator[Found]:
    for pattern in (_ISO, _YEAR_FIRST):
        for match in pattern.finditer(text):
            found = date(int(match["year"]), int(match["month"]), int(match["day"]))
            if found:
                yield match.start(), match.end(), found, False, False
    for match in _NUMERIC.finditer(text):
        first, second, number = int(match["a"]), int(match["b"]), int(match["year"])
        if len(match["year"]) == 2:
            if match["sep"] == ".":
                continue  # more likely a version number
            number += 2000 if number < 70 else 1900
        found = date(number, second, first) or date(number, first, second)
        if found:
            yield match.start(), match.end(), found, False, False
    for match in _ISO_MONTH.finditer(text):
        whole = month(int(match["year"]), int(match["month"]))
        if whole:
            yield match.start(), match.end(), whole, False, False


def _day_of_month(match: re.Match[str], anchor: datetime | None) -> Iterator[Found]:
    number, of_month = _NUMBERS[match["month"][:3].lower()], int(match["day"])
    if match["month"].lower() == "may" and match["month"][0] == "m" and not match["year"]:
        return  # "you have 2 may be": the verb
    if match["year"]:
        found = date(int(match["year"]), number, of_month)
    else:
        found = _nearest_day(number, of_month, anchor) if anchor else None
    if found:
        yield match.start(), match.end(), found, False, not match["year"]


def _by_year(text: str) -> Iterator[Found]:
    for pattern, build in _YEARLY:
        for match in pattern.finditer(text):
            if found := build(match):
                yield match.start(), match.end(), found, False, False
    for match in _BARE_YEAR.finditer(text):
        group = next(name for name in ("year", "year2", "year3") if match[name])
        if found := year(int(match[group])):
            yield match.start(group), match.end(group), found, False, False


_YEARLY: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Period | None]], ...] = (
    (_MONTH_YEAR, lambda match: month(int(match["year"]), _NUMBERS[match["month"][:3].lower()])),
    (_SEASON_YEAR, lambda match: season(int(match["year"]), match["season"].lower())),
    (_QUARTER, lambda match: quarter(int(match["year"]), int(match["quarter"]))),
    (_DECADE, lambda match: decade(int(match["decade"]))),
)


def _nearest_day(number: int, of_month: int, anchor: datetime) -> Period | None:
    today = midnight(anchor)
    choices = [date(today.year + shift, number, of_month) for shift in (-1, 0, 1)]
    return min((c for c in choices if c), key=lambda c: abs((c.start - today).days), default=None)


def _nearest_month(number: int, anchor: datetime, words: str) -> Period | None:
    today = midnight(anchor)
    choices = [found for shift in (-1, 0, 1) if (found := month(today.year + shift, number))]
    if words.startswith(("since", "after")):
        choices = [c for c in choices if c.start <= today] or choices
    elif words.startswith(("until", "till", "by", "before", "through")):
        choices = [c for c in choices if c.end > today] or choices
    middle = 15
    return min(choices, key=lambda c: abs((c.start - today).days + middle), default=None)


def value_label(period: Period, *, yearless: bool) -> str:
    """How a date is kept as a value: without a year where none was written."""
    if yearless and period.granularity == "day":
        return day(period.start).label.rsplit(" ", 1)[0]
    return period.label
