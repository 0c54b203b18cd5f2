"""When something was: the date that a statement gives, or at least the day on which it was told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from agentmem.language import find_dates

_VAGUE = re.compile(r"\bweek(?:end)? of $")
"""Stands before a day that only names the week around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A date as an answer shows it."""

    label: str
    """As a person would write it: "7 May 2023", "week of 21 August 2023", "told on 2 June 2023"."""
    stated: bool
    """False if it is only known when it was told."""


def date_of(
    text: str, *, value: str = "", valid_from: datetime | None = None, told: datetime | None = None
) -> Dated | None:
    """The date that a statement gives, None if it gives none and nobody knows when it was told.

    Args:
        text: The statement.
        value: What it says of its subject, if it was taken apart: a date there is the answer itself ("5 March").
        valid_from: Since when it holds; a claim without a date of its own holds since it was told.
        told: When it was said or written, from which "yesterday" counts.
    """
    if value and find_dates(value, told):
        return Dated(label=value, stated=True)
    moments = [moment for moment in find_dates(text, told) if moment.role != "for"]
    if moments:
        complete = [moment for moment in moments if not moment.relative] or moments
        found = complete[0]
        vague = _VAGUE.search(text, 0, found.start)
        return Dated(label=f"{vague[0] if vague else ''}{found.period.label}", stated=True)
    if valid_from is not None and told is not None and valid_from != told:
        return Dated(label=day_text(valid_from), stated=True)
    return Dated(label=f"told on {day_text(told)}", stated=False) if told else None


def day_text(moment: datetime) -> str:
    """A day as a person would write it: 7 May 2023."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%B} {utc.year}"
