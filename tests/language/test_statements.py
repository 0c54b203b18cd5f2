from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agentmem.language import Reader, Statement

AT = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)


def said(text: str, speaker: str = "Anna") -> list[Statement]:
    return list(Reader().read(text, speaker=speaker, at=AT).statements)


def triple(statement: Statement) -> tuple[str, str, str]:
    return (statement.subject, statement.predicate, statement.object)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("I live in Boston.", ("Anna", "lives_in", "Boston")),
        ("I'm living in Boston now.", ("Anna", "lives_in", "Boston")),
        ("i moved to lisbon", ("Anna", "lives_in", "lisbon")),
        ("I've just relocated to Porto, Portugal.", ("Anna", "lives_in", "Porto")),
        ("I moved back to Leeds with my wife.", ("Anna", "lives_in", "Leeds")),
        ("I work at Acme.", ("Anna", "works_at", "Acme")),
        ("I've been working for Delta since March 2021.", ("Anna", "works_at", "Delta")),
        ("I joined Gamma Labs last week.", ("Anna", "works_at", "Gamma Labs")),
        ("Big news: I moved to Lisbon!", ("Anna", "lives_in", "Lisbon")),
        ("I adopted a dog named Rex.", ("Anna", "has_pet", "Rex")),
        ("I got a new job at Beta Corp.", ("Anna", "works_at", "Beta Corp")),
        ("I got promoted to head of sales.", ("Anna", "works_as", "head of sales")),
        ("My daughter turned 7.", ("Anna's daughter", "age", "7")),
        ("I changed my phone number to 555-9876.", ("Anna", "phone", "555-9876")),
        ("My flight to Oslo leaves on 3 May at 7:30 am.", ("Anna's flight to Oslo", "scheduled_for", "3 May, 7:30 am")),
        ("I am a nurse.", ("Anna", "works_as", "nurse")),
        ("I was promoted to team lead.", ("Anna", "works_as", "team lead")),
        ("I'm 34 years old.", ("Anna", "age", "34")),
        ("I was born in Porto.", ("Anna", "born_in", "Porto")),
        ("I'm married to Tom.", ("Anna", "married_to", "Tom")),
        ("I'm allergic to peanuts.", ("Anna", "allergic_to", "peanuts")),
        ("I love jazz and blues.", ("Anna", "likes", "jazz and blues")),
        ("I hate flying.", ("Anna", "dislikes", "flying")),
        ("I have a cat named Milo.", ("Anna", "has_pet", "Milo")),
        ("I have a sister called Kate.", ("Anna", "sister", "Kate")),
        ("I'm from Ghana.", ("Anna", "comes_from", "Ghana")),
        ("I use Vim.", ("Anna", "uses", "Vim")),
        ("My name is Anna Lee.", ("Anna", "name", "Anna Lee")),
        ("My phone number is 555-1234.", ("Anna", "phone", "555-1234")),
        ("My email is anna@x.org.", ("Anna", "email", "anna@x.org")),
        ("My favorite color is blue.", ("Anna", "favourite_color", "blue")),
        ("My manager is Sue.", ("Anna", "manager", "Sue")),
        ("My birthday is 4 May.", ("Anna", "born_on", "4 May")),
        ("My dog is called Rex.", ("Anna's dog", "name", "Rex")),
        ("My wedding is on 10 June.", ("Anna", "wedding_date", "10 June")),
        ("Tom is my brother.", ("Anna", "brother", "Tom")),
        ("My diet is vegan.", ("Anna", "diet", "vegan")),
    ],
)
def test_first_person(sentence: str, expected: tuple[str, str, str]) -> None:
    assert triple(said(sentence)[0]) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Acme acquired Beta in 2021.", ("Acme", "acquires", "Beta")),
        ("The office was moved to Leeds in March 2024.", ("office", "located_in", "Leeds")),
        ("We moved the office to London.", ("office", "located_in", "London")),
        ("The launch date of Orion is 4 May 2025.", ("Orion", "launch_date", "4 May 2025")),
        ("Orion launches on 4 May 2025.", ("Orion", "launch_date", "4 May 2025")),
        ("Orion's budget is 2 million.", ("Orion", "budget", "2 million")),
        ("Orion's budget was raised from 2 million to 3 million.", ("Orion", "budget", "3 million")),
        ("Orion has a budget of 2 million.", ("Orion", "budget", "2 million")),
        ("The deadline was postponed to 5 June 2024.", ("deadline", "scheduled_for", "5 June 2024")),
        ("The meeting will take place on 7 July 2024 at 3pm.", ("meeting", "scheduled_for", "7 July 2024, 3pm")),
        ("Tim Cook is the CEO of Apple.", ("Apple", "ceo", "Tim Cook")),
        ("The CEO of Apple is Tim Cook.", ("Apple", "ceo", "Tim Cook")),
        ("The product was renamed to Vega.", ("product", "name", "Vega")),
        ("The status of ticket 12 is open.", ("ticket 12", "status", "open")),
        ("The migration is on hold.", ("migration", "status", "on hold")),
        ("Chanel was founded by Coco Chanel.", ("Chanel", "founded_by", "Coco Chanel")),
        ("Thomas Kyd was born in the city of London.", ("Thomas Kyd", "born_in", "London")),
        ("The server costs $20 a month.", ("server", "price", "$20 a month")),
        ("Maria leads the platform team.", ("Maria", "leads", "platform team")),
        ("Orion is led by Maria.", ("Orion", "led_by", "Maria")),
        ("Bengaluru is located in Asia.", ("Bengaluru", "located_in", "Asia")),
        ("Ernst is a citizen of France.", ("Ernst", "citizenship", "France")),
        ("In 2021, Beta opened an office in Oslo.", ("Beta", "opens", "office in Oslo")),
    ],
)
def test_third_person(sentence: str, expected: tuple[str, str, str]) -> None:
    assert triple(said(sentence, speaker="")[0]) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "Where do you live?",
        "Wow, that's great!",
        "Hi Bob!",
        "Thanks so much!",
        "If I lived in Rome, I'd be happy.",
        "Imagine I worked at Acme.",
        "Please send me the file.",
        "I might have moved to Rome.",
        "Sounds good.",
        "Let's meet soon!",
        "ok",
    ],
)
def test_nothing_is_stated(sentence: str) -> None:
    assert said(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "predicate"),
    [
        ("I'm going to move to Rome next year.", "plans_to"),
        ("I'll join Acme soon.", "plans_to"),
        ("I'd love to live in Japan.", "wants_to"),
        ("I want to work at Acme.", "wants_to"),
        ("I hope to move to Rome.", "wants_to"),
        ("Maria said that Tom lives in Rome.", "says"),
        ("I never lived in Rome.", "not_lives_in"),
    ],
)
def test_plans_wishes_reports_and_denials_are_no_states(sentence: str, predicate: str) -> None:
    assert [s.predicate for s in said(sentence)] == [predicate]


