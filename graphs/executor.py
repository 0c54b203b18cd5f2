"""The executor: does the steps of a plan, those that are ready in parallel, until none is left.

schedule -> act (one task for each lane) -> collect -> schedule ... A unit's result is in the ledger before its thread
takes another: a run that was cut off does again only what was in flight, and says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, Send

from agentmem.graphs.collecting import concluded, stop_what_is_left, take
from agentmem.graphs.context import TeamContext
from agentmem.graphs.decisions import WRONG
from agentmem.graphs.events import ItemFinished, Repeated, StepFinished, StepStarted, Verdict
from agentmem.graphs.performing import describe_call, perform
from agentmem.graphs.plan import Plan
from agentmem.graphs.scheduling import due
from agentmem.graphs.state import ExecutorState, Lane, Spent, StepState, Unit, UnitResult

ExecutorGraph = CompiledStateGraph[ExecutorState, TeamContext, ExecutorState, ExecutorState]


def build_executor() -> ExecutorGraph:
    """The executor as a graph of its own: `run`, `started_at`, `task` and `plan` in, `steps` and `spent` out."""
    graph = StateGraph(ExecutorState, context_schema=TeamContext)
    graph.add_node("schedule", _schedule, destinations=("act", END))
    graph.add_node("act", _act, input_schema=Lane)
    graph.add_node("collect", _collect)
    graph.add_edge(START, "schedule")
    graph.add_edge("act", "collect")
    graph.add_edge("collect", "schedule")
    return graph.compile(name="executor")


def _schedule(state: ExecutorState, runtime: Runtime[TeamContext]) -> Command[str]:
    """Send out everything that is ready; finish when nothing is, or when a limit was reached."""
    context = runtime.context
    context.ledger.clear()  # the wave before is in the checkpoint that this node began with
    plan = Plan.model_validate(state["plan"])
    over = dict(state.get("steps", {}))
    if state.get("stopped"):
        over |= {step["id"]: step for step in stop_what_is_left(plan, state)}
        for name in over.keys() - state.get("steps", {}).keys():
            runtime.stream_writer(_finished(over[name]))
        return Command(update={"steps": over}, goto=END)
    wave = due(state, plan)
    for ended in wave.concluded:
        over[ended["id"]] = ended
        runtime.stream_writer(_finished(ended))
        if ended["status"] == "failed":
            runtime.stream_writer(Verdict(id=ended["id"], verdict=WRONG, reason=ended["detail"], action="finish"))
    for name, size in Counter(unit["step"] for unit in wave.units).items():
        first = next(unit for unit in wave.units if unit["step"] == name)
        step = plan.step(name)
        runtime.stream_writer(
            StepStarted(
                id=name,
                text=step.text,
                attempt=first["attempt"],
                items=None if first["index"] is None else size,
            )
        )
    update = {"steps": over, "items": {**state.get("items", {}), **wave.items}}
    if not wave.units:
        return Command(update=update, goto=END)
    return Command(update=update, goto=[Send("act", Lane(units=units)) for units in _lanes(wave.units, context)])


def _lanes(units: Sequence[Unit], context: TeamContext) -> list[list[Unit]]:
    """Every unit a lane of its own, except those of tools that go one by one: they share one, in order."""
    in_order: list[Unit] = []
    lanes: list[list[Unit]] = []
    for unit in units:
        one_by_one = unit["tool"] is not None and not unit["problem"] and context.tool(unit["tool"]).one_by_one
        if one_by_one:
            in_order.append(unit)
        else:
            lanes.append([unit])
    return [in_order, *lanes] if in_order else lanes


def _act(state: Lane, runtime: Runtime[TeamContext]) -> dict[str, Any]:
    """Do the units of a lane in order."""
    execution = runtime.execution_info
    name = execution.task_id if execution else ""  # LangGraph gives a lane the same one when the run is resumed
    return {"results": [_once(unit, f"{name}/{place}", runtime) for place, unit in enumerate(state["units"])]}


def _once(unit: Unit, key: str, runtime: Runtime[TeamContext]) -> UnitResult:
    """Do a unit, unless an earlier process finished it; tell of one that was begun there and did not end."""
    ledger = runtime.context.ledger
    known = ledger.result(key)
    if known is not None:
        return known
    if ledger.is_begun(key):
        runtime.stream_writer(Repeated(id=unit["step"], index=unit["index"], call=describe_call(unit)))
    ledger.begin(key)
    result = perform(unit, runtime.context)
    ledger.finish(key, result)
    if unit["index"] is not None:
        runtime.stream_writer(
            ItemFinished(
                id=unit["step"],
                index=unit["index"],
                items=unit["items"],
                status=result["status"],
                seconds=result["seconds"],
            )
        )
    return result


def _collect(state: ExecutorState, runtime: Runtime[TeamContext]) -> ExecutorState:
    """Judge what came back: conclude steps, mark what is to be tried again, add up the costs."""
    context = runtime.context
    plan = Plan.model_validate(state["plan"])
    items = {name: list(entries) for name, entries in state["items"].items()}
    over = dict(state.get("steps", {}))
    results = sorted(state["results"], key=lambda r: (r["step"], r["index"] or 0))
    stopped = next((result["detail"] for result in results if result["status"] == "stopped"), "")
    for name in dict.fromkeys(result["step"] for result in results):
        step = plan.step(name)
        judged = [(r, context.judge.step(step, r)) for r in results if r["step"] == name]
        for verdict in take(items[name], judged, retry=step.retry, stopped=bool(stopped), step_id=name):
            runtime.stream_writer(verdict)
        finished = concluded(step, items[name])
        if finished is not None:
            over[name] = finished
            del items[name]  # its outputs are in the step now, and every checkpoint holds the whole state
            runtime.stream_writer(_finished(finished))
    return {"items": items, "steps": over, "stopped": stopped, "spent": _add_up(state, results, context)}


def _add_up(state: ExecutorState, results: Sequence[UnitResult], context: TeamContext) -> Spent:
    """Costs from the results, which survive a crash; time from the meter."""
    before = state.get("spent") or Spent(tokens=0, usd=0.0, seconds=0.0, steps=0)
    return Spent(
        tokens=before["tokens"] + sum(result["tokens"] for result in results),
        usd=before["usd"] + sum(result["usd"] for result in results),
        seconds=context.meter.spent()["seconds"],
        steps=before["steps"] + sum(result["steps"] for result in results),
    )


def _finished(step: StepState) -> StepFinished:
    return StepFinished(
        id=step["id"],
        status=step["status"],
        output=step["output"],
        attempts=step["attempts"],
        seconds=step["seconds"],
        detail=step["detail"],
    )
