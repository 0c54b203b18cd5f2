from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agentmem.errors import InputError, NotFound
from agentmem.memory import Message
from agentmem.tools.documents import parse_conversation, read_text


def test_a_conversation_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_text(
        '{"text": "Hi\\u2028there", "speaker": "Anna", "at": "2024-05-02T10:00:00+02:00", "id": 7}\n'
        "\n"
        '{"text": "Yes.", "source": "mail", "mood": "good", "at": "2024-05-03", "speaker": null}\r\n'
    )
    assert parse_conversation(read_text(path), name="chat") == [
        Message(text="Hi\u2028there", speaker="Anna", at=datetime(2024, 5, 2, 8, tzinfo=UTC), source="chat", id="7"),
        Message(text="Yes.", source="mail", at=datetime(2024, 5, 3, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{'text': 1}", "not JSON"),
        ('["text"]', "a turn is an object"),
        ('{"speaker": "Anna"}', "no 'text'"),
        ('{"text": 3.5}', "'text' is text"),
        ('{"text": "a", "speeker": "Anna"}', "'speeker' is not a key of a turn"),
        ('{"text": "a", "at": "yesterday"}', "'yesterday' is not a time"),
        ('{"text": "a", "at": 1714640400}', "is not a time"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_bad_line_is_named(line: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_conversation('{"text": "fine"}\n' + line, name="chat.jsonl")
    assert problem in caught.value.message
    assert caught.value.where.startswith("chat.jsonl, line 2")


def test_an_empty_conversation_is_an_error() -> None:
    with pytest.raises(InputError, match="empty"):
        parse_conversation("\n \n", name="chat.jsonl")


def test_a_missing_file_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("x")
    with pytest.raises(NotFound) as caught:
        read_text(tmp_path / "note.md")
    assert caught.value.hint == "Did you mean 'notes.md'?"
    with pytest.raises(InputError, match="folder"):
        read_text(tmp_path)
