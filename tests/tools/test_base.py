from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from pydantic import Field

from agentmem.errors import BudgetExceeded, InputError, ToolError
from agentmem.tools import Tool, ToolContext, as_tool, tool
from agentmem.tools.values import plain


def greet(name: str, schema: int = 2, json: Literal["a", "b"] = "a") -> str:
    """Greet somebody.

    More about it.

    Args:
        name: Whom to greet,
            by name.
        schema (int): How often.
        json: What else.
    """
    return f"{name} {schema} {json}"


def test_a_function_becomes_a_tool_by_its_signature_and_docstring(context: ToolContext) -> None:
    made = as_tool(greet)
    assert (made.name, made.description, made.usage) == ("greet", "Greet somebody.", "name, [schema], [json]")
    properties = made.schema["properties"]
    assert properties["name"]["description"] == "Whom to greet, by name."
    assert properties["schema"] == {"default": 2, "description": "How often.", "title": "schema", "type": "integer"}
    assert made.schema["required"] == ["name"]
    assert made(context, {"name": "Anna", "schema": "3"}) == "Anna 3 a"
    assert made(context, {"name": 7}) == "7 2 a"


def test_the_decorator_works_bare_and_with_arguments() -> None:
    @tool
    def one(a: int) -> int:
        """One."""
        return a

    @tool(name="zwei", description="Two.", one_by_one=True)
    def two(a: int) -> int:
        """No."""
        return a

    assert (one.name, two.name, two.description, two.one_by_one) == ("one", "zwei", "Two.", True)
    assert as_tool(one) is one


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "name: Field required"),
        ({"name": "A", "nmae": "B"}, "nmae: Extra inputs are not permitted"),
        ({"name": ["A"]}, "name: Input should be a valid string"),
        ({"name": "A", "json": "c"}, "json: Input should be 'a' or 'b'"),
        ({"name": "A", "argument0": "B"}, "argument0: Extra inputs are not permitted"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(context: ToolContext, arguments: Any, problem: str) -> None:
    with pytest.raises(ToolError) as caught:
        as_tool(greet)(context, arguments)
    assert problem in caught.value.message
    assert caught.value.hint == "Arguments: name, [schema], [json]."


def test_the_context_is_given_to_who_asks_for_it(context: ToolContext) -> None:
    def where(surroundings: ToolContext, times: Annotated[int, Field(le=3)] = 1) -> str:
        """Say where."""
        return surroundings.folder.name * times

    made = as_tool(where)
    assert made.wants_context
    assert list(made.schema["properties"]) == ["times"]
    assert made(context, {"times": 2}) == context.folder.name * 2


def test_what_a_function_raises_becomes_a_tool_error(context: ToolContext) -> None:
    def fail(kind: str) -> None:
        """Fail."""
        if kind == "budget":
            raise BudgetExceeded("spent.")
        raise KeyError("gone")

    with pytest.raises(ToolError, match="tool fail: KeyError: 'gone'"):
        as_tool(fail)(context, {"kind": "other"})
    with pytest.raises(BudgetExceeded):
        as_tool(fail)(context, {"kind": "budget"})


def no_type(a) -> None:  # type: ignore[no-untyped-def]
    """No type."""


def variadic(*numbers: int) -> None:
    """Any number."""


def positional(a: int, /) -> None:
    """By position."""


async def later(a: int) -> None:
    """Later."""


@pytest.mark.parametrize("function", [no_type, variadic, positional, later])
def test_functions_that_cannot_be_described_are_refused(function: Any) -> None:
    with pytest.raises(InputError):
        as_tool(function)


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    at: date


def test_results_are_made_plain() -> None:
    result = {
        "point": Point(1, date(2024, 5, 1)),
        Colour.RED: (n for n in range(2)),
        "when": datetime(2024, 5, 1, 9, 30),  # noqa: DTZ001 - what a user's tool may give
        "half": "\ud800x",
    }
    assert plain(result) == {
        "point": {"x": 1, "at": "2024-05-01"},
        "red": [0, 1],
        "when": "2024-05-01T09:30:00",
        "half": "?x",
    }


@pytest.mark.parametrize("value", [object(), b"bytes", float("nan"), {(1, 2): 3}, {"a": Tool}])
def test_results_that_are_not_json_are_refused(value: Any) -> None:
    with pytest.raises(ToolError):
        plain(value)


def test_a_result_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ToolError, match="contains itself"):
        plain(loop)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(3), 3),
        ({"f": np.float32(1.5), "b": np.bool_(True)}, {"f": 1.5, "b": True}),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
        (timedelta(minutes=1), 60.0),
    ],
    ids=["integer", "scalars", "array", "time span"],
)
def test_numbers_of_numpy_and_time_spans_become_plain(value: Any, expected: Any) -> None:
    assert plain(value) == expected


def _leaves() -> str:
    raise SystemExit(0)


def _wordless() -> str:
    raise RuntimeError


def _unwritable() -> object:
    return [object()]


def _fails_when_read() -> object:
    return (1 // n for n in (1, 0))


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (_leaves, "SystemExit: 0"),
        (_wordless, "RuntimeError"),
        (_unwritable, "the result holds a value of the type object, which cannot be written as JSON."),
        (_fails_when_read, "ZeroDivisionError: integer division or modulo by zero"),
    ],
    ids=["exit", "wordless", "unwritable", "generator"],
)
def test_however_a_tool_fails_its_error_names_it(context: ToolContext, function: Any, said: str) -> None:
    with pytest.raises(ToolError) as caught:
        as_tool(function)(context, {})
    assert (caught.value.message, caught.value.where) == (said, f"tool {function.__name__}")
