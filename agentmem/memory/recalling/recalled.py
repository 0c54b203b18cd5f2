"""What a recall gives back: memories with their evidence, and the context they make."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from agentmem.display import one_line
from agentmem.memory.recalling.fusion import Contribution
from agentmem.records import Kind, Status

_NUMBER = re.compile(r"\d+")


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
    words: str = ""
    """What it rests on, verbatim: the turn, or the sentences around the claim where that is long."""
    speaker: str = ""
    """Who said that; empty for documents."""
    by: Mapping[str, Contribution] = field(default_factory=dict)
    """What each channel said about its evidence; empty unless an explanation was asked for."""

    @property
    def shown(self) -> str:
        """What a reader is shown: the words, and the claim where it gives a date that they do not.

        A claim is made of its words; what a reader cannot make up for is a date in place of "yesterday".
        """
        if not self.words or self.words == self.text:
            return self.text
        dated = frozenset(_NUMBER.findall(self.text)) - frozenset(_NUMBER.findall(self.words))
        return f"{self.words} ({self.text})" if dated else self.words

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape: id, kind, text, score, valid_from, valid_to, evidence, source, words, speaker.

        Explained also `by`. The source is on one line, as it is shown; `text` and `words` are verbatim.
        """
        explained = {"by": {name: asdict(said) for name, said in self.by.items()}} if self.by else {}
        return {
            "id": self.id,
            "kind": self.kind.value,
            "text": one_line(self.text),
            "score": self.score,
            "valid_from": iso(self.valid_from),
            "valid_to": iso(self.valid_to),
            "evidence": [evidence.as_dict() for evidence in self.evidence],
            "source": one_line(self.source),
            "words": self.words,
            "speaker": self.speaker,
            **explained,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A node that was found and is not shown."""

    id: str
    kind: Kind
    text: str
    score: float
    """Of its group; 0 if it belongs to none that may be shown."""
    reason: str
    """Why not, in words."""

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape: id, kind, text, score, reason."""
        return {**asdict(self), "kind": self.kind.value}


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
    left_out: tuple[LeftOut, ...] = ()
    """What was found and is not shown, best first; empty unless an explanation was asked for."""

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape: query, memories, context, tokens; explained also `left_out`."""
        explained = {"left_out": [one.as_dict() for one in self.left_out]} if self.left_out else {}
        return {
            "query": self.query,
            "memories": [memory.as_dict() for memory in self.memories],
            "context": self.context,
            "tokens": self.tokens,
            **explained,
        }


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 as JSON output shows it; None stays None."""
    return moment.isoformat() if moment else None
