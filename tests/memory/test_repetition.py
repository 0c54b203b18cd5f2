"""Words said again after a change are a change; the same call again is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.memory import Memory, Message
from agentmem.records import EVERY_STATUS, Episode, Fact, Kind
from agentmem.stores import View, open_store

TOWNS = ("Oslo", "Rome", "Oslo")
NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
WHEN = {
    "undated": (None, None, None),
    "at one time": (NOON, NOON, NOON),
    "a day apart": tuple(NOON + timedelta(days=days) for days in range(3)),
}


@dataclass(slots=True)
class QuickClock:
    """A millisecond later at each look, so that all is said within a second."""

    moment: datetime = datetime(2025, 6, 1, tzinfo=UTC)

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment


@pytest.fixture
def memory() -> Iterator[Memory]:
    store = open_store("sqlite:///:memory:")
    with Memory(store=store, embedder=HashingEmbedder(), clock=QuickClock()) as memory:
        yield memory


def home(memory: Memory) -> list[str]:
    """The object of every current fact on where somebody lives."""
    facts = memory.store.scan(View(bank=memory.bank, kinds=frozenset({Kind.FACT})))
    return [fact.object for fact in facts if isinstance(fact, Fact) and fact.predicate == "lives_in"]


def said(memory: Memory) -> list[str]:
    everything = View(bank=memory.bank, kinds=frozenset({Kind.EPISODE}), statuses=EVERY_STATUS)
    return sorted(node.text for node in memory.store.scan(everything) if isinstance(node, Episode))


def head(memory: Memory) -> object:
    return memory.store.head(memory.bank)


def turns(form: str, times: tuple[datetime | None, ...]) -> list[Message]:
    return [
        Message(
            text=f"I live in {town}.",
            speaker="" if form == "text" else "Anna",
            at=at,
            source="" if form == "text" else "chat",
            id=f"turn {number}" if form == "ids" else "",
        )
        for number, (town, at) in enumerate(zip(TOWNS, times, strict=True))
    ]


def retain(memory: Memory, form: str, given: list[Message]) -> None:
    """Each in a call of its own, in the simplest way to say it."""
    for turn in given:
        if form == "text":
            memory.retain(turn.text, at=turn.at)
        else:
            memory.retain(turn)


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("form", ["text", "source", "ids"])
@pytest.mark.parametrize("calls", [1, 3])
def test_the_last_word_holds_and_the_same_again_changes_nothing(
    memory: Memory, when: str, form: str, calls: int
) -> None:
    given = turns(form, WHEN[when])
    if calls == 1:
        memory.retain(given)
    else:
        retain(memory, form, given)
    assert home(memory) == ["Oslo"]
    assert said(memory) == sorted(turn.text for turn in given)
    before = head(memory)
    memory.retain(given[-1]) if form != "text" else retain(memory, form, given[-1:])
    assert head(memory) == before, "the last call again"
    memory.retain(given)
    assert head(memory) == before, "all of it again in one call"
    if form == "ids" or when == "a day apart":
        retain(memory, form, given)
        assert head(memory) == before, "each of them again"


@pytest.mark.parametrize("rounds", [2, 9])
def test_a_lamp_that_goes_on_and_off(memory: Memory, rounds: int) -> None:
    for _ in range(rounds):
        for town in ("Oslo", "Rome"):
            memory.retain(f"Anna lives in {town}.", source="diary")
            assert home(memory) == [town]
    assert len(said(memory)) == 2 * rounds


def test_an_end_is_told_again_too(memory: Memory) -> None:
    for _ in range(3):
        memory.retain("I work at Tern.")
        assert "Tern" in jobs(memory)
        memory.retain("I no longer work at Tern.")
        assert jobs(memory) == []


def jobs(memory: Memory) -> list[str]:
    facts = memory.store.scan(View(bank=memory.bank, kinds=frozenset({Kind.FACT})))
    return [fact.object for fact in facts if isinstance(fact, Fact) and fact.predicate == "works_at"]


def test_a_file_read_again_does_not_undo_what_others_said_since(memory: Memory) -> None:
    memory.retain("Anna lives in Oslo.", source="people.md")
    memory.retain(Message(text="I live in Rome.", speaker="Anna", source="chat"))
    before = head(memory)
    memory.retain("Anna lives in Oslo.", source="people.md")
    assert head(memory) == before
    assert home(memory) == ["Rome"]


def test_a_file_that_was_changed_and_changed_back_says_what_it_says_now(memory: Memory) -> None:
    for town in TOWNS:
        memory.retain(f"Team\n\nAnna lives in {town}.\n\nBen lives in Ghent.", source="people.md")
    assert sorted(home(memory)) == ["Ghent", "Oslo"]


def test_what_is_old_by_its_date_stays_old_when_it_comes_again(memory: Memory) -> None:
    first, second, _ = turns("source", WHEN["a day apart"])
    memory.retain([first, second])
    before = head(memory)
    memory.retain(first)
    assert head(memory) == before
    assert home(memory) == ["Rome"]


@pytest.mark.parametrize("times", [0, 1, 2, 3])
def test_a_conversation_that_grows_is_taken_in_whole_each_time(memory: Memory, times: int) -> None:
    given = [*turns("source", WHEN["undated"]), Message(text="I live in Bern.", speaker="Anna", source="chat")]
    for length in range(times, len(given) + 1):
        if length:
            memory.retain(given[:length])
    assert home(memory) == ["Bern"]
    assert len(said(memory)) == len(given)
    before = head(memory)
    memory.retain(given)
    assert head(memory) == before


@pytest.mark.parametrize("together", [True, False])
def test_of_two_turns_at_one_time_the_later_one_holds(memory: Memory, together: bool) -> None:
    given = turns("source", WHEN["at one time"])[:2]
    for call in [given] if together else given:
        memory.retain(call)
    assert home(memory) == ["Rome"]


def test_what_ended_begins_again_by_the_same_thing_only(memory: Memory) -> None:
    sold = "Marta sold the house number 7 in Rome."
    memory.retain(sold)
    memory.retain("Marta bought the boat number 1 in Bergen.")
    assert memory.retain(sold).operations == ()
    memory.retain("Marta bought the house number 7 in Rome.")
    assert memory.retain(sold).operations != ()
    assert memory.statistics().nodes[Kind.EPISODE] == 4
