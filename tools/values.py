"""What tools give back, as plain JSON-able values: it is checkpointed, filled into expressions and shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from agentmem.errors import ToolError

_DEPTH = 100
_WIDEST = 2**63
"""Integers beyond 64 bits become text: checkpoints and most readers of JSON cannot hold them."""


def plain(value: Any, *, depth: int = 0) -> Any:
    """The value as dicts with text keys, lists, text, numbers, booleans and None.

    Dataclasses and pydantic models become dicts; sets sorted lists; dates ISO 8601; time spans seconds; paths text;
    arrays and numbers of numpy, and what has a `tolist()` like theirs, lists and numbers.

    Raises:
        ToolError: it holds something else, or is nested too deeply.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str | int | float):
        return _scalar(value)
    if depth > _DEPTH:
        raise ToolError("the result is nested too deeply, or contains itself.")
    if isinstance(value, BaseModel):
        return plain(value.model_dump(mode="json"), depth=depth + 1)
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value), depth=depth + 1)
    tolist = getattr(value, "tolist", None)
    if callable(tolist) and not isinstance(value, type):
        return plain(tolist(), depth=depth + 1)
    if isinstance(value, Mapping):
        return {_key(key): plain(inner, depth=depth + 1) for key, inner in value.items()}
    if isinstance(value, set | frozenset):
        return [plain(inner, depth=depth + 1) for inner in sorted(value, key=str)]
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray | PurePath):
        return [plain(inner, depth=depth + 1) for inner in value]
    return _text(value)


def _scalar(value: str | int | float) -> str | int | float:
    if isinstance(value, Enum):
        inner = value.value
        return inner if isinstance(inner, str | int | float) else str(inner)
    if isinstance(value, float) and not math.isfinite(value):
        raise ToolError(f"the result holds {value}, which is not a number.")
    if isinstance(value, str):
        return _encodable(str(value))
    if isinstance(value, float):
        return float(value)
    return int(value) if -_WIDEST <= value < _WIDEST else str(int(value))


def _encodable(text: str) -> str:
    """Text that UTF-8 can write: half of a surrogate pair, as decoders leave it behind, becomes a question mark."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def _key(key: Any) -> str:
    if isinstance(key, str | int | float | bool | date | Enum | UUID):
        return str(plain(key))
    raise ToolError(f"the result has a key of type {type(key).__name__}.", hint="Use text as keys.")


def _text(value: Any) -> Any:
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, Enum):
        return plain(value.value)
    raise ToolError(
        f"the result holds a value of the type {type(value).__name__}, which cannot be written as JSON.",
        hint="Return text, numbers, lists, dicts, dataclasses or pydantic models.",
    )
