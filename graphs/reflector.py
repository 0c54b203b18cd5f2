"""The reflector: makes the checks, judges the run, and writes what it taught to memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from agentmem.errors import AgentmemError
from agentmem.graphs.collecting import citations
from agentmem.graphs.context import TeamContext
from agentmem.graphs.decisions import EXPECTED, nothing_found
from agentmem.graphs.events import CheckResult, Learned, Verdict
from agentmem.graphs.expressions import ExpressionError, names, render
from agentmem.graphs.lessons import lessons
from agentmem.graphs.performing import shortened
from agentmem.graphs.plan import Plan
from agentmem.graphs.routing import after_verifying, entry_of_reflector, may_replan
from agentmem.graphs.scheduling import holds, scope_of
from agentmem.graphs.state import ReflectorState, StepState
from agentmem.memory.experience import Call, StepTrace, TaskTrace
from agentmem.memory.recording import record
from agentmem.records import LEARNED, OperationType
from agentmem.stores import JournalFilter
from agentmem.tools.values import plain

ReflectorGraph = CompiledStateGraph[ReflectorState, TeamContext, ReflectorState, ReflectorState]

"""What is shown of a run's changes: evidence, entities, notes and single calls would bury it."""


def build_reflector() -> ReflectorGraph:
    """The reflector as a graph of its own: a run's `steps` in; `checks`, `status`, `answer` and `learned` out."""
    graph = StateGraph(ReflectorState, context_schema=TeamContext)
    graph.add_node("verify", _verify)
    graph.add_node("learn", _learn)
    graph.add_conditional_edges(START, entry_of_reflector, ["verify", "learn"])
    graph.add_conditional_edges("verify", after_verifying, ["learn", "__end__"])
    return graph.compile(name="reflector")


def _verify(state: ReflectorState, runtime: Runtime[TeamContext]) -> ReflectorState:
    """Make the checks, then judge: done, failed or stopped, or another plan is to be tried."""
    if state.get("stopped"):
        unmade = [
            {"name": check["name"], "passed": False, "detail": "not made, since the run was stopped"}
            for check in state["task"]["checks"]
        ]
        return {**_outcome(state, "stopped", state["stopped"]), "checks": unmade, "decision": "learn"}
    scope = scope_of(state, state["steps"])
    checks = [_check(check, scope) for check in state["task"]["checks"]]
    verdict = runtime.context.judge.run(state, checks)
    replan = verdict.replan and may_replan(state)
    outcome = _outcome(state, "done" if verdict.verdict == EXPECTED else "failed", verdict.reason)
    for check in checks:
        runtime.stream_writer(CheckResult(**check))
    action = "replan" if replan else "finish"
    reason = verdict.reason or outcome["reason"]
    runtime.stream_writer(Verdict(id="", verdict=verdict.verdict, reason=reason, action=action))
    return {**outcome, "checks": checks, "failure": reason, "decision": "replan" if replan else "learn"}


def _learn(state: ReflectorState, runtime: Runtime[TeamContext]) -> ReflectorState:
    """Write the task and what it taught; a run that is resumed here writes nothing twice."""
    context = runtime.context
    access = context.access("reflector")
    record(access.memory, _trace(state), writes=access.writes)
    learned = list(_learned(context))
    for change in learned:
        runtime.stream_writer(change)
    return {
        "learned": [{"op": c.op, "id": c.id, "kind": c.kind, "text": c.text} for c in learned],
        "decision": "finish",
    }


def _check(check: Mapping[str, Any], scope: Mapping[str, Any]) -> dict[str, Any]:
    try:
        value = render(check["that"], scope)
        passed = holds(value, key=f"check {check['name']!r}")
    except AgentmemError as error:
        missing = [f"step {name} {state}" for name, state in _not_done(check["that"], scope)]
        return {"name": check["name"], "passed": False, "detail": ", ".join(missing) or error.message}
    detail = "" if passed else f"it gave {shortened(json.dumps(plain(value), ensure_ascii=False), 80)}"
    return {"name": check["name"], "passed": passed, "detail": detail}


