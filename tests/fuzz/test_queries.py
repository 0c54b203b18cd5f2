"""Whatever is asked is answered or refused in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.errors import UserError
from agentmem.memory import Memory, Message
from agentmem.stores import open_store
from agentmem.testing.odd_text import SPEAKERS, odd_text, odd_time

Draws = Callable[[int], Iterator[Random]]

_NOW = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(store=open_store("sqlite:///:memory:"), embedder=HashingEmbedder()) as memory:
        sources = (Random(number) for number in range(1_000, 1_060))
        turns = [Message(text=odd_text(random), speaker=random.choice(SPEAKERS), at=_NOW) for random in sources]
        memory.retain([turn for turn in turns if turn.text.isprintable()], source="chat")
        yield memory


def test_every_query_is_answered_or_refused_in_words(memory: Memory, draws: Draws) -> None:
    before = memory.store.head(memory.bank)
    asked = found = refused = 0
    for random in draws(40):
        asked += 1
        query = odd_text(random)
        k, tokens = random.choice((0, 1, 3, 10)), random.choice((-1, 0, 50, 4096))
        then = random.choice((None, None, odd_time(random)))
        try:
            recalled = memory.recall(query, k=k, token_budget=tokens, valid_at=then)
            assert len(recalled.memories) <= k, query
            found += bool(recalled.memories)
        except UserError:
            refused += 1
        try:
            answer = memory.reflect(query)
            assert answer.known == bool(answer.citations) or not answer.known, query
        except UserError:
            refused += 1
    assert asked < 20 or refused < asked
    assert asked < 20 or found > asked // 10
    assert memory.store.head(memory.bank) == before


@pytest.mark.parametrize("text", ["from Monday to Friday ", "\\", "(", "Anna Berg ", "'", "9", "where is ", "\u2028a"])
def test_a_query_beyond_any_sense_takes_no_time_to_speak_of(memory: Memory, text: str) -> None:
    assert len(memory.recall(text * (200_000 // len(text)) + " Anna", k=3).memories) <= 3
    memory.reflect(text * (200_000 // len(text)) + " Anna")
