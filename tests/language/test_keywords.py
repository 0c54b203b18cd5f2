from __future__ import annotations

from agentmem.language import keywords, names, tags


def test_names_and_repeated_words_come_first() -> None:
    text = "Anna painted a lake. The lake lies near Lisbon. Anna loves Lisbon."
    assert keywords(text, found=names(text), without=["Anna"])[:2] == ("Lisbon", "lake")


def test_empty_text_has_no_keywords() -> None:
    assert keywords("") == ()
    assert tags("") == ()


def test_tags_say_what_a_text_is_about() -> None:
    assert tags("My boss moved the meeting about the project")[0] == "work"
    assert "health" in tags("I went to the doctor about my allergy")
    assert tags("We will fly to the beach", planned=True)[-1] == "plan"
