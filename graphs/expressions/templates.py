"""One text with expressions, read once: its syntax within bounds, what it names, and how to work it out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import TemplateSyntaxError, UndefinedError, nodes
from jinja2.exceptions import SecurityError

from agentmem.graphs.expressions.errors import ExpressionError, Failed
from agentmem.graphs.expressions.harmless import is_harmless, is_little_work, is_path, only_looks_up, parts
from agentmem.graphs.expressions.names import Names, names_in, needed, part_of
from agentmem.graphs.expressions.results import copied, joined, made
from agentmem.graphs.expressions.sandbox import ENVIRONMENT

_MAX_SOURCE = 100_000
"""Longest text with expressions in it, in characters."""
_MAX_LEVELS = 50
"""How deep an expression may be nested; Python's own compiler gives up soon after."""

_Native = Callable[[Mapping[str, Any]], Any]


class Template:
    """A text with expressions."""

    def __init__(self, text: str) -> None:
        """Read it.

        Raises:
            ExpressionError: it cannot be read, or is too long or too deep.
        """
        self.text = text
        self.tree = _parsed(text)
        self.is_harmless = is_harmless(self.tree)
        """Whether its syntax shows that working it out is cheap where the values are small."""
        self._only_looks_up = only_looks_up(self.tree)
        self._size = sum(1 for _ in parts(self.tree))
        self._evaluate = _compiled(self.tree, text)
        self._names: Names | None = None
        self._needed: Mapping[str, frozenset[str] | None] | None = None

    @property
    def names(self) -> Names:
        """What it names.

        Raises:
            ExpressionError: it uses `steps` without naming one.
        """
        if self._names is None:
            self._names = names_in(self.tree, self.text)
        return self._names

    def part_of(self, scope: Mapping[str, Any]) -> dict[str, Any]:
        """What it needs of the scope."""
        if self._needed is None:
            self._needed = needed(self.tree)
        return part_of(scope, self._needed)

    def is_cheap(self, scope: Mapping[str, Any]) -> bool:
        """Whether working it out with these values takes next to no time and memory."""
        return self.is_harmless and (self._only_looks_up or is_little_work(self._size, self.part_of(scope)))

    def evaluate(self, scope: Mapping[str, Any]) -> Any:
        """Its value, as plain values: native if the text is one expression and nothing else, else text.

        Raises:
            Failed: there is none.
            MemoryError: it needs more than there is.
        """
        try:
            return self._evaluate(scope)
        except UndefinedError as error:
            raise Failed(str(error.message), unknown=True) from error
        except SecurityError as error:
            raise Failed(f"not allowed, {error}") from error
        except RecursionError as error:
            raise Failed("it calls itself without end, or is nested too deeply") from error
        except (Failed, MemoryError):
            raise
        except Exception as error:
            raise Failed(str(error) or type(error).__name__) from error


@lru_cache(maxsize=1024)
def template(text: str) -> Template:
    """The template of a text, read once.

    Raises:
        ExpressionError: it cannot be read, or is too long or too deep.
    """
    return Template(text)


def _parsed(text: str) -> nodes.Template:
    if len(text) > _MAX_SOURCE:
        raise ExpressionError(f"a text with expressions has at most {_MAX_SOURCE:,} characters", expression=text)
    try:
        tree = ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        raise ExpressionError(f"cannot read the expression, {error.message}", expression=text) from error
    except RecursionError as error:
        raise _too_deep(text) from error
    except (ValueError, OverflowError, SyntaxError) as error:  # numbers that Python cannot read
        raise ExpressionError(
            "cannot read the expression, a number in it is malformed or too long", expression=text
        ) from error
    _check_levels(tree, text)
    if any(isinstance(node, nodes.Const) and node.value in (math.inf, -math.inf) for node in parts(tree)):
        raise ExpressionError("cannot read the expression, a number in it is too large", expression=text)
    return tree


def _check_levels(tree: nodes.Template, text: str) -> None:
    level: list[nodes.Node] = [tree]
    for _ in range(_MAX_LEVELS):
        level = [child for node in level for child in node.iter_child_nodes()]
        if not level:
            return
    raise _too_deep(text)


def _too_deep(text: str) -> ExpressionError:
    return ExpressionError(f"the expression is nested more than {_MAX_LEVELS} levels deep", expression=text)


def _compiled(tree: nodes.Template, text: str) -> _Native:
    whole = _single_expression(tree)
    if whole is None:
        among_text = _ready(tree, text)
        return lambda scope: joined(among_text.generate(scope))
    native = _ready(nodes.Template([nodes.Assign(nodes.Name("result", "store"), whole, lineno=1)], lineno=1), text)
    native_of = copied if is_path(whole) else made

    def evaluate(scope: Mapping[str, Any]) -> Any:
        context = native.new_context(dict(scope))
        for _ in native.root_render_func(context):
            pass  # runs the assignment; it writes nothing
        return native_of(context.vars["result"])

    return evaluate


def _single_expression(tree: nodes.Template) -> nodes.Node | None:
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        return None
    shown = [node for node in tree.body[0].nodes if not isinstance(node, nodes.TemplateData) or node.data.strip()]
    return shown[0] if len(shown) == 1 and not isinstance(shown[0], nodes.TemplateData) else None


def _ready(tree: nodes.Template, text: str) -> jinja2.Template:
    try:
        return ENVIRONMENT.from_string(tree)
    except TemplateSyntaxError as error:
        raise ExpressionError(f"cannot read the expression, {error.message}", expression=text) from error
    except (SyntaxError, RecursionError, MemoryError) as error:  # limits of Python's compiler, such as 20 nested loops
        raise _too_deep(text) from error
    except ValueError as error:
        raise ExpressionError(f"cannot read the expression, {error}", expression=text) from error
