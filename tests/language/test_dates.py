from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agentmem.language import dated, find_dates

MONDAY = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)


def spans(text: str) -> list[tuple[str, str, str]]:
    return [
        (m.period.start.date().isoformat(), m.period.end.date().isoformat(), m.role) for m in find_dates(text, MONDAY)
    ]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("12 June 2024", "2024-06-12", "2024-06-13"),
        ("June 12th, 2024", "2024-06-12", "2024-06-13"),
        ("8 May, 2023", "2023-05-08", "2023-05-09"),
        ("2024-06-12", "2024-06-12", "2024-06-13"),
        ("2024-06-12T10:30:00Z", "2024-06-12", "2024-06-13"),
        ("12/06/2024", "2024-06-12", "2024-06-13"),
        ("06/25/2024", "2024-06-25", "2024-06-26"),
        ("the 3rd of July", "2023-07-03", "2023-07-04"),
        ("March 2021", "2021-03-01", "2021-04-01"),
        ("in 2019", "2019-01-01", "2020-01-01"),
        ("summer of 2021", "2021-06-01", "2021-09-01"),
        ("Q3 2024", "2024-07-01", "2024-10-01"),
        ("the 1990s", "1990-01-01", "2000-01-01"),
        ("yesterday", "2023-05-07", "2023-05-08"),
        ("the day after tomorrow", "2023-05-10", "2023-05-11"),
        ("this morning", "2023-05-08", "2023-05-09"),
        ("last night", "2023-05-07", "2023-05-08"),
        ("last week", "2023-05-01", "2023-05-08"),
        ("next month", "2023-06-01", "2023-07-01"),
        ("last year", "2022-01-01", "2023-01-01"),
        ("last Friday", "2023-05-05", "2023-05-06"),
        ("last Monday", "2023-05-01", "2023-05-02"),
        ("next Friday", "2023-05-12", "2023-05-13"),
        ("two weeks ago", "2023-04-24", "2023-05-01"),
        ("3 days ago", "2023-05-05", "2023-05-06"),
        ("a few months ago", "2023-02-01", "2023-03-01"),
        ("last weekend", "2023-05-06", "2023-05-08"),
        ("last summer", "2022-06-01", "2022-09-01"),
        ("We met on Friday.", "2023-05-05", "2023-05-06"),
        ("We will meet on Friday.", "2023-05-12", "2023-05-13"),
    ],
)
def test_one_time(text: str, start: str, end: str) -> None:
    assert [s[:2] for s in spans(text)] == [(start, end)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("since 2019", ("2019-01-01", "2020-01-01", "since")),
        ("until March 2024", ("2024-03-01", "2024-04-01", "until")),
        ("from 2015 to 2018", ("2015-01-01", "2019-01-01", "range")),
        ("between May 2020 and June 2021", ("2020-05-01", "2021-07-01", "range")),
        ("2015-2018", ("2015-01-01", "2019-01-01", "range")),
        ("for three years", ("2020-01-01", "2023-05-09", "for")),
    ],
)
def test_roles(text: str, expected: tuple[str, str, str]) -> None:
    assert spans(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "It may be late.",
        "version 1.2.3",
        "10.0.0.1",
        "3,000 people in 2,019 houses",
        "9999 years",
        "31 February 2024",
        "I march on",
    ],
)
def test_no_time(text: str) -> None:
    assert spans(text) == []


def test_without_an_anchor_only_complete_dates_are_found() -> None:
    assert [m.period.label for m in find_dates("yesterday, 3 May and 4 May 2020", None)] == ["4 May 2020"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We met yesterday.", "We met yesterday (7 May 2023)."),
        ("We met last week and on 3 May 2023.", "We met last week (week of 1 May 2023) and on 3 May 2023."),
        ("She stayed for three years.", "She stayed for three years."),
    ],
)
def test_dated(text: str, expected: str) -> None:
    assert dated(text, find_dates(text, MONDAY)) == expected


def test_times_at_the_edge_of_the_calendar_are_left_out() -> None:
    assert find_dates("next year", datetime(9999, 12, 31, tzinfo=UTC)) == []
    assert find_dates("last year", datetime(1, 1, 1, tzinfo=UTC)) == []
