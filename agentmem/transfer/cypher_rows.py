"""Many rows in one Cypher statement: as one text that the server takes apart.

A server parses a list of maps literal by literal, and takes minutes for what it reads as one text in a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from agentmem.records import encode_time
from agentmem.transfer.cypher_text import name_literal, text_literal

_LARGEST, _SMALLEST = 2**63 - 1, -(2**63)
_READABLE = "\n|;~,^¦"
_PRIVATE = range(0xE000, 0xF900)
"""Characters without a meaning of their own: there is always one that the rows do not hold."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as Cypher reads them."""

    source: str
    """Clauses that bind `v` to the cells of one row after the other."""
    cells: Mapping[str, str]
    """Name of a property -> the expression of its value, null in rows that lack it."""

    def properties(self, *, without: Sequence[str] = ()) -> str:
        """All cells as the map of a node or a relationship."""
        pairs = (f"{name_literal(name)}: {cell}" for name, cell in self.cells.items() if name not in without)
        return f"{{{', '.join(pairs)}}}"


@dataclass(frozen=True, slots=True)
class _Marks:
    """Characters that no value holds."""

    row: str
    cell: str
    item: str
    absent: str


def rows_of(given: Sequence[Mapping[str, Any]]) -> Rows:
    """Rows of properties as clauses.

    Args:
        given: Values by name: texts, numbers, truth values, times and lists of texts. None is left out.

    Raises:
        TypeError: a value of another type.
    """
    typed = [{(name, _type_of(value)): value for name, value in row.items() if value is not None} for row in given]
    columns = sorted({column for row in typed for column in row})
    marks = _marks(typed)
    lines = (marks.cell.join(_cell(row.get(column), marks) for column in columns) for row in typed)
    text = text_literal(marks.row.join(lines))
    source = f"UNWIND split({text}, {text_literal(marks.row)}) AS row WITH split(row, {text_literal(marks.cell)}) AS v"
    readings: dict[str, list[str]] = {}
    for number, column in enumerate(columns):
        whole = all(column in row for row in typed)
        readings.setdefault(column[0], []).append(_reading(f"v[{number}]", column[1], marks, whole))
    # A property of several types has a column for each, of which a row fills one.
    cells = {name: found[0] if len(found) == 1 else f"coalesce({', '.join(found)})" for name, found in readings.items()}
    return Rows(source, cells)


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if _SMALLEST <= value <= _LARGEST else "float"
    for type_, name in ((float, "float"), (str, "text"), (datetime, "time"), (list | tuple, "list")):
        if isinstance(value, type_):
            return name
    raise TypeError(f"{type(value).__name__} has no place in a row")


def _marks(rows: Sequence[Mapping[Any, Any]]) -> _Marks:
    used = set(chain.from_iterable(_texts(value) for row in rows for value in row.values()))
    free = (mark for mark in chain(_READABLE, map(chr, _PRIVATE)) if mark not in used)
    return _Marks(next(free), next(free), next(free), next(free))


def _texts(value: Any) -> Iterator[str]:
    """The characters of a value."""
    for text in value if isinstance(value, list | tuple) else (_plain(value),):
        yield from text


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return str(encode_time(value))
    if isinstance(value, int) and not _SMALLEST <= value <= _LARGEST:
        return repr(float(value))
    # As Java reads them: NaN, Infinity and -Infinity.
    return str(value).replace("inf", "Infinity").replace("nan", "NaN") if isinstance(value, float) else str(value)


def _cell(value: Any, marks: _Marks) -> str:
    if value is None:
        return marks.absent
    if isinstance(value, list | tuple):
        return "".join(f"{item}{marks.item}" for item in value)
    return _plain(value)


def _reading(cell: str, type_: str, marks: _Marks, whole: bool) -> str:
    """The expression of a cell; what is no number or truth value reads as null by itself."""
    readers: dict[str, Callable[[str], str]] = {
        "boolean": "toBoolean({})".format,
        "integer": "toInteger({})".format,
        "float": "toFloat({})".format,
        "text": "{}".format,
        "time": "datetime({})".format,
        "list": f"split({{}}, {text_literal(marks.item)})[..-1]".format,
    }
    reading = readers[type_](cell)
    if whole or type_ in ("boolean", "integer", "float"):
        return reading
    return f"CASE {cell} WHEN {text_literal(marks.absent)} THEN null ELSE {reading} END"