def test_a_change_holds_from_its_date_and_names_it() -> None:
    (moved,) = said("I moved to Lisbon yesterday.")
    assert moved.text == "Anna moved to Lisbon yesterday (7 May 2023)."
    assert moved.quote == "I moved to Lisbon yesterday."
    assert moved.functional
    assert (moved.valid_from, moved.valid_to) == (datetime(2023, 5, 7, tzinfo=UTC), None)


def test_a_move_tells_the_old_place_too() -> None:
    old, new = said("I moved from Boston to Lisbon on 1 May 2023.")
    assert triple(old) == ("Anna", "lives_in", "Boston")
    assert (old.functional, old.valid_to) == (False, datetime(2023, 5, 1, tzinfo=UTC))
    assert triple(new) == ("Anna", "lives_in", "Lisbon")


@pytest.mark.parametrize(
    ("sentence", "start", "end"),
    [
        ("I used to live in Madrid until 2019.", None, datetime(2020, 1, 1, tzinfo=UTC)),
        ("I lived in Rome from 2010 to 2014.", datetime(2010, 1, 1, tzinfo=UTC), datetime(2015, 1, 1, tzinfo=UTC)),
        ("I previously worked at Acme.", None, AT),
    ],
)
def test_the_past_does_not_compete(sentence: str, start: datetime | None, end: datetime) -> None:
    (past,) = said(sentence)
    assert not past.functional
    assert (past.valid_from, past.valid_to) == (start, end)


@pytest.mark.parametrize(
    ("sentence", "predicate", "value"),
    [
        ("I don't live in Boston any more.", "lives_in", "Boston"),
        ("I no longer work at Acme.", "works_at", "Acme"),
        ("I quit my job.", "works_at", ""),
        ("I left Acme.", "works_at", "Acme"),
        ("I sold the car.", "owns", "car"),
        ("The project lead is no longer Sam.", "is", "Sam"),
        ("I stopped using Vim.", "uses", "Vim"),
    ],
)
def test_endings(sentence: str, predicate: str, value: str) -> None:
    ended = said(sentence)[0]
    assert (ended.predicate, ended.object, ended.ends) == (predicate, value, True)


def test_leaving_for_another_employer_says_both() -> None:
    left, joined = said("I left Acme to join Gamma.")
    assert (left.object, left.ends) == ("Acme", True)
    assert (joined.object, joined.ends, joined.functional) == ("Gamma", False, True)


def test_a_second_dog_is_no_new_value() -> None:
    assert not any(s.functional for s in said("I have a dog named Rex. I have a dog named Bo."))


def test_each_clause_is_a_statement_of_its_own() -> None:
    found = said("I live in Lisbon and work at Acme, but my sister Kate lives in Rome.")
    assert [s.text for s in found][:3] == [
        "Anna lives in Lisbon.",
        "Anna works at Acme.",
        "Anna's sister Kate lives in Rome.",
    ]
    assert ("Kate", "lives_in", "Rome") in map(triple, found)
    assert ("Anna", "sister", "Kate") in map(triple, found)


