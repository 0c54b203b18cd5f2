"""The budget of a run, enforced: every execution asks before it begins, every cost is charged as it arises."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from agentmem.errors import BudgetExceeded
from agentmem.graphs.plan import Budget, Limits
from agentmem.graphs.state import Spent


class Meter:
    """Counts tokens, money, seconds and executions of one run against its limits. Safe to use from several threads."""

    def __init__(
        self,
        budget: Budget | None = None,
        limits: Limits | None = None,
        *,
        spent: Spent | None = None,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """A meter that starts now.

        Args:
            budget: Limits of the run; default: none.
            limits: Limits of the executor, besides.
            spent: What a run that is resumed had used before.
            timer: Seconds from any origin.
        """
        budget, limits = budget or Budget(), limits or Limits()
        self._timer = timer
        self._lock = threading.Lock()
        self._spent = spent or Spent(tokens=0, usd=0.0, seconds=0.0, steps=0)
        self._started = timer() - self._spent["seconds"]
        self._seconds = budget.seconds
        self._steps = _smallest(("budget.steps", budget.steps), ("agents.executor.limits.steps", limits.steps))
        self._tokens = _smallest(("budget.tokens", budget.tokens), ("agents.executor.limits.tokens", limits.tokens))
        self._usd = _smallest(("budget.usd", budget.usd), ("agents.executor.limits.usd", limits.usd))

    def claim(self) -> None:
        """Ask for one execution.

        Raises:
            BudgetExceeded: a limit is reached; nothing was counted.
        """
        with self._lock:
            self._check_time()
            if self._steps and self._spent["steps"] >= self._steps[1]:
                raise _spent_up(self._steps, "executions")
            self._check_costs()
            self._spent = {**self._spent, "steps": self._spent["steps"] + 1}

    def charge(self, *, tokens: int = 0, usd: float = 0.0) -> None:
        """Count a cost that has arisen.

        Raises:
            BudgetExceeded: that was more than a limit allows; the cost was counted.
        """
        if tokens < 0 or usd < 0:
            raise ValueError("a cost is not negative")
        with self._lock:
            self._spent = {
                **self._spent,
                "tokens": self._spent["tokens"] + tokens,
                "usd": self._spent["usd"] + usd,
            }
            self._check_costs()

    def remaining_seconds(self) -> float | None:
        """Seconds until the deadline, at least 0; None without one."""
        return None if self._seconds is None else max(0.0, self._seconds - self._elapsed())

    def out_of_time(self) -> BudgetExceeded:
        """The error for an execution that the deadline cut off."""
        return _spent_up(("budget.seconds", self._seconds or 0.0), "seconds")

    def spent(self) -> Spent:
        """What was used up so far."""
        with self._lock:
            return {**self._spent, "seconds": self._elapsed()}

    def _elapsed(self) -> float:
        return self._timer() - self._started

    def _check_time(self) -> None:
        if self._seconds is not None and self._elapsed() >= self._seconds:
            raise self.out_of_time()

    def _check_costs(self) -> None:
        if self._tokens and self._spent["tokens"] > self._tokens[1]:
            raise _spent_up(self._tokens, "tokens")
        if self._usd and self._spent["usd"] > self._usd[1]:
            raise _spent_up(self._usd, "US dollars")


def _smallest(*limits: tuple[str, float | None]) -> tuple[str, float] | None:
    given = [(limit, name) for name, limit in limits if limit is not None]
    return (min(given)[1], min(given)[0]) if given else None


def _spent_up(limit: tuple[str, float], unit: str) -> BudgetExceeded:
    name, value = limit
    return BudgetExceeded(f"the limit of {value:g} {unit} is reached.", where=name)
