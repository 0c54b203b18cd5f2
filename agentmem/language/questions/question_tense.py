"""Which of several values over time a question wants."""

from __future__ import annotations

import re
from typing import Literal

Tense = Literal["now", "before", "first", "at", "any"]

_NOW = re.compile(
    r"\b(?:right now|now|currently|at the moment|these days|nowadays|at present|presently|"
    r"today|still|latest|current|as of now|most recent(?:ly)?|present)\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"\b(?:previously|formerly|earlier|in the past|before (?:that|this|now|then|the (?:change|"
    r"move|update|switch))|(?:previous|former|(?<!how )old|prior|past|last but one)(?=\s)|"
    r"used? to(?=\s)|"
    r"before(?=\s*$)|(?:change|changed|move|moved|switch|switched|come|came) from(?=\s*$))",
    re.IGNORECASE,
)
_BEFORE_CLAUSE = re.compile(r"\bbefore\s+(?:(?:she|he|they|it|i|we|moving|joining|that)\b.*|[A-Z][\w' -]{1,40})$")
_FIRST = re.compile(
    r"\b(?:originally|initially|at first|first(?=\s+(?:live|work|job|home|address|employer|"
    r"city|\w+ed\b)|\s*$)|the very first|to begin with|in the beginning|original(?=\s))",
    re.IGNORECASE,
)


def tense_of(question: str, *, windowed: bool) -> tuple[Tense, str]:
    """The tense, and the question without the words that said it.

    Args:
        question: Without its times.
        windowed: Whether it named a time.
    """
    for tense, patterns in (("before", (_BEFORE, _BEFORE_CLAUSE)), ("first", (_FIRST,)), ("now", (_NOW,))):
        for pattern in patterns:
            match = pattern.search(question)
            if match is None:
                continue
            kept = (
                question[: match.start()]
                + ("did " if match.group().lower() == "used to" else "")
                + question[match.end() :]
            )
            return tense, kept  # type: ignore[return-value]  # the literals of the table
    return ("at", question) if windowed else ("any", question)
