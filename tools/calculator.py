"""A calculator: arithmetic by walking the syntax tree; nothing is ever evaluated as code.

The size of each result is known before it is computed, so that no expression takes long: it needs no other bound.
"""

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
_MAX_PLACES = 2_500
"""Beyond any digit of any number here, rounding changes nothing, or leaves nothing."""
_MAX_LEVELS = 100
"""How deep brackets, signs and powers may be nested; a sum or product of many terms is not deep."""


def _rounded(value: Number, places: int | None = None) -> Number:
    """As Python rounds, with at most so many places that no power of ten takes long to make."""
    if places is None:
        return round(value)
    if not isinstance(places, int):
        raise TypeError("round takes a whole number of places")
    return round(value, max(-_MAX_PLACES, min(places, _MAX_PLACES)))


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
    "round": _rounded,
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
    except OverflowError as error:
        raise _refusal(expression, "the result is too large") from error
    except (ArithmeticError, ValueError, TypeError) as error:
        raise _refusal(expression, str(error) or "it has no result") from error
    if isinstance(result, float) and not math.isfinite(result):
        raise _refusal(expression, "the result is too large")
    return result


def _value(node: ast.expr, level: int = 0) -> Number:
    if level > _MAX_LEVELS:
        raise ValueError(f"it is nested more than {_MAX_LEVELS} levels deep")
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return _checked(node.value)
    if isinstance(node, ast.Name) and node.id in _CONSTANTS:
        return _CONSTANTS[node.id]
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return _UNARY[type(node.op)](_value(node.operand, level + 1))
    if isinstance(node, ast.BinOp):
        return _chain(node, level)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        if node.func.id in _FUNCTIONS:
            return _checked(_FUNCTIONS[node.func.id](*(_value(argument, level + 1) for argument in node.args)))
        raise ValueError(f"there is no function {node.func.id!r}; known: {', '.join(_FUNCTIONS)}")
    raise _no_arithmetic(node)


def _chain(node: ast.BinOp, level: int) -> Number:
    """`a + b - c ...`, from the left."""
    operations: list[ast.BinOp] = []
    first: ast.expr = node
    while isinstance(first, ast.BinOp):
        operations.append(first)
        first = first.left
    value = _value(first, level + 1)
    for operation in reversed(operations):
        if type(operation.op) not in _BINARY:
            raise _no_arithmetic(operation)
        right = _value(operation.right, level + 1)
        _limit(operation.op, value, right)
        value = _checked(_BINARY[type(operation.op)](value, right))
    return value


def _limit(kind: ast.operator, left: Number, right: Number) -> None:
    """Refuse integers that would take long to make. Sums and quotients are no longer than what they are made of."""
    if not (isinstance(left, int) and isinstance(right, int)):
        return
    bits = 0
    if isinstance(kind, ast.Mult):
        bits = left.bit_length() + right.bit_length()
    elif isinstance(kind, ast.Pow) and abs(left) > 1:
        bits = left.bit_length() * right  # below zero it is a decimal number
    if bits > _MAX_BITS:
        raise OverflowError


def _checked(value: Number | complex) -> Number:
    if isinstance(value, complex):
        raise ValueError("the result is not a real number")  # noqa: TRY004 - (-8) ** 0.5 is a matter of values
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        raise OverflowError
    return value


def _no_arithmetic(node: ast.expr) -> ValueError:
    return ValueError(f"{ast.unparse(node)!r} is not arithmetic")


def _refusal(expression: str, problem: str) -> ToolError:
    shown = expression if len(expression) <= 80 else expression[:77] + "..."
    shown = shown.encode(errors="backslashreplace").decode()  # halves of surrogate pairs fit no checkpoint
    return ToolError(f"{problem}: {shown}.", where="calculator", hint="For example: (3 + 4) * 12 / 5")
