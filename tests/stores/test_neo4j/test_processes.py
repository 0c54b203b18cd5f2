"""Several processes learn into one bank at once: nothing is lost, nothing twice, one chain."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.memory import Memory
from agentmem.records import EVERY_STATUS, Kind, RelationshipType, Status, verify_chain
from agentmem.stores import View

if TYPE_CHECKING:
    from tests.stores.conftest import StartPython

pytestmark = pytest.mark.neo4j

_BANK = "shared"
_PROCESSES = 4
_TURNS = 4

# Each tells of a friend of its own, and all of them of the same office, which moves and moves.
_RETAINS = """
import pathlib, sys, time
from datetime import UTC, datetime, timedelta
from agentmem.embeddings import HashingEmbedder
from agentmem.memory import Memory, Message
url, bank, go, me, turns = *sys.argv[1:3], pathlib.Path(sys.argv[3]), *map(int, sys.argv[4:])
name, start = ("Ana", "Ben", "Cleo", "Dora")[me], datetime(2025, 1, 1, tzinfo=UTC)
with Memory.open(url, bank=bank, embedder=HashingEmbedder(), agent=name) as memory:
    print("ready", flush=True)
    while not go.exists():
        time.sleep(0.01)
    for turn in range(turns):
        at = start + timedelta(days=4 * turn + me)
        said = [
            Message(text=f"I live in {('Graz', 'Oslo', 'Lima', 'Porto')[turn]}.", speaker=name, at=at),
            Message(text=f"The office of Kestrel is at {10 * turn + me} Canal Street.", speaker=name, at=at),
            Message(text="Zoe works at Orbita.", speaker="Zoe", at=start),
        ]
        memory.retain(said, source=f"chat of {name}, {turn}")
        memory.retain("The depot is in Porto.", source="a letter that all of them have")
print("done", flush=True)
"""


def test_four_processes_learn_into_one_bank(store_url: str, start_python: StartPython, tmp_path: Path) -> None:
    go = tmp_path / "go"
    processes = [start_python(_RETAINS, store_url, _BANK, go, me, _TURNS) for me in range(_PROCESSES)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
    go.touch()  # all at once
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert (process.returncode, output) == (0, "done\n"), errors
    with Memory.open(store_url, bank=_BANK, embedder=HashingEmbedder()) as memory:
        _assert_whole(memory)


def _assert_whole(memory: Memory) -> None:
    store = memory.store
    operations = store.operations(_BANK)
    assert verify_chain(operations) is None
    assert [operation.seq for operation in operations] == list(range(1, len(operations) + 1))
    assert {operation.agent for operation in operations} == {"Ana", "Ben", "Cleo", "Dora"}
    every = View(bank=_BANK, statuses=EVERY_STATUS)
    episodes = store.scan(View(bank=_BANK, kinds=frozenset({Kind.EPISODE}), statuses=EVERY_STATUS), limit=10_000)
    # Three turns of each chat, and the one letter that all of them took in.
    assert len(episodes) == _PROCESSES * _TURNS * 3 + 1
    assert {episode.status for episode in episodes} == {Status.ACTIVE}
    added = Counter(operation.target for operation in operations if operation.op.value in ("ADD", "UPDATE"))
    assert set(added.values()) == {1}
    current = store.scan(View(bank=_BANK, kinds=frozenset({Kind.FACT})), limit=10_000)
    claims = Counter(fact.text for fact in current)
    assert [text for text, count in claims.items() if count > 1] == []
    homes = [text for text in claims if "lives in" in text]
    assert sorted(homes) == [f"{name} lives in Porto." for name in ("Ana", "Ben", "Cleo", "Dora")]
    assert [text for text in claims if "Canal Street" in text] == ["The office of Kestrel is at 33 Canal Street."]
    entities = store.scan(View(bank=_BANK, kinds=frozenset({Kind.ENTITY})), limit=10_000)
    names = Counter(entity.key for entity in entities)
    assert [name for name, count in names.items() if count > 1] == []
    ids = [node.id for node in store.scan(every, limit=10_000)]
    replaced = [
        dated.relationship
        for dated in store.relationships(_BANK, ids)
        if dated.relationship.type is RelationshipType.SUPERSEDES
    ]
    ends = Counter(link.target_id for link in replaced)
    assert [id_ for id_, count in ends.items() if count > 1] == []  # histories do not fork
