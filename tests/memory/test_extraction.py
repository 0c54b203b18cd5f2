from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agentmem.memory.retaining.extraction import EntityMention, Extraction, RuleExtractor
from agentmem.records import Episode

AT = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)
DOCUMENT = """# Project Orion

Orion is a data platform. It was started in March 2023.

- Budget: 2 million
- **Owner:** Sam Lee

## Team

| Name | Role |
|------|------|
| Bob Ray | Designer |

## Settings

| Key | Value |
|---|---|
| Region | eu-west-1 |

```python
x = "Anna lives in Rome."
```

The deadline is 5 June 2025.
"""


def episodes(*turns: tuple[str, str], origin: str = "chat") -> list[Episode]:
    return [
        Episode(
            id=f"episode-{number}",
            bank="b",
            text=text,
            created_at=AT,
            at=AT + timedelta(minutes=number),
            speaker=speaker,
            origin=origin,
            position=number,
        )
        for number, (speaker, text) in enumerate(turns)
    ]


def extracted(*turns: tuple[str, str]) -> list[Extraction]:
    return RuleExtractor().extract(episodes(*turns))


def triples(extraction: Extraction) -> list[tuple[str, str, str]]:
    return [(fact.subject, fact.predicate, fact.object) for fact in extraction.facts]


def test_one_extraction_for_each_episode_in_order() -> None:
    found = extracted(("Anna", "I live in Boston."), ("Bob", "Cool!"), ("Anna", "I work at Acme."))
    assert [e.episode_id for e in found] == ["episode-0", "episode-1", "episode-2"]
    assert triples(found[0]) == [("Anna", "lives_in", "Boston")]
    assert found[1].facts == ()
    assert found[1].note is None


def test_a_fact_brings_its_mentions_and_their_types() -> None:
    (found,) = extracted(("Anna", "I work at Acme."))
    assert found.facts[0].mentions == (
        EntityMention(name="Anna", entity_type="person"),
        EntityMention(name="Acme", entity_type="organisation"),
    )
    assert found.facts[0].object_type == "organisation"
    assert found.mentions == found.facts[0].mentions


def test_earlier_turns_are_context() -> None:
    found = extracted(("Anna", "My sister Kate is a nurse."), ("Bob", "Nice!"), ("Anna", "She lives in Rome."))
    assert triples(found[2]) == [("Kate", "lives_in", "Rome")]


def test_other_conversations_are_no_context() -> None:
    one = episodes(("Anna", "My sister Kate is a nurse."), origin="one")
    two = episodes(("Anna", "She lives in Rome."), origin="two")
    assert triples(RuleExtractor().extract([*one, *two])[1]) == [("", "", "")]


def test_a_note_sums_up_an_episode() -> None:
    (found,) = extracted(("Anna", "I moved to Lisbon yesterday. My new office in Lisbon is near the beach."))
    note = found.note
    assert note is not None
    assert note.text.startswith("Anna moved to Lisbon yesterday (7 May 2023).")
    assert note.context == "Anna said this on 8 May 2023, about Lisbon, office, beach."
    assert note.keywords[0] == "Lisbon"
    assert "travel" in note.tags


def test_a_document_speaks_by_its_structure() -> None:
    (found,) = RuleExtractor().extract(episodes(("", DOCUMENT), origin="orion.md"))
    facts = triples(found)
    assert ("Project Orion", "budget", "2 million") in facts
    assert ("Project Orion", "owner", "Sam Lee") in facts
    assert ("Bob Ray", "works_as", "Designer") in facts
    assert ("Project Orion", "region", "eu-west-1") in facts
    assert ("Project Orion", "deadline", "5 June 2025") in facts
    assert not any("Rome" in fact.text for fact in found.facts)
    assert any(fact.text == "Orion was started in March 2023." for fact in found.facts)


def test_a_chat_log_in_a_document_has_speakers() -> None:
    log = "Anna: I moved to Lisbon. I love it here.\nBob: Where do you work?\nAnna: I work at Gamma."
    (found,) = RuleExtractor().extract(episodes(("", log), origin="chat.txt"))
    assert ("Anna", "lives_in", "Lisbon") in triples(found)
    assert ("Anna", "works_at", "Gamma") in triples(found)


def test_requests_to_forget_are_no_facts() -> None:
    (found,) = extracted(("Anna", "Please forget my phone number."))
    assert [f.about for f in found.forget] == ["Anna's phone number"]
    assert found.facts == ()


@pytest.mark.parametrize("speaker", ["", "user"])
def test_nobody_in_particular_is_the_user(speaker: str) -> None:
    (found,) = extracted((speaker, "I live in Boston."))
    assert triples(found) == [("user", "lives_in", "Boston")]
    assert found.facts[0].text == "The user lives in Boston."


@pytest.mark.parametrize("said", ["I'm Priya.", "My name is Priya.", "I am priya"])
def test_that_somebody_is_herself_is_no_fact(said: str) -> None:
    (found,) = extracted(("Priya", said))
    assert found.facts == ()
    (more,) = extracted(("Priya", f"{said.rstrip('.')} and I live in Leeds."))
    assert triples(more) == [("Priya", "lives_in", "Leeds")]


def test_an_agent_s_own_acts_are_experience() -> None:
    (found,) = extracted(("assistant", "I wrote the report yesterday."))
    assert found.facts[0].experience
    (other,) = extracted(("Anna", "I wrote the report yesterday."))
    assert not other.facts[0].experience


def test_a_story_of_moves_and_corrections() -> None:
    found = extracted(
        ("Anna", "I live in Boston and I work at Acme."),
        ("Anna", "My wedding is on 10 June."),
        ("Anna", "I moved to Lisbon last week!"),
        ("Anna", "I left Acme and joined Gamma."),
        ("Anna", "Actually, the wedding is on 12 June, not 10 June."),
    )
    assert triples(found[0]) == [("Anna", "lives_in", "Boston"), ("Anna", "works_at", "Acme")]
    assert [f.valid_from for f in found[2].facts] == [datetime(2023, 5, 1, tzinfo=UTC)]
    assert [(f.object, f.ends) for f in found[3].facts] == [("Acme", True), ("Gamma", False)]
    corrected = found[4].facts[0]
    assert (corrected.subject, corrected.predicate, corrected.object) == ("Anna", "wedding_date", "12 June")
    assert corrected.corrects


@pytest.mark.parametrize("text", ["", " ", "?!", "\x00", "a" * 100_000, "| | |\n|-|-|\n| | |", "```\nnever closed"])
def test_odd_texts_give_nothing_and_do_not_fail(text: str) -> None:
    (found,) = extracted(("Anna", text))
    assert found.facts == ()


def test_the_same_input_gives_the_same_output() -> None:
    turns = (("Anna", "I live in Lisbon."), ("Bob", DOCUMENT), ("Anna", "She moved."))
    assert extracted(*turns) == extracted(*turns)
