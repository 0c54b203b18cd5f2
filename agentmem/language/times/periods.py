"""Periods of the calendar: half-open spans of UTC time with a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Granularity = Literal["moment", "day", "weekend", "week", "month", "season", "quarter", "year", "decade", "span"]

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SEASON_STARTS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A stretch of time, half-open."""

    start: datetime
    """First moment, UTC."""
    end: datetime
    """First moment after it, UTC."""
    granularity: Granularity
    """How exactly it is known."""
    label: str
    """How a person would write it: "7 May 2023", "May 2023", "2022"."""


def midnight(moment: datetime) -> datetime:
    """The beginning of the day, UTC. A naive time is taken as UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.replace(hour=0, minute=0, second=0, microsecond=0)


def within_calendar(moment: datetime | None) -> datetime | None:
    """A moment in UTC; None near the edges of the calendar, where other times cannot be told from it."""
    if moment is None or not 1000 < moment.year < 9000:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def day(moment: datetime) -> Period:
    """The day that holds a moment."""
    start = midnight(moment)
    return Period(start=start, end=start + timedelta(days=1), granularity="day", label=day_label(start))


def day_label(moment: datetime) -> str:
    """A day as "7 May 2023"."""
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def date(year: int, month: int, day_of_month: int) -> Period | None:
    """A day by its numbers; None if there is no such day."""
    try:
        return day(datetime(year, month, day_of_month, tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def month(year: int, number: int) -> Period | None:
    """A month; None outside the calendar."""
    if not (1 <= number <= 12 and 1 <= year < 9999):
        return None
    start = datetime(year, number, 1, tzinfo=UTC)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return Period(start=start, end=end, granularity="month", label=f"{MONTHS[number - 1]} {year}")


def year(number: int) -> Period | None:
    """A year; None outside the calendar."""
    if not 1 <= number < 9999:
        return None
    return Period(
        start=datetime(number, 1, 1, tzinfo=UTC),
        end=datetime(number + 1, 1, 1, tzinfo=UTC),
        granularity="year",
        label=str(number),
    )


def decade(number: int) -> Period | None:
    """Ten years from `number`."""
    if not 1 <= number < 9989:
        return None
    return Period(
        start=datetime(number, 1, 1, tzinfo=UTC),
        end=datetime(number + 10, 1, 1, tzinfo=UTC),
        granularity="decade",
        label=f"{number}s",
    )


def week(moment: datetime) -> Period:
    """The week, from Monday, that holds a moment."""
    start = midnight(moment) - timedelta(days=moment.weekday())
    return Period(start=start, end=start + timedelta(days=7), granularity="week", label=f"week of {day_label(start)}")


def weekend(moment: datetime) -> Period:
    """Saturday and Sunday of the week that holds a moment."""
    start = week(moment).start + timedelta(days=5)
    last = start + timedelta(days=1)
    first_label = str(start.day) if start.month == last.month else f"{start.day} {MONTHS[start.month - 1]}"
    label = f"{first_label}\u2013{day_label(last)}"
    return Period(start=start, end=start + timedelta(days=2), granularity="weekend", label=label)


def quarter(year_number: int, number: int) -> Period | None:
    """A quarter of a year, 1 to 4; None outside the calendar."""
    first = month(year_number, 3 * number - 2)
    last = month(year_number, 3 * number)
    if first is None or last is None:
        return None
    return Period(start=first.start, end=last.end, granularity="quarter", label=f"Q{number} {year_number}")


def season(year_number: int, name: str) -> Period | None:
    """Spring from March, summer from June, autumn from September, winter from December (of the northern half)."""
    first_month = _SEASON_STARTS.get(name)
    first = month(year_number, first_month) if first_month else None
    last = shifted_month(first, 2) if first else None
    if first is None or last is None:
        return None
    return Period(start=first.start, end=last.end, granularity="season", label=f"{name} {year_number}")


def shifted_month(period: Period, months: int) -> Period | None:
    """The month that lies `months` after the one in which a period starts."""
    index = period.start.year * 12 + period.start.month - 1 + months
    return month(index // 12, index % 12 + 1)


def span(first: Period | None, last: Period | None) -> Period | None:
    """From the start of one period to the end of another; None if either is missing or they lie the wrong way round."""
    if first is None or last is None or last.end <= first.start:
        return None
    return Period(start=first.start, end=last.end, granularity="span", label=f"{first.label} to {last.label}")
