"""A part of memory as a graph of networkx."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.errors import InputError
from agentmem.memory import Memory
from agentmem.records import Kind
from agentmem.stores import KeySearch, Store, View
from agentmem.testing import days
from agentmem.transfer import to_networkx


@pytest.fixture
def memory(source: Store) -> Memory:
    return Memory(store=source, embedder=HashingEmbedder(), bank="default")


def _marta(memory: Memory) -> str:
    view = View(bank=memory.bank, kinds=frozenset({Kind.ENTITY}))
    return memory.store.search(view, [KeySearch(keys=("marta",))])[0][0].id


def test_everything_by_default(memory: Memory) -> None:
    graph = to_networkx(memory)
    current = memory.store.scan(View(bank=memory.bank), limit=10_000)
    assert set(graph) == {node.id for node in current}
    assert graph.graph["bank"] == "default"
    for node in current:
        assert (graph.nodes[node.id]["kind"], graph.nodes[node.id]["text"]) == (node.kind.value, node.text)


def test_attributes_are_plain_values(memory: Memory) -> None:
    graph = to_networkx(memory)
    for _, attributes in graph.nodes(data=True):
        assert json.loads(json.dumps(attributes)) == attributes
    for _, _, key, attributes in graph.edges(keys=True, data=True):
        assert attributes["type"] == key
        json.dumps(attributes)


def test_a_neighbourhood_by_hops(memory: Memory) -> None:
    marta = _marta(memory)
    sizes = [len(to_networkx(memory, [marta, "entity-unknown"], depth=depth)) for depth in (0, 1, 2)]
    assert sizes[0] == 1
    assert sizes[0] < sizes[1] < sizes[2]
    near = to_networkx(memory, [marta], depth=1)
    assert all(marta in edge for edge in near.edges())


def test_kinds_restrict_what_is_reached(memory: Memory) -> None:
    graph = to_networkx(memory, [_marta(memory)], kinds={Kind.FACT})
    kinds: set[Any] = {kind for _, kind in graph.nodes(data="kind")}
    assert kinds == {"Entity", "Fact"}


def test_the_past(memory: Memory) -> None:
    assert len(to_networkx(memory, known_at=days(1))) == 0
    now, then = to_networkx(memory), to_networkx(memory, valid_at=days(123))
    assert set(now) != set(then)


def test_mistakes(memory: Memory) -> None:
    assert len(to_networkx(memory, [])) == 0
    with pytest.raises(InputError, match="depth"):
        to_networkx(memory, depth=-1)
