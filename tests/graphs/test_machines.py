"""Planner, reflector and memory manager as graphs of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentmem.errors import ToolError
from agentmem.graphs.context import TeamContext
from agentmem.graphs.decisions import PlanRequest, Proposal
from agentmem.graphs.memory_manager import MemoryManager
from agentmem.graphs.plan import AgentSettings, Plan
from agentmem.graphs.planner import build_planner
from agentmem.graphs.reflector import build_reflector
from agentmem.graphs.scheduling import over_step
from agentmem.graphs.state import PlannerState, ReflectorState, TaskState
from agentmem.memory import Memory, Message, Provenance
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
    turns = [Message(text=f"I like the number {n}.", speaker="Anna") for n in range(300)]
    turns.insert(150, Message(text="Please forget that I like the number 7.", speaker="Anna"))
    manager, context = MemoryManager(), TeamContext(memory=memory, run="r", folder=folder)
    about = memory.bound(agent="executor", run_id="r").provenance(source="numbers")
    first = manager(context, turns, about)
    assert len(first.episodes) == memory.statistics().nodes[Kind.EPISODE] == 301
    assert {entry.agent for entry in memory.log()} == {"memory_manager"}
    assert memory.get(first.episodes[0].id).agent == "executor"
    assert manager(context, turns, about).operations == ()
    assert memory.retain(turns, source="numbers").operations == ()
    alone = Memory(store=memory.store, embedder=memory.embedder, bank="alone", clock=memory.clock)
    said = [(operation.op, operation.text) for operation in alone.retain(turns, source="numbers").operations]
    assert said == [(operation.op, operation.text) for operation in first.operations]


def test_a_memory_manager_that_may_not_write_facts_refuses(memory: Memory, folder: Path) -> None:
    agents = {"memory_manager": AgentSettings(writes=("Note",))}
    context = TeamContext(memory=memory, run="r", folder=folder, agents=agents)
    with pytest.raises(ToolError, match="memory_manager may not write Entity, Episode, Fact"):
        MemoryManager()(context, "Anna.", Provenance(bank="team"))
