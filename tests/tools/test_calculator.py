from __future__ import annotations

import math

import pytest

from agentmem.errors import ToolError
from agentmem.tools import ToolContext
from agentmem.tools.calculator import calculator


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("(3 + 4) * 12 / 5", 16.8),
        ("2 ** 10 - -1", 1025),
        ("7 // 2 + 7 % 2", 4),
        ("sqrt(2) * pi", math.sqrt(2) * math.pi),
        ("max(1, 2.5, round(3.14159, 2))", 3.14),
        (" 1_000 ", 1000),
        ("2 ** -1", 0.5),
        ("2 ** -9999999999", 0),
        ("(-1) ** 9999999999", -1),
        ("0 ** 9999999999", 0),
        ("round(15, -1)", 20),
        ("round(15, -999999999)", 0),
        ("round(-2.5, -99999999999999999999)", 0),
        ("round(2.5, 999999999)", 2.5),
        ("round(2.5)", 2),
        ("9 - 4 - 3 * 2 ** 2 ** 1 / 4", 2),
        ("+".join("1" * 500), 500),
    ],
)
def test_arithmetic(context: ToolContext, expression: str, result: float) -> None:
    assert calculator(context, {"expression": expression}) == pytest.approx(result)


@pytest.mark.parametrize(
    "expression",
    [
        "", "1 +", "1 / 0", "9 ** 9 ** 9", "10 ** 5000", "(-8) ** 0.5", "1e308 * 10", "sqrt(-1)", "'a' * 3",
        "__import__('os').system('true')", "(1).__class__", "x", "[1, 2]", "lambda: 1", "True + 1", "log(0)",
        "abs()", "round(x=1)", "(" * 200 + ")" * 200, "1 + " * 400 + "1", "2j", "1 if 1 else 2", "max(i for i in [1])",
    ],
)  # fmt: skip
def test_anything_else_is_refused(context: ToolContext, expression: str) -> None:
    with pytest.raises(ToolError):
        calculator(context, {"expression": expression})


@pytest.mark.parametrize(
    "expression",
    [
        "9 ** 9 ** 9 ** 9", "(9 ** 999) ** (9 ** 999)", "2 ** 8001", "-(2 ** 4000) * 2 ** 4001", "7 ** 9999999999 % 3",
        "9999 ** 9999 // 9999 ** 9998", "2.0 ** 9999999999", "10.0 ** 400", "exp(exp(exp(9)))", "exp(9 ** 99)",
        "ceil(exp(709)) ** 9", "*".join(["floor(1e308)"] * 8),
        "(2 ** 4000 * 2 ** 3999) * 2 ** 2", "9 ** 2523 + 9 ** 2523 + 9 ** 2523", "2 ** 7999 + 2 ** 7999 + 2 ** 7999",
        "abs(2 ** 7999) * 9", "max(2 ** 7999, 1) * 4", "round(2 ** 7999, -1) * 4", "2 ** 8000 / 3", "1 / 2 ** 7999",
        "sqrt(2 ** 7999)", "1 << 99999999999", "1.0 << 9", "99999999 >> 1", "~1", "1 @ 1",
        "9" * 900 + "**9", "round(1.5, 2.0)", "round(1, 1e999)", "round(1e999)", "1e999", "1e999 - 1e999",
        "-" * 500 + "1", "2**" * 300 + "1", "abs(" * 150 + "1" + ")" * 150, "1\0",
        "\ud800", "factorial(999999)", "pow(9, 999999)", "max()", "max(1)", "max(*[1])", "log(10, 1)", "log(2, 0)",
        "sum([1] * 999999999)", "0x" + "f" * 900 + "**9", "'a' * 999999999", "[0] * 999999999", "f'{1:>999999999}'",
    ],
)  # fmt: skip
def test_whatever_would_take_long_or_grow_is_refused_before_it_is_computed(
    context: ToolContext, expression: str
) -> None:
    with pytest.raises(ToolError) as caught:
        calculator(context, {"expression": expression})
    assert caught.value.message.encode()
    assert caught.value.hint


def test_refusals_name_the_limit(context: ToolContext) -> None:
    for expression, words in {
        "9 ** 9 ** 9": "the result is too large",
        "10.0 ** 400": "the result is too large",
        "-" * 500 + "1": "nested more than 100 levels deep",
        "1" * 1001: "longer than 1,000 characters",
    }.items():
        with pytest.raises(ToolError, match=words):
            calculator(context, {"expression": expression})


def test_the_most_that_a_long_expression_can_ask_for_is_done_at_once(context: ToolContext) -> None:
    largest = "7**2600"
    for sign in "+-%":  # the longest numbers, as often as they fit
        calculator(context, {"expression": f"{largest}{f'{sign}{largest}' * 120}"})
    calculator(context, {"expression": f"{largest}{'//7*7' * 190}"})
