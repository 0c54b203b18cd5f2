from __future__ import annotations

import pytest

from agentmem.language import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Smith met J. K. Rowling. They talked.", ["Dr. Smith met J. K. Rowling.", "They talked."]),
        ("It is 3.5 million, e.g. over 2.0. Really.", ["It is 3.5 million, e.g. over 2.0.", "Really."]),
        ("She lives in the U.S. She works there.", ["She lives in the U.S.", "She works there."]),
        ("See https://a.org/b.html. Write to a.b@c.org.", ["See https://a.org/b.html.", "Write to a.b@c.org."]),
        ("Acme Inc. bought it.", ["Acme Inc. bought it."]),
        ("Well... maybe. Yes", ["Well... maybe.", "Yes"]),
        ('"Come in!" she said. He came.', ['"Come in!" she said.', "He came."]),
        ("It was I. The others left.", ["It was I.", "The others left."]),
        ("私は学生です。東京に住む。", ["私は学生です。", "東京に住む。"]),
        ("A first line\nAnother line", ["A first line", "Another line"]),
        (
            "This line was wrapped by an editor and goes on in\nthe next.",
            ["This line was wrapped by an editor and goes on in\nthe next."],
        ),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert [unit.text for unit in sentences(text)] == expected


def test_markdown_has_units_of_its_own() -> None:
    text = "# Head\n\n- one\n- two. Three\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nx. y\n```\nAfter."
    found = [(unit.kind, unit.text) for unit in sentences(text)]
    assert found == [
        ("heading", "Head"),
        ("item", "one"),
        ("item", "two."),
        ("item", "Three"),
        ("row", "| a | b |"),
        ("row", "| 1 | 2 |"),
        ("code", "```\nx. y\n```"),
        ("sentence", "After."),
    ]


def test_units_are_where_they_say() -> None:
    text = "## T\n> quoted. more\n1. item *one*. two"
    assert all(text[unit.start : unit.end] == unit.text for unit in sentences(text))