def _not_done(that: Any, scope: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Steps that a check is about and that gave nothing to check."""
    for name in sorted(names(that).steps):
        status = scope["steps"].get(name, {"status": "is not in the plan"})["status"]
        if status != "done":
            yield name, status if " " in status else f"was {status}" if status != "failed" else status


def _outcome(state: ReflectorState, status: str, reason: str) -> ReflectorState:
    """Answer, citations and status; an output that cannot be given makes a run fail."""
    cited = {str(c["id"]): dict(c) for step in _planned(state) for c in citations(step["output"])}
    outcome: ReflectorState = {
        "status": status,
        "reason": reason,
        "answer": _plain_answer(state),
        "citations": list(cited.values()),
    }
    output = state["task"]["output"]
    if output is None or (state["origin"] != "given" and names(output).steps - state["steps"].keys()):
        return outcome  # a plan of the team's own making need not have the steps that the output names
    try:
        outcome["answer"] = plain(render(output, scope_of(state, state["steps"])))
    except (ExpressionError, AgentmemError) as error:
        if status == "done":
            return {**outcome, "status": "failed", "reason": f"the output cannot be given: {error}"}
    return outcome


def _planned(state: ReflectorState) -> Iterator[StepState]:
    """Steps in the order of the plan."""
    for step in state["plan"]["steps"]:
        if step["id"] in state["steps"]:
            yield state["steps"][step["id"]]


def _plain_answer(state: ReflectorState) -> Any:
    """What the last steps gave that nothing else uses; answers as text."""
    plan = Plan.model_validate(state["plan"])
    used = {need for step in plan.steps for need in plan.dependencies(step)}
    ends = [step for step in _planned(state) if step["id"] not in used and step["status"] == "done"]
    answers = [_as_text(step["output"]) for step in ends if not _is_receipt(step["output"])]
    if len(answers) == 1:
        return answers[0]
    return "\n".join(a if isinstance(a, str) else json.dumps(a, ensure_ascii=False) for a in answers) or None


def _is_receipt(output: Any) -> bool:
    """Whether an output only says what was taken into memory."""
    outputs = output if isinstance(output, list) else [output]
    return bool(outputs) and all(isinstance(o, Mapping) and o.keys() == {"episodes", "operations"} for o in outputs)


def _as_text(output: Any) -> Any:
    """Answers in words: one as it is, several with their questions."""
    if isinstance(output, Mapping) and "answer" in output and "known" in output:
        return output["answer"]
    is_list = isinstance(output, list) and output
    if is_list and all(isinstance(o, Mapping) and o.keys() >= {"question", "answer"} for o in output):
        return "\n".join(f"{o['question']} {o['answer']}" for o in output)
    return output


def _trace(state: ReflectorState) -> TaskTrace:
    plan = Plan.model_validate(state["plan"])
    checks = state.get("checks", [])
    held = sum(check["passed"] for check in checks) / len(checks) if checks else 1.0
    reusable = state["origin"] in ("given", "reused")
    known = state["past"]["insights"]
    settled = [insight for insight in known if insight["lesson"] and state["status"] == "done"]
    return TaskTrace(
        text=state["task"]["text"],
        outcome=state["status"],
        reward=held if state["status"] == "done" else 0.0,
        answer=shortened(state.get("answer") or "", 1_000),
        fail_reason=state.get("reason", "") if state["status"] != "done" else "",
        key_steps=tuple(_key_step(step) for step in _planned(state) if step["verdict"] == EXPECTED),
        plan=plan.as_json() if reusable else "",
        steps=tuple(_step_trace(plan, step) for step in _planned(state)),
        applied=tuple(insight["id"] for insight in known if insight not in settled),
        settled=tuple(insight["id"] for insight in settled),
        reused=state.get("reused", ""),
        lessons=lessons(state),
        metadata={"origin": state["origin"], "plans": len(state.get("tried", []))},
    )


def _step_trace(plan: Plan, step: StepState) -> StepTrace:
    return StepTrace(
        name=step["id"],
        text=plan.step(step["id"]).text,
        outcome=step["status"],
        output=shortened(step["detail"] or ("" if step["output"] is None else step["output"])),
        attempts=step["attempts"],
        needs=plan.dependencies(step["id"]),
        calls=tuple(Call(action=a, observation=o, succeeded=s == "done") for a, o, s in step["calls"]),
        memories=tuple(step["memories"]),
    )


def _key_step(step: StepState) -> str:
    """One step, condensed; what was called and what came of it."""
    if len(step["calls"]) == 1 and not nothing_found(step["output"]):
        call, observation, _ = step["calls"][0]
        return shortened(f"{step['id']}: {call} -> {observation}", 160)
    return f"{step['id']}: {len(step['calls'])} calls"


def _learned(context: TeamContext) -> Iterator[Learned]:
    """The changes of claims and experience that this run made, from the journal."""
    entries = context.memory.log(JournalFilter(run_id=context.run))
    for entry in entries:
        if entry.kind in LEARNED and entry.op is not OperationType.NOOP:
            text = entry.reason if entry.forgets else entry.text
            yield Learned(op=entry.op.value, id=entry.id, kind=entry.kind.value, text=text)
