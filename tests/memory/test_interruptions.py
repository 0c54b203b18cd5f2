"""A retain that is cut short between any two of its commits, and made again, gives the memory of an undisturbed one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.memory import Memory, Message
from agentmem.memory.retaining.windows import BATCH, CONTEXT
from agentmem.records import EVERY_STATUS, Changeset, Episode, Kind, Operation, Status
from agentmem.stores import View, open_store
from agentmem.stores.sqlite.store import SQLiteStore

_SPOKEN = """
Ben: My sister Karin moved to Utrecht.
Ben: She likes tea.
Anna: I live in Boston.
Anna: Please forget my phone number.
Anna: My phone number is 555 0100.
Ben: My colleague Mara works at Tern.
Anna: Forget my phone number.
Ben: She plays the cello.
Ben: Karin has a dog.
Ben: Forget where Anna lives.
Ben: She has a boat.
Anna: I live in Lisbon.
Ben: My brother Olaf lives in Ghent.
Anna: Forget everything about Mara.
Ben: He works at Heron.
Anna: I moved to Porto.
"""


def _turns(text: str = _SPOKEN) -> list[Message]:
    pairs = (line.split(": ", 1) for line in text.strip().splitlines())
    return [Message(text=said, speaker=speaker, source="talk") for speaker, said in pairs]


def _long() -> list[Message]:
    """As many turns as fill two batches: "she" at the begin of the second was named at the end of the first."""
    filling = [Message(text="Right.", speaker="Anna", source="talk") for _ in range(BATCH - 1)]
    named = Message(text="My sister Karin moved to Utrecht.", speaker="Ben", source="talk")
    return [*filling, named, *_turns()[1:]]


def _state(memory: Memory) -> tuple[object, ...]:
    """Everything that a memory holds but the moments at which it came to know it."""
    everything = View(bank=memory.bank, statuses=EVERY_STATUS)
    nodes = memory.store.scan(everything)
    links = memory.store.neighbourhood(everything, [node.id for node in nodes], depth=1).relationships
    return (
        sorted((n.id, n.kind, n.text, n.status, n.key, str(n.valid_from), str(n.at), n.version) for n in nodes),
        sorted((link.type, link.source_id, link.target_id, sorted(link.properties.items())) for link in links),
    )


def _facts(memory: Memory) -> list[tuple[str, str, Status]]:
    view = View(bank=memory.bank, kinds=frozenset({Kind.FACT}), statuses=EVERY_STATUS)
    return sorted((fact.id, fact.text, fact.status) for fact in memory.store.scan(view))


@pytest.fixture
def opened() -> Iterator[Callable[..., Memory]]:
    memories: list[Memory] = []

    def open_(url: str = "sqlite:///:memory:") -> Memory:
        memories.append(Memory(store=open_store(url), embedder=HashingEmbedder()))
        return memories[-1]

    yield open_
    for memory in memories:
        memory.close()


class Died(BaseException):
    """The process is gone."""


def _dying(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Commits are made, but after so many of them nothing else is done."""
    commit = SQLiteStore.commit
    made = iter(range(after))

    def dies(self: SQLiteStore, changeset: Changeset) -> tuple[Operation, ...]:
        if next(made, None) is None:
            raise Died
        return commit(self, changeset)

    monkeypatch.setattr(SQLiteStore, "commit", dies)


def _cut_short(memory: Memory, turns: list[Message], after: int) -> bool:
    with pytest.MonkeyPatch.context() as patched:
        _dying(patched, after)
        try:
            memory.retain(turns)
        except Died:
            return True
    return False


@pytest.mark.parametrize(("turns", "first"), [(_turns(), 1), (_long(), 3)], ids=["one batch", "the second batch"])
def test_a_retain_that_died_anywhere_and_is_made_again_gives_what_an_undisturbed_one_gives(
    opened: Callable[..., Memory], turns: list[Message], first: int
) -> None:
    undisturbed = opened()
    undisturbed.retain(turns)
    expected = _state(undisturbed)
    assert "Karin likes tea." in str(expected)
    after = first
    while _cut_short(memory := opened(), turns, after):
        memory.retain(turns)
        assert _state(memory) == expected, after
        after += 1
    assert after >= first + 8


@pytest.mark.parametrize("after", [3, 5])
def test_pending_turns_that_other_calls_bring_are_read_after_those_they_followed(
    opened: Callable[..., Memory], after: int
) -> None:
    turns = _long()
    undisturbed, memory = opened(), opened()
    undisturbed.retain(turns)
    assert _cut_short(memory, turns, after)
    pending = {e.text for e in memory.store.scan(View(bank=memory.bank, statuses=frozenset({Status.PENDING})))}
    assert 0 < len(pending) < CONTEXT
    for turn in turns:
        if turn.text in pending:
            memory.retain(turn)
    assert _facts(memory) == _facts(undisturbed)


def test_what_a_pronoun_means_does_not_depend_on_where_a_batch_ends(opened: Callable[..., Memory]) -> None:
    memory = opened()
    memory.retain(_long())
    assert "Karin likes tea." in str(_state(memory))
    episodes = memory.store.scan(View(bank=memory.bank, kinds=frozenset({Kind.EPISODE}), statuses=EVERY_STATUS))
    joined = memory.store.neighbourhood(View(bank=memory.bank, statuses=EVERY_STATUS), [e.id for e in episodes])
    follows = [link for link in joined.relationships if link.type == "NEXT"]
    assert len(follows) == len([e for e in episodes if isinstance(e, Episode)]) - 1


_KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[3])
from test_interruptions import _turns
from agentmem.embeddings import HashingEmbedder
from agentmem.memory import Memory
from agentmem.stores import open_store
from agentmem.stores.sqlite.store import SQLiteStore

commit, made = SQLiteStore.commit, []

def kills(self, changeset):
    done = commit(self, changeset)
    made.append(1)
    if len(made) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return done

SQLiteStore.commit = kills
Memory(store=open_store(sys.argv[1]), embedder=HashingEmbedder()).retain(_turns())
"""


@pytest.mark.parametrize("after", [5])
def test_a_killed_process_leaves_what_a_retry_needs(opened: Callable[..., Memory], tmp_path: Path, after: int) -> None:
    undisturbed = opened()
    undisturbed.retain(_turns())
    url = f"sqlite:///{tmp_path}/killed.db"
    command = [sys.executable, "-c", _KILLED, url, str(after), str(Path(__file__).parent)]
    ended = subprocess.run(command, timeout=60, check=False, env=dict(os.environ))
    assert ended.returncode == -signal.SIGKILL
    memory = opened(url)
    memory.retain(_turns())
    assert _state(memory) == _state(undisturbed)
