"""Jinja2's sandbox as expressions use it: nothing is computed while a template compiles."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from types import CodeType
from typing import Any

from jinja2 import StrictUndefined, meta, nodes
from jinja2.compiler import CodeGenerator
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from agentmem.spelling import nearest

_IN_WORDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (str, "text"),
    (bool, "true or false"),
    ((int, float), "a number"),
    ((list, tuple), "a list"),
    (Mapping, "a mapping"),
    (type(None), "nothing"),
)


def described(value: Any) -> str:
    """What kind of thing a value is, in words."""
    for types, words in _IN_WORDS:
        if isinstance(value, types):
            return words
    return f"a value of the type {type(value).__name__}"


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
        near = nearest(name, known)
        advice = f"did you mean {near!r}?" if near else f"there is {', '.join(known[:12]) or 'nothing'}"
        return f"{name!r} is unknown; {advice}"


class _Unfolded(CodeGenerator):
    """Compiles without working out constants: `1 | round(999999999)` would hang whoever only reads a workflow.

    `optimized=False` alone is not enough; what is put out directly would still be folded.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.optimizer = None

    def _output_child_to_const(self, node: nodes.Expr, frame: Any, finalize: Any) -> str:
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)


class _Tracking(_Unfolded, meta.TrackingCodeGenerator):
    """Finds the names that a template looks up."""


class _Environment(ImmutableSandboxedEnvironment):
    code_generator_class = _Unfolded

    def __init__(self) -> None:
        super().__init__(undefined=_Unknown, keep_trailing_newline=True, optimized=False)
        del self.globals["lipsum"]

    def _compile(self, source: str, filename: str) -> CodeType:
        """Python's advice on the generated code (`1[1:2]` makes some) is nothing to a workflow's author."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return super()._compile(source, filename)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`a.b` prefers a mapping's key to a method of the same name: a step may be called `items`."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


ENVIRONMENT = _Environment()


def looked_up(tree: nodes.Template) -> frozenset[str]:
    """The names that a template looks up in its scope.

    Raises:
        TemplateSyntaxError: there is no such filter or test.
    """
    tracking = _Tracking(ENVIRONMENT)
    tracking.visit(tree)
    return frozenset(tracking.undeclared_identifiers - ENVIRONMENT.globals.keys())
