from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agentmem import Memory, Message
from agentmem.embeddings import HashingEmbedder
from agentmem.memory import DOCUMENT
from agentmem.memory.recalling.channels import CHANNELS, Scene
from agentmem.memory.recalling.channels.hop import Hop
from agentmem.memory.recalling.grouping import Group
from agentmem.memory.recalling.querying import parse_query
from agentmem.memory.recalling.recall import recall
from agentmem.memory.retaining.evidence import title_key
from agentmem.records import Episode, Kind
from agentmem.stores import Hit, KeySearch

PAGES = {
    "films/Salt Harbour.md": "Salt Harbour is a film of 1974. It was made by Ilka Brandt.",
    "people/Ilka Brandt (painter).md": "A painter who was born in Turku and studied glass.",
    "people/Otto Linde.md": "A critic who was born in Bremen and made nothing.",
    "films/Grey Tide.md": "Grey Tide is a film of 1980, shown in a harbour.",
}
ASKED = "Where was the maker of the film Salt Harbour born?"


@pytest.fixture
def pages() -> Iterator[Memory]:
    with Memory.open("sqlite:///:memory:", embedder=HashingEmbedder(), notify=print) as memory:
        for source, text in PAGES.items():
            memory.retain(text, source=source, trust=DOCUMENT)
        yield memory


def sources(memory: Memory, *, hop: bool) -> list[str]:
    path = memory.read_path()
    channels = path.channels if hop else tuple(each for each in CHANNELS if each is not Hop)
    found = recall(replace(path, channels=channels), ASKED, all=True, k=3)
    return [one.source for one in found.memories]


def test_what_the_best_page_names_comes_next(pages: Memory) -> None:
    assert sources(pages, hop=False)[0] == "films/Salt Harbour.md"
    assert "people/Ilka Brandt (painter).md" not in sources(pages, hop=False)[:2]
    assert sources(pages, hop=True)[:2] == ["films/Salt Harbour.md", "people/Ilka Brandt (painter).md"]


def test_an_explanation_names_the_hop(pages: Memory) -> None:
    told = pages.recall(ASKED, explain=True)
    named = next(one for one in told.memories if "Ilka" in one.source)
    assert named.by["hop"].rank == 1


def test_what_is_known_outright_is_not_followed() -> None:
    with Memory.open("sqlite:///:memory:", embedder=HashingEmbedder(), notify=print) as memory:
        memory.retain("Ilka Brandt lives in Turku. She works with Otto Linde.", source="Ilka Brandt", trust=DOCUMENT)
        memory.retain("Otto Linde lives in Bremen.", source="Otto Linde", trust=DOCUMENT)
        found = memory.recall("Where does Ilka Brandt live?", all=True, explain=True).memories
        assert found[0].source == "Ilka Brandt"
        assert not any("hop" in one.by for one in found)


def test_the_best_page_stays_before_what_it_names(pages: Memory) -> None:
    found = pages.recall(ASKED, all=True, explain=True).memories
    assert found[0].source == "films/Salt Harbour.md"
    assert found[1].score - found[1].by["hop"].share < found[0].score
    assert found[1].by["hop"].share == pytest.approx(0.4 / (0.5 + 0.5 + 0.4 + 0.3 + 0.4), abs=1e-6)


def test_talk_is_not_followed() -> None:
    with Memory.open("sqlite:///:memory:", embedder=HashingEmbedder(), notify=print) as memory:
        memory.retain([Message(speaker="Ilka Brandt", text="I met Otto Linde.", source="Otto Linde")])
        assert "hop" not in memory.recall("Whom did Ilka Brandt meet?", explain=True).memories[0].by


@pytest.mark.parametrize(
    ("headings", "origin", "key"),
    [
        ("Team > Anna Kowalski", "people.md", "anna kowalski"),
        ("", "docs/Mr. Blue.md", "mr. blue"),
        ("", "Kestrel (ship)", "kestrel"),
        ("", "The Hague", "hague"),
        ("", "", ""),
    ],
)
def test_what_a_piece_of_a_document_is_about(headings: str, origin: str, key: str) -> None:
    assert title_key(headings, origin) == key


def episode(id_: str, text: str, key: str) -> Group:
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    return Group(
        id=id_, members=(id_,), episode=Episode(id=id_, bank="b", text=text, created_at=moment, key=key, origin="x")
    )


def test_better_pages_give_more_and_never_themselves() -> None:
    hop = Hop(parse_query(ASKED, now=datetime(2025, 1, 1, tzinfo=UTC)))
    best = [episode("a", "Grey Tide was made by Ilka Brandt.", "grey tide"), episode("b", "Otto Linde wrote.", "b")]
    (search,) = hop.follow(best)
    assert isinstance(search, KeySearch)
    assert search.keys == ("ilka brandt", "otto linde")
    assert search.kinds == frozenset({Kind.EPISODE})
    hop.take_followed([[Hit("i", 1.0, Kind.EPISODE), Hit("o", 1.0, Kind.EPISODE)]])
    found = {group.id: group for group in (*best, episode("i", "", "ilka brandt"), episode("o", "", "otto linde"))}
    assert hop.scores(Scene(groups=found)) == {"i": 1.0, "o": 0.5}
    assert Hop(hop.query).follow([episode("c", "Ilka Brandt came.", "")]) == ()
