"""The read path: what recall and reflect look with. One value, so that nothing is handed on piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from agentmem.embeddings import Embedder
from agentmem.memory.recalling.channels import CHANNELS, ChannelMaker
from agentmem.memory.recalling.querying import ParsedQuery, parse_query
from agentmem.records import Clock
from agentmem.stores import Store


class Reranker(Protocol):
    """Reads the best memories beside the query, and scores them anew."""

    def scores(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """One score in [0, 1] for each text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPath:
    """One bank of one store, with all that reading it takes."""

    store: Store
    bank: str
    embedder: Embedder
    """The model that filled the store."""
    clock: Clock
    """The present, from which "last year" counts."""
    channels: tuple[ChannelMaker, ...] = CHANNELS
    """How memories are found and scored."""
    least: float = 0.4
    """Share of the best score that a memory must have to be shown."""
    reranker: Reranker | None = None
    """Scores the best ones anew; None leaves the fused scores."""

    def parsed(self, query: str) -> ParsedQuery:
        """A query taken apart, with its embeddings."""
        parsed = parse_query(query, now=self.clock.now())
        return replace(parsed, vectors=tuple(self.embedder.embed(parsed.texts)))
