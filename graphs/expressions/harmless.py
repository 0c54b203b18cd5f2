"""Which expressions are cheap, by their syntax and by the size of their values.

Everything that the syntax may hold takes time and space in proportion to the values it is given: no loops, no
repetition, no numbers that grow, no patterns, no text written of what was written. The number of parts bounds the
proportion; only looking up is cheap whatever the size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sized
from typing import Any

from jinja2 import nodes

_MAX_PARTS = 100
"""Most nodes of one expression's syntax tree."""
_MAX_LITERAL = 20
"""Longest literal that a filter is given: `join` writes it once for every item."""
_SCALARS = frozenset({bool, float, int, type(None)})
_MAX_WORK = 10_000_000
"""Most values and characters that may be gone through, once for each part of a template."""

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.Name,
    nodes.Const,
    nodes.List,
    nodes.Tuple,
    nodes.Dict,
    nodes.Pair,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.CondExpr,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Compare,
    nodes.Operand,
    nodes.Add,
    nodes.Sub,
    nodes.Div,
    nodes.FloorDiv,
    nodes.Neg,
    nodes.Pos,
    nodes.Concat,
    nodes.Keyword,
)

_FILTERS = frozenset(
    {"abs", "capitalize", "count", "d", "default", "first", "float", "int", "join", "last", "length", "list", "lower"}
    | {"map", "reject", "rejectattr", "select", "selectattr", "string", "sum", "trim", "upper"}
)
_TESTS = frozenset(
    {"boolean", "defined", "divisibleby", "eq", "equalto", "even", "false", "float", "ge", "gt", "integer", "le"}
    | {"lower", "lt", "mapping", "ne", "none", "number", "odd", "sequence", "string", "true", "undefined", "upper"}
    | {"==", "!=", ">", ">=", "<", "<="}
)
_LOOKUP_FILTERS = frozenset({"count", "d", "default", "first", "last", "length"})
_LOOKUPS = (nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const)
_SELECTIONS = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.CondExpr, nodes.And, nodes.Or)
_WRITERS = frozenset({"join", "string"})
_PICKS = frozenset({"select", "reject"})
_PICKS_BY_ATTRIBUTE = frozenset({"selectattr", "rejectattr"})
_METHODS = frozenset({"date", "isoformat", "items", "keys", "lower", "strip", "upper", "values"})
"""What may be called without arguments, whichever type has it."""
_METHODS_OF_ARGUMENTS = frozenset({"endswith", "get", "startswith"})
"""What may be called with any."""


def is_harmless(tree: nodes.Template) -> bool:
    """Whether a template may be worked out right here."""
    if not all(isinstance(node, nodes.TemplateData) or _is_allowed(node) for node in parts(tree)):
        return False
    if any(_writes_again(node) for node in parts(tree)):
        return False
    return all(sum(1 for _ in parts(expression)) <= _MAX_PARTS for expression in _expressions(tree))


def only_looks_up(tree: nodes.Template) -> bool:
    """Whether it only looks things up and chooses among them, so that their size does not matter."""
    return all(_looks_up(node) for node in parts(tree))


def is_little_work(tree_size: int, values: Any) -> bool:
    """Whether the values are few and short enough to be gone through by each of so many parts."""
    left = _MAX_WORK // tree_size
    waiting = [values]
    while waiting:
        value = waiting.pop()
        if type(value) in _SCALARS:
            continue  # counted with what holds it
        left -= 1 + (len(value) if isinstance(value, str | Sized) else 0)
        if left < 0:
            return False
        if isinstance(value, str):
            continue
        if isinstance(value, dict | Mapping):
            waiting += value
            waiting += value.values()
        elif isinstance(value, list | tuple | set | frozenset):
            waiting += value
    return True


def is_path(expression: nodes.Node) -> bool:
    """Whether it only looks something up, so that it makes nothing that was not there."""
    return all(isinstance(node, _LOOKUPS) for node in parts(expression))


def parts(root: nodes.Node) -> Iterator[nodes.Node]:
    """The nodes of a tree, without recursion."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.iter_child_nodes())


def _expressions(tree: nodes.Template) -> Iterator[nodes.Node]:
    for node in parts(tree):
        if isinstance(node, nodes.Output):
            yield from node.nodes
        elif isinstance(node, nodes.If):
            yield node.test


def _looks_up(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Filter):
        return node.name in _LOOKUP_FILTERS
    if isinstance(node, nodes.Test):
        return not node.args
    if isinstance(node, nodes.Operand):
        return isinstance(node.expr, nodes.Const) and node.op not in ("in", "notin")
    return isinstance(node, (*_LOOKUPS, *_SELECTIONS, nodes.Not, nodes.Compare, nodes.Keyword))


def _writes_again(node: nodes.Node) -> bool:
    """Whether it writes out, or takes apart, what was written: `x | list | string` five times is 3,125 times `x`."""
    if isinstance(node, nodes.Concat):  # a text beside a text stays as long as it is
        below = [one for one in node.nodes if not (isinstance(one, nodes.Filter) and one.name in _WRITERS)]
    elif _writes(node) or (isinstance(node, nodes.Filter) and node.name == "list"):
        below = [one for one in node.iter_child_nodes() if isinstance(one, nodes.Expr)]
    else:
        return False
    return any(_writes(part) for one in below for part in parts(one))


def _writes(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Filter):
        named = [one.value for one in node.args if isinstance(one, nodes.Const)]
        return node.name in _WRITERS or (node.name == "map" and "string" in named)
    return isinstance(node, nodes.Concat)


def _is_allowed(node: nodes.Node) -> bool:
    check = _CHECKS.get(type(node))
    return isinstance(node, _ALLOWED) if check is None else check(node)


def _is_allowed_filter(node: nodes.Filter) -> bool:
    if node.name not in _FILTERS or node.dyn_args or node.dyn_kwargs or node.node is None:
        return False
    if node.name in ("default", "d"):
        return True
    given = [*node.args, *(keyword.value for keyword in node.kwargs)]
    if not all(isinstance(one, nodes.Const) and len(str(one.value)) <= _MAX_LITERAL for one in given):
        return False
    named = [one.value for one in node.args if isinstance(one, nodes.Const)]
    if node.name == "map":
        return not named or (len(named) == 1 and named[0] in _FILTERS - {"map", "join", "list"})
    if node.name in _PICKS:
        return not named or named[0] in _TESTS
    if node.name in _PICKS_BY_ATTRIBUTE:
        return len(named) < 2 or named[1] in _TESTS
    return node.name != "sum" or not named or len(named) == 1


def _is_allowed_test(node: nodes.Test) -> bool:
    return node.name in _TESTS | {"in", "sameas", "iterable"} and not node.dyn_args and not node.dyn_kwargs


def _is_allowed_call(node: nodes.Call) -> bool:
    if not isinstance(node.node, nodes.Getattr) or node.dyn_args or node.dyn_kwargs:
        return False
    method, given = node.node.attr, bool(node.args or node.kwargs)
    return method in _METHODS_OF_ARGUMENTS or (method in _METHODS and not given)


_CHECKS: dict[type[nodes.Node], Callable[..., bool]] = {
    nodes.Filter: _is_allowed_filter,
    nodes.Test: _is_allowed_test,
    nodes.Call: _is_allowed_call,
}
