"""Rules end in good time on any text, and at the edges of the calendar they find no date rather than fail."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from agentmem.language import (
    Reader,
    analyse_question,
    dated,
    find_dates,
    keywords,
    normalise_name,
    sentences,
)
from agentmem.language.words.chat import spelled_out
from agentmem.language.words.sentences import LONGEST

NOW = datetime(2025, 6, 1, tzinfo=UTC)
EDGES = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-12))),
    datetime(1001, 1, 1, tzinfo=UTC),
    datetime(8999, 12, 31, tzinfo=UTC),
]
FAR = [f"{many} {unit}s" for many in (999, 9999, 123456789, "9" * 5000) for unit in ("day", "week", "month", "decade")]
TIMES = [
    *(f"in {far}" for far in FAR),
    *(f"{far} ago" for far in FAR),
    *(f"{far} from now" for far in FAR),
    *(f"for {far}" for far in FAR),
    *("yesterday", "tomorrow", "last weekend", "next winter", "this quarter", "on Monday", "in December", "on 5 May"),
    *("year 10000", "31 December 9999", "in 9999", "0001-01-01", "9999-12-31", "0000-00-00", "10000-01-01"),
    *("31/12/9999", "December 9999", "Q4 9999", "winter 9999", "from 31 December 9999 to 1 January 10000"),
]
WITHIN = 8.0
"""Seconds of the processor: ten times what the slowest takes; what is quadratic takes many times as much."""


@pytest.mark.parametrize("anchor", EDGES, ids=str)
def test_no_time_fails_at_the_edges_of_the_calendar(anchor: datetime) -> None:
    for words in TIMES:
        text = f"I moved to Oslo {words}."
        assert dated(text, find_dates(text, anchor)).startswith("I moved to Oslo")
        find_dates(text, anchor, any_year=True)
        Reader().read(text, speaker="Anna", at=anchor)
        analyse_question(f"Where did Anna live {words}?", now=anchor)


def test_near_the_edges_nothing_is_told_from_the_day() -> None:
    assert find_dates("I moved yesterday.", datetime(1000, 12, 31, tzinfo=UTC)) == []
    assert find_dates("I moved yesterday.", datetime(9000, 1, 1, tzinfo=UTC)) == []
    assert [m.period.start.year for m in find_dates("I moved yesterday.", datetime(1001, 1, 1, tzinfo=UTC))] == [1000]
    assert [m.period.start.day for m in find_dates("It is due 9999 days from now.", NOW)] == [16]


@pytest.mark.parametrize("sign", ["from Monday to Friday ", "5 May and ", "in 2020 ", "until March ", "last week, "])
def test_dates_are_found_in_a_time_that_grows_with_the_text(sign: str) -> None:
    begin = time.process_time()
    assert len(find_dates(sign * (20_000 // len(sign)), NOW)) > 400
    assert time.process_time() - begin < WITHIN


@pytest.mark.parametrize(
    "text", [" ", "\n", "| a ", "-", ".", "a-b-", "from Monday to Friday ", "Anna and Bob and ", " :)"]
)
def test_long_texts_are_read_in_a_time_that_grows_with_them(text: str) -> None:
    begin = time.process_time()
    long = text * (20_000 // len(text))
    for rule in (normalise_name, keywords, spelled_out, sentences):
        rule(long)
    Reader().read(f"I live in Oslo. {long}", speaker="Anna", at=NOW)
    analyse_question(long, now=NOW)
    assert time.process_time() - begin < WITHIN


def test_a_sentence_is_read_as_far_as_the_bound() -> None:
    long = "and then I went on " * 200
    first, second = sentences(f"I live in Oslo {long}. I work at Tern.")
    assert len(first.text) <= LONGEST < len(long)
    assert second.text == "I work at Tern."
    (code,) = sentences(f"```\n{'x = 1; ' * 500}\n```")
    assert len(code.text) > LONGEST


def test_a_question_is_searched_for_with_all_of_its_words() -> None:
    analysis = analyse_question(f"Where does Anna live? {'blah ' * 300} zebra", now=NOW)
    assert "zebra" in analysis.terms


def test_names_of_any_length_are_told_apart_up_to_the_bound() -> None:
    assert normalise_name("the " + "x" * 3000) == normalise_name("the " + "x" * 4000)
    assert normalise_name("x" * 900 + "a") != normalise_name("x" * 900 + "b")


@pytest.mark.parametrize("speaker", ["CORP\\Anna", "\\1", "\\g<x>", "(", "a|b", "[", "$&"])
@pytest.mark.parametrize("text", ["Our address is 5 Elm Street.", "\\d: it moved to Oslo.", "I run and \\2 walks."])
def test_what_people_write_is_no_pattern_and_no_replacement(speaker: str, text: str) -> None:
    passage = Reader().read(text, speaker=speaker, at=NOW)
    if text.startswith("Our"):
        assert [statement.text for statement in passage.statements] == [
            f"{speaker[0].upper()}{speaker[1:]}'s address is 5 Elm Street."
        ]
