from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from agentmem.errors import InputError, NotFound
from agentmem.memory import ForgetRequest, Memory, Message
from agentmem.memory.retaining.changes import NEVER
from agentmem.records import EVERY_STATUS, Entity, Fact, Kind, Note, RelationshipType, Status, verify_chain
from agentmem.stores import Direction, View
from agentmem.testing.written import WrittenExtractor, state

BOSTON = state("Anna lives in Boston.", "Anna", "lives_in", "Boston")
LISBON = state("Anna lives in Lisbon.", "Anna", "lives_in", "Lisbon")


def day(number: int) -> datetime:
    return datetime(2025, 1, number, tzinfo=UTC)


def said(text: str, number: int) -> Message:
    return Message(text=text, speaker="Anna", at=day(number), source="chat")


def current(memory: Memory, kind: Kind = Kind.FACT) -> list[str]:
    return sorted(node.text for node in memory.store.scan(View(bank="b", kinds=frozenset({kind}))))


def facts(memory: Memory) -> dict[str, Fact]:
    everything = View(bank="b", kinds=frozenset({Kind.FACT}), statuses=EVERY_STATUS)
    return {node.text: node for node in memory.store.scan(everything) if isinstance(node, Fact)}


@pytest.fixture
def moves(extractor: WrittenExtractor) -> None:
    extractor.written = {"boston": [BOSTON], "lisbon": [LISBON], "boston again": [BOSTON]}


@pytest.mark.usefixtures("moves")
class TestDecisions:
    @pytest.mark.parametrize("together", [True, False])
    def test_the_newer_statement_supersedes(self, memory: Memory, together: bool) -> None:
        turns = [said("boston", 1), said("lisbon", 5)]
        for batch in [turns] if together else [[turn] for turn in turns]:
            memory.retain(batch)
        known = facts(memory)
        assert current(memory) == ["Anna lives in Lisbon."]
        old, new = known["Anna lives in Boston."], known["Anna lives in Lisbon."]
        assert (old.status, old.valid_to, new.version) == (Status.SUPERSEDED, day(5), 2)
        entry = next(entry for entry in memory.log() if entry.id == new.id)
        assert (entry.op.value, entry.supersedes) == ("UPDATE", old.id)

    def test_an_older_statement_that_arrives_late_is_history(self, memory: Memory) -> None:
        memory.retain([said("lisbon", 5)])
        memory.retain([said("boston", 1)])
        assert current(memory) == ["Anna lives in Lisbon."]
        assert facts(memory)["Anna lives in Boston."].status is Status.SUPERSEDED

    def test_the_same_value_again_is_a_noop_that_adds_evidence(self, memory: Memory) -> None:
        memory.retain([said("boston", 1)])
        learned = memory.retain([said("boston again", 9)])
        assert [operation.op.value for operation in learned.operations if operation.kind is Kind.FACT] == ["NOOP"]
        fact = facts(memory)["Anna lives in Boston."]
        links = memory.store.neighbourhood(
            View(bank="b"), [fact.id], types=frozenset({RelationshipType.EVIDENCED_BY}), direction=Direction.OUT
        )
        assert len(links.relationships) == 2

    def test_a_less_trusted_source_only_opens_a_contradiction(self, memory: Memory) -> None:
        memory.retain([said("boston", 1)])
        memory.retain([said("lisbon", 5)], trust=0.4)
        assert current(memory) == ["Anna lives in Boston.", "Anna lives in Lisbon."]
        assert memory.statistics().relationships[RelationshipType.CONTRADICTS] == 1

    def test_a_retry_changes_nothing(self, memory: Memory) -> None:
        first = memory.retain([said("boston", 1), said("lisbon", 5)])
        before = memory.store.head("b")
        again = memory.retain([said("boston", 1), said("lisbon", 5)])
        assert again.episodes == first.episodes
        assert (again.operations, memory.store.head("b")) == ((), before)

    def test_anonymous_text_said_again_after_a_change_is_a_new_statement(self, memory: Memory) -> None:
        for text in ("boston", "lisbon", "boston"):
            memory.retain(text)
        assert current(memory) == ["Anna lives in Boston."]

    def test_banks_do_not_meet(self, memory: Memory) -> None:
        other = Memory(store=memory.store, embedder=memory.embedder, bank="c", mind=memory.mind)
        memory.retain([said("boston", 1)])
        other.retain([said("lisbon", 5)])
        assert current(memory) == ["Anna lives in Boston."]

    def test_every_change_is_in_an_unbroken_chain(self, memory: Memory) -> None:
        memory.retain([said("boston", 1), said("lisbon", 5), said("hello", 6)])
        assert verify_chain(memory.store.operations("b")) is None


