"""Which executions are due: pure functions from state to units. What cannot run is concluded here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agentmem.errors import AgentmemError, WorkflowError
from agentmem.graphs.expressions import described, render
from agentmem.graphs.plan import Plan, PlanStep
from agentmem.graphs.state import ExecutorState, ItemState, StepState, Unit
from agentmem.tools.values import plain

_OVER = frozenset({"done", "failed", "stopped"})


@dataclass(slots=True)
class Wave:
    """What is to be done next, and what turned out not to run at all."""

    units: list[Unit] = field(default_factory=list)
    items: dict[str, list[ItemState]] = field(default_factory=dict)
    """Items of steps that begin with this wave."""
    concluded: list[StepState] = field(default_factory=list)
    """Steps that are over without an execution: skipped, failed, or without items."""


def due(state: ExecutorState, plan: Plan) -> Wave:
    """Every execution whose step has all it needs: first attempts of steps, and attempts to be made again."""
    wave = Wave()
    over = dict(state.get("steps", {}))
    begun = state.get("items", {})
    progress = True
    while progress:
        progress = False
        for step in plan.steps:
            if step.id in over or step.id in begun or step.id in wave.items:
                continue
            if any(need not in over for need in plan.dependencies(step)):
                continue
            concluded = _begin(step, plan, over, state, wave)
            if concluded is not None:
                over[step.id] = concluded
                wave.concluded.append(concluded)
                progress = True
    for step in plan.steps:
        if step.id in begun and step.id not in over:
            wave.units += _units_again(step, begun[step.id], scope_of(state, over))
    return wave


def scope_of(state: Mapping[str, Any], over: Mapping[str, StepState]) -> dict[str, Any]:
    """What expressions may name: finished steps, inputs, the run, and now, which is when the run began."""
    return {
        "inputs": state["task"]["inputs"],
        "steps": {name: {"output": step["output"], "status": step["status"]} for name, step in over.items()},
        "run": state["run"],
        "now": datetime.fromisoformat(state["started_at"]),
    }


def holds(value: Any, *, key: str) -> bool:
    """The truth of a condition. Text has none: "False" would count as true.

    Raises:
        WorkflowError: it is text.
    """
    if isinstance(value, str):
        shown = value if len(value) <= 60 else value[:57] + "..."
        raise WorkflowError(
            f"the condition gives the text {shown!r}, neither true nor false.",
            where=key,
            hint="Put the whole condition into one {{ }}.",
        )
    return bool(value)


def over_step(step_id: str, status: str, *, detail: str = "", blocked: bool = False, output: Any = None) -> StepState:
    """A step that is over without an execution."""
    return StepState(
        id=step_id,
        status=status,
        output=output,
        attempts=0,
        seconds=0.0,
        detail=detail,
        blocked=blocked,
        verdict="",
        calls=[],
        mended="",
        memories=[],
    )


def _begin(
    step: PlanStep, plan: Plan, over: Mapping[str, StepState], state: ExecutorState, wave: Wave
) -> StepState | None:
    """Add a step's units to the wave; a step that does not run is returned as concluded."""
    for need in plan.dependencies(step):
        if over[need]["status"] in ("failed", "stopped") or over[need]["blocked"]:
            detail = f"needs {need}, which {'did not run' if over[need]['blocked'] else over[need]['status']}"
            return over_step(step.id, "skipped", detail=detail, blocked=True)
    scope = scope_of(state, over)
    try:
        if step.when is not None and not holds(render(step.when, scope), key="when"):
            return over_step(step.id, "skipped", detail="its condition is false")
        items = None if step.for_each is None else _items(step, scope)
    except AgentmemError as error:
        return over_step(step.id, "failed", detail=str(error))
    if items is not None and not items:
        return over_step(step.id, "done", detail="there are no items", output=[])
    units = list(_first_units(step, items, scope))
    wave.units += units
    wave.items[step.id] = [_fresh_item() for _ in units]
    return None


def _items(step: PlanStep, scope: Mapping[str, Any]) -> list[Any]:
    items = render(step.for_each, scope)
    if not isinstance(items, list | tuple):
        raise WorkflowError(f"it gives {described(items)}, not a list.", where="for_each")
    return list(items)


def _first_units(step: PlanStep, items: list[Any] | None, scope: Mapping[str, Any]) -> Iterator[Unit]:
    if items is None:
        yield _unit(step, None, 1, 1, scope)
        return
    for index, item in enumerate(items):
        yield _unit(step, index, len(items), 1, {**scope, "item": item, "index": index})


def _units_again(step: PlanStep, items: list[ItemState], scope: Mapping[str, Any]) -> Iterator[Unit]:
    wanted = [index for index, item in enumerate(items) if item["status"] == "again"]
    if not wanted:
        return
    if step.for_each is None:
        yield _unit(step, None, 1, items[0]["attempts"] + 1, scope)
        return
    values = _items(step, scope)
    for index in wanted:
        within = {**scope, "item": values[index], "index": index}
        yield _unit(step, index, len(items), items[index]["attempts"] + 1, within)


def _unit(step: PlanStep, index: int | None, items: int, attempt: int, scope: Mapping[str, Any]) -> Unit:
    unit = Unit(
        step=step.id,
        index=index,
        items=items,
        attempt=attempt,
        tool=step.tool,
        goal=None,
        args={},
        timeout=step.timeout,
        problem="",
    )
    try:
        unit["args"] = plain(render(step.args, scope))
        unit["goal"] = None if step.goal is None else str(render(step.goal, scope))
    except AgentmemError as error:
        unit["problem"] = str(error)
    return unit


def _fresh_item() -> ItemState:
    return ItemState(status="pending", output=None, detail="", attempts=0, seconds=0.0, call="", verdict="", mended="")


def is_over(items: list[ItemState]) -> bool:
    """Whether no item of a step is left to be done."""
    return all(item["status"] in _OVER for item in items)
