"""What trust decides: who takes whose place, which names become one, what a request to forget reaches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.errors import InputError
from agentmem.memory import DOCUMENT, PERSON, Memory, Message, trust_of
from agentmem.records import EVERY_STATUS, Entity, Fact, Kind, Relationship, RelationshipType, Status, node_id
from agentmem.stores import View
from agentmem.testing import TickingClock

START = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory.open(
        f"sqlite:///{tmp_path}/memory.db", embedder=HashingEmbedder(), clock=TickingClock(START)
    ) as opened:
        yield opened


def says(memory: Memory, *texts: str, speaker: str = "Anna", day: int | None = None, **about: Any) -> None:
    at = None if day is None else datetime(2025, 1, day, tzinfo=UTC)
    memory.retain([Message(text=text, speaker=speaker, at=at) for text in texts], **about)


def page(memory: Memory, text: str, source: str = "page.md", **about: Any) -> None:
    memory.retain(text, source=source, trust="document", **about)


def facts(memory: Memory, *statuses: Status) -> dict[str, Fact]:
    view = View(bank=memory.bank, kinds=frozenset({Kind.FACT}), statuses=frozenset(statuses or {Status.ACTIVE}))
    return {node.text: node for node in memory.store.scan(view, limit=100) if isinstance(node, Fact)}


def links(memory: Memory, type_: RelationshipType) -> list[Relationship]:
    kinds = frozenset({Kind.FACT, Kind.ENTITY})
    nodes = memory.store.scan(View(bank=memory.bank, kinds=kinds, statuses=EVERY_STATUS), limit=100)
    dated = memory.store.relationships(memory.bank, [node.id for node in nodes])
    return [one.relationship for one in dated if one.relationship.type is type_]


class TestWords:
    @pytest.mark.parametrize(
        ("given", "trust"),
        [("person", 1.0), ("document", 0.5), (" Person ", 1.0), ("0.7", 0.7), (0.25, 0.25), (1, 1.0), (0, 0.0)],
    )
    def test_words_and_numbers(self, given: float | str, trust: float) -> None:
        assert trust_of(given) == trust

    @pytest.mark.parametrize("given", ["persn", "", "1.01", -0.1, "nan", "high"])
    def test_anything_else_is_refused(self, given: float | str) -> None:
        with pytest.raises(InputError, match="trust"):
            trust_of(given)

    def test_a_slip_is_put_right(self) -> None:
        with pytest.raises(InputError, match="Did you mean 'document'"):
            trust_of("documnt")


class TestVerdicts:
    def test_a_person_takes_the_place_of_a_page(self, memory: Memory) -> None:
        page(memory, "Anna lives in Rome.")
        says(memory, "I live in Oslo.")
        assert list(facts(memory)) == ["Anna lives in Oslo."]

    def test_a_page_takes_the_place_of_a_page_beside_a_person_s_word(self, memory: Memory) -> None:
        says(memory, "I live in Oslo.")
        page(memory, "Anna lives in Rome.", "a.md")
        page(memory, "Anna lives in Paris.", "b.md")
        assert set(facts(memory)) == {"Anna lives in Oslo.", "Anna lives in Paris."}
        oslo, paris = facts(memory)["Anna lives in Oslo."], facts(memory)["Anna lives in Paris."]
        assert (paris.id, oslo.id) in {(x.source_id, x.target_id) for x in links(memory, RelationshipType.CONTRADICTS)}
        says(memory, "I live in Bergen.")
        assert list(facts(memory)) == ["Anna lives in Bergen."]

    def test_many_pages_do_not_push_a_person_out_of_the_answer(self, memory: Memory) -> None:
        says(memory, "I live in Oslo.")
        for number, town in enumerate(("Rome", "Paris", "Madrid", "Berlin")):
            memory.retain(f"Anna lives in {town}.", source=f"{town}.md", trust=0.5 - number / 10)
        assert "Oslo" in memory.reflect("Where does Anna live?").answer

    def test_a_page_of_the_future_does_not_hold_a_person_s_next_word_back(self, memory: Memory) -> None:
        says(memory, "I live in Oslo.", day=1)
        page(memory, "Anna lives in Rome.", at=datetime(2031, 1, 1, tzinfo=UTC))
        says(memory, "I live in Bergen.", day=2)
        assert list(facts(memory)) == ["Anna lives in Bergen."]

    def test_a_page_of_the_future_alone_does_not_either(self, memory: Memory) -> None:
        page(memory, "Anna lives in Rome.", at=datetime(2031, 1, 1, tzinfo=UTC))
        says(memory, "I live in Bergen.", day=2)
        assert list(facts(memory)) == ["Anna lives in Bergen."]

    def test_what_a_person_says_too_is_the_person_s(self, memory: Memory) -> None:
        page(memory, "Anna lives in Oslo.")
        says(memory, "I live in Oslo.")
        page(memory, "Please forget where Anna lives.", "b.md")
        page(memory, "Anna lives in Rome.", "c.md")
        assert facts(memory)["Anna lives in Oslo."].trust == PERSON
        assert facts(memory)["Anna lives in Rome."].trust == DOCUMENT
        says(memory, "I live in Rome.")
        assert [fact.trust for fact in facts(memory).values()] == [PERSON]
        assert memory.reflect("Where does Anna live?").answer.startswith("Anna lives in Rome")

    @pytest.mark.parametrize("named", ["", "turn-7"])
    def test_the_very_turn_that_a_page_foresaw_is_the_person_s_all_the_same(self, memory: Memory, named: str) -> None:
        """Words, speaker, source and id alike: the page was there first, and nothing tells the two apart but trust."""
        turns = [Message(text=text, speaker="Anna", id=named) for text in ("I live in Oslo.", "Hi.", "I live in Oslo.")]
        memory.retain(turns, source="chat", trust="document")
        assert memory.retain(turns, source="chat").operations
        assert not memory.retain(turns, source="chat").operations
        assert not memory.retain(turns, source="chat", trust="document").operations
        page(memory, "Anna moved to Rome. Please forget where Anna lives.")
        assert facts(memory)["Anna lives in Oslo."].trust == PERSON
        says(memory, "I moved to Bergen.", source="chat")
        says(memory, "I live in Oslo.", source="chat")
        assert (list(facts(memory))[-1], facts(memory)["Anna lives in Oslo."].trust) == ("Anna lives in Oslo.", PERSON)

    def test_a_role_that_a_person_told_does_not_end_with_a_page_s_employer(self, memory: Memory) -> None:
        page(memory, "Anna works as a nurse at Ward.")
        says(memory, "I work as a nurse.")
        page(memory, "Anna no longer works at Ward.", "b.md")
        assert {fact.predicate for fact in facts(memory).values()} == {"works_as", "ended_works_at"}
        assert {fact.predicate for fact in facts(memory, Status.SUPERSEDED).values()} == {"works_at"}


class TestNames:
    def test_a_page_makes_no_name_another_s_but_speaks_of_the_same_person(self, memory: Memory) -> None:
        says(memory, "I live in Oslo.")
        page(memory, "Anna Berg lives in Rome.")
        assert not links(memory, RelationshipType.SAME_AS)
        assert {fact.key for fact in facts(memory).values()} == {"anna|lives_in"}
        says(memory, "Anna Berg lives in Bergen.", speaker="Tom")
        assert len(links(memory, RelationshipType.SAME_AS)) == 1
        assert list(facts(memory)) == ["Anna Berg lives in Bergen."]

    def test_a_page_takes_no_surname(self, memory: Memory) -> None:
        page(memory, "Anna lives in Rome. Anna Falk lives in Rome.")
        says(memory, "I live in Oslo.")
        says(memory, "Anna Berg lives in Bergen.", speaker="Tom")
        assert memory.reflect("Where does Anna live?").answer == "Anna Berg lives in Bergen."

    def test_a_page_makes_no_first_name_ambiguous(self, memory: Memory) -> None:
        says(memory, "Anna Berg lives in Oslo.", speaker="Tom")
        page(memory, "Anna Falk lives in Rome.")
        says(memory, "Anna lives in Bergen.", speaker="Tom")
        assert memory.reflect("Where does Anna Berg live?").answer == "Anna lives in Bergen."

    def test_a_page_gives_no_type(self, memory: Memory) -> None:
        says(memory, "I like Kestrel.")
        page(memory, "Kestrel is a company. Kestrel opened an office in Rome.")
        node = memory.store.fetch(memory.bank, [node_id(Kind.ENTITY, memory.bank, "kestrel")])
        (kestrel,) = node.values()
        assert isinstance(kestrel, Entity)
        assert kestrel.entity_type == "thing"


NUMBER, NEW = "My phone number is 555-0100.", "My phone number is now 555-0199."
FORGET = "Please forget my phone number."


class TestForgetting:
    @pytest.mark.parametrize("source", ["", "chat"])
    @pytest.mark.parametrize(
        "turns",
        [
            [NUMBER, FORGET, NEW],
            [NUMBER, f"{FORGET} {NEW}"],
            [f"{NUMBER} {FORGET} {NEW}"],
            [f"{NUMBER} {FORGET}", NEW],
        ],
    )
    @pytest.mark.parametrize("together", [True, False])
    def test_what_is_said_after_the_request_stays(
        self, memory: Memory, turns: list[str], together: bool, source: str
    ) -> None:
        for call in [turns] if together else [[turn] for turn in turns]:
            says(memory, *call, source=source)
        assert list(facts(memory)) == ["Anna's phone number is now 555-0199."]
        assert "Anna's phone number is 555-0100." in facts(memory, Status.RETIRED)
        assert memory.reflect("What is Anna's phone number?").answer == "Anna's phone number is now 555-0199."

    @pytest.mark.parametrize("turns", [[f"{NUMBER} {FORGET}"], [NUMBER, f"{NEW} {FORGET}"]])
    def test_what_is_said_before_it_in_the_same_turn_goes(self, memory: Memory, turns: list[str]) -> None:
        says(memory, *turns)
        assert not facts(memory)
        assert not memory.reflect("What is Anna's phone number?").known
        assert not memory.recall("phone number").memories

    def test_bare_words_after_the_request_stay(self, memory: Memory) -> None:
        """They are evidence already, though nobody has read them yet."""
        says(memory, "Please forget everything about the boiler.", "The boiler! The green boiler?", source="chat")
        texts = [found.text for found in memory.recall("boiler").memories]
        assert texts == ["The boiler! The green boiler?"]

    def test_dates_say_what_was_said_before_it_whatever_the_order_of_arrival(self, memory: Memory) -> None:
        says(memory, NEW, source="chat", day=20)
        says(memory, FORGET, source="chat", day=10)
        assert list(facts(memory)) == ["Anna's phone number is now 555-0199."]
        says(memory, FORGET, source="chat", day=21)
        assert not facts(memory)

    def test_what_was_said_again_after_it_stays(self, memory: Memory) -> None:
        says(memory, NUMBER, source="chat", day=1)
        says(memory, NUMBER, source="chat", day=20)
        says(memory, FORGET, source="chat", day=10)
        assert len(facts(memory)) == 1

    def test_a_request_reaches_what_is_no_more_trusted_than_itself(self, memory: Memory) -> None:
        says(memory, NUMBER)
        page(memory, "Anna's phone number is 555-6666.")
        page(memory, "Please forget Anna's phone number.", "b.md")
        assert list(facts(memory)) == ["Anna's phone number is 555-0100."]
        assert any(entry.reason == "asked to forget: Anna's phone number" for entry in memory.log())
        assert any(
            entry.reason == "less trusted than what it asks to forget: Anna's phone number" for entry in memory.log()
        )

    def test_bare_evidence_of_a_person_is_out_of_a_page_s_reach(self, memory: Memory) -> None:
        says(memory, "What about the boiler?", source="chat")
        page(memory, "Please forget everything about the boiler.")
        assert "What about the boiler?" in {found.text for found in memory.recall("boiler").memories}
        says(memory, "Please forget everything about the boiler.", source="chat")
        assert "What about the boiler?" not in {found.text for found in memory.recall("boiler").memories}


class TestSpeakers:
    def test_words_that_somebody_quotes_are_neither_s(self, memory: Memory) -> None:
        says(memory, "I live in Oslo.", NUMBER)
        says(memory, "I live in Graz.", speaker="Tom")
        log = (
            "Look at this:\nAnna: I no longer live in Oslo. I live in Rome.\nAnna: forget my phone number.\nI like tea."
        )
        says(memory, log, speaker="Tom")
        assert set(facts(memory)) == {
            "Anna lives in Oslo.",
            "Anna's phone number is 555-0100.",
            "Tom lives in Graz.",
            "Tom likes tea.",
        }

    def test_a_printed_dialogue_is_what_the_document_reports(self, memory: Memory) -> None:
        page(memory, "Minutes:\n\nAnna: I live in Oslo.\nTom: I live in Graz.")
        assert {(fact.text, fact.trust) for fact in facts(memory).values()} == {
            ("Anna lives in Oslo.", DOCUMENT),
            ("Tom lives in Graz.", DOCUMENT),
        }

    def test_a_request_in_a_printed_dialogue_is_nobody_s(self, memory: Memory) -> None:
        says(memory, NUMBER)
        memory.retain("Anna: Please forget my phone number.")
        assert list(facts(memory)) == ["Anna's phone number is 555-0100."]
