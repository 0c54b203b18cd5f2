from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.errors import InputError
from agentmem.memory import Memory, Message
from agentmem.memory.reflecting.dating import Dated, date_of
from agentmem.memory.reflecting.reflect import NOT_KNOWN
from agentmem.testing.written import WrittenExtractor, state

BOSTON = state("Anna lives in Boston.", "Anna", "lives_in", "Boston", object_type="place")
LISBON = state("Anna lives in Lisbon.", "Anna", "lives_in", "Lisbon", object_type="place")
PORTO = state("Anna lives in Porto.", "Anna", "lives_in", "Porto", object_type="place")
BOB = state("Bob lives in Lisbon.", "Bob", "lives_in", "Lisbon", object_type="place")
NOT_ACME = state("Anna no longer works at Acme.", "Anna", "works_at", "Acme", ends=True)
ACME = state("Anna works at Acme.", "Anna", "works_at", "Acme")


def day(number: int) -> datetime:
    return datetime(2025, 1, number, tzinfo=UTC)


def said(text: str, number: int, speaker: str = "Anna") -> Message:
    return Message(text=text, speaker=speaker, at=day(number), source="chat", id=f"t{number}")


@pytest.fixture
def moves(memory: Memory, extractor: WrittenExtractor) -> Memory:
    extractor.written = {
        "I live in Boston.": [BOSTON],
        "I live in Lisbon now.": [LISBON],
        "I was wrong, it is Porto.": [state(PORTO.text, "Anna", "lives_in", "Porto", corrects=True)],
        "I work at Acme.": [ACME],
        "I left Acme.": [NOT_ACME],
        "So do I.": [BOB],
    }
    memory.retain([said("I live in Boston.", 1), said("I live in Lisbon now.", 10)])
    return memory


class TestExactLookup:
    def test_now_and_before(self, moves: Memory) -> None:
        now = moves.reflect("Where does Anna live now?")
        assert (now.answer, now.known) == ("Anna lives in Lisbon.", True)
        before = moves.reflect("Where did Anna live before?")
        assert before.answer.startswith("Boston, until 10 January 2025")
        assert before.citations[0].text == "Anna lives in Boston."
        assert before.citations[0].source == "t1"
        assert before.citations[0].at == day(1)

    def test_first(self, moves: Memory) -> None:
        assert "Boston" in moves.reflect("Where did Anna live first?").answer

    def test_a_pronoun_means_the_only_person(self, moves: Memory) -> None:
        sole = moves.reflect("Where does she live now?")
        assert sole.answer == "Anna lives in Lisbon."
        moves.retain([said("So do I.", 11, "Bob"), said("So do I.", 12, "Bob")])
        guessed = moves.reflect("Where does she live now?")
        assert guessed.known
        assert guessed.confidence <= sole.confidence

    def test_at_a_time(self, moves: Memory) -> None:
        assert "Boston" in moves.reflect("Where did Anna live on 5 January 2025?").answer
        assert "Lisbon" in moves.reflect("Where did Anna live on 20 January 2025?").answer

    def test_a_correction_was_never_true(self, moves: Memory) -> None:
        moves.retain([said("I was wrong, it is Porto.", 12)])
        assert moves.reflect("Where does Anna live?").answer == "Anna lives in Porto."
        assert "Boston" in moves.reflect("Where did Anna live before?").answer

    def test_what_ended_is_said_to_have_ended(self, moves: Memory) -> None:
        moves.retain([said("I work at Acme.", 11), said("I left Acme.", 12)])
        answer = moves.reflect("Where does Anna work now?")
        assert answer.answer == "Anna no longer works at Acme."
        assert answer.confidence < 0.9

    def test_yes_and_no(self, moves: Memory) -> None:
        assert moves.reflect("Does Anna live in Lisbon?").answer == "Yes. Anna lives in Lisbon."
        assert moves.reflect("Does Anna live in Boston?").answer == "No. Anna lives in Lisbon."

    def test_who_has_the_value(self, moves: Memory) -> None:
        moves.retain([said("So do I.", 11, "Bob")])
        answer = moves.reflect("Who lives in Lisbon?").answer
        assert "Anna" in answer
        assert "Bob" in answer

    def test_both_sides_of_an_open_contradiction_are_told(self, moves: Memory) -> None:
        moves.retain("I live in Boston.", source="rumour.txt", at=day(15), trust=0.3)
        answer = moves.reflect("Where does Anna live?")
        assert "contradicting" in answer.answer
        assert "Lisbon" in answer.answer
        assert "Boston" in answer.answer
        assert len(answer.citations) == 2
        assert answer.confidence < 0.5

    def test_a_full_name_is_found_by_its_first_name(self, memory: Memory, extractor: WrittenExtractor) -> None:
        extractor.written = {"news": [state("Anna Smith lives in Rome.", "Anna Smith", "lives_in", "Rome")]}
        memory.retain("news", source="news.txt")
        assert memory.reflect("Where does Anna live?").answer == "Anna Smith lives in Rome."


