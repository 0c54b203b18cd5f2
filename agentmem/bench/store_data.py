"""Made-up memories for the benchmark of stores: the changesets that the write path itself makes of made-up text."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import numpy as np

from agentmem.embeddings import Embedder, Matrix
from agentmem.memory import Memory, Message
from agentmem.records import Change, Changeset, Node, Operation, Status
from agentmem.stores import SQLiteStore

BANK = "bench-store"
"""The bank that is filled."""
CALL = 512
"""Turns in one `retain` that is recorded."""

_START = datetime(2024, 1, 1, tzinfo=UTC)
_CONSONANTS, _VOWELS = "bdfgklmnprstv", "aeiou"
_WORDS, _PEOPLE, _PLACES = 4_000, 300, 120
_ACTS = ("reviewed", "repaired", "described", "ordered", "photographed", "painted", "sold", "planned", "praised")
_FREQUENT = 3
"""Words are drawn as in language, few of them often: the place of a word is a random number to this power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Memories ready to be committed."""

    batches: tuple[Changeset, ...]
    """In order; each builds on those before."""
    memories: int
    """Nodes in them."""
    questions: tuple[str, ...]
    """Questions in words of the memories."""
    ids: tuple[str, ...]
    """Ids of those that have a vector and are current in the end, ..."""
    vectors: Matrix
    """... and their vectors, one row for each."""


class _FixedClock:
    """Always the same moment, so that a run can be repeated exactly."""

    def now(self) -> datetime:
        return _START


class _Recorder(SQLiteStore):
    """A store that remembers what was committed to it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.recorded: list[Changeset] = []

    def commit(self, changeset: Changeset) -> tuple[Operation, ...]:
        operations = super().commit(changeset)
        self.recorded.append(changeset)
        return operations


def prepare(
    *,
    memories: int,
    batch: int,
    questions: int,
    embedder: Embedder,
    progress: Callable[[str, int, int], None],
) -> Prepared:
    """Run the write path over made-up text on an embedded store, and keep what it commits.

    Args:
        memories: How many nodes.
        batch: Nodes of one changeset: those that `retain` makes are joined until they have as many.
        questions: How many.
        embedder: What makes vectors.
        progress: Told how many memories there are.
    """
    turns = made_up_turns()
    made: list[Changeset] = []
    count = 0
    with _Recorder("sqlite:///:memory:") as store:
        memory = Memory(store=store, embedder=embedder, bank=BANK, clock=_FixedClock())
        while count < memories:
            progress("preparing memories", count, memories)
            memory.retain(list(islice(turns, CALL)))
            made.extend(store.recorded)
            count += sum(_adds(changeset) for changeset in store.recorded)
            store.recorded.clear()
    batches = tuple(islice(_joined(made, batch), -(-memories // batch)))
    ids, vectors = _current_vectors(batches)
    return Prepared(
        batches=batches,
        memories=sum(_adds(changeset) for changeset in batches),
        questions=tuple(islice(made_up_questions(), questions)),
        ids=ids,
        vectors=vectors,
    )


def made_up_turns() -> Iterator[Message]:
    """Statements that differ from each other, without end: events, and homes that change."""
    chance = random.Random(20240101)
    words, people, places = _vocabulary(chance)
    number = 0
    while True:
        person, place = chance.choice(people), chance.choice(places)
        if number % 20 == 7:
            text = f"{person} moved to {place}."
        else:
            first, second, third = (_drawn(chance, words) for _ in range(3))
            text = f"{person} {chance.choice(_ACTS)} the {first} {second} and the {third} in {place}, case {number}."
        yield Message(text=text, at=_START + timedelta(hours=number), source="made-up diary", id=f"entry {number}")
        number += 1


def made_up_questions() -> Iterator[str]:
    """Questions in the words of the turns, without end."""
    chance = random.Random(20240101)
    words, people, places = _vocabulary(chance)
    chance.seed(7)
    while True:
        act, first, second = chance.choice(_ACTS), _drawn(chance, words), _drawn(chance, words)
        yield f"What did {chance.choice(people)} say of whoever {act} the {first} {second} in {chance.choice(places)}?"


def _vocabulary(chance: random.Random) -> tuple[list[str], list[str], list[str]]:
    """Words, people and places; the same ones whenever `chance` begins alike."""

    def word(syllables: int) -> str:
        return "".join(chance.choice(_CONSONANTS) + chance.choice(_VOWELS) for _ in range(syllables)) + "n"

    words = [word(chance.randint(2, 3)) for _ in range(_WORDS)]
    return words, [word(3).title() for _ in range(_PEOPLE)], [word(4).title() for _ in range(_PLACES)]


def _drawn(chance: random.Random, words: Sequence[str]) -> str:
    return words[int(len(words) * chance.random() ** _FREQUENT)]


def _adds(changeset: Changeset) -> int:
    return sum(change.add is not None for change in changeset.changes)


def _joined(changesets: Sequence[Changeset], batch: int) -> Iterator[Changeset]:
    """Changesets of at least `batch` new nodes, but the last. Without guards: nothing else writes."""
    waiting: list[Change] = []
    count = 0
    for changeset in changesets:
        waiting.extend(changeset.changes)
        count += _adds(changeset)
        if count >= batch:
            yield replace(changeset, changes=tuple(waiting), guards=())
            waiting, count = [], 0
    if count:
        yield Changeset(bank=BANK, changes=tuple(waiting), embedding=changesets[-1].embedding)


def _current_vectors(batches: Sequence[Changeset]) -> tuple[tuple[str, ...], Matrix]:
    """Ids and vectors of what a search of the present can find."""
    found = {}
    for change in (change for changeset in batches for change in changeset.changes):
        node: Node | None = change.evolve or change.add
        if node is not None and change.index is not None and change.index.vector is not None:
            found[node.id] = change.index.vector
        for state in change.states:
            if state.status not in (Status.ACTIVE, Status.PENDING):
                found.pop(state.node_id, None)
    return tuple(found), np.stack(list(found.values())) if found else np.empty((0, 0), dtype=np.float32)
