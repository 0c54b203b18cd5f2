"""How to do a task, by rules: the workflow's own plan, else that of a similar success, else recall and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from agentmem.graphs.decisions import PlanRequest, Proposal
from agentmem.graphs.expressions import literals
from agentmem.graphs.plan import Plan, PlanError, PlanStep
from agentmem.language import terms
from agentmem.memory.experience import PastTask


class RulePlanner:
    """The rule-based planner: deterministic and free."""

    def propose(self, request: PlanRequest) -> Proposal | None:
        """See `Planner`. A workflow's own plan is never replaced by another."""
        if request.given is not None:
            return None if request.tried else _given(request, request.given)
        if "reused" not in request.tried:
            for task in request.past.tasks:
                proposal = _reused(request, task)
                if proposal is not None:
                    return proposal
        return None if "recall" in request.tried else _recall(request)


def _given(request: PlanRequest, plan: Plan) -> Proposal:
    reason = "the workflow's own plan"
    if request.past.tasks:
        before = request.past.tasks[0].query
        if before.outcome == "done":
            reason += f"; a task like this was done before (run {before.run_id})"
        elif before.fail_reason:
            reason += f"; a task like this {before.outcome} before: {before.fail_reason}"
    return Proposal(plan=plan, origin="given", reason=reason)


def _reused(request: PlanRequest, task: PastTask) -> Proposal | None:
    """The plan of a success, if all it needs is here and nothing in it speaks of the other task alone."""
    query = task.query
    if query.outcome != "done" or not query.plan:
        return None
    try:
        plan = Plan.model_validate_json(query.plan)
    except (ValidationError, PlanError):
        return None  # written by a version that planned otherwise
    if request.refusal(plan):
        return None
    own_words = set(terms(query.text)) - set(terms(request.task))
    fixed_words = set(terms(" ".join(literals([step.args, step.goal, step.for_each]) for step in plan.steps)))
    if own_words & fixed_words:
        return None
    reason = f"the plan of a similar task that was done (run {query.run_id}, similarity {task.similarity:.2f})"
    return Proposal(plan=plan, origin="reused", reason=reason, reused=query.id)


def _recall(request: PlanRequest) -> Proposal:
    reading = [step for place, name in enumerate(request.readable) for step in _reading(name, _suffix(place))]
    needs = tuple(step.id for step in reading if step.tool == "remember")
    asking = [
        PlanStep(id=f"ask{_suffix(place)}", needs=needs, **question)
        for place, question in enumerate(_questions(request))
    ]
    reason = "no plan is given and none of a similar task can be used again: "
    reason += "read what the inputs name, then answer from memory" if reading else "answer from memory"
    for task in request.past.tasks:
        if why := request.withheld.get(task.query.id):
            reason += f"; the plan of a similar task (run {task.query.run_id}) is shown and not run: {why}"
            break
    return Proposal(plan=Plan(steps=(*reading, *asking)), origin="recall", reason=reason)


def _suffix(place: int) -> str:
    return f"_{place + 1}" if place else ""


def _reading(name: str, suffix: str) -> list[PlanStep]:
    args = {"text": "{{ item.text }}", "source": "{{ item.path }}"}
    return [
        PlanStep(id=f"read{suffix}", tool="read_files", args={"folder": f"{{{{ inputs['{name}'] }}}}"}),
        PlanStep(id=f"learn{suffix}", tool="remember", for_each=f"{{{{ steps.read{suffix}.output }}}}", args=args),
    ]


def _questions(request: PlanRequest) -> list[dict[str, Any]]:
    """The questions among the inputs, else the task itself."""
    found: list[dict[str, Any]] = []
    for name, value in request.inputs.items():
        if isinstance(value, list) and value and all(_is_question(item) for item in value):
            found.append({"goal": "{{ item }}", "for_each": f"{{{{ inputs['{name}'] }}}}"})
        elif _is_question(value):
            found.append({"goal": f"{{{{ inputs['{name}'] }}}}"})
    return found or [{"goal": _verbatim(request.task)}]


def _is_question(value: Any) -> bool:
    return isinstance(value, str) and value.rstrip().endswith(("?", "\uff1f"))


def _verbatim(text: str) -> str:
    """Text as an expression that gives just this text."""
    if not any(marker in text for marker in ("{{", "{%", "{#")):
        return text
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"{{{{ '{escaped}' }}}}"


def shape(plan: Mapping[str, Any]) -> str:
    """A plan in one line: its tools and goals in order, repeated ones marked."""
    parts = []
    for step in plan["steps"]:
        name = step.get("tool") or "answer from memory"
        parts.append(f"{name} (each)" if step.get("for_each") is not None else name)
    return " -> ".join(parts)
