from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmem.errors import InputError
from agentmem.memory.retaining.evidence import CHUNK_CHARACTERS, Message, Provenance, chunks, episodes_of
from agentmem.records import Status

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
DOCUMENT = "# Team\n\nAnna leads it.\n\n## Tools\n\nThey use a lathe.\n"


def about(source: str = "", at: datetime | None = None) -> Provenance:
    return Provenance(bank="b", source=source, at=at)


def test_a_document_is_cut_at_headings_and_keeps_their_path() -> None:
    assert list(chunks(DOCUMENT)) == [
        ("# Team\n\nAnna leads it.", "Team"),
        ("## Tools\n\nThey use a lathe.", "Team > Tools"),
    ]


def test_the_same_document_gives_the_same_ids_and_an_insertion_leaves_the_rest() -> None:
    first = episodes_of(DOCUMENT, about("team.md"), now=NOW)
    longer = "# Preface\n\nRead this first.\n\n" + DOCUMENT
    second = episodes_of(longer, about("team.md"), now=datetime(2026, 1, 1, tzinfo=UTC))
    assert [e.id for e in second][1:] == [e.id for e in first]


def test_ids_differ_by_bank_source_speaker_and_repetition() -> None:
    variants = [
        episodes_of("Yes.", Provenance(bank=bank, source=source), now=NOW)[0].id
        for bank in ("b", "c")
        for source in ("x", "y")
    ]
    turns = [Message(text="Yes.", speaker=s) for s in ("Anna", "Ben", "Anna")]
    variants += [episode.id for episode in episodes_of(turns, about("chat"), now=NOW)]
    assert len(set(variants)) == 7


def test_an_utterance_is_said_now_and_a_document_is_undated() -> None:
    assert episodes_of("I moved.", about(), now=NOW)[0].at == NOW
    assert episodes_of("Anna moved.", about("notes.md"), now=NOW)[0].at is None
    dated = datetime(2024, 1, 1, tzinfo=UTC)
    assert episodes_of("Anna moved.", about("notes.md", at=dated), now=NOW)[0].at == dated


def test_a_naive_time_is_utc() -> None:
    naive = datetime(2024, 5, 1, 8)  # noqa: DTZ001 - a caller may give one
    assert episodes_of(Message(text="Hi", at=naive), about(), now=NOW)[0].at == datetime(2024, 5, 1, 8, tzinfo=UTC)


def test_the_callers_id_comes_back_as_source() -> None:
    episode = episodes_of([Message(text="Hi", id="D1:3")], about("chat"), now=NOW)[0]
    assert (episode.source, episode.origin, episode.status) == ("D1:3", "chat", Status.PENDING)


@pytest.mark.parametrize("nothing", ["", "  \n\t\n ", [], [Message(text=" ")]])
def test_nothing_to_remember_is_an_error(nothing: str | list[Message]) -> None:
    with pytest.raises(InputError, match="nothing to remember"):
        episodes_of(nothing, about("empty.md"), now=NOW)


def test_a_line_of_a_million_characters_is_cut_and_kept() -> None:
    line = "word " * 200_000
    pieces = [text for text, _ in chunks(line)]
    assert all(len(piece) <= CHUNK_CHARACTERS for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(line.split())


@given(st.text(max_size=4_000))
def test_no_word_of_a_document_is_lost(text: str) -> None:
    kept = "".join("".join(piece for piece, _ in chunks(text)).split())
    assert kept == "".join(text.split())
