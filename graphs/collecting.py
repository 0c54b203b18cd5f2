"""What came back from a wave of executions, folded into items and steps: pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agentmem.graphs.decisions import EXPECTED, NO_EFFECT, WRONG, StepVerdict
from agentmem.graphs.events import Verdict
from agentmem.graphs.performing import shortened
from agentmem.graphs.plan import Plan, PlanStep
from agentmem.graphs.scheduling import is_over, over_step
from agentmem.graphs.state import ExecutorState, ItemState, StepState, UnitResult

_CALLS = 20
"""Calls of a step that are kept for readers; failed ones first."""

_MEMORIES = 50
"""Cited memories of a step that are kept."""


def take(
    items: list[ItemState],
    judged: Sequence[tuple[UnitResult, StepVerdict]],
    *,
    retry: int,
    stopped: bool,
    step_id: str,
) -> Iterator[Verdict]:
    """Fold results into a step's items, in place; yields one verdict for each kind and consequence."""
    told: dict[tuple[str, str], Verdict] = {}
    for result, verdict in judged:
        position = result["index"] or 0
        before = items[position]
        again = verdict.again and not stopped and result["attempt"] <= retry
        failed = verdict.verdict == WRONG
        status = "again" if again else "failed" if failed and result["status"] == "done" else result["status"]
        mended = before["mended"] or (before["detail"] if before["status"] == "again" and not failed else "")
        items[position] = ItemState(
            status=status,
            output=result["output"],
            detail=verdict.reason if failed else "",
            attempts=before["attempts"] if result["status"] == "stopped" and not result["steps"] else result["attempt"],
            seconds=before["seconds"] + result["seconds"],
            call=result["call"],
            verdict=verdict.verdict,
            mended=mended,
        )
        action = "retry" if again else "finish" if failed else "go on"
        told.setdefault(
            (verdict.verdict, action),
            Verdict(id=step_id, verdict=verdict.verdict, reason=verdict.reason, action=action),
        )
    yield from told.values()


def concluded(step: PlanStep, items: Sequence[ItemState]) -> StepState | None:
    """The step, if it is over. It failed if one of its items did."""
    if not is_over(list(items)):
        return None
    outputs = [item["output"] for item in items]
    return StepState(
        id=step.id,
        status=_status(items),
        output=outputs[0] if step.for_each is None else outputs,
        attempts=max(item["attempts"] for item in items),
        seconds=round(sum(item["seconds"] for item in items), 6),
        detail=_detail(step, items),
        blocked=False,
        verdict=_verdict(items),
        calls=_calls(items),
        mended=next((item["mended"] for item in items if item["mended"]), ""),
        memories=list(dict.fromkeys(memory for output in outputs for memory in cited(output)))[:_MEMORIES],
    )


def stop_what_is_left(plan: Plan, state: ExecutorState) -> Iterator[StepState]:
    """Every step that is not over when a limit ends the run: those that began with what they have."""
    over, begun = state.get("steps", {}), state.get("items", {})
    for step in plan.steps:
        if step.id in over:
            continue
        if step.id in begun:
            items = [item if item["status"] in ("done", "failed") else _stopped(item) for item in begun[step.id]]
            left = concluded(step, items)
            if left is not None:
                yield {**left, "status": "stopped", "detail": state.get("stopped", "")}
        else:
            yield over_step(step.id, "stopped", detail="not begun", blocked=True)


def _stopped(item: ItemState) -> ItemState:
    return {**item, "status": "stopped"}


def citations(output: Any) -> Iterator[Mapping[str, Any]]:
    """The citations of the answers in an output, in order."""
    if isinstance(output, list):
        for inner in output:
            yield from citations(inner)
    elif isinstance(output, Mapping) and output.keys() >= {"answer", "known", "citations"} and output["known"]:
        yield from (c for c in output["citations"] if isinstance(c, Mapping) and c.get("id"))


def cited(output: Any) -> Iterator[str]:
    """Ids of the memories that an output rests on: citations of answers, and recalled memories."""
    yield from (str(citation["id"]) for citation in citations(output))
    if isinstance(output, list):
        for inner in output:
            if isinstance(inner, Mapping) and inner.keys() >= {"id", "kind", "score", "evidence"}:
                yield str(inner["id"])
            elif isinstance(inner, list):
                yield from cited(inner)


def _status(items: Sequence[ItemState]) -> str:
    statuses = {item["status"] for item in items}
    return next((status for status in ("stopped", "failed") if status in statuses), "done")


def _verdict(items: Sequence[ItemState]) -> str:
    verdicts = {item["verdict"] for item in items}
    if WRONG in verdicts:
        return WRONG
    return EXPECTED if EXPECTED in verdicts else NO_EFFECT


def _detail(step: PlanStep, items: Sequence[ItemState]) -> str:
    bad = [(index, item) for index, item in enumerate(items) if item["status"] != "done"]
    if not bad:
        return ""
    index, item = bad[0]
    if step.for_each is None:
        return item["detail"]
    more = f" (and {len(bad) - 1} more of {len(items)} items)" if len(bad) > 1 else ""
    return f"item {index}: {item['detail']}{more}"


def _calls(items: Sequence[ItemState]) -> list[list[str]]:
    """Call, what came back, and how it ended; in order, failed ones kept before others if there are many."""
    executed = [(index, item) for index, item in enumerate(items) if item["call"]]
    kept = sorted(executed, key=lambda pair: (pair[1]["status"] == "done", pair[0]))[:_CALLS]
    return [
        [item["call"], shortened(item["detail"] or item["output"]), item["status"]]
        for _, item in sorted(kept, key=lambda pair: pair[0])
    ]
