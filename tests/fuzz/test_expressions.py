"""Expressions at random: each gives a plain value or one error, in the end; what is cheap here is the same there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from agentmem.errors import ToolError
from agentmem.graphs.expressions import ExpressionError, literals, names, process, render
from agentmem.graphs.expressions.errors import Failed
from agentmem.graphs.expressions.process import EVALUATOR
from agentmem.graphs.expressions.sandbox import ENVIRONMENT
from agentmem.graphs.expressions.templates import template
from agentmem.tools.calculator import calculator
from agentmem.tools.values import plain

Draws = Callable[[int], Iterator[Random]]

SCOPE: dict[str, Any] = {
    "inputs": {"a": "text", "b": [3, 1, 2], "c": {"items": 1, "x": {"y": None}}, "d": 2.5, "": 0, "é": "\u0000"},
    "steps": {"s": {"output": [{"n": 1, "t": "a b"}, {"n": 2, "t": ""}], "status": "done"}},
    "item": {"text": "x" * 1000},
    "index": 0,
    "run": "r1",
    "now": datetime(2024, 1, 1, tzinfo=UTC),
}
LEAVES = [
    *("inputs.a", "inputs.b", "inputs.c", "inputs.d", "steps.s.output", "item.text", "index", "run", "now", "nothing"),
    *("1", "0", "-1", "2.5", "1e308", "9999999", "''", "'a'", "'%s'", "'{0}'", "'<a href=x>'", "'\\n'", "'é'", "none"),
    *("true", "[]", "{}", "()", "[1, 'a']", "{'k': 1}", "range(9)", "namespace(a=1)", "cycler(1, 2)", "dict(a=1)"),
]
ATTRIBUTES = [
    "x",
    "n",
    "items",
    "keys",
    "output",
    "__class__",
    "mro",
    "format",
    "upper",
    "real",
    "append",
    "_x",
    "year",
]
OPERATORS = [
    *("+", "-", "*", "/", "//", "%", "**", "~", "==", "<", "in", "not in", "and", "or", ">=", "is sameas", "is")
]
FILTERS = sorted(ENVIRONMENT.filters)
TESTS = sorted(test for test in ENVIRONMENT.tests if test.isidentifier())
NOISE = [*"{}[]()|.,:~%#'\"\\ \n\t\0-+*/<>=!@$&;?`", "{{", "}}", "{%", "%}", "{#", "#}", "{%-", "é", "\ud800", "\u2028"]
NOISE += [
    "if",
    "for",
    "in",
    "is",
    "not",
    "else",
    "endif",
    "endfor",
    "set",
    "macro",
    "raw",
    "block",
    "recursive",
    "1_0",
    "0x",
]


def expression(random: Random, depth: int) -> str:
    if depth == 0:
        return random.choice(LEAVES)
    inner = [expression(random, random.randrange(depth)) for _ in range(3)]
    match random.randrange(9):
        case 0:
            return f"({inner[0]} {random.choice(OPERATORS)} {inner[1]})"
        case 1 | 2:
            return f"{inner[0]} | {random.choice(FILTERS)}"
        case 3:
            return f"({inner[0]} | {random.choice(FILTERS)}({', '.join(inner[1 : random.randrange(2, 4)])}))"
        case 4:
            return f"({inner[0]} is {random.choice(TESTS)})"
        case 5:
            return f"({inner[0]}).{random.choice(ATTRIBUTES)}{random.choice(['', '', '()'])}"
        case 6:
            return f"({inner[0]})[{inner[1]}{random.choice(['', ':', ':1'])}]"
        case 7:
            return f"({inner[0]} if {inner[1]} else {inner[2]})"
        case _:
            return f"[{', '.join(inner)}]"


def text_with(random: Random) -> str:
    one, other = expression(random, random.randrange(4)), expression(random, 1)
    return random.choice(
        [
            f"{{{{ {one} }}}}",
            f"{{{{ {one} }}}}",
            f"a {{{{ {one} }}}} b",
            f"{{% for x in {one} %}}{{{{ x }}}}{{{{ {other} }}}}{{% endfor %}}",
            f"{{% if {one} %}}{{{{ {other} }}}}{{% endif %}}",
            f"{{% set x = {one} %}}{{{{ x }}}}",
            f"{{% filter {random.choice(FILTERS)} %}}{{{{ {one} }}}}{{% endfilter %}}",
        ]
    )


def told(text: str) -> None:
    """The attack: only plain values and errors for users may come of it."""
    for read in (names, literals):
        try:
            read(text)
        except ExpressionError as error:
            error.message.encode()
    try:
        value = render(text, SCOPE)
    except ExpressionError as error:
        str(error).encode()
        return
    with suppress(ToolError):  # infinity, which steps refuse as they refuse it of tools
        json.dumps(plain(value))


@pytest.fixture(autouse=True)
def little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "SECONDS", 1.0)


def test_well_formed_expressions(draws: Draws) -> None:
    for random in draws(150):
        told(text_with(random))


def test_noise(draws: Draws) -> None:
    for random in draws(150):
        text = list(text_with(random))
        for _ in range(random.randrange(1, 5)):
            at = random.randrange(len(text) + 1)
            text[at : at + random.randrange(3)] = random.choice(NOISE)
        told("".join(text))


def outcome(evaluate: Callable[[str], Any], text: str) -> tuple[str, ...]:
    try:
        return (re.sub("0x[0-9a-f]+", "0x", repr(evaluate(text))),)
    except Failed as failure:
        return ("failed", failure.message, str(failure.unknown))


def test_what_is_worked_out_here_is_the_same_there(draws: Draws) -> None:
    for random in draws(400):
        text = text_with(random)
        try:
            is_harmless = template(text).is_harmless
        except ExpressionError:
            continue
        if not is_harmless:
            continue
        here = outcome(lambda text: template(text).evaluate(SCOPE), text)
        assert here == outcome(lambda text: EVALUATOR.evaluate(text, template(text).part_of(SCOPE)), text), text


def test_the_calculator(draws: Draws) -> None:
    parts = [*"0123456789+-*/%(),. ", "**", "//", "e", "pi", "1e9", "9" * 30, "abs(", "ceil(", "exp(", "round(", "max("]
    parts += ["log(", "sqrt(", "-", "_", "j", "x", "[", "'", "\0", "\ud800", "é", "٣", "if", "lambda:", "1e999", "**9"]
    for random in draws(300):
        asked = "".join(random.choice(parts) for _ in range(random.randrange(1, 30)))
        try:
            json.dumps(plain(calculator.function(expression=asked)))
        except ToolError as error:
            str(error).encode()
