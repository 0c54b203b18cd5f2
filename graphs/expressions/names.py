"""What expressions name, found in their syntax."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes

from agentmem.graphs.expressions.errors import ExpressionError
from agentmem.graphs.expressions.sandbox import looked_up

SCOPE: tuple[str, ...] = ("inputs", "steps", "item", "index", "run", "now")
"""What expressions may name."""

_STEP_FIELDS = ("output", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What an expression names, found by parsing it."""

    roots: frozenset[str]
    """Names looked up in the scope."""
    steps: frozenset[str]
    """Ids in `steps.ID`."""
    inputs: frozenset[str]
    """Names in `inputs.NAME`."""


def names_in(tree: nodes.Template, text: str) -> Names:
    """What the template of `text` names.

    Raises:
        ExpressionError: it uses `steps` without naming one.
    """
    roots = looked_up(tree)
    return Names(
        roots=roots,
        steps=frozenset(_steps(tree, text)) if "steps" in roots else frozenset(),
        inputs=frozenset(name for _, name in _accesses(tree, "inputs")) if "inputs" in roots else frozenset(),
    )


def needed(tree: nodes.Template) -> Mapping[str, frozenset[str] | None]:
    """The names a template looks up, each with the keys it takes from it; None where it may take any."""
    return {name: _keys(tree, name) for name in looked_up(tree)}


def _keys(tree: nodes.Template, root: str) -> frozenset[str] | None:
    accesses = dict(_accesses(tree, root))
    everywhere = [id(name) for name in tree.find_all(nodes.Name) if name.name == root]
    return frozenset(accesses.values()) if all(name in accesses for name in everywhere) else None


def _steps(tree: nodes.Template, text: str) -> Iterator[str]:
    """Ids of `steps.ID`, refusing uses of `steps` whose step only the run would show."""
    named = dict(_accesses(tree, "steps"))
    for name in tree.find_all(nodes.Name):
        if name.name == "steps" and name.ctx == "load" and id(name) not in named:
            raise ExpressionError(
                "steps must be followed by the id of a step", expression=text, hint="Write steps.ID.output."
            )
    for lookup in _lookups(tree):
        field = _key(lookup)
        if _accessed(lookup.node, "steps") and field and field not in _STEP_FIELDS:
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


def part_of(scope: Mapping[str, Any], wanted: Mapping[str, frozenset[str] | None]) -> dict[str, Any]:
    """What of the scope is wanted. A mapping that lacks a key is taken whole: it may be a method, or be told about."""
    part = {name: scope[name] for name in wanted if name in scope}
    for name, keys in wanted.items():
        whole = part.get(name)
        if keys is not None and isinstance(whole, Mapping) and keys <= whole.keys():
            part[name] = {key: whole[key] for key in keys}
    return part
