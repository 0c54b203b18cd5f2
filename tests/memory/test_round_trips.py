"""How often one call of the facade asks the store: what a remote server's users wait for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.memory import Memory, Message
from agentmem.stores import SQLiteStore, Store
from agentmem.testing import TickingClock

START = datetime(2024, 5, 1, 9, tzinfo=UTC)


class Counting:
    """A store that notes the names of the calls that reach it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return getattr(self._store, name)


@pytest.fixture
def counting() -> Iterator[Counting]:
    with SQLiteStore("sqlite:///:memory:") as store:
        yield Counting(store)


@pytest.fixture
def memory(counting: Counting) -> Memory:
    return Memory(store=counting, embedder=HashingEmbedder(), clock=TickingClock(START))


def _calls(counting: Counting, memory: Memory, content: str | list[Message], **about: Any) -> list[str]:
    counting.calls.clear()
    memory.retain(content, **about)
    return counting.calls


LEARNING = ["fetch", "commit", "gather", "commit"]


def test_a_text_is_learned_in_four(counting: Counting, memory: Memory) -> None:
    assert _calls(counting, memory, "Anna lives in Lisbon. Anna works at Kestrel.") == LEARNING
    assert _calls(counting, memory, "Anna moved to Porto.") == LEARNING
    assert _calls(counting, memory, "Anna no longer works at Kestrel.") == LEARNING
    assert _calls(counting, memory, "Please forget where Anna lives.") == LEARNING


def test_a_batch_of_a_conversation_is_learned_in_four(counting: Counting, memory: Memory) -> None:
    said = ["I live in Graz.", "I work at Kestrel.", "I moved to Bergen.", "My sister Ana likes tea.", "Hello there!"]
    turns = [Message(text=said[n % 5], speaker=("Marta", "Jonas")[n % 2], at=START + timedelta(n)) for n in range(64)]
    assert _calls(counting, memory, turns, source="chat") == LEARNING


def test_each_further_batch_costs_three(counting: Counting, memory: Memory) -> None:
    turns = [Message(text=f"Item {n} is ready.", speaker="Marta") for n in range(3 * 64)]
    assert _calls(counting, memory, turns, source="chat") == ["fetch", *LEARNING[1:] * 3]


def test_what_is_known_costs_two(counting: Counting, memory: Memory) -> None:
    turns = [Message(text=f"Item {n} is ready.", speaker="Marta") for n in range(10)]
    memory.retain(turns, source="chat")
    assert _calls(counting, memory, turns, source="chat") == ["fetch", "neighbourhood"]
    numbered = [replace(turn, id=str(number)) for number, turn in enumerate(turns)]
    memory.retain(numbered, source="chat")
    assert _calls(counting, memory, numbered, source="chat") == ["fetch"]


def test_an_alias_costs_one_more_only_until_it_is_known(counting: Counting, memory: Memory) -> None:
    memory.retain("Priya Natarajan lives in Leeds.")
    assert _calls(counting, memory, "Priya moved to York.") == [*LEARNING[:3], "gather", "commit"]
    assert _calls(counting, memory, "Priya moved to Hull.") == LEARNING
    assert "Hull" in memory.reflect("Where does Priya Natarajan live?").answer


def test_a_recall_costs_at_most_three(counting: Counting, memory: Memory) -> None:
    memory.retain("Anna lives in Lisbon. Anna works at Kestrel.")
    for query in ("Where does Anna live?", "What happened last year?", "nothing of the sort"):
        counting.calls.clear()
        memory.recall(query)
        assert len(counting.calls) <= 3
