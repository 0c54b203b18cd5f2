"""Expressions in workflows: Jinja2, sandboxed, strict about unknown names, native where one is the whole string."""

from __future__ import annotations

import re
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, UndefinedError, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.filters import do_format
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from agentmem.errors import WorkflowError

SCOPE: tuple[str, ...] = ("inputs", "steps", "item", "index", "run", "now")
"""What expressions may name."""

MAX_CHARACTERS = 10_000_000
"""Longest text that an expression may make."""

_MAX_POWER_BITS = 4_096
"""Largest integer that `**` may make, in bits."""

_MARKERS = ("{{", "{%", "{#")
_PADDING = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})
_WIDE = re.compile(r"\d{5,}")
"""A field width that no honest format needs."""

_IN_WORDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (str, "text"),
    (bool, "true or false"),
    ((int, float), "a number"),
    ((list, tuple), "a list"),
    (Mapping, "a mapping"),
    (type(None), "nothing"),
)

_STEP_FIELDS = ("output", "status")


class ExpressionError(WorkflowError):
    """An expression that cannot be read, names what is not there, or failed.

    Attributes:
        expression: The whole text of the expression.
    """

    def __init__(self, message: str, *, expression: str, hint: str = "") -> None:
        shown = expression if len(expression) <= 120 else expression[:117] + "..."
        super().__init__(f"{message.rstrip('.')}: {shown}{'.' if hint else ''}", hint=hint)
        self.expression = expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What an expression names, found by parsing it."""

    roots: frozenset[str]
    """Names looked up in the scope."""
    steps: frozenset[str]
    """Ids in `steps.ID`."""
    inputs: frozenset[str]
    """Names in `inputs.NAME`."""


def render(value: Any, scope: Mapping[str, Any]) -> Any:
    """Fill in expressions, in texts and inside of lists and mappings; anything else is returned as it is.

    `"{{ x }}"` alone gives the object; expressions among other text give text.

    Raises:
        ExpressionError: an expression cannot be read, names what is not there, or failed.
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
    found = [_names_of(text) for text in _texts(value) if _has_markers(text)]
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
        tree = _parsed(text)
        pieces += [node.data for node in tree.find_all(nodes.TemplateData)]
        pieces += [node.value for node in tree.find_all(nodes.Const) if isinstance(node.value, str)]
    return " ".join(pieces)


class _Unknown(StrictUndefined):
    """Says what was not found, and among what."""

    @property
    def _undefined_message(self) -> str:
        name = str(self._undefined_name)
        if self._undefined_hint:
            return self._undefined_hint
        if self._undefined_obj is missing:
            return f"{name!r} is not in scope"
        if not isinstance(self._undefined_obj, Mapping):
            return f"{described(self._undefined_obj)} has no {name!r}"
        known = [str(key) for key in self._undefined_obj]
        near = get_close_matches(name, known, n=1)
        advice = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(known[:12]) or 'nothing'}"
        return f"{name!r} is unknown; {advice}"


