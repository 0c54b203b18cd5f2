"""A calculator: arithmetic by walking the syntax tree, with limits; nothing is ever evaluated as code."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable

from agentmem.errors import ToolError
from agentmem.tools.base import tool

Number = int | float

_MAX_CHARACTERS = 1_000
_MAX_BITS = 8_000
"""Largest integer: about 2,400 digits, so that it can still be written down."""

_BINARY: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: dict[type[ast.unaryop], Callable[[Number], Number]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_CONSTANTS = {"pi": math.pi, "e": math.e}
_FUNCTIONS: dict[str, Callable[..., Number]] = {
    "abs": abs,
    "ceil": math.ceil,
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "max": max,
    "min": min,
    "round": round,
    "sqrt": math.sqrt,
}


@tool(side_effects=False)
def calculator(expression: str) -> int | float:
    """Work out an arithmetic expression.

    Args:
        expression: Numbers, + - * / // % **, brackets, pi, e, and abs ceil exp floor log max min round sqrt.
    """
    if len(expression) > _MAX_CHARACTERS:
        raise ToolError(f"the expression is longer than {_MAX_CHARACTERS:,} characters.", where="calculator")
    try:
        result = _value(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise _refusal(expression, "this is not arithmetic") from error
    except (ArithmeticError, ValueError, TypeError) as error:
        raise _refusal(expression, str(error) or "it has no result") from error
    if isinstance(result, float) and not math.isfinite(result):
        raise _refusal(expression, "the result is too large")
    return result


def _value(node: ast.expr) -> Number:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return node.value
    if isinstance(node, ast.Name) and node.id in _CONSTANTS:
        return _CONSTANTS[node.id]
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return _UNARY[type(node.op)](_value(node.operand))
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = _value(node.left), _value(node.right)
        _limit(node.op, left, right)
        return _real(_BINARY[type(node.op)](left, right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        if node.func.id in _FUNCTIONS:
            return _real(_FUNCTIONS[node.func.id](*(_value(argument) for argument in node.args)))
        raise ValueError(f"there is no function {node.func.id!r}; known: {', '.join(_FUNCTIONS)}")
    raise ValueError(f"{ast.unparse(node)!r} is not arithmetic")


def _limit(kind: ast.operator, left: Number, right: Number) -> None:
    """Refuse integers that would take long to make or could not be written down."""
    if not (isinstance(left, int) and isinstance(right, int)):
        return
    bits = left.bit_length() + right.bit_length()
    if isinstance(kind, ast.Pow):
        bits = left.bit_length() * abs(right)
    if isinstance(kind, ast.Pow | ast.Mult) and bits > _MAX_BITS:
        raise OverflowError("the result is too large")


def _real(value: Number | complex) -> Number:
    if isinstance(value, complex):
        raise ValueError("the result is not a real number")  # noqa: TRY004 - (-8) ** 0.5 is a matter of values
    return value


def _refusal(expression: str, problem: str) -> ToolError:
    shown = expression if len(expression) <= 80 else expression[:77] + "..."
    return ToolError(f"{problem}: {shown}.", where="calculator", hint="For example: (3 + 4) * 12 / 5")
