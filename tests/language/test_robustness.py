"""Whatever the text: no exception, places inside the text, the same result twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmem.language import Reader, analyse_question, find_dates, names, normalise_name, sentences, terms

AT = datetime(2024, 2, 29, 12, tzinfo=UTC)
WORDS = st.sampled_from(
    [
        *(
            "I",
            "my",
            "Anna",
            "she",
            "it",
            "they",
            "lives",
            "moved",
            "to",
            "from",
            "in",
            "at",
            "Acme",
            "Lisbon",
            "is",
            "was",
        ),
        *(
            "the",
            "office",
            "of",
            "budget",
            "and",
            "but",
            "not",
            "no",
            "longer",
            "never",
            "used",
            "if",
            "would",
            "called",
        ),
        *("a", "dog", "forget", "remember", "that", "yesterday", "2019", "12", "June", "last", "week", "'s", "'m"),
        *(",", ".", "!", "?", "-", ":", ";", "'", '"', "(", ")", "#", "|", "*", "```", "\n"),
    ]
)
TEXTS = st.one_of(st.text(max_size=120), st.lists(WORDS, max_size=30).map(" ".join))


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.sampled_from(["", "Anna", "user", "Ünal", "\u674e\u660e"]))
def test_reading_never_fails_and_repeats(text: str, speaker: str) -> None:
    first = Reader().read(text, speaker=speaker, at=AT)
    assert first == Reader().read(text, speaker=speaker, at=AT)
    for statement in first.statements:
        assert statement.text.strip()
        assert statement.quote in text
        assert bool(statement.subject) == bool(statement.predicate)


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_places_lie_inside_the_text(text: str) -> None:
    for unit in sentences(text):
        assert text[unit.start : unit.end] == unit.text
    for name in names(text):
        assert text[name.start : name.end] == name.text
    for moment in find_dates(text, AT):
        assert 0 <= moment.lead <= moment.start < moment.end <= len(text)
        assert moment.period.start < moment.period.end


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_small_functions_never_fail(text: str) -> None:
    assert terms(text) == terms(text)
    assert normalise_name(normalise_name(text)) == normalise_name(text)
    assert analyse_question(text, now=AT) == analyse_question(text, now=AT)


@pytest.mark.parametrize("question", ["When was Tom promoted (A/B/C/D/E)?", "What is it has got two dogs;cats;rats?"])
def test_a_question_whose_words_are_not_set_apart_by_spaces_is_read(question: str) -> None:
    assert analyse_question(question, now=AT).terms
