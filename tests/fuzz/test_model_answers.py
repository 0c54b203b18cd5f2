"""Answers that no model should give: each becomes a value of the schema or one of agentmem's errors, nothing else."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Literal

import pytest
from langchain_core.messages import AIMessage
from pydantic import BaseModel, Field

from agentmem.errors import ModelAnswerInvalid, ModelRefused
from agentmem.models import ask, open_model
from agentmem.prompts import Rendered
from agentmem.testing import ScriptedModel

Draws = Callable[[int], Iterator[random.Random]]

PROMPT = Rendered("You read diaries.", "What happened?")


class Person(BaseModel):
    name: str = Field(min_length=1, max_length=40)
    age: int | None = Field(default=None, ge=0, le=150)


class Diary(BaseModel):
    """What a diary says."""

    day: date
    mood: Literal["good", "bad"]
    sure: float = Field(ge=0, le=1)
    people: list[Person] = Field(max_length=5)


RIGHT: dict[str, Any] = {
    "day": "2024-05-01",
    "mood": "good",
    "sure": 0.9,
    "people": [{"name": "Ines", "age": 31}, {"name": "Zoë 日本 👩‍💻", "age": None}],
}

Change = Callable[[random.Random, str], str]


def _cut(chance: random.Random, text: str) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _drop(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + text[at + chance.randrange(1, 4) :]


def _put(chance: random.Random, text: str) -> str:
    pieces = [
        "{", "}", "[", "]", '"', "\\", ",", ":", "null", "NaN", "Infinity", "-", "1e999", "9" * 5000, "\x00", "\ud800",
        "\\ud800", "\u2028", "```", "```json\n", "\n```", "//", "\ufeff", "'", "True", "\\u0000", " ", "\u202e",
    ]  # fmt: skip
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(pieces) + text[at:]


def _dressed(chance: random.Random, text: str) -> str:
    return chance.choice(
        ["Here you are: {} Bye.", "```json\n{}\n```", "```\n{}\n```\n```\n{}\n```", "{}{}", "[{}]", "\ufeff{}"]
    ).replace("{}", text)


def _twice(chance: random.Random, text: str) -> str:
    return text.replace("{", '{"mood": "bad", ', chance.randrange(3))


def _deep(chance: random.Random, text: str) -> str:
    depth = chance.choice([10, 1_000, 50_000])
    return chance.choice(["[" * depth + text + "]" * depth, '{"a":' * depth + text + "}" * depth])


def _huge(chance: random.Random, text: str) -> str:
    return text.replace("Ines", "I" * chance.choice([41, 10_000, 200_000]))


CHANGES: tuple[Change, ...] = (_cut, _drop, _put, _put, _dressed, _twice, _deep, _huge)


def _odd(chance: random.Random) -> Any:
    return chance.choice(
        [
            None,
            True,
            -1,
            0,
            10**30,
            1.5,
            math.nan,
            math.inf,
            "",
            "x" * 500,
            "good",
            [],
            {},
            [[]],
            {"": {"": []}},
            "2024-13-01",
        ]
    )


def _answer(chance: random.Random) -> Any:
    kind = chance.randrange(4)
    if kind == 0:  # of the right shape, with wrong things in it
        value = json.loads(json.dumps(RIGHT))
        spot = chance.choice([value, value["people"][0]])
        spot[chance.choice([*spot, "extra", "day"])] = _odd(chance)
        return chance.choice([value, json.dumps(value)])
    if kind == 1:  # letters at random
        return "".join(chr(chance.choice([chance.randrange(32, 127), chance.randrange(0xD7FF)])) for _ in range(60))
    if kind == 2:
        content: list[str | list[str | dict[str, Any]]] = [
            "",
            [],
            [{"type": "text", "text": _cut(chance, json.dumps(RIGHT))}],
        ]
        call = {"name": "Diary", "args": RIGHT | {"mood": _odd(chance)}, "id": "1"}
        ending: dict[str, Any] = chance.choice([{}, {"finish_reason": "length"}, {"stop_reason": "refusal"}])
        calls = [call] * chance.randrange(3)
        return AIMessage(chance.choice(content), tool_calls=calls, response_metadata=ending)
    text = json.dumps(RIGHT, ensure_ascii=chance.random() < 0.5)  # right to begin with, then changed a few times
    for _ in range(chance.randrange(4)):
        text = chance.choice(CHANGES)(chance, text)
    return text


@pytest.mark.parametrize("abilities", [{}, {"structured": False}, {"structured": False, "calls_tools": False}], ids=str)
def test_any_answer_is_a_value_or_an_error_of_ours(abilities: dict[str, bool], draws: Draws) -> None:
    outcomes = {"value": 0, "repaired": 0, "error": 0}
    shown: list[str] = []
    for chance in draws(100):
        answer = _answer(chance)
        repair = chance.choice([RIGHT, "no", answer])
        model = open_model(ScriptedModel([answer, repair], **abilities), name="fuzzed")
        try:
            reply = ask(model, PROMPT, Diary)
        except (ModelAnswerInvalid, ModelRefused) as error:
            outcomes["error"] += 1
            shown.append(str(error))
        else:
            outcomes["repaired" if reply.repaired else "value"] += 1
            Diary.model_validate(reply.value.model_dump())
            reply.value.model_dump_json().encode()
    made = sum(outcomes.values())
    assert made < 20 or min(outcomes.values()) > made // 20, outcomes
    assert all(line.startswith("fuzzed: ") and len(line) < 3_000 for line in shown)
