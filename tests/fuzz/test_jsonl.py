"""A conversation file with anything in it: turns, or one error that names the line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from agentmem.errors import InputError
from agentmem.memory import Message
from agentmem.testing.odd_text import odd_text
from agentmem.tools.documents import decode, parse_conversation

Draws = Callable[[int], Iterator[Random]]

TURNS: list[dict[str, Any]] = [
    {"text": "I live in Porto.", "speaker": "Ana", "at": "2024-05-01T09:30:00Z", "id": "t1"},
    {"text": "Nice!", "speaker": "Rui", "at": "2024-05-01", "source": "chat", "id": 2},
]
VALUES: list[Any] = [
    None, True, 0, -1, 10**400, 1.5, float("inf"), float("nan"), "", [], {}, ["x"], {"a": 1}, "\ud800", "2024-13-99",
    "9999-12-31T23:59:59+00:01", "0001-01-01T00:00:00+14:00", "now",
]  # fmt: skip


def _written(random: Random) -> bytes:
    lines = []
    for turn in TURNS:
        changed = dict(turn)
        for _ in range(random.randrange(3)):
            key = random.choice(["text", "speaker", "at", "source", "id", "txt", odd_text(random)[:20]])
            changed[key] = random.choice([*VALUES, odd_text(random)])
        if random.random() < 0.1:
            changed.pop(random.choice(sorted(changed)))
        lines.append(json.dumps(changed, ensure_ascii=random.random() < 0.8).encode(errors="surrogatepass"))
    data = bytearray(random.choice([b"\n", b"\r\n", b"\n\n", b"\x0b"]).join(lines))
    for _ in range(random.choice([0, 0, 1, 3])):
        place = random.randrange(len(data) + 1)
        data[place : place + random.randrange(4)] = random.choice([b"", b'"', b"{", b"[" * 50, b"\0", b"\xff", b"\\u"])
    return bytes(data)


def test_a_file_of_turns_is_read_or_told(draws: Draws) -> None:
    read = told = made = 0
    for random in draws(300):
        made += 1
        data = _written(random)
        try:
            turns = parse_conversation(decode(data, name="c.jsonl"), name="c.jsonl")
        except InputError as error:
            told += "c.jsonl" in error.where
            continue
        read += 1
        assert turns
        assert all(isinstance(turn, Message) for turn in turns)
        assert all(turn.at is None or turn.at.tzinfo is not None for turn in turns)
    assert read + told == made > 0


@pytest.mark.parametrize("line", [b"[" * 100_000, b'{"text": ' + b"9" * 5_000 + b"}", b'{"text": "' + b"\\" * 999])
def test_bombs_in_a_line_are_told(line: bytes) -> None:
    with pytest.raises(InputError, match=r".") as caught:
        parse_conversation(decode(line, name="c.jsonl"), name="c.jsonl")
    assert "line 1" in caught.value.where
