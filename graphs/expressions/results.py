"""What expressions give, as plain values of their own, within bounds."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from datetime import date, time, timedelta
from typing import Any

from jinja2 import Undefined

from agentmem.graphs.expressions.errors import Failed
from agentmem.graphs.expressions.sandbox import described

MAX_CHARACTERS = 10_000_000
"""Longest text that an expression may make, and most values and characters in all."""

_MAX_LEVELS = 100
_MAX_BITS = 4_096
"""Largest integer that an expression may make."""

_LISTS = (Iterator, list, tuple, range, set, frozenset, KeysView, ValuesView, ItemsView)
_SCALARS = (float, type(None), date, time, timedelta)


def joined(pieces: Iterable[str]) -> str:
    """The pieces of a text.

    Raises:
        Failed: they are too long together.
    """
    parts: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MAX_CHARACTERS:
            raise _too_large()
        parts.append(piece)
    return "".join(parts)


def copied(value: Any) -> Any:
    """A value that was there before, however large; a name that was not found fails here, not later."""
    if isinstance(value, Undefined):
        str(value)
    if isinstance(value, Mapping):
        return {key: copied(inner) for key, inner in value.items()}
    if isinstance(value, _LISTS):
        return [copied(inner) for inner in value]
    if callable(value):
        raise _not_plain(value)
    return value


def made(value: Any) -> Any:
    """A value that an expression made: what filters would give one by one as lists.

    Raises:
        Failed: it is too large or too deep, or no plain value.
    """
    return _Made().plain(value, 0)


class _Made:
    """Counts what a value holds while it is copied."""

    def __init__(self) -> None:
        self._left = MAX_CHARACTERS

    def plain(self, value: Any, level: int) -> Any:
        if isinstance(value, Undefined):
            str(value)
        self._spend(1)
        if isinstance(value, str):
            self._spend(len(value))
            return str(value)
        if isinstance(value, int):
            if value.bit_length() > _MAX_BITS:
                raise Failed(f"the result is a number of more than {_MAX_BITS:,} bits")
            return value
        if isinstance(value, _SCALARS):
            return value
        if level > _MAX_LEVELS:
            raise Failed(f"the result is nested more than {_MAX_LEVELS} levels deep")
        if isinstance(value, Mapping):
            return {self.plain(key, level + 1): self.plain(inner, level + 1) for key, inner in value.items()}
        if isinstance(value, _LISTS):
            return [self.plain(inner, level + 1) for inner in value]
        raise _not_plain(value)

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise _too_large()


def _too_large() -> Failed:
    return Failed(f"the result has more than {MAX_CHARACTERS:,} characters or values")


def _not_plain(value: Any) -> Failed:
    return Failed(f"the result is or holds {described(value)}, no plain value")