class TestSentences:
    @pytest.fixture
    def notes(self, memory: Memory) -> Memory:
        memory.retain(
            "The harbour bridge was painted green in May 2019 because the old colour had faded.", source="a.md"
        )
        memory.retain("The ferry to the island takes 40 minutes. Tickets are sold at the kiosk.", source="b.md")
        memory.retain([said("I baked a cherry cake yesterday.", 8), said("Did Carla bake a cake?", 9, "Bob")])
        return memory

    def test_the_covering_sentence_answers_and_is_cited(self, notes: Memory) -> None:
        answer = notes.reflect("How long does the ferry to the island take?")
        assert answer.answer == "The ferry to the island takes 40 minutes."
        assert [(c.source, c.text) for c in answer.citations] == [("b.md", "The ferry to the island takes 40 minutes.")]
        assert 0.0 < answer.confidence < 0.9

    def test_when_gives_the_date(self, notes: Memory) -> None:
        assert notes.reflect("When was the harbour bridge painted green?").answer.startswith("May 2019: ")
        assert notes.reflect("When did Anna bake a cake?").answer.startswith("7 January 2025: Anna: ")

    def test_why_gives_the_reason(self, notes: Memory) -> None:
        assert "faded" in notes.reflect("Why was the harbour bridge painted?").answer

    @pytest.mark.parametrize(
        "question",
        [
            "Who is the mayor of Paris?",
            "When did Carla bake a cake?",  # only a question speaks of it
            "How many people live on the island?",
            "Where is the harbour of Dover?",
            "What did Zoe say about the ferry?",
            "???",
        ],
    )
    def test_what_memory_does_not_say_is_not_known(self, notes: Memory, question: str) -> None:
        answer = notes.reflect(question)
        assert (answer.answer, answer.known, answer.confidence, answer.citations) == (NOT_KNOWN, False, 0.0, ())

    def test_an_empty_bank_knows_nothing(self, memory: Memory) -> None:
        for question in ("Where does she live now?", "Where does Anna live?", "Who lives in Lisbon?"):
            assert not memory.reflect(question).known

    def test_an_empty_question_is_refused(self, memory: Memory) -> None:
        with pytest.raises(InputError):
            memory.reflect("  ")


def test_the_json_shape_is_the_documented_one(moves: Memory) -> None:
    shape = moves.reflect("Where does Anna live?").as_dict()
    assert list(shape) == ["question", "answer", "known", "confidence", "citations"]
    assert list(shape["citations"][0]) == ["id", "text", "source", "at"]
    assert shape["citations"][0]["at"] == "2025-01-10T00:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "value", "valid_from", "told", "label", "stated"),
    [
        ("Her birthday is on 5 March.", "5 March", None, day(9), "5 March", True),
        ("She went there yesterday (8 January 2025).", "", day(8), day(9), "8 January 2025", True),
        ("She moved last week (week of 21 August 2023).", "", day(2), day(9), "week of 21 August 2023", True),
        ("She moved.", "", day(2), day(9), "2 January 2025", True),
        ("She moved.", "", day(9), day(9), "told on 9 January 2025", False),
    ],
)
def test_dates(text: str, value: str, valid_from: datetime | None, told: datetime, label: str, stated: bool) -> None:
    assert date_of(text, value=value, valid_from=valid_from, told=told) == Dated(label=label, stated=stated)


def test_no_date_is_made_up() -> None:
    assert date_of("She moved.") is None
    assert date_of("She moved.", valid_from=day(2)) is None


@pytest.fixture
def diary(tmp_path: Path) -> Iterator[Memory]:
    """A conversation in plain English, read by the rules."""
    lines = [
        ("I live in Boston. I work at Acme.", 1),
        ("My phone number is 555-1234. My birthday is on 3 March.", 2),
        ("I moved to Lisbon last week!", 20),
        ("I just started working at Initech.", 21),
        ("Correction: my birthday is on 5 March, not 3 March.", 22),
        ("Please forget my phone number.", 23),
    ]
    with Memory.open(f"sqlite:///{tmp_path}/diary.db", embedder=HashingEmbedder()) as memory:
        memory.retain([said(text, number) for text, number in lines])
        yield memory


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Where does she live now?", "Lisbon"),
        ("Where did she live before?", "Boston"),
        ("Where does Anna work?", "Initech"),
        ("Where did Anna work before?", "Acme"),
        ("When is Anna's birthday?", "5 March"),
        ("When did Anna move to Lisbon?", "week of 13 January 2025"),
        ("What is Anna's phone number?", NOT_KNOWN),
    ],
)
def test_a_life_in_a_diary(diary: Memory, question: str, expected: str) -> None:
    assert expected in diary.reflect(question).answer


def test_a_like_attribute_is_not_the_one_that_is_asked_for(memory: Memory) -> None:
    memory.retain("Tom's phone extension is 214.", source="people.md")
    assert not memory.reflect("What is Tom's phone number?").known


def test_what_is_asked_for_must_be_spoken_of(memory: Memory) -> None:
    memory.retain("The reading club meets on Thursdays in the old library.", source="rules.md")
    assert not memory.reflect("Who is the chair of the reading club?").known
    assert memory.reflect("Where does the reading club meet?").known
