"""Evidence is embedded and read ahead of its commits, and never lost to an extractor that fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from agentmem.embeddings import HashingEmbedder, Matrix
from agentmem.memory import Memory, Message
from agentmem.memory.retaining.extraction import Extraction
from agentmem.memory.retaining.runs import BATCH
from agentmem.records import Episode, Kind, Status
from agentmem.stores import View

TURNS = [Message(text=f"Anna painted house {number}.", speaker="Ben", id=str(number)) for number in range(300)]


class CountingEmbedder(HashingEmbedder):
    """Counts the texts that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.texts = 0

    def embed(self, texts: Sequence[str]) -> Matrix:
        """What hashing gives."""
        self.texts += len(texts)
        return super().embed(texts)


class FailingExtractor:
    """Cannot read anything."""

    def extract(self, episodes: Sequence[Episode]) -> list[Extraction]:
        """Fails."""
        raise RuntimeError(f"cannot read {len(episodes)} episodes")


def test_what_is_known_is_not_embedded_again() -> None:
    embedder = CountingEmbedder()
    with Memory.open("sqlite:///:memory:", embedder=embedder) as memory:
        memory.retain(TURNS, source="diary")
        assert embedder.texts == len(TURNS)
        again = memory.retain([*TURNS, Message(text="Anna left.", speaker="Ben")], source="diary")
        assert embedder.texts == len(TURNS) + 1
        assert len(again.episodes) == len(TURNS) + 1


def test_evidence_is_safe_before_an_extractor_fails_and_is_taken_up_again() -> None:
    with Memory.open("sqlite:///:memory:", embedder=HashingEmbedder()) as memory:
        failing = replace(memory, extractor=FailingExtractor())
        with pytest.raises(RuntimeError, match="cannot read"):
            failing.retain(TURNS, source="diary")
        episodes = View(bank=memory.bank, kinds=frozenset({Kind.EPISODE}))
        kept = memory.store.scan(episodes)
        assert len(kept) == BATCH
        assert {episode.status for episode in kept} == {Status.PENDING}
        memory.retain(TURNS, source="diary")
        learned = memory.store.scan(episodes)
        assert {episode.status for episode in learned} == {Status.ACTIVE}
        assert len(learned) == len(TURNS)
