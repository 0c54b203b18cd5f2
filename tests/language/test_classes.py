"""Whole classes of sentences, each with cases that belong to it and cases that only look like it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agentmem.language import Reader, Statement, analyse_question

AT = datetime(2024, 5, 13, 12, tzinfo=UTC)  # a Monday


def said(*turns: str, speaker: str = "Anna", at: datetime | None = AT) -> list[Statement]:
    reader = Reader()
    return [s for turn in turns for s in reader.read(turn, speaker=speaker, at=at).statements]


def triples(found: list[Statement]) -> list[tuple[str, str, str]]:
    return [(s.subject, s.predicate, s.object) for s in found]


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("Anna Kowalski is a firmware engineer. Anna joined Heron Instruments.", "Anna", "person"),
        ("Sofia Duarte is the head of sales. Sofia is allergic to peanuts.", "Sofia", "person"),
        ("Wanjala Otieno is allergic to nuts. Wanjala likes tea.", "Wanjala", "person"),
        ("Akinyi is married to Wanjala.", "Wanjala", "person"),
        ("The modem is supplied by Orbita.", "Orbita", "organisation"),
        ("Zentra supplies the sensors.", "Zentra", "organisation"),
        ("She moved to Sofia in 2020.", "Sofia", "place"),
        ("Florence is beautiful.", "Florence", "place"),
        ("Paul Smith Ltd makes suits.", "Paul Smith Ltd", "organisation"),
        ("Jun Park is an engineer.", "Jun Park", "person"),
    ],
)
def test_types_come_from_all_that_is_said(text: str, name: str, expected: str) -> None:
    passage = Reader().read(text, speaker="", at=None)
    assert {n.text: n.type for n in passage.names}[name] == expected


@pytest.mark.parametrize(
    "text", ["Offices close at five.", "Boxes are labelled by team.", "Field tests started in May."]
)
def test_plurals_that_open_a_sentence_are_no_names(text: str) -> None:
    assert Reader().read(text, speaker="", at=None).names == ()


def test_a_plural_is_no_verb() -> None:
    assert triples(said("Field tests started on 3 February 2025.", speaker=""))[0][0] == "Field tests"
    assert ("Kate", "likes", "baked beans") in triples(said("Kate likes baked beans.", speaker=""))


def test_undated_evidence_says_nothing_of_when() -> None:
    lives, joined, day = said("Kim lives in Oslo. Kim joined Acme in March 2021. Kim's party is on 5 May.", at=None)
    assert lives.valid_from is None
    assert joined.valid_from == datetime(2021, 3, 1, tzinfo=UTC)
    assert (day.object, day.valid_from) == ("5 May", None)


@pytest.mark.parametrize(
    "sentence",
    [
        "Some news from me: I moved to Lisbon two days ago.",
        "Little update from my side - I moved to Lisbon",
        "Also, I moved to Lisbon.",
        "FYI, I moved to Lisbon.",
        "btw i moved to lisbon lol",
        "By the way, I moved to Lisbon.",
        "Good news - I moved to Lisbon!",
        "Long story short, I moved to Lisbon.",
        "Just to let you know, I moved to Lisbon.",
        "hey all, i moved 2 lisbon",
    ],
)
def test_lead_ins_are_passed_over(sentence: str) -> None:
    (moved,) = said(sentence)
    assert (moved.subject, moved.predicate, moved.object.title()) == ("Anna", "lives_in", "Lisbon")


def test_the_topic_of_a_lead_in_stays() -> None:
    assert said("Quick update on Kestrel: the field test went well")[0].text == "Kestrel: the field test went well."
    assert triples(said("Update on the wedding: it was moved to 9 June")) == [("wedding", "scheduled_for", "9 June")]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The main office is at 12 Harbor Street in Boston.", ("main office", "12 Harbor Street in Boston")),
        ("The main office moved to 80 Canal Street in Cambridge.", ("main office", "80 Canal Street in Cambridge")),
        ("The office is in Leeds.", ("office", "Leeds")),
        ("The lab is located on Marsh Lane, York since 2019.", ("lab", "Marsh Lane, York")),
        ("The shop is near the station in Graz.", ("shop", "near the station in Graz")),
        ("Heron's headquarters are in Oslo.", ("Heron", "Oslo")),
    ],
)
def test_where_things_are(sentence: str, expected: tuple[str, str]) -> None:
    (placed,) = said(f"# Offices\n\n{sentence}", speaker="")
    assert (placed.subject, placed.object) == expected
    assert (placed.predicate, placed.functional) == ("located_in", True)


@pytest.mark.parametrize("sentence", ["The exam is in the morning.", "The standup moved from 9:30 to 10:00."])
def test_times_are_no_places(sentence: str) -> None:
    assert not any(s.predicate == "located_in" and s.functional for s in said(sentence))


def test_a_plural_heading_owns_nothing() -> None:
    table = "# Offices\n\n| what | value |\n|---|---|\n| Wi-Fi network | heron |\n| Parking spaces | 6 |"
    assert [s.text for s in said(table, speaker="")] == [
        "Offices: Wi-Fi network is heron.",
        "Offices: Parking spaces are 6.",
    ]


@pytest.mark.parametrize(
    ("sentence", "about"),
    [
        ("Please forget my phone number, I gave that phone back.", "Anna's phone number"),
        ("please remove my phone number from memory because I changed it", "Anna's phone number"),
        ("Can you forget where I live?", "Anna lives"),
        ("Forget what I said about the merger.", "the merger"),
        ("Please delete my old address from your notes", "Anna's address"),
        ("Don't keep my birthday", "Anna's birthday"),
        ("forget everything about Sam", "Sam"),
        ("could you please forget who my doctor is?", "Anna's doctor"),
        ("Forget how old I am.", "Anna age"),
        ("forget what I told you yesterday about Kate, please", "Kate"),
        ("I want you to forget what my sister's name is", "Anna's sister"),
    ],
)
def test_what_is_to_be_forgotten(sentence: str, about: str) -> None:
    assert [f[0] for f in Reader().read(sentence, speaker="Anna", at=AT).forget] == [about]


@pytest.mark.parametrize(
    "sentence", ["don't forget to call mum", "I forgot my keys", "forget it, let's go", "never mind, forget it"]
)
def test_what_is_not_to_be_forgotten(sentence: str) -> None:
    assert Reader().read(sentence, speaker="Anna", at=AT).forget == ()


@pytest.mark.parametrize(
    ("sentence", "day"),
    [
        ("Ravi left Heron Instruments on Friday", "10 May 2024"),
        ("I saw Kate Friday.", "10 May 2024"),
        ("i adopted a dog on sunday", "12 May 2024"),
        ("The demo on Friday went well", "10 May 2024"),
        ("I'll meet Kate on Friday", "17 May 2024"),
        ("We have a demo on Friday", "17 May 2024"),
        ("my flight leaves wednesday", "15 May 2024"),
        ("The exam was moved to Tuesday", "14 May 2024"),
    ],
)
def test_bare_weekdays_follow_the_tense(sentence: str, day: str) -> None:
    assert f"({day})" in said(sentence)[0].text


@pytest.mark.parametrize("sentence", ["I run every Friday.", "I saw Good Friday services.", "Fridays are quiet there."])
def test_repeated_weekdays_are_no_dates(sentence: str) -> None:
    assert all("(" not in s.text for s in said(sentence))


def test_past_tense_takes_the_month_that_is_over() -> None:
    married = said("Jonas and Mia got married in June.")
    assert {s.valid_from for s in married} == {datetime(2023, 6, 1, tzinfo=UTC)}
    assert ("Mia", "married_to", "Jonas") in triples(married)


@pytest.mark.parametrize(
    ("sentences", "expected"),
    [
        (("I adopted a third dog on Sunday.", "Her name is Clove."), ("Anna's dog", "name", "Clove")),
        (("I have a parrot. It's called Kiki.",), ("Anna's parrot", "name", "Kiki")),
        (("I have a daughter. Her name is Ella.",), ("Anna", "daughter", "Ella")),
        (
            ("We found a second supplier for the modem. It is Lyra Telecom.",),
            ("modem", "second_supplier", "Lyra Telecom"),
        ),
        (("My dog Rex is sick.",), ("Anna", "has_pet", "Rex")),
    ],
)
def test_what_was_just_named_gets_its_name(sentences: tuple[str, ...], expected: tuple[str, str, str]) -> None:
    assert expected in triples(said(*sentences))


@pytest.mark.parametrize(
    "sentences",
    [
        ("We met a new client, Lyra Telecom.", "Her name is Clove."),
        ("Lyra Telecom won the contract.", "She is happy at Acme."),
        ("My sister Kate visited. I adopted a cat.", "She is tiny and shy."),
    ],
)
def test_doubtful_pronouns_mean_nobody(sentences: tuple[str, ...]) -> None:
    assert said(*sentences)[-1].subject in {"", "Anna"}
    assert not any("Lyra Telecom's" in s.text or s.text.startswith("Our") for s in said(*sentences))


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("I quit my job at Northwind and started at Contoso last month", ("Anna", "works_at", "Contoso")),
        ("I got an offer from Contoso and accepted it", ("Anna", "works_at", "Contoso")),
        ("I now work for Contoso", ("Anna", "works_at", "Contoso")),
        ("My new job is at Contoso", ("Anna", "works_at", "Contoso")),
        ("Priya was hired by Contoso in March", ("Priya", "works_at", "Contoso")),
        ("Priya is now with Contoso", ("Priya", "works_at", "Contoso")),
        ("I switched jobs, I'm at Contoso now", ("Anna", "works_at", "Contoso")),
        ("I was promoted to team lead", ("Anna", "works_as", "team lead")),
        ("I've been a nurse since 2015", ("Anna", "works_as", "nurse")),
        ("we're living in Porto these days", ("Anna", "lives_in", "Porto")),
        ("I relocated from Graz to Linz in May", ("Anna", "lives_in", "Linz")),
        ("I'm based in Utrecht", ("Anna", "lives_in", "Utrecht")),
        ("our new address is 9 Oak Lane", ("Anna", "address", "9 Oak Lane")),
        ("the deadline is now 3 March", ("deadline", "scheduled_for", "3 March")),
        ("The deadline slipped to 8 June", ("deadline", "scheduled_for", "8 June")),
        ("The wedding is not on 4 June but on 5 June", ("wedding", "scheduled_for", "5 June")),
        ("my bday is 5 May - sorry, 6 May", ("Anna", "born_on", "6 May")),
        ("my sister Kate is getting married to Leo", ("Kate", "married_to", "Leo")),
        ("My husband's name is Ben", ("Anna", "married_to", "Ben")),
        ("my gf Lara is a dentist", ("Lara", "works_as", "dentist")),
        ("The flight was cancelled", ("flight", "status", "cancelled")),
        ("my email is ada@x.org, not ada@y.org", ("Anna", "email", "ada@x.org")),
    ],
)
def test_changes_of_life(sentence: str, expected: tuple[str, str, str]) -> None:
    found = {(s.subject, s.predicate, s.object): s for s in said(sentence)}
    assert found[expected].functional
    assert not found[expected].ends


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("I'm no longer at Northwind", ("Anna", "works_at", "Northwind")),
        ("My last day at Northwind was Friday", ("Anna", "works_at", "Northwind")),
        ("Handed in my notice at Northwind today", ("Anna", "works_at", "Northwind")),
        ("we broke up", ("Anna", "partner", "")),
        ("Leo and I broke up", ("Anna", "partner", "Leo")),
        ("I got divorced from Tim last year", ("Anna", "married_to", "Tim")),
        ("I left my husband", ("Anna", "married_to", "")),
    ],
)
def test_ends_of_relations(sentence: str, expected: tuple[str, str, str]) -> None:
    found = {(s.subject, s.predicate, s.object): s for s in said(sentence)}
    assert found[expected].ends


@pytest.mark.parametrize("sentence", ["I quit smoking.", "She left the house.", "We broke up the concrete."])
def test_other_ends_are_not_the_end_of_work_or_love(sentence: str) -> None:
    assert not any(s.ends and s.predicate in {"works_at", "partner"} for s in said(sentence))


def test_a_day_alone_corrects_the_date_before() -> None:
    corrected = said("The concert is on 4 June.", "It's not on the 4th but on the 5th.")[-1]
    assert (corrected.subject, corrected.object, corrected.corrects) == ("concert", "5 June", True)


def test_small_letters_make_sentences_too() -> None:
    assert triples(said("i live in graz. my wife is Mira. she's a vet, e.g. for horses"))[:2] == [
        ("Anna", "lives_in", "graz"),
        ("Anna", "married_to", "Mira"),
    ]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Where does Priya work now?", ("Priya", "works_at")),
        ("Who does Priya work for?", ("Priya", "works_at")),
        ("What company is Priya at now?", ("Priya", "works_at")),
        ("What is Priya's job?", ("Priya", "works_as")),
        ("When is Priya's birthday?", ("Priya", "born_on")),
        ("Where is Priya based?", ("Priya", "lives_in")),
        ("Where did Priya live before?", ("Priya", "lives_in")),
        ("Where did Priya work before?", ("Priya", "works_at")),
        ("Who is Priya married to?", ("Priya", "married_to")),
        ("Is Priya married?", ("Priya", "married_to")),
        ("What's the name of my dog?", ("user's dog", "name")),
    ],
)
def test_questions_use_the_words_of_statements(question: str, expected: tuple[str, str]) -> None:
    asked = analyse_question(question, now=AT)
    assert (asked.subject, asked.predicate) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("so i switched jobs, i'm at Ostra Bank now as a risk analyst", ("Anna", "works_as", "risk analyst")),
        ("Orchid is owned by Team Cirrus now", ("Orchid", "owner", "Team Cirrus")),
        ("The service is hosted in Dublin", ("service", "located_in", "Dublin")),
        ("i live in Graz with my wife Mira", ("Anna", "married_to", "Mira")),
    ],
)
def test_what_is_said_by_the_way(sentence: str, expected: tuple[str, str, str]) -> None:
    assert expected in triples(said(sentence))


def test_a_relative_told_by_the_way_has_a_text_of_its_own() -> None:
    texts = {s.predicate: s.text for s in said("i live in Graz with my wife Mira")}
    assert texts["married_to"] == "Mira is Anna's wife."


def test_a_relatives_name_is_who_it_is() -> None:
    asked = analyse_question("What's my sister's name?", now=AT)
    assert (asked.subject, asked.predicate) == ("user", "sister")
