"""Filling in expressions, and what they name without filling them in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import nodes

from agentmem.graphs.expressions.errors import ExpressionError, Failed
from agentmem.graphs.expressions.names import Names
from agentmem.graphs.expressions.process import EVALUATOR
from agentmem.graphs.expressions.templates import template

_MARKERS = ("{{", "{%", "{#")


def render(value: Any, scope: Mapping[str, Any]) -> Any:
    """Fill in expressions, in texts and inside of lists and mappings; anything else is returned as it is.

    `"{{ x }}"` alone gives the object; expressions among other text give text. Looking up, comparing and joining
    happen here; what could run long or grow large (loops, multiplication, most filters and methods) in a process of
    its own, within 2 seconds and 256 MB.

    Raises:
        ExpressionError: an expression cannot be read, names what is not there, failed, or needs too much.
    """
    if isinstance(value, str):
        return _render_text(value, scope) if _has_markers(value) else value
    if isinstance(value, Mapping):
        return {key: render(inner, scope) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [render(inner, scope) for inner in value]
    return value


def references(value: Any) -> frozenset[str]:
    """Ids of the steps that the expressions in `value` name, as `steps.ID` or `steps['ID']`.

    Raises:
        ExpressionError: an expression cannot be read, or uses `steps` without naming one.
    """
    return names(value).steps


def names(value: Any) -> Names:
    """All names in the expressions in `value`, however deep.

    Raises:
        ExpressionError: an expression cannot be read, or uses `steps` without naming one.
    """
    found = [template(text).names for text in _texts(value) if _has_markers(text)]
    return Names(
        roots=frozenset().union(*(n.roots for n in found)),
        steps=frozenset().union(*(n.steps for n in found)),
        inputs=frozenset().union(*(n.inputs for n in found)),
    )


def literals(value: Any) -> str:
    """The text in `value` that stands outside of expressions, joined by spaces."""
    pieces: list[str] = []
    for text in _texts(value):
        if not _has_markers(text):
            pieces.append(text)
            continue
        tree = template(text).tree
        pieces += [node.data for node in tree.find_all(nodes.TemplateData)]
        pieces += [node.value for node in tree.find_all(nodes.Const) if isinstance(node.value, str)]
    return " ".join(pieces)


def _has_markers(text: str) -> bool:
    return any(marker in text for marker in _MARKERS)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _render_text(text: str, scope: Mapping[str, Any]) -> Any:
    read = template(text)
    try:
        if read.is_cheap(scope):
            return read.evaluate(scope)
        return EVALUATOR.evaluate(text, read.part_of(scope))
    except Failed as failure:
        hint = f"In scope: {_describe(scope)}." if failure.unknown else ""
        raise ExpressionError(failure.message, expression=text, hint=hint) from failure
    except MemoryError as error:
        raise ExpressionError("it needs more memory than there is", expression=text) from error


def _describe(scope: Mapping[str, Any]) -> str:
    shown = []
    for name, value in scope.items():
        keys = ", ".join(map(str, list(value)[:12])) if isinstance(value, Mapping) else ""
        shown.append(f"{name} ({keys})" if keys else name)
    return ", ".join(shown)