def test_a_correction_means_that_it_was_never_true(memory: Memory, extractor: WrittenExtractor) -> None:
    june = state("The wedding is on 10 June.", "wedding", "happens_on", "10 June")
    fixed = state("The wedding is on 12 June.", "wedding", "happens_on", "12 June", corrects=True)
    extractor.written = {"june": [june], "fixed": [fixed]}
    memory.retain([said("june", 2), said("fixed", 2)])
    old = facts(memory)["The wedding is on 10 June."]
    assert (old.status, old.valid_to) == (Status.SUPERSEDED, NEVER)
    assert not memory.store.scan(View(bank="b", kinds=frozenset({Kind.FACT}), valid_at=day(1)))[1:]


def test_an_ending_closes_the_fact_and_keeps_the_event(memory: Memory, extractor: WrittenExtractor) -> None:
    acme = state("Anna works at Acme.", "Anna", "works_at", "Acme")
    left = state("Anna left Acme.", "Anna", "works_at", "Acme", ends=True)
    extractor.written = {"acme": [acme], "left": [left]}
    memory.retain([said("acme", 1), said("left", 8)])
    assert current(memory) == ["Anna left Acme."]
    closed = facts(memory)["Anna works at Acme."]
    assert (closed.status, closed.valid_to) == (Status.SUPERSEDED, day(8))


def test_a_role_ends_with_the_employment_that_it_was_stated_with(memory: Memory, extractor: WrittenExtractor) -> None:
    text = "Anna works as a nurse at Acme."
    job = [state(text, "Anna", "works_at", "Acme"), state(text, "Anna", "works_as", "nurse")]
    left = state("Anna left Acme.", "Anna", "works_at", "Acme", ends=True)
    extractor.written = {"job": job, "left": [left]}
    memory.retain([said("job", 1), said("left", 8)])
    assert current(memory) == ["Anna left Acme."]


def test_a_second_instance_is_no_contradiction(memory: Memory, extractor: WrittenExtractor) -> None:
    extractor.written = {
        text: [state(text, "Anna", "has_pet", text[-4:], functional=False)] for text in ("a dog Rex.", "a dog Bo..")
    }
    memory.retain([said(text, 1) for text in extractor.written])
    assert len(current(memory)) == 2


