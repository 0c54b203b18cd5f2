"""Evidence is embedded and read ahead of its commits, and never lost to an extractor that fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from agentmem.embeddings import HashingEmbedder, Matrix
from agentmem.memory import Memory, Message, Mind
from agentmem.memory.journal import UNREAD
from agentmem.memory.retaining.extraction import Extraction, RuleExtractor
from agentmem.memory.retaining.windows import BATCH
from agentmem.records import EVERY_STATUS, Episode, Fact, Kind, Status
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


class StumblingExtractor(RuleExtractor):
    """Raises for some texts, as a rule with a fault would."""

    def extract(self, episodes: Sequence[Episode]) -> list[Extraction]:
        """Fails if one of them holds the word, whatever stands around it."""
        if any("zzz" in episode.text for episode in episodes):
            raise KeyError("zzz")
        return super().extract(episodes)


@pytest.mark.parametrize("bad", [(0,), (30,), (59,), (3, 4, 40)])
def test_a_turn_that_cannot_be_read_is_marked_and_the_rest_is_learned(bad: tuple[int, ...]) -> None:
    turns = [
        Message(text="Bah zzz." if number in bad else f"I moved to Town{number}.", speaker=f"Speaker{number}")
        for number in range(60)
    ]
    with Memory.open("sqlite:///:memory:", embedder=HashingEmbedder()) as memory:
        stumbling = replace(memory, mind=Mind(extractor=StumblingExtractor()))
        done = stumbling.retain(turns, source="talk")
        assert [entry.id for entry in done.unread] == [done.episodes[number].id for number in bad]
        assert {entry.reason for entry in done.unread} == {"could not be read: KeyError"}
        assert done.as_dict()["unread"][0] == {"id": done.unread[0].id, "reason": "could not be read: KeyError"}
        assert [entry.text for entry in memory.log() if entry.reason.startswith(UNREAD)] == ["Bah zzz."] * len(bad)
        everything = View(bank=memory.bank, statuses=EVERY_STATUS)
        nodes = memory.store.scan(everything)
        assert not [node for node in nodes if node.status is Status.PENDING]
        homes = [node for node in nodes if isinstance(node, Fact) and node.predicate == "lives_in"]
        assert len(homes) == 60 - len(bad)
        assert stumbling.retain(turns, source="talk").operations == ()


def test_one_turn_alone_that_cannot_be_read_is_marked_too() -> None:
    with Memory.open("sqlite:///:memory:", embedder=HashingEmbedder()) as memory:
        done = replace(memory, mind=Mind(extractor=StumblingExtractor())).retain(Message(text="zzz", speaker="Anna"))
        assert [entry.reason for entry in done.unread] == ["could not be read: KeyError"]
        assert memory.retain("I live in Oslo.").unread == ()


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
        failing = replace(memory, mind=Mind(extractor=FailingExtractor()))
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
