from __future__ import annotations

import pytest

from agentmem.language import terms
from agentmem.memory.recalling.words import WHOLE, words_around

PADDING = [f"Filler sentence {number} says nothing of note whatever." for number in range(1, 11)]
LONG = " ".join([*PADDING[:4], "The kiln is in the old barn.", *PADDING[4:]])


def test_a_turn_is_shown_whole() -> None:
    text = "Wow!\n\n- The kiln   is in the barn.\n- It leaks."
    assert words_around(text, quote="It leaks.") == text
    assert words_around("x" * WHOLE) == "x" * WHOLE


def test_of_a_long_one_the_sentences_around_the_quote() -> None:
    assert len(LONG) > WHOLE
    shown = words_around(LONG, quote="The kiln is in the old barn.")
    assert "The kiln is in the old barn." in shown
    assert shown in LONG
    assert WHOLE - 60 < len(shown) <= WHOLE + 20


def test_without_a_quote_the_sentence_that_says_most_of_what_is_asked() -> None:
    asked = words_around(LONG, wanted=frozenset(terms("Where is the kiln?")))
    assert "The kiln is in the old barn." in asked


@pytest.mark.parametrize("quote", ["I live in Boston.", "I live in Boston. My dog is Rex."])
def test_words_whose_claim_left_the_view_are_not_shown(quote: str) -> None:
    text = "Hi Bob! I live in Boston. My dog is Rex. See you soon."
    shown = words_around(text, hidden=[quote])
    assert "Boston" not in shown
    assert shown.startswith("Hi Bob!")
    assert " … " in shown
    assert shown.endswith("See you soon.")


def test_nothing_is_left_where_all_is_hidden() -> None:
    assert words_around("I live in Boston.", hidden=["I live in Boston."]) == ""


def test_a_sentence_longer_than_the_bound_is_shown() -> None:
    text = f"{'very ' * 120}long sentence. Short one."
    assert words_around(text, quote="Short one.") == "Short one."
    assert words_around(text, wanted=frozenset(terms("long sentence"))).endswith("long sentence.")
