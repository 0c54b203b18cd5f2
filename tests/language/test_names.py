from __future__ import annotations

import pytest

from agentmem.language import names, normalise_name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna moved to Lisbon.", {"Anna", "Lisbon"}),
        ("Yesterday I met Dr. Ann Lee at Acme Corp.", {"Dr. Ann Lee", "Acme Corp"}),
        ("Anna's brother Tom lives in New York.", {"Anna", "Tom", "New York"}),
        ("She studied at the University of Minnesota.", {"University of Minnesota"}),
        ("On Monday we start in May.", set()),
        ("Painting is fun.", set()),
        ("Wow, that's great!", set()),
        ("The weather was nice.", set()),
        ("I speak French.", set()),
        ("We use PostgreSQL and GPT-4.", {"PostgreSQL", "GPT-4"}),
        ("John's", {"John"}),
    ],
)
def test_names(text: str, expected: set[str]) -> None:
    assert {name.text for name in names(text)} == expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("She lives in Wexcombe.", "Wexcombe", "place"),
        ("He works at Lumora.", "Lumora", "organisation"),
        ("It was bought by Acme Ltd", "Acme Ltd", "organisation"),
        ("My brother Ziggy called.", "Ziggy", "person"),
        ("I met Mrs. Varga.", "Mrs. Varga", "person"),
        ("We flew to France.", "France", "place"),
        ("They walked along Baker Street.", "Baker Street", "place"),
    ],
)
def test_types(text: str, name: str, expected: str) -> None:
    assert {n.text: n.type for n in names(text)}[name] == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Office", "office"),
        ("Anna's", "anna"),
        ("my  Dog ", "dog"),
        ("\uff21nna", "Anna"),
        ("Orion.", "Orion"),
        ("James\u2019", "James"),
    ],
)
def test_normalised_names_meet(one: str, other: str) -> None:
    assert normalise_name(one) == normalise_name(other)


def test_a_name_of_signs_stays_something() -> None:
    assert normalise_name("!!!") == "!!!"
