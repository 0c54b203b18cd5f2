"""Reflect: an answer built from recalled evidence, or an honest "Not known."."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from agentmem.embeddings.base import Embedder
from agentmem.memory.recalled import iso
from agentmem.records import Clock
from agentmem.stores.base import Store


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
        """The stable JSON shape: id, text, source, at."""
        return {"id": self.id, "text": self.text, "source": self.source, "at": iso(self.at)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What memory says to a question."""

    question: str
    """As it was asked."""
    answer: str
    """Short sentences, or "Not known."."""
    known: bool
    """False if the evidence does not answer the question."""
    confidence: float
    """In [0, 1]: how far the answer may be trusted."""
    citations: tuple[Citation, ...]
    """What it rests on; empty if not known."""

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape: question, answer, known, confidence, citations."""
        return {
            "question": self.question,
            "answer": self.answer,
            "known": self.known,
            "confidence": self.confidence,
            "citations": [citation.as_dict() for citation in self.citations],
        }


class Answerer(Protocol):
    """Answers a question from memory. The rule-based form is `RuleAnswerer`."""

    def answer(self, store: Store, embedder: Embedder, clock: Clock, question: str, *, bank: str) -> Answer:
        """An answer with the memories that it rests on; never anything that memory does not say."""


class RuleAnswerer:
    """Answers by exact lookup of facts, else with the sentences that cover the question; no model."""

    def answer(self, store: Store, embedder: Embedder, clock: Clock, question: str, *, bank: str) -> Answer:
        """See `Answerer`."""
        raise NotImplementedError


def reflect(
    store: Store, embedder: Embedder, clock: Clock, question: str, *, bank: str, answerer: Answerer | None = None
) -> Answer:
    """An answer from memory with what it rests on, or an honest "Not known."."""
    return (answerer or RuleAnswerer()).answer(store, embedder, clock, question, bank=bank)
