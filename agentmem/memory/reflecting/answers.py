"""What a question gets back: the answer and the memories it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agentmem.display import one_line
from agentmem.memory.recalling.recalled import iso

NOT_KNOWN = "Not known."
"""The answer where memory has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A memory that an answer rests on."""

    id: str
    """The claim, or the Episode where no claim was made of it."""
    text: str
    """The words of the evidence, verbatim where they are known."""
    source: str
    """Where they came from."""
    at: datetime | None
    """When they were said or written."""

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape: id, text, source, at. Words are on one line, as they are shown."""
        return {"id": self.id, "text": one_line(self.text), "source": one_line(self.source), "at": iso(self.at)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What memory says to a question."""

    question: str
    """As it was asked."""
    answer: str
    """Short sentences, or NOT_KNOWN."""
    known: bool
    """False if the evidence does not answer the question."""
    confidence: float
    """In [0, 1]: how far the answer may be trusted; of an answer that is not known, how little was found."""
    citations: tuple[Citation, ...]
    """What it rests on; empty if not known."""

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape: question, answer, known, confidence, citations."""
        return {
            "question": self.question,
            "answer": one_line(self.answer),
            "known": self.known,
            "confidence": self.confidence,
            "citations": [citation.as_dict() for citation in self.citations],
        }


def not_known(question: str) -> Answer:
    """The honest answer where memory has none."""
    return Answer(question=question, answer=NOT_KNOWN, known=False, confidence=0.0, citations=())
