"""What a task teaches, by rules: a few sentences that help with the next one of its kind, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agentmem.graphs.performing import shortened
from agentmem.graphs.planning import shape
from agentmem.graphs.state import ReflectorState, StepState
from agentmem.memory.experience import Lesson, task_pattern

MAX_LESSONS = 3
"""New insights of one task at most (ReasoningBank)."""


def lessons(state: ReflectorState) -> tuple[Lesson, ...]:
    """What this task taught, most important first."""
    found = [*_from_limits(state), *_from_failures(state), *_from_retries(state), *_from_success(state)]
    unique = {lesson.topic: lesson for lesson in reversed(found)}
    return tuple(lesson for lesson in found if unique.get(lesson.topic) is lesson)[:MAX_LESSONS]


def _from_limits(state: ReflectorState) -> Iterator[Lesson]:
    stopped = state.get("stopped", "")
    if not stopped:
        return
    steps = state["steps"].values()
    done = sum(step["status"] == "done" for step in steps)
    limit = stopped.partition(":")[0]
    yield _lesson(
        state,
        ("limit", limit),
        f"{shape(state['plan'])} needs more than {limit} allows: {stopped.partition(': ')[2]} "
        f"{done} of {len(steps)} steps were done by then. Raise the limit or give it less to do.",
        avoid=True,
    )


def _from_failures(state: ReflectorState) -> Iterator[Lesson]:
    if state["status"] != "failed":
        return
    for step in state["steps"].values():
        if step["status"] == "failed":
            waiting = [s["id"] for s in state["steps"].values() if s["blocked"]]
            cost = f" {', '.join(waiting)} could not run because of it." if waiting else ""
            yield _lesson(
                state,
                ("failed", _tool(state, step), task_pattern(step["detail"])),
                f"Step {step['id']} ({_tool(state, step)}) failed: {_sentence(step['detail'])}{cost} "
                "Put that right before trying again.",
                avoid=True,
            )
    consequences = any(step["status"] == "failed" for step in state["steps"].values())
    for check in state.get("checks", []):
        if not check["passed"] and not consequences:
            unknown = _unknown_questions(state)
            hint = f" Memory did not know: {'; '.join(unknown)} - give it a source for that first." if unknown else ""
            yield _lesson(
                state,
                ("check", check["name"]),
                f"The check {check['name']!r} did not hold ({check['detail']}).{hint}",
                avoid=True,
            )
    if state["origin"] == "recall" and not state.get("checks") and (unknown := _unknown_questions(state)):
        yield _lesson(
            state,
            ("unknown", task_pattern(" ".join(unknown))),
            f"Memory did not know: {'; '.join(unknown)}. Give it a source that says so before asking again.",
            avoid=True,
        )


def _from_retries(state: ReflectorState) -> Iterator[Lesson]:
    for step in state["steps"].values():
        if step["status"] == "done" and step["mended"]:
            tool = _tool(state, step)
            yield _lesson(
                state,
                ("retry", tool, task_pattern(step["mended"])),
                f"{tool} can go wrong at first ({_sentence(step['mended']).rstrip('.')}) and succeed when tried again: "
                f"it took {step['attempts']} attempts in step {step['id']}. Allow such steps a retry.",
                avoid=False,
            )


def _from_success(state: ReflectorState) -> Iterator[Lesson]:
    executed = [step for step in state["steps"].values() if step["verdict"]]
    if state["status"] != "done" or state["origin"] == "recall" or len(executed) < 2:
        return
    way = shape(state["plan"])
    checks = len(state.get("checks", []))
    proof = f", and {'its check' if checks == 1 else f'all {checks} checks'} passed" if checks else ""
    failed_before = next((t for t in state["past"]["similar"] if t["outcome"] == "failed"), None)
    after = " after a task like it had failed" if failed_before else ""
    yield _lesson(
        state,
        ("worked", way, task_pattern(state["task"]["text"])),
        f"This worked{after}: {way}. All {len(executed)} steps went through{proof}.",
        avoid=False,
    )


def _lesson(state: ReflectorState, topic: tuple[str, ...], text: str, *, avoid: bool) -> Lesson:
    return Lesson(topic="|".join(topic), text=text, applies_when=shortened(state["task"]["text"]), avoid=avoid)


def _tool(state: ReflectorState, step: StepState) -> str:
    planned: Mapping[str, Any] = next(s for s in state["plan"]["steps"] if s["id"] == step["id"])
    return planned["tool"] or "answer from memory"


def _unknown_questions(state: ReflectorState) -> list[str]:
    """Questions that were answered with "not known", the first few."""
    found = []
    for step in state["steps"].values():
        outputs = step["output"] if isinstance(step["output"], list) else [step["output"]]
        for output in outputs:
            if isinstance(output, Mapping) and output.get("known") is False and output.get("question"):
                found.append(f'"{shortened(str(output["question"]), 120)}"')
    return list(dict.fromkeys(found))[:3]


def _sentence(text: str) -> str:
    trimmed = shortened(text, 240).strip()
    return trimmed if trimmed.endswith((".", "!", "?")) else f"{trimmed}."
