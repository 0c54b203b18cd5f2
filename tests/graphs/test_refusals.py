"""What a team refuses, and where it says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentmem.errors import NotFound
from agentmem.graphs.events import Task
from agentmem.graphs.plan import AgentSettings, Plan, PlanError
from agentmem.graphs.team import Team
from agentmem.memory import Memory
from agentmem.records import Kind


def plan_of(*steps: dict[str, Any]) -> Plan:
    return Plan.model_validate({"steps": steps})


READ = {"id": "read", "tool": "read_files", "args": {"folder": "documents"}}
LEARN = {"id": "learn", "tool": "remember", "args": {"path": "chat.jsonl"}, "needs": ["read"]}
ASK = {"id": "ask", "tool": "answer", "args": {"question": "Where does Anna live?"}, "needs": ["learn"]}
TASK = Task(text="Read and answer.", plan=plan_of(READ, LEARN, ASK))


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"tools": ("answer",)}, "may not use the tool 'read_files'"),
        ({"writes": ("Note",)}, "would write Entity, Episode, Fact, which the executor may not"),
        ({"reads": ("Note",)}, "would read Episode, Fact, which the executor may not"),
    ],
)
def test_a_plan_may_not_do_what_the_executor_may_not(
    memory: Memory, folder: Path, settings: dict[str, Any], problem: str
) -> None:
    team = Team(memory=memory, folder=folder, agents={"executor": AgentSettings(**settings)})
    with pytest.raises(PlanError) as caught:
        list(team.stream(TASK))
    assert problem in caught.value.message
    assert caught.value.step
    assert caught.value.key == "tool"


def test_a_tool_of_ones_own_is_held_to_the_same_kinds(memory: Memory, folder: Path) -> None:
    (folder / "sly.py").write_text(
        "from agentmem.tools import ToolContext, tool\n\n@tool\n"
        "def store(context: ToolContext, text: str) -> str:\n"
        "    return str(context.memory.retain(text))\n"
    )
    agents = {"executor": AgentSettings(tools=("sly:store",), writes=("Note",))}
    plan = plan_of({"id": "s", "tool": "store", "args": {"text": "Anna lives in Porto."}})
    result = Team(memory=memory, folder=folder, agents=agents).run(Task(text="Store.", plan=plan))
    assert "executor may not write Entity, Episode, Fact" in result.reason
    assert Kind.EPISODE not in memory.statistics().nodes


def test_a_reflector_that_may_not_write_queries_writes_nothing(memory: Memory, folder: Path) -> None:
    team = Team(memory=memory, folder=folder, agents={"reflector": AgentSettings(writes=("Insight",))})
    assert team.run(TASK).status == "done"
    assert not {Kind.QUERY, Kind.INSIGHT} & memory.statistics().nodes.keys()


def test_unknown_agents_kinds_tools_and_inputs_are_refused(memory: Memory, folder: Path) -> None:
    with pytest.raises(Exception, match=r"no agent 'exekutor'.*Did you mean 'executor'"):
        Team(memory=memory, agents={"exekutor": AgentSettings()})
    with pytest.raises(Exception, match=r"no kind of memory 'Fcat'.*Did you mean 'Fact'"):
        Team(memory=memory, agents={"executor": AgentSettings(reads=("Fcat",))})
    with pytest.raises(NotFound, match=r"no tool 'raed_files'.*Did you mean 'read_files'"):
        Team(memory=memory, folder=folder, agents={"executor": AgentSettings(tools=("raed_files",))})
    with pytest.raises(PlanError, match=r"no input 'question'.*Did you mean 'questions'"):
        Team(memory=memory, folder=folder).check(
            Task(text="t", inputs={"questions": []}, output="{{ inputs.question }}")
        )


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ({"folder": "d", "patern": "*"}, "no argument 'patern'. Did you mean 'pattern'"),
        ({"pattern": "*"}, "needs 'folder'. Arguments: folder, .pattern."),
    ],
)
def test_arguments_that_a_tool_does_not_take_are_found_before_the_run(
    memory: Memory, folder: Path, args: dict[str, Any], problem: str
) -> None:
    plan = plan_of({"id": "r", "tool": "read_files", "args": args})
    with pytest.raises(PlanError, match=problem) as caught:
        Team(memory=memory, folder=folder).check(Task(text="Read.", plan=plan))
    assert (caught.value.step, caught.value.key) == ("r", "args")
