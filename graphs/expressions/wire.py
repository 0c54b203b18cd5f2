"""Messages between this process and the one that works expressions out: a length, then plain values."""

from __future__ import annotations

import io
import pickle
from typing import Any, BinaryIO, Final

_LENGTH_BYTES: Final = 8
_LONGEST: Final = 1 << 30

_MOMENTS: Final = frozenset({"date", "datetime", "time", "timedelta", "timezone"})


class Unsendable(Exception):
    """A message holds more than plain values."""


class _Plain(pickle.Unpickler):
    """Makes plain values and moments in time, and nothing else: neither side trusts the other."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "datetime" and name in _MOMENTS:
            return super().find_class(module, name)
        if (module, name) == ("builtins", "set"):
            return set
        raise Unsendable(f"a value of the type {name} is no plain value")


def packed(value: Any) -> bytes:
    """A message.

    Raises:
        Unsendable: it holds what cannot be written down.
    """
    try:
        content = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise Unsendable(f"a value is no plain value: {error}") from error
    return len(content).to_bytes(_LENGTH_BYTES, "big") + content


def receive(stream: BinaryIO) -> Any:
    """The next message.

    Raises:
        EOFError: there is none, or it is not whole.
        Unsendable: it holds more than plain values.
        MemoryError: there is no room for it.
    """
    size = int.from_bytes(_read(stream, _LENGTH_BYTES), "big")
    if size > _LONGEST:
        raise MemoryError
    content = _read(stream, size)
    try:
        return _Plain(io.BytesIO(content)).load()
    except (pickle.UnpicklingError, RecursionError) as error:
        raise Unsendable(str(error)) from error


def _read(stream: BinaryIO, size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise EOFError
    return content
