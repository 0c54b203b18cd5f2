from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from agentmem.graphs.plan import Check, Plan, PlanError, PlanStep

PARTS: tuple[dict[str, Any], ...] = (
    {"id": "read", "tool": "read_files"},
    {"id": "learn", "tool": "remember", "for_each": "{{ steps.read.output }}", "args": {"text": "{{ item.text }}"}},
    {"id": "ask", "goal": "About {{ steps.read.status }}?", "needs": ["learn"], "when": "{{ inputs.on }}"},
)


def plan_of(*steps: dict[str, Any]) -> Plan:
    return Plan.model_validate({"steps": steps})


def test_dependencies_are_needs_and_references() -> None:
    plan = plan_of(*PARTS)
    assert [plan.dependencies(step) for step in plan.steps] == [(), ("read",), ("learn", "read")]


def test_a_plan_survives_json() -> None:
    plan = plan_of(*PARTS)
    assert Plan.model_validate_json(plan.model_dump_json(exclude_defaults=True)) == plan


@pytest.mark.parametrize(
    ("steps", "step", "key", "problem"),
    [
        (({"id": "a", "tool": "x", "needs": ["b"]},), "a", "needs", "no step 'b'"),
        (({"id": "a", "tool": "x", "args": {"q": ["{{ steps.bb.output }}"]}},), "a", "args", "no step 'bb'"),
        (({"id": "a", "tool": "x", "when": "{{ steps.b }}"},), "a", "when", "no step 'b'"),
        (({"id": "a", "tool": "x", "args": {"q": "{{ steps.a.output }}"}},), "a", "needs", "a -> a"),
        (({"id": "a", "tool": "x"}, {"id": "a", "tool": "y"}), "a", "id", "two steps"),
        (({"id": "a", "tool": "x", "goal": "y"},), "a", "tool", "either a tool or a goal"),
        (({"id": "a"},), "a", "tool", "either a tool or a goal"),
        (({"id": "a", "goal": "x", "args": {"b": 1}},), "a", "args", "takes no arguments"),
        (({"id": "a", "tool": "x", "args": {"q": "{{ item }}"}},), "a", "args", "'item' is not in scope"),
        (({"id": "a", "tool": "x", "args": {"q": "{{ inpts.a }}"}},), "a", "args", "'inpts' is not in scope"),
        (({"id": "a", "tool": "x", "for_each": "{{ ("},), "a", "for_each", "cannot read"),
    ],
)
def test_mistakes_name_the_step_and_the_key(steps: Any, step: str, key: str, problem: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan_of(*steps)
    assert (caught.value.step, caught.value.key) == (step, key)
    assert problem in caught.value.message


def test_a_long_cycle_is_shown_as_a_path() -> None:
    with pytest.raises(PlanError, match="a -> c -> b -> a"):
        plan_of(
            {"id": "a", "tool": "x", "needs": ["c"]},
            {"id": "b", "tool": "x", "needs": ["a"]},
            {"id": "c", "tool": "x", "args": {"y": "{{ steps.b.output }}"}},
        )


@pytest.mark.parametrize("bad", [{"retry": -1}, {"timeout": 0}, {"tol": 1}, {"id": "a b"}, {"retry": "many"}])
def test_wrong_values_and_unknown_keys_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PlanStep.model_validate({"id": "a", "tool": "x", **bad})


def test_expressions_outside_of_the_steps_are_checked_too() -> None:
    plan = plan_of(*PARTS)
    check = Check(name="c", that="{{ steps.aks.output }}")
    with pytest.raises(PlanError, match="no step 'aks'") as caught:
        plan.check_expression(check.that, key="check c")
    assert caught.value.hint == "Did you mean 'ask'? Steps: ask, learn, read."
