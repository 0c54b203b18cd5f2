"""What a recall gives back: memories with their evidence, and the context they make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agentmem.display import one_line
from agentmem.records import Kind, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The episode that a memory rests on."""

    id: str
    """The Episode's id."""
    source: str
    """Where it came from: a path, an address, the caller's id of a turn; empty if nobody said."""
    at: datetime | None
    """When it was said or written; None if nobody knows."""

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape: id, source, at."""
        return {"id": self.id, "source": one_line(self.source), "at": iso(self.at)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalledMemory:
    """One memory that answers a query: a claim, or an Episode without claims."""

    id: str
    """The node."""
    kind: Kind
    """Its label."""
    text: str
    """Its whole text."""
    score: float
    """Relevance in [0, 1], to four decimals; comparable within one recall only."""
    valid_from: datetime | None
    """Since when it is true in the world; None for always or unknown."""
    valid_to: datetime | None
    """Until when, exclusive; None for still true."""
    evidence: tuple[Evidence, ...]
    """What it rests on, oldest first; an Episode rests on itself."""
    source: str
    """Where it came from; that of its first evidence if the node names none."""
    at: datetime | None = None
    """When it was said; that of its newest evidence if the node names none."""
    status: Status = Status.ACTIVE
    """SUPERSEDED for a version that only a look into the past shows."""

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape: id, kind, text, score, valid_from, valid_to, evidence, source.

        Words are on one line, as they are shown; `text` itself is whole.
        """
        return {
            "id": self.id,
            "kind": self.kind.value,
            "text": one_line(self.text),
            "score": self.score,
            "valid_from": iso(self.valid_from),
            "valid_to": iso(self.valid_to),
            "evidence": [evidence.as_dict() for evidence in self.evidence],
            "source": one_line(self.source),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """The answer to a query: memories by relevance, and a context block by time."""

    query: str
    """As it was asked."""
    memories: tuple[RecalledMemory, ...]
    """Best first. The first memory of every piece of evidence stands before any second one."""
    context: str
    """The memories that fit the token budget, chosen by relevance and printed by time, each line with id and date."""
    tokens: int
    """Estimated tokens of `context`, never more than the budget."""

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape: query, memories, context, tokens."""
        return {
            "query": self.query,
            "memories": [memory.as_dict() for memory in self.memories],
            "context": self.context,
            "tokens": self.tokens,
        }


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 as JSON output shows it; None stays None."""
    return moment.isoformat() if moment else None
