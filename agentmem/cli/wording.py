"""How values read: dates, durations, citations. Text only; `output` prints it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agentmem.display import one_line


def day(moment: datetime | str | None) -> str:
    """A date, with the time of day where it has one; empty for none."""
    if moment is None or moment == "":
        return ""
    parsed = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    precise = parsed.hour or parsed.minute or parsed.second
    return parsed.strftime("%Y-%m-%d %H:%M" if precise else "%Y-%m-%d")


def duration(seconds: float) -> str:
    """A time span as people say it: 0.04 s, 3.2 s, 2 min 05 s."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 step`, `2 steps`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def plain(value: Any) -> str:
    """A value as text: text as it is, a list of texts line by line, anything else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return "\n".join(f"- {item}" for item in value)
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def citation(cited: Mapping[str, Any]) -> tuple[str, str]:
    """A citation in two lines: its words, and where they come from."""
    origin = " · ".join(
        filter(None, (str(cited.get("source") or ""), day(cited.get("at")), str(cited.get("id") or "")))
    )
    return one_line(str(cited.get("text") or "")), one_line(origin)
