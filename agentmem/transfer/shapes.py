"""What a value of a document may be. Files come from anywhere: each value is what its field says, or refused."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar, get_origin, get_type_hints

from agentmem.records import Status, decode_time

_LARGEST = 2**63
"""Whole numbers that every store can hold are smaller."""


def text(value: object) -> str:
    """A text that can be written in UTF-8.

    Raises:
        TypeError, ValueError: it is none.
    """
    if not isinstance(value, str):
        raise TypeError(f"{_shown(value)} is no text")
    value.encode()
    return value


def whole(value: object) -> int:
    """A whole number of 64 bits.

    Raises:
        TypeError, ValueError: it is none.
    """
    if type(value) is not int or not -_LARGEST <= value < _LARGEST:
        raise ValueError(f"{_shown(value)} is no whole number of 64 bits")
    return value


def number(value: object) -> float:
    """A finite number; a whole one stays as it is.

    Raises:
        TypeError, ValueError: it is none.
    """
    if type(value) is int:
        return whole(value)
    if type(value) is not float or not math.isfinite(value):
        raise ValueError(f"{_shown(value)} is no number")
    return value


def flag(value: object) -> bool:
    """True or false.

    Raises:
        ValueError: it is neither.
    """
    if type(value) is not bool:
        raise ValueError(f"{_shown(value)} is neither true nor false")
    return value


def moment(value: object) -> datetime:
    """A time with a zone, in ISO 8601.

    Raises:
        TypeError, ValueError: it is none.
    """
    found = decode_time(text(value))
    if found is None or found.tzinfo is None:
        raise ValueError(f"{_shown(value)} is no time with a zone")
    return found.astimezone(UTC)


def texts(value: object) -> tuple[str, ...]:
    """A list of texts.

    Raises:
        TypeError, ValueError: it is none.
    """
    if not isinstance(value, list):
        raise TypeError(f"{_shown(value)} is no list")
    return tuple(text(each) for each in value)


def mapping(value: object) -> dict[str, Any]:
    """A mapping by texts.

    Raises:
        TypeError, ValueError: it is none.
    """
    if not isinstance(value, dict):
        raise TypeError(f"{_shown(value)} is no mapping")
    return {text(name): each for name, each in value.items()}


def properties(value: object) -> dict[str, str | int | float | bool]:
    """A mapping to texts, numbers, true and false.

    Raises:
        TypeError, ValueError: it is none.
    """
    return {name: _scalar(each) for name, each in mapping(value).items()}


def _scalar(value: object) -> str | int | float | bool:
    if isinstance(value, bool) or (isinstance(value, float) and math.isinf(value)):
        return value  # what a caller attached comes back as it was
    return text(value) if isinstance(value, str) else number(value)


def _optional(shape: Callable[[object], Any]) -> Callable[[object], Any]:
    return lambda value: None if value is None else shape(value)


_SHAPES: Mapping[Any, Callable[[object], Any]] = {
    str: text,
    int: whole,
    float: number,
    bool: flag,
    datetime: moment,
    datetime | None: _optional(moment),
    tuple[str, ...]: texts,
    Status: lambda value: Status(text(value)),
}


@cache
def shapes_of(record: type) -> Mapping[str, Callable[[object], Any]]:
    """Field -> what makes its value of a document's, of those whose types say all there is to say."""
    hints = {name: hint for name, hint in get_type_hints(record).items() if get_origin(hint) is not ClassVar}
    shapes = {name: _SHAPES[hint] for name, hint in hints.items() if hint in _SHAPES}
    return shapes | ({"metadata": properties} if "metadata" in hints else {})


def shaped(record: type, document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a document that the record has, each of its type.

    Raises:
        ValueError: a value is of another type; the field is named.
    """
    values: dict[str, Any] = {}
    for name, shape in shapes_of(record).items():
        if name in document:
            try:
                values[name] = shape(document[name])
            except (TypeError, ValueError, OverflowError) as error:
                raise ValueError(f"{name}: {error}") from error
    return values


def _shown(value: object) -> str:
    said = ascii(value)
    return said if len(said) <= 60 else f"{said[:60]}..."
