"""A part of memory as a graph of networkx."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.errors import InputError
from agentmem.memory import Memory, Message
from agentmem.records import Kind
from agentmem.stores import KeySearch, View
from agentmem.testing import TickingClock, days


@pytest.fixture
def memory() -> Iterator[Memory]:
    """Marta's moves, as a person would tell them."""
    start = datetime(2024, 5, 1, 9, tzinfo=UTC)
    said = ("I live in Graz. I work at Kestrel.", "I live in Bergen now.", "I no longer work at Kestrel.")
    with Memory.open("sqlite:///:memory:", embedder=HashingEmbedder(), clock=TickingClock(start)) as memory:
        turns = [Message(text=text, speaker="Marta", at=start + timedelta(days=n)) for n, text in enumerate(said)]
        memory.retain(turns, source="chat")
        yield memory


def _marta(memory: Memory) -> str:
    view = View(bank=memory.bank, kinds=frozenset({Kind.ENTITY}))
    return memory.store.search(view, [KeySearch(keys=("marta",))])[0][0].id


def test_everything_by_default(memory: Memory) -> None:
    graph = memory.to_networkx()
    current = memory.store.scan(View(bank=memory.bank), limit=10_000)
    assert set(graph) == {node.id for node in current}
    assert graph.graph["bank"] == "default"
    for node in current:
        assert (graph.nodes[node.id]["kind"], graph.nodes[node.id]["text"]) == (node.kind.value, node.text)


def test_attributes_are_plain_values(memory: Memory) -> None:
    graph = memory.to_networkx()
    for _, attributes in graph.nodes(data=True):
        assert json.loads(json.dumps(attributes)) == attributes
    for _, _, key, attributes in graph.edges(keys=True, data=True):
        assert attributes["type"] == key
        json.dumps(attributes)


def test_a_neighbourhood_by_hops(memory: Memory) -> None:
    marta = _marta(memory)
    sizes = [len(memory.to_networkx([marta, "entity-unknown"], depth=depth)) for depth in (0, 1, 2)]
    assert sizes[0] == 1
    assert sizes[0] < sizes[1] < sizes[2]
    near = memory.to_networkx([marta], depth=1)
    assert all(marta in edge for edge in near.edges())


def test_kinds_restrict_what_is_reached(memory: Memory) -> None:
    graph = memory.to_networkx([_marta(memory)], kinds={Kind.FACT})
    kinds: set[Any] = {kind for _, kind in graph.nodes(data="kind")}
    assert kinds == {"Entity", "Fact"}


def test_the_past(memory: Memory) -> None:
    assert len(memory.to_networkx(known_at=days(1))) == 0
    now, then = memory.to_networkx(), memory.to_networkx(valid_at=days(121.5))
    assert set(now) != set(then)


def test_mistakes(memory: Memory) -> None:
    assert len(memory.to_networkx([])) == 0
    with pytest.raises(InputError, match="depth"):
        memory.to_networkx(depth=-1)
