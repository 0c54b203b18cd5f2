"""A run that is killed (SIGKILL, a real process) goes on without repeating what was finished."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.errors import UserError
from agentmem.graphs.checkpoints import open_checkpoints
from agentmem.graphs.events import PlanReady, Task
from agentmem.graphs.plan import AgentSettings, Plan
from agentmem.graphs.team import Team
from agentmem.memory import Memory
from agentmem.records import Kind

SCRIPT = """
import sys
from pathlib import Path
from agentmem.embeddings import HashingEmbedder
from agentmem.graphs.checkpoints import open_checkpoints
from agentmem.graphs.events import Task
from agentmem.graphs.plan import AgentSettings, Plan
from agentmem.graphs.team import Team
from agentmem.memory import Memory

folder = Path(sys.argv[1])
plan = Plan.model_validate({"steps": [
    {"id": "first", "tool": "work", "args": {"name": "first"}},
    {"id": "each", "tool": "work", "for_each": "{{ range(6) | list }}", "args": {"name": "each{{ item }}"},
     "needs": ["first"]},
    {"id": "learn", "tool": "store", "for_each": "{{ range(5) | list }}", "args": {"name": "learn{{ item }}"},
     "needs": ["each"]},
    {"id": "last", "tool": "work", "args": {"name": "last {{ steps.learn.output | length }}"}},
]})
agents = {"executor": AgentSettings(tools=("work_tools:work", "work_tools:store"))}
with Memory.open(f"sqlite:///{folder}/memory.db", bank="b", embedder=HashingEmbedder()) as memory:
    with open_checkpoints(folder / "runs.db") as saver:
        team = Team(memory=memory, folder=folder, agents=agents, checkpointer=saver)
        team.run(Task(text="Work.", plan=plan), run_id="r")
"""

TOOLS = """
import os, signal, time
from pathlib import Path
from agentmem.tools import ToolContext, tool

def _work(context: ToolContext, name: str) -> str:
    if name == os.environ.get("KILL_AT"):
        # Whatever runs beside it gets the time to finish and to be checkpointed: then the process is gone.
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGKILL)
    with (context.folder / "log").open("a") as log:
        log.write(name + "\\n")
    return name

@tool
def work(context: ToolContext, name: str) -> str:
    \"\"\"Leave a line in the log.\"\"\"
    return _work(context, name)

@tool(one_by_one=True)
def store(context: ToolContext, name: str) -> str:
    \"\"\"Leave a line in the log and a memory.\"\"\"
    context.memory.retain(f"Anna likes the number {name}.", source=name)
    return _work(context, name)
"""


@pytest.mark.parametrize("at", ["first", "each3", "learn0", "learn3", "last 5"])
def test_a_killed_run_goes_on_where_it_was(tmp_path: Path, at: str) -> None:
    (tmp_path / "work_tools.py").write_text(TOOLS)
    root = Path(__file__).parent.parent.parent
    environment = {**os.environ, "KILL_AT": at, "PYTHONPATH": str(root)}
    killed = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path)], env=environment, check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    log = tmp_path / "log"
    before = log.read_text().splitlines() if log.exists() else []
    assert at not in before

    with (
        Memory.open(f"sqlite:///{tmp_path}/memory.db", bank="b", embedder=HashingEmbedder()) as memory,
        open_checkpoints(tmp_path / "runs.db") as saver,
    ):
        agents = {"executor": AgentSettings(tools=("work_tools:work", "work_tools:store"))}
        team = Team(memory=memory, folder=tmp_path, agents=agents, checkpointer=saver)
        result = team.run(run_id="r", resume=True)
        queries = memory.statistics().nodes[Kind.QUERY]
    wanted = ["first", *(f"each{n}" for n in range(6)), *(f"learn{n}" for n in range(5)), "last 5"]
    assert Counter(log.read_text().splitlines()) == Counter(wanted)
    assert (result.status, [step.status for step in result.steps], queries) == ("done", ["done"] * 4, 1)
    assert result.steps[1].output == [f"each{n}" for n in range(6)]
    assert result.usage.steps == 13


def test_two_teams_never_do_one_run(memory: Memory, tmp_path: Path) -> None:
    calls: list[str] = []

    def work() -> str:
        """Note a call."""
        calls.append("work")
        return "worked"

    task = Task(text="Work.", plan=Plan.model_validate({"steps": [{"id": "a", "tool": "work"}]}))
    with open_checkpoints(tmp_path / "runs.db") as one, open_checkpoints(tmp_path / "runs.db") as other:
        first = Team(memory=memory, folder=tmp_path, tools=[work], checkpointer=one)
        second = Team(memory=memory, folder=tmp_path, tools=[work], checkpointer=other)
        events = first.stream(task, run_id="run/of mine")
        assert isinstance(next(events), PlanReady)
        for resume in (True, False):
            with pytest.raises(UserError, match="another team works on this run"):
                second.run(None if resume else task, run_id="run/of mine", resume=resume)
        assert second.run(task, run_id="another").answer == "worked"
        assert list(events)
        assert second.run(run_id="run/of mine", resume=True).answer == "worked"
    assert calls == ["work", "work"]
    assert not list(tmp_path.glob("*.lock"))


def test_a_run_that_a_team_left_keeps_its_lock_for_who_goes_on(memory: Memory, tmp_path: Path) -> None:
    plan = {"steps": [{"id": "a", "tool": "calculator", "args": {"expression": "1 + 1"}}]}
    task = Task(text="Count.", plan=Plan.model_validate(plan))
    with open_checkpoints(tmp_path / "runs.db") as saver:
        team = Team(memory=memory, folder=tmp_path, checkpointer=saver)
        events = team.stream(task, run_id="r")
        next(events)
        del events  # the reader leaves
        (lock,) = tmp_path.glob("*.lock")
        assert lock.stat().st_mode & 0o777 == 0o600
        assert team.run(run_id="r", resume=True).status == "done"
    assert not lock.exists()