def test_pronouns_mean_who_was_named() -> None:
    found = said("My sister Kate is a nurse. She lives in Rome. Her phone number is 555.")
    assert ("Kate", "lives_in", "Rome") in map(triple, found)
    assert ("Kate", "phone", "555") in map(triple, found)


def test_pronouns_within_a_sentence_mean_the_person_before() -> None:
    found = said(
        "Ravi's email is ravi@x.io and his phone is 0123. My sister Kate lives in Rome, but she works at Acme."
    )
    assert ("Ravi", "phone", "0123") in map(triple, found)
    assert ("Kate", "works_at", "Acme") in map(triple, found)


@pytest.mark.parametrize(
    "sentence",
    [
        "I'm proud of you.",
        "I'm grateful for the support of my friends.",
        "My family is always there for me.",
        "The people at the shelter have become like family to me.",
        "My house is old.",
        "I don't have any plans.",
        "I dropped off the books.",
        "I'm in the process of buying a home.",
        "I think it's in two weeks.",
    ],
)
def test_descriptions_replace_nothing(sentence: str) -> None:
    assert not any(s.functional or s.ends for s in said(sentence))


def test_the_speaker_is_nobody_else() -> None:
    found = said("I work at Acme and she works at Beta. My address is 5 Elm Road, York.")
    assert [triple(s) for s in found if s.subject] == [
        ("Anna", "works_at", "Acme"),
        ("Anna", "address", "5 Elm Road, York"),
    ]


def test_he_is_not_a_woman() -> None:
    found = said("I met Tom and Maria. He works at Acme.", speaker="Kim")
    assert triple(found[-1]) == ("Tom", "works_at", "Acme")


@pytest.mark.parametrize(
    "correction",
    [
        "Actually, the wedding is on 12 June, not 10 June.",
        "Correction: my wedding is on 12 June.",
        "I was wrong, the wedding is on 12 June.",
        "Sorry, I meant 12 June.",
    ],
)
def test_corrections(correction: str) -> None:
    reader = Reader()
    reader.read("My wedding is on 10 June.", speaker="Anna", at=AT)
    corrected = reader.read(correction, speaker="Anna", at=AT).statements[0]
    assert triple(corrected) == ("Anna", "wedding_date", "12 June")
    assert corrected.corrects


def test_a_change_is_no_correction() -> None:
    assert not said("Actually, I moved to Lisbon.")[0].corrects


@pytest.mark.parametrize(
    ("sentence", "about"),
    [
        ("Please forget my phone number.", "Anna's phone number"),
        ("forget that I live in Boston", "Anna lives in Boston"),
        ("Delete what I told you about Sam.", "Sam"),
        ("Could you please forget everything about Sam?", "Sam"),
        ("Don't remember my address.", "Anna's address"),
        ("Erase my email from your memory, please.", "Anna's email"),
    ],
)
def test_forget_requests(sentence: str, about: str) -> None:
    passage = Reader().read(sentence, speaker="Anna", at=AT)
    assert [f[0] for f in passage.forget] == [about]
    assert passage.statements == ()


@pytest.mark.parametrize(
    "sentence",
    ["Don't forget to buy milk.", "Forget it.", "I forget his name.", "Delete the file.", "Never forget me."],
)
def test_no_forget_requests(sentence: str) -> None:
    assert Reader().read(sentence, speaker="Anna", at=AT).forget == ()


def test_do_not_save_that_takes_back_what_was_said() -> None:
    passage = Reader().read("My pin is 1234. Don't save that.", speaker="Anna", at=AT)
    assert passage.statements == ()
    assert passage.forget == (("Anna's pin is 1234.", "Don't save that.", 0),)


@pytest.mark.parametrize(
    ("sentence", "text"),
    [
        ("I am happy with my new flat.", "Anna is happy with Anna's new flat."),
        ("I've seen the sea.", "Anna has seen the sea."),
        ("I don't eat meat.", "Anna doesn't eat meat."),
        ("By the way, I really love tea.", "Anna really loves tea."),
        ("Lost my job yesterday.", "Anna lost Anna's job yesterday (7 May 2023)."),
        ("Remember that I drive a Volvo.", "Anna drives a Volvo."),
    ],
)
def test_texts_stand_by_themselves(sentence: str, text: str) -> None:
    assert said(sentence)[0].text == text


def test_nobody_in_particular_is_the_user() -> None:
    (lives,) = said("I live in Boston.", speaker="")
    assert (lives.subject, lives.text) == ("user", "The user lives in Boston.")


def test_what_a_question_states_first_is_kept() -> None:
    assert [s.text for s in said("I use Flask 2.3 for my site, can you help me?")] == [
        "Anna uses Flask 2.3 for Anna's site."
    ]