def described(value: Any) -> str:
    """What kind of thing a value is, in words."""
    for types, words in _IN_WORDS:
        if isinstance(value, types):
            return words
    return f"a value of the type {type(value).__name__}"


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with limits on what an expression can make grow."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=_Unknown, keep_trailing_newline=True)
        del self.globals["lipsum"]
        del self.filters["center"]
        self.filters["format"] = _format

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`a.b` prefers a mapping's key to a method of the same name: a step may be called `items`."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Refuse operations that make huge values of small ones."""
        if operator == "**" and isinstance(left, int) and isinstance(right, int):
            if left.bit_length() * abs(right) > _MAX_POWER_BITS:
                raise SecurityError("the power is too large")
        elif operator == "*":
            for sequence, times in ((left, right), (right, left)):
                if isinstance(sequence, str | list | tuple) and isinstance(times, int):
                    _limit(len(sequence) * times)
        elif operator == "%" and isinstance(left, str):
            raise SecurityError("use ~ or the format filter instead of % with text")
        return super().call_binop(context, operator, left, right)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """`"...".format()`, refusing huge field widths."""
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None
        text = str(getattr(value, "__self__", ""))

        def bounded(*args: Any, **kwargs: Any) -> str:
            _check_widths(text, (*args, *kwargs.values()))
            return str(wrapped(*args, **kwargs))

        return bounded

    def call(self, context: Context, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Refuse padding to huge widths."""
        if getattr(function, "__name__", "") in _PADDING and isinstance(getattr(function, "__self__", None), str):
            for argument in (*args, *kwargs.values()):
                if isinstance(argument, int):
                    _limit(argument)
        return super().call(context, function, *args, **kwargs)


def _format(value: str, *args: Any, **kwargs: Any) -> str:
    """The filter `format`, refusing huge field widths."""
    _check_widths(value, (*args, *kwargs.values()))
    return do_format(value, *args, **kwargs)


def _check_widths(text: str, arguments: tuple[Any, ...]) -> None:
    nested = "*" in text or re.search(r"\{[^{}]*\{", text)
    if _WIDE.search(text) or (nested and any(isinstance(a, int) and a > MAX_CHARACTERS for a in arguments)):
        raise SecurityError("the field is too wide")


_ENVIRONMENT = _Environment()


def _limit(size: int) -> None:
    if size > MAX_CHARACTERS:
        raise SecurityError(f"the result would have {size:,} characters or items; {MAX_CHARACTERS:,} are allowed")


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


def _parsed(text: str) -> nodes.Template:
    try:
        return _ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        raise ExpressionError(f"cannot read the expression, {error.message}", expression=text) from error


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Callable[[Mapping[str, Any]], Any]:
    """A function from scope to value: native if the text is one expression and nothing else, else text."""
    try:
        whole = _single_expression(text)
        if whole is None:
            template = _ENVIRONMENT.from_string(text)
            return lambda scope: _bounded(template.generate(scope))
        assignment = nodes.Assign(nodes.Name("result", "store"), whole, lineno=1)
        native = _ENVIRONMENT.from_string(nodes.Template([assignment], lineno=1))
    except TemplateSyntaxError as error:
        raise ExpressionError(f"cannot read the expression, {error.message}", expression=text) from error

    def evaluate(scope: Mapping[str, Any]) -> Any:
        context = native.new_context(dict(scope))
        for _ in native.root_render_func(context):
            pass  # runs the assignment; it writes nothing
        return _native(context.vars["result"])

    return evaluate


def _single_expression(text: str) -> nodes.Expr | None:
    body = _parsed(text.strip()).body
    if len(body) != 1 or not isinstance(body[0], nodes.Output) or len(body[0].nodes) != 1:
        return None
    only = body[0].nodes[0]
    return None if isinstance(only, nodes.TemplateData) else only


def _bounded(pieces: Iterator[str]) -> str:
    parts: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        _limit(size)
        parts.append(piece)
    return "".join(parts)


def _native(value: Any) -> Any:
    """Lazy results of filters as lists; a name that was not found fails here, not later."""
    if isinstance(value, Undefined):
        str(value)
    if isinstance(value, Mapping):
        return {key: _native(inner) for key, inner in value.items()}
    if isinstance(value, Iterator | list | tuple | range | set | frozenset | KeysView | ValuesView | ItemsView):
        return [_native(inner) for inner in value]
    return value


def _render_text(text: str, scope: Mapping[str, Any]) -> Any:
    evaluate = _compiled(text)
    try:
        return evaluate(scope)
    except UndefinedError as error:
        raise ExpressionError(str(error.message), expression=text, hint=f"In scope: {_describe(scope)}.") from error
    except SecurityError as error:
        raise ExpressionError(f"not allowed, {error}", expression=text) from error
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        OverflowError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise ExpressionError(str(error) or type(error).__name__, expression=text) from error


def _describe(scope: Mapping[str, Any]) -> str:
    shown = []
    for name, value in scope.items():
        keys = ", ".join(map(str, list(value)[:12])) if isinstance(value, Mapping) else ""
        shown.append(f"{name} ({keys})" if keys else name)
    return ", ".join(shown)


def _names_of(text: str) -> Names:
    tree = _parsed(text)
    _compiled(text)  # finds unknown filters and tests, which parsing lets pass
    roots = meta.find_undeclared_variables(tree) - _ENVIRONMENT.globals.keys()
    steps = frozenset(_members(tree, "steps", text)) if "steps" in roots else frozenset[str]()
    inputs = frozenset(name for _, name in _accesses(tree, "inputs")) if "inputs" in roots else frozenset[str]()
    return Names(roots=frozenset(roots), steps=steps, inputs=inputs)


def _members(tree: nodes.Template, root: str, text: str) -> Iterator[str]:
    """Ids of `steps.ID`, refusing uses of `steps` whose step only the run would show."""
    named = dict(_accesses(tree, root))
    for name in tree.find_all(nodes.Name):
        if name.name == root and name.ctx == "load" and id(name) not in named:
            raise ExpressionError(
                f"{root} must be followed by the id of a step", expression=text, hint="Write steps.ID.output."
            )
    for lookup in _lookups(tree):
        field = _key(lookup)
        if _accessed(lookup.node, root) and field and field not in _STEP_FIELDS:
            raise ExpressionError(
                f"a step has no {field!r}", expression=text, hint=f"There is {' and '.join(_STEP_FIELDS)}."
            )
    yield from named.values()


def _accesses(tree: nodes.Template, root: str) -> Iterator[tuple[int, str]]:
    """Every `root.KEY` or `root['KEY']`: identity of the root's node, and the key."""
    for lookup in _lookups(tree):
        key = _accessed(lookup, root)
        if key:
            yield id(lookup.node), key


def _lookups(tree: nodes.Template) -> Iterator[nodes.Getattr | nodes.Getitem]:
    yield from tree.find_all(nodes.Getattr)
    yield from tree.find_all(nodes.Getitem)


def _accessed(node: nodes.Node, root: str) -> str:
    """The key, if the node is `root.KEY` or `root['KEY']`; else nothing."""
    if not isinstance(node, nodes.Getattr | nodes.Getitem):
        return ""
    return _key(node) if isinstance(node.node, nodes.Name) and node.node.name == root else ""


def _key(node: nodes.Getattr | nodes.Getitem) -> str:
    if isinstance(node, nodes.Getattr):
        return str(node.attr)
    return str(node.arg.value) if isinstance(node.arg, nodes.Const) else ""
