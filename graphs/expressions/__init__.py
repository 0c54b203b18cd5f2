"""Expressions in workflows: Jinja2, sandboxed, strict about unknown names, native where one is the whole string.

What is cheap by its syntax is worked out here; everything else in a process of its own, under a bound of time and
memory that ends it.
"""

from __future__ import annotations

from agentmem.graphs.expressions.errors import ExpressionError
from agentmem.graphs.expressions.names import SCOPE, Names
from agentmem.graphs.expressions.rendering import literals, names, references, render
from agentmem.graphs.expressions.results import MAX_CHARACTERS
from agentmem.graphs.expressions.sandbox import described

__all__ = [
    "MAX_CHARACTERS",
    "SCOPE",
    "ExpressionError",
    "Names",
    "described",
    "literals",
    "names",
    "references",
    "render",
]
