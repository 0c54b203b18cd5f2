"""Planner, reflector and memory manager as graphs of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentmem.errors import ToolError
from agentmem.graphs.context import TeamContext
from agentmem.graphs.decisions import PlanRequest, Proposal
from agentmem.graphs.memory_manager import build_memory_manager
from agentmem.graphs.plan import AgentSettings, Plan
from agentmem.graphs.planner import build_planner
from agentmem.graphs.reflector import build_reflector
from agentmem.graphs.scheduling import over_step
from agentmem.graphs.state import PlannerState, ReflectorState, TaskState
from agentmem.memory import Memory, Provenance
from agentmem.records import Kind

PLAN: dict[str, Any] = {"steps": [{"id": "ask", "goal": "Where does Anna live?"}]}
TASK = TaskState(text="Where does Anna live?", inputs={}, plan=None, checks=[], output=None)


def test_the_planner_alone_gives_a_plan(memory: Memory, folder: Path) -> None:
    context = TeamContext(memory=memory, run="r", folder=folder)
    state = build_planner().invoke(PlannerState(run="r", task=TASK), context=context)
    assert (state["origin"], state["decision"]) == ("recall", "act")
    assert Plan.model_validate(state["plan"]).steps[0].goal == "Where does Anna live?"


def test_a_planner_without_another_way_is_finished(memory: Memory, folder: Path) -> None:
    context = TeamContext(memory=memory, run="r", folder=folder)
    state = build_planner().invoke(PlannerState(run="r", task=TASK, tried=["recall"]), context=context)
    assert state["decision"] == "finish"


def test_a_planner_of_ones_own_takes_the_place_of_the_rules(memory: Memory, folder: Path) -> None:
    class Fixed:
        def propose(self, request: PlanRequest) -> Proposal:
            plan = Plan.model_validate({"steps": [{"id": "sum", "tool": "calculator", "args": {"expression": "1"}}]})
            assert request.refusal(plan) == ""
            return Proposal(plan=plan, origin="fixed", reason="because")

    context = TeamContext(memory=memory, run="r", folder=folder, planner=Fixed())
    assert build_planner().invoke(PlannerState(run="r", task=TASK), context=context)["origin"] == "fixed"


def test_the_reflector_alone_judges_and_learns(memory: Memory, folder: Path) -> None:
    context = TeamContext(memory=memory, run="r", folder=folder)
    done = over_step("ask", "done", output={"question": "q", "answer": "Porto", "known": True, "citations": []})
    state = ReflectorState(
        run="r",
        started_at="2024-07-01T00:00:00.000000Z",
        task={**TASK, "checks": [{"name": "known", "that": "{{ steps.ask.output.known }}"}]},
        plan=Plan.model_validate(PLAN).model_dump(mode="json"),
        origin="given",
        past={"similar": [], "insights": []},
        steps={"ask": {**done, "verdict": "as expected"}},
    )
    result = build_reflector().invoke(state, context=context)
    assert (result["status"], result["answer"], result["checks"][0]["passed"]) == ("done", "Porto", True)
    assert [change["kind"] for change in result["learned"]] == ["Query"]


def test_the_memory_manager_does_what_retain_does(memory: Memory, folder: Path) -> None:
    text = "\n\n".join(f"Anna likes the number {n}. She wrote about it at length." for n in range(300))
    about = Provenance(bank="team", source="numbers", agent="memory_manager", run_id="r")
    context = TeamContext(memory=memory, run="r", folder=folder)
    graph = build_memory_manager()
    first = graph.invoke({"content": text, "about": about}, context=context)
    assert len(first["episodes"]) > 1
    assert {operation.agent for operation in first["operations"]} == {"memory_manager"}
    assert memory.statistics().nodes[Kind.EPISODE] == len(first["episodes"])
    assert graph.invoke({"content": text, "about": about}, context=context)["operations"] == []
    assert memory.retain(text, source="numbers").operations == ()


def test_a_memory_manager_that_may_not_write_facts_refuses(memory: Memory, folder: Path) -> None:
    agents = {"memory_manager": AgentSettings(writes=("Note",))}
    context = TeamContext(memory=memory, run="r", folder=folder, agents=agents)
    with pytest.raises(ToolError, match="memory_manager may not write Entity, Episode, Fact"):
        build_memory_manager().invoke({"content": "Anna.", "about": Provenance(bank="team")}, context=context)
