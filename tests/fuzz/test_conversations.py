"""Whatever is said is kept to the letter and read to its end; only a user's mistakes are errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.errors import UserError
from agentmem.memory import Memory, Message
from agentmem.records import Kind, Status
from agentmem.stores import View, open_store
from agentmem.testing.odd_text import SPEAKERS, odd_text, odd_time

Draws = Callable[[int], Iterator[Random]]

_TOGETHER = 20
"""Rounds that share a memory, so that odd names and facts meet."""


@pytest.fixture
def memories() -> Iterator[Iterator[Memory]]:
    opened: list[Memory] = []

    def fresh() -> Iterator[Memory]:
        while True:
            opened.append(Memory(store=open_store("sqlite:///:memory:"), embedder=HashingEmbedder()))
            yield opened[-1]

    yield fresh()
    for memory in opened:
        memory.close()


def _said(random: Random) -> str | list[Message]:
    if random.random() < 0.2:
        return odd_text(random)
    source = random.choice(("", "chat", "\\1", "a|b"))
    return [
        Message(
            text=odd_text(random),
            speaker=random.choice(SPEAKERS),
            at=odd_time(random),
            source=source,
            id=random.choice(("", "", "7", "\\")),
        )
        for _ in range(random.randrange(1, 4))
    ]


def test_every_turn_is_kept_verbatim_and_none_stays_pending(memories: Iterator[Memory], draws: Draws) -> None:
    memory = next(memories)
    taken: list[bool] = []
    for number, random in enumerate(draws(60)):
        if number % _TOGETHER == 0:
            memory = next(memories)
        content = _said(random)
        try:
            done = memory.retain(content, source=random.choice(("", "notes.md")), at=odd_time(random))
        except UserError:
            taken.append(False)
            continue
        taken.append(True)
        assert done.unread == (), (number, content)
        kept = memory.store.fetch(memory.bank, [episode.id for episode in done.episodes])
        if isinstance(content, list):
            spoken = [message.text for message in content if message.text.strip()]
            assert [kept[episode.id].text for episode in done.episodes] == spoken, number
        else:
            assert all(
                kept[e.id].text.replace("\n", " ")[:40].strip() in content.replace("\n", " ") for e in done.episodes
            )
        before = memory.store.head(memory.bank)
        pending = View(bank=memory.bank, kinds=frozenset({Kind.EPISODE}), statuses=frozenset({Status.PENDING}))
        assert memory.store.scan(pending) == [], number
        assert memory.store.head(memory.bank) == before
    assert len(taken) < 20 or sum(taken) > len(taken) // 2