class TestForgetting:
    @pytest.mark.parametrize("together", [True, False])
    def test_what_is_asked_to_be_forgotten_leaves_every_view(
        self, memory: Memory, extractor: WrittenExtractor, together: bool
    ) -> None:
        phone = state("Anna's phone number is 555-0101.", "Anna", "phone_number", "555-0101")
        request = ForgetRequest(about="Anna's phone number", quote="please forget my phone number")
        extractor.written = {"phone": [phone, BOSTON], "please forget my phone number": [request]}
        turns = [said("phone", 1), said("please forget my phone number", 2)]
        for batch in [turns] if together else [[turn] for turn in turns]:
            learned = memory.retain(batch)
        assert current(memory) == ["Anna lives in Boston."]
        assert "asked to forget: Anna's phone number" in [operation.reason for operation in learned.operations]
        assert current(memory, Kind.EPISODE) == ["phone"]

    def test_a_statement_beside_the_request_stays(self, memory: Memory, extractor: WrittenExtractor) -> None:
        phone = state("Anna's phone number is 555-0101.", "Anna", "phone_number", "555-0101")
        request = ForgetRequest(about="Anna's phone number", quote="Please forget my phone number.")
        extractor.written = {"phone": [phone], "I live in Boston. Please forget my phone number.": [BOSTON, request]}
        memory.retain([said(text, number) for number, text in enumerate(extractor.written, 1)])
        assert current(memory) == ["Anna lives in Boston."]

    def test_a_request_by_attribute_means_the_fact_that_gives_it(
        self, memory: Memory, extractor: WrittenExtractor
    ) -> None:
        mail = state("Anna's email is anna@example.org.", "Anna", "email", "anna@example.org")
        address = state("Anna's address book has 40 email addresses.", "Anna", "has", "address book")
        request = ForgetRequest(about="Anna's email address", quote="forget my email address")
        extractor.written = {"mail": [mail, address], "forget my email address": [request]}
        memory.retain([said(text, number) for number, text in enumerate(extractor.written, 1)])
        assert current(memory) == [address.text]
        assert [change.before for change in memory.changes()] == []

    def test_a_request_that_matches_nothing_says_so(self, memory: Memory, extractor: WrittenExtractor) -> None:
        extractor.written = {"forget it": [ForgetRequest(about="Anna's shoe size", quote="forget it")]}
        learned = memory.retain([said("forget it", 1)])
        assert "nothing that is remembered matched" in learned.operations[-1].reason


class TestNotes:
    def test_a_note_loses_the_quote_of_a_fact_that_ended(self, memory: Memory, extractor: WrittenExtractor) -> None:
        dogs = state("Anna has two dogs called Rex and Bo at home.", "Anna", "has_pets", "dogs", functional=False)
        text = f"{BOSTON.quote} {dogs.quote}"
        extractor.written = {text: [BOSTON, dogs], "lisbon": [LISBON]}
        memory.retain([said(text, 1)])
        memory.retain([said("lisbon", 5)])
        assert current(memory, Kind.NOTE) == ["Anna has two dogs called Rex and Bo at home.", "lisbon"]

    @pytest.mark.usefixtures("moves")
    @pytest.mark.parametrize("together", [True, False])
    def test_a_note_that_says_nothing_else_is_retired(
        self, memory: Memory, extractor: WrittenExtractor, together: bool
    ) -> None:
        extractor.written = {BOSTON.text: [BOSTON], LISBON.text: [LISBON]}
        turns = [said(BOSTON.text, 1), said(LISBON.text, 5)]
        for batch in [turns] if together else [[turn] for turn in turns]:
            memory.retain(batch)
        assert current(memory, Kind.NOTE) == ["Anna lives in Lisbon."]

    def test_close_notes_with_a_common_keyword_are_linked(self, memory: Memory, extractor: WrittenExtractor) -> None:
        texts = ("the river gauge at Mystic was cleaned", "the river gauge at Mystic was repaired")
        extractor.written = {text: [state(text, text, "is", text)] for text in texts}
        memory.retain([said(text, number) for number, text in enumerate(texts, 1)])
        notes = [n for n in memory.store.scan(View(bank="b", kinds=frozenset({Kind.NOTE}))) if isinstance(n, Note)]
        links = memory.store.neighbourhood(
            View(bank="b"), [note.id for note in notes], types=frozenset({RelationshipType.LINKS_TO})
        ).relationships
        assert [link.properties["reason"] for link in links] == ["both about topic"]


