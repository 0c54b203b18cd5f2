from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agentmem.language import analyse_question

NOW = datetime(2024, 5, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("question", "subject", "predicate", "answer_type", "tense"),
    [
        ("Where does Anna live now?", "Anna", "lives_in", "place", "now"),
        ("Where did Anna live before?", "Anna", "lives_in", "place", "before"),
        ("Where did Anna live before she moved to Lisbon?", "Anna", "lives_in", "place", "before"),
        ("Where did Anna originally live?", "Anna", "lives_in", "place", "first"),
        ("Where did Tom use to live?", "Tom", "lives_in", "place", "before"),
        ("Which city does Okonkwo live in?", "Okonkwo", "lives_in", "place", "any"),
        ("Can you tell me where Anna lives?", "Anna", "lives_in", "place", "any"),
        ("Where has Anna been living?", "Anna", "lives_in", "place", "any"),
        ("Where does Anna work?", "Anna", "works_at", "place", "any"),
        ("Who does Anna work for?", "Anna", "works_at", "organisation", "any"),
        ("Where did Anna work previously?", "Anna", "works_at", "place", "before"),
        ("What does Xiulan do for a living?", "Xiulan", "works_as", "thing", "any"),
        ("What does Anna want to do?", "Anna", "wants_to", "thing", "any"),
        ("What does Anna do?", "Anna", "works_as", "thing", "any"),
        ("Who is Anna's manager?", "Anna", "manager", "person", "any"),
        ("When did the office move?", "office", "located_in", "time", "any"),
        ("When did we move the office to Leeds?", "office", "located_in", "time", "any"),
        ("Where is the office?", "office", "located_in", "place", "any"),
        ("Where is Acme located?", "Acme", "located_in", "place", "any"),
        ("What is the budget of Orion?", "Orion", "budget", "thing", "any"),
        ("What's Orion's budget?", "Orion", "budget", "thing", "any"),
        ("What is the launch date of Orion?", "Orion", "launch_date", "time", "any"),
        ("When does Orion launch?", "Orion", "launch_date", "time", "any"),
        ("When is Anna's wedding?", "Anna", "wedding_date", "time", "any"),
        ("When is the wedding?", "wedding", "scheduled_for", "time", "any"),
        ("What was the previous deadline?", "deadline", "scheduled_for", "time", "before"),
        ("What is the current status of ticket 12?", "ticket 12", "status", "thing", "now"),
        ("What's my phone number?", "user", "phone", "thing", "any"),
        ("Where do I live?", "user", "lives_in", "place", "any"),
        ("What am I allergic to?", "user", "allergic_to", "thing", "any"),
        ("How old is Tom?", "Tom", "age", "number", "any"),
        ("Who is the CEO of Apple?", "Apple", "ceo", "person", "any"),
        ("What is the name of Anna's dog?", "Anna's dog", "name", "thing", "any"),
        ("Who leads Orion?", "Orion", "led_by", "person", "any"),
        ("When was Anna born?", "Anna", "born_on", "time", "any"),
        ("Where was Anna born?", "Anna", "born_in", "place", "any"),
        ("How much does the server cost?", "server", "price", "number", "any"),
        ("What is Anna's favorite color?", "Anna", "favourite_color", "thing", "any"),
        ("What did Acme acquire?", "Acme", "acquires", "thing", "any"),
        ("What changed about Orion?", "Orion", "", "thing", "any"),
        ("where does anna live", "anna", "lives_in", "place", "any"),
    ],
)
def test_question(question: str, subject: str, predicate: str, answer_type: str, tense: str) -> None:
    found = analyse_question(question, now=NOW)
    assert (found.subject, found.predicate, found.answer_type, found.tense) == (subject, predicate, answer_type, tense)


@pytest.mark.parametrize(
    ("question", "subject", "predicate", "value"),
    [
        ("Did Anna move to Rome?", "Anna", "lives_in", "Rome"),
        ("Is Anna allergic to peanuts?", "Anna", "allergic_to", "peanuts"),
        ("Does Tom have a dog?", "Tom", "has_pet", "dog"),
        ("Who acquired Beta?", "", "acquires", "Beta"),
        ("When did Anna start working at Acme?", "Anna", "works_at", "Acme"),
    ],
)
def test_a_value_in_the_question(question: str, subject: str, predicate: str, value: str) -> None:
    found = analyse_question(question, now=NOW)
    assert (found.subject, found.predicate, found.object) == (subject, predicate, value)


def test_a_time_in_the_question_is_a_window() -> None:
    found = analyse_question("Where did I live in 2019?", now=NOW)
    assert found.tense == "at"
    assert found.window == (datetime(2019, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("question", ["", "???", "hm", "Tell me something", "\u00bfD\u00f3nde vive Ana?"])
def test_what_is_not_recognised_stays_empty(question: str) -> None:
    assert analyse_question(question, now=NOW).predicate == ""
