"""Round trips of the public calls: a conversation is taken in and asked about, and what went to the server is counted.

The people talk about where they live, what they do and what changed, so that names are resolved, facts compete and some
are superseded. Nobody asks to forget anything: such a request is a commit of its own.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice

from agentmem.embeddings import Embedder
from agentmem.memory import Memory, Message
from agentmem.memory.retaining.retain import BATCH
from agentmem.stores import require_whole
from agentmem.stores.neo4j import Neo4jStore

BANK = "bench-talk"
"""The bank that is talked to."""

_PEOPLE = ("Anna", "Ravi", "Sofia", "Tom", "Lena", "Marcus", "Priya", "Jonas", "Carla", "Mehmet", "Nadia", "Oscar")
_PLACES = ("Lisbon", "Porto", "Berlin", "Krakow", "Dublin", "Athens", "Oslo", "Turin", "Seville", "Utrecht")
_FIRMS = ("Heron Labs", "Northwind", "Kestrel Freight", "Bluebird Energy", "Tern Analytics")
_THINGS = ("a grey rabbit", "an old piano", "a sailing boat", "a greenhouse", "a telescope", "two bicycles")
_SAID = (
    "{a} lives in {place}.",
    "{a} moved to {place} last week, and {b} helped with the boxes.",
    "I met {a} at the station in {place} yesterday; we talked about {b} for an hour.",
    "{a} works at {firm} now.",
    "My sister {a} bought {thing} from {b}.",
    "{a} said that {b} is allergic to peanuts.",
    "We will visit {place} with {a} on 12 May.",
    "That sounds lovely! How was {place}?",
    "{a} started a new job at {firm} in {place}.",
    "The budget of {firm} is 40,000 euros, as {a} wrote.",
    "{a} and {b} got married in {place} in 2019.",
    "Thanks, see you soon.",
    "{a} sold {thing} because {b} had no room for it.",
    "I think {a} is the project lead of {firm}.",
)
_ASKED = (
    "Where does {a} live now?",
    "Where did {a} live before?",
    "Where does {a} work?",
    "What did {a} buy from {b}?",
    "Who helped {a} with the boxes?",
    "What happened in {place} last week?",
    "What is {a} allergic to?",
    "Who is the project lead of {firm}?",
    "When did {a} and {b} get married?",
    "What do we know about {firm}?",
)
_START = datetime(2024, 3, 1, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrips:
    """How often the server was asked in one call."""

    calls: int
    """How many calls were counted."""
    median: float
    maximum: int

    def as_dict(self) -> dict[str, float]:
        """As JSON shows it."""
        return {"calls": self.calls, "median": self.median, "maximum": self.maximum}


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkTrips:
    """Round trips of every sort of call."""

    recall: RoundTrips
    """A recall."""
    retain_turn: RoundTrips
    """A retain of one sentence or one turn."""
    retain_batch: RoundTrips
    """A retain of one full batch of a conversation."""


def count_round_trips(
    store: Neo4jStore,
    embedder: Embedder,
    *,
    calls: int,
    conversations: int,
    progress: Callable[[str, int, int], None],
) -> TalkTrips:
    """Talk to a new bank and count.

    Args:
        store: Where the bank is; nothing else may use this object meanwhile.
        embedder: What makes vectors.
        calls: Recalls, and retains of one turn.
        conversations: Retains of `BATCH` turns.
        progress: Told how far it is.
    """
    require_whole(store, BANK)  # as opening does: no call has to look then
    memory = Memory(store=store, embedder=embedder, bank=BANK)
    turns, questions = _turns(), _questions()
    total = conversations + 2 * calls

    def counted(doing: Callable[[], object]) -> int:
        before = store.round_trips
        doing()
        return store.round_trips - before

    batches, singles, recalls = [], [], []
    for number in range(conversations):
        progress("counting round trips", number, total)
        talk = list(islice(turns, BATCH))
        batches.append(counted(partial(memory.retain, talk)))
    for number in range(calls):
        progress("counting round trips", conversations + number, total)
        turn = next(turns)
        said = turn.text if number % 2 else turn
        singles.append(counted(partial(memory.retain, said)))
    for number in range(calls):
        progress("counting round trips", conversations + calls + number, total)
        question = next(questions)
        recalls.append(counted(partial(memory.recall, question)))
    return TalkTrips(recall=_summed(recalls), retain_turn=_summed(singles), retain_batch=_summed(batches))


def _summed(trips: Sequence[int]) -> RoundTrips:
    return RoundTrips(calls=len(trips), median=float(statistics.median(trips)), maximum=max(trips))


def _turns() -> Iterator[Message]:
    """A conversation between two people, without end."""
    chance = random.Random(11)
    number = 0
    while True:
        yield Message(
            text=_filled(_SAID[number % len(_SAID)], chance),
            speaker=("Mia", "Jon")[number % 2],
            at=_START + timedelta(hours=7 * number),
            source="made-up conversation",
            id=f"turn {number}",
        )
        number += 1


def _questions() -> Iterator[str]:
    chance = random.Random(12)
    while True:
        for question in _ASKED:
            yield _filled(question, chance)


def _filled(pattern: str, chance: random.Random) -> str:
    a, b = chance.sample(_PEOPLE, 2)
    place, firm, thing = (chance.choice(words) for words in (_PLACES, _FIRMS, _THINGS))
    return pattern.format(a=a, b=b, place=place, firm=firm, thing=thing)