class TestEntities:
    def test_a_first_name_means_the_only_person_of_that_name(self, memory: Memory, extractor: WrittenExtractor) -> None:
        full = state("Anna Kowalski lives in Boston.", "Anna Kowalski", "lives_in", "Boston")
        extractor.written = {"full": [full], "lisbon": [LISBON]}
        memory.retain([Message(text="full", at=day(1), source="doc")])
        memory.retain([said("lisbon", 5)])
        assert current(memory) == ["Anna lives in Lisbon."]
        people = [n for n in memory.store.scan(View(bank="b", kinds=frozenset({Kind.ENTITY}))) if isinstance(n, Entity)]
        assert {person.text for person in people} == {"Anna", "Anna Kowalski"}
        assert memory.statistics().relationships[RelationshipType.SAME_AS] == 1

    def test_two_people_of_one_first_name_are_not_mixed(self, memory: Memory, extractor: WrittenExtractor) -> None:
        names = ("Anna Kowalski", "Anna Schmidt")
        extractor.written = {name: [state(f"{name} is here.", name, "located_in", name)] for name in names}
        memory.retain([Message(text=name, at=day(1), source="doc") for name in names])
        extractor.written = {"lisbon": [LISBON]}
        memory.retain([said("lisbon", 5)])
        assert len(current(memory)) == 3
        assert RelationshipType.SAME_AS not in memory.statistics().relationships


class TestNothingIsLost:
    def test_evidence_survives_a_failing_extractor_and_is_taken_up_again(
        self, memory: Memory, extractor: WrittenExtractor
    ) -> None:
        extractor.written, extractor.fail_on = {"boston": [BOSTON]}, "boston"
        with pytest.raises(ConnectionError):
            memory.retain([said("boston", 1)])
        assert memory.recall("boston").memories[0].text == "boston"
        extractor.fail_on = ""
        memory.retain([said("boston", 1)])
        assert current(memory) == ["Anna lives in Boston."]

    @pytest.mark.usefixtures("moves")
    def test_concurrent_writers_leave_one_head(
        self, open_memory: Callable[[], Memory], extractor: WrittenExtractor
    ) -> None:
        towns = [f"Town{number}" for number in range(6)]
        extractor.written = {t: [state(f"Anna lives in {t}.", "Anna", "lives_in", t)] for t in towns}
        memories = [open_memory() for _ in towns]
        threads = [
            threading.Thread(target=memory.retain, args=([said(town, number + 1)],))
            for number, (memory, town) in enumerate(zip(memories, towns, strict=True))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert current(memories[0]) == ["Anna lives in Town5."]
        assert verify_chain(memories[0].store.operations("b")) is None

    @pytest.mark.usefixtures("moves")
    def test_writers_of_the_same_evidence_all_end_well(self, open_memory: Callable[[], Memory]) -> None:
        memories = [open_memory() for _ in range(4)]
        errors: list[BaseException] = []

        def take_in(memory: Memory) -> None:
            try:
                memory.retain([said("boston", 1), said("lisbon", 5)])
            except BaseException as error:  # noqa: BLE001 - whatever it is, the test must see it
                errors.append(error)

        threads = [threading.Thread(target=take_in, args=(memory,)) for memory in memories]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert current(memories[0]) == ["Anna lives in Lisbon."]
        assert len([e for e in memories[0].log() if e.kind is Kind.FACT and e.op.value == "ADD"]) == 1


def test_get_takes_the_beginning_of_an_id(memory: Memory, extractor: WrittenExtractor) -> None:
    extractor.written = {"boston": [BOSTON]}
    memory.retain([said("boston", 1)])
    fact = facts(memory)[BOSTON.text]
    assert memory.get(fact.id[:10]) == fact
    with pytest.raises(NotFound, match="no memory has the id"):
        memory.get("fact-zzz")
    with pytest.raises(NotFound):
        memory.get("")


@pytest.mark.parametrize("trust", [-0.1, 1.5, float("nan")])
def test_trust_out_of_range_is_refused(memory: Memory, trust: float) -> None:
    with pytest.raises(InputError, match="trust"):
        memory.retain("Anna moved.", trust=trust)


def test_half_a_character_is_refused(memory: Memory) -> None:
    with pytest.raises(InputError, match="character 6 of the text is half of a surrogate pair"):
        memory.retain("Anna \ud83d moved.")
    assert memory.log() == []


@pytest.mark.parametrize("bank", ["", " ", "two\nlines", "bell\a"])
def test_a_bank_s_name_is_one_readable_line(bank: str) -> None:
    with pytest.raises(InputError, match="bank"):
        Memory.open("sqlite:///:memory:", bank=bank)
