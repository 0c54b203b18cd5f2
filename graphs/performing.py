"""Doing one unit: a tool call or a goal, within its time and the run's budget."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

from agentmem.errors import AgentmemError, BudgetExceeded, ToolError
from agentmem.graphs.context import TeamContext
from agentmem.graphs.expressions import ExpressionError
from agentmem.graphs.plan import PlanError
from agentmem.graphs.state import Unit, UnitResult
from agentmem.tools.values import plain

_SHOWN = 300
"""Characters of a call or of what came back that are kept for readers."""


def perform(unit: Unit, context: TeamContext) -> UnitResult:
    """Do one unit. It never raises for what a tool or a budget does: that is its result."""
    result = UnitResult(
        step=unit["step"],
        index=unit["index"],
        attempt=unit["attempt"],
        status="failed",
        output=None,
        detail=unit["problem"],
        final=bool(unit["problem"]),
        call=describe_call(unit),
        seconds=0.0,
        tokens=0,
        usd=0.0,
        steps=0,
    )
    if unit["problem"]:
        return result
    began = time.monotonic()
    bill = _Bill(context)
    try:
        context.meter.claim()
        result["steps"] = 1
        result["output"] = _within_time(lambda: _call(unit, context, bill), unit, context)
        result["status"] = "done"
    except BudgetExceeded as error:
        result |= {"status": "stopped", "detail": str(error), "final": True}
    except (PlanError, ExpressionError) as error:
        result |= {"detail": str(error), "final": True}
    except AgentmemError as error:
        result["detail"] = str(error)
    except Exception as error:  # noqa: BLE001 - a caller's Actor may raise anything; the step fails with its words
        result["detail"] = f"{type(error).__name__}: {error}"
    return {**result, "seconds": time.monotonic() - began, "tokens": bill.tokens, "usd": bill.usd}


def describe_call(unit: Unit) -> str:
    """A unit in words: `answer(question="Where ...")`, or its goal; shortened."""
    if unit["goal"] is not None:
        return shortened(unit["goal"])
    arguments = ", ".join(f"{name}={shortened(_json(value), 80)}" for name, value in unit["args"].items())
    return shortened(f"{unit['tool']}({arguments})")


def shortened(value: Any, length: int = _SHOWN) -> str:
    """A value as text of at most `length` characters."""
    text = value if isinstance(value, str) else _json(value)
    text = " ".join(text[: 4 * length].split())
    return text if len(text) <= length else text[: length - 3] + "..."


class _Bill:
    """What one unit cost; also tells the meter."""

    def __init__(self, context: TeamContext) -> None:
        self.tokens, self.usd = 0, 0.0
        self._context = context

    def charge(self, *, tokens: int = 0, usd: float = 0.0) -> None:
        self.tokens += tokens
        self.usd += usd
        self._context.meter.charge(tokens=tokens, usd=usd)


def _call(unit: Unit, context: TeamContext, bill: _Bill) -> Any:
    surroundings = context.tool_context("executor", charge=bill.charge)
    if unit["tool"] is not None:
        return context.tool(unit["tool"])(surroundings, unit["args"])
    return plain(context.actor.pursue(unit["goal"] or "", surroundings))


def _within_time(call: Callable[[], Any], unit: Unit, context: TeamContext) -> Any:
    """The call's result, unless the step's timeout or the run's deadline comes first.

    A call that is cut off cannot be ended from outside: its thread is left behind and its result is dropped.

    Raises:
        ToolError: the step's timeout passed.
        BudgetExceeded: the run's deadline passed.
    """
    deadline = context.meter.remaining_seconds()
    limits = [limit for limit in (unit["timeout"], deadline) if limit is not None]
    if not limits:
        return call()
    outcome: Future[Any] = Future()

    def work() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits for it
            outcome.set_exception(error)

    threading.Thread(target=work, name=f"step-{unit['step']}", daemon=True).start()
    try:
        return outcome.result(min(limits))
    except FutureTimeout:
        if outcome.done():
            raise  # the call itself raised a TimeoutError
        if deadline is not None and min(limits) == deadline:
            raise context.meter.out_of_time() from None
        raise ToolError(f"it took longer than its timeout of {unit['timeout']:g} s.", where=unit["step"]) from None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
