"""A View as SQL conditions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agentmem.records import Status
from agentmem.stores.base import View
from agentmem.stores.sqlite.rows import time_text

_OPEN_THEN = "n.closed_at > ? AND n.status <> 'erased'"
"""Whether a version that is closed today was still open at a transaction time."""


@dataclass(slots=True)
class Conditions:
    """Conditions joined by AND, with their parameters in order."""

    parts: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, part: str, *values: Any) -> None:
        """One condition more."""
        self.parts.append(part)
        self.values.extend(values)

    @property
    def sql(self) -> str:
        """What stands after WHERE."""
        return " AND ".join(self.parts) or "1"


def shown_statuses(view: View) -> frozenset[Status]:
    """The statuses that a view shows: `valid_at` adds superseded."""
    return view.statuses if view.valid_at is None else view.statuses | {Status.SUPERSEDED}


def conditions_of(view: View, bank: int) -> Conditions:
    """What a row of `nodes n` must fulfil to be seen.

    A version that was closed after `known_at` was active then, and its validity ended where `valid_to_before` says.
    What was erased stays erased in every view: its content is gone.
    """
    conditions = Conditions()
    conditions.add("n.bank = ?", bank)
    if view.kinds is not None:
        conditions.add(f"n.kind IN ({_marks(view.kinds)})", *sorted(view.kinds))
    statuses = sorted(shown_statuses(view))
    known_at = time_text(view.known_at)
    if known_at is None:
        conditions.add(f"n.status IN ({_marks(statuses)})", *statuses)
    else:
        conditions.add("n.created_at <= ?", known_at)
        conditions.add(
            f"CASE WHEN {_OPEN_THEN} THEN 'active' ELSE n.status END IN ({_marks(statuses)})",
            known_at,
            *statuses,
        )
    if view.valid_at is not None:
        moment = time_text(view.valid_at)
        end, values = end_of_validity(known_at)
        conditions.add("(n.valid_from IS NULL OR n.valid_from <= ?)", moment)
        conditions.add(f"({end} IS NULL OR {end} > ?)", *values, *values, moment)
    return conditions


def end_of_validity(known_at: str | None) -> tuple[str, tuple[str, ...]]:
    """SQL for the end of validity as it was known at a time, with its parameters."""
    if known_at is None:
        return "n.valid_to", ()
    return f"CASE WHEN {_OPEN_THEN} THEN n.valid_to_before ELSE n.valid_to END", (known_at,)


def _marks(values: frozenset[Any] | list[Any]) -> str:
    return ", ".join("?" * len(values))
