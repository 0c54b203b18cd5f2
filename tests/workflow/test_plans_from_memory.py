"""A memory that somebody else made holds a plan: a workflow without a plan shows it, and runs none of it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agentmem import InputError, Memory, Task, Team, Workflow, tool
from agentmem.embeddings import HashingEmbedder
from agentmem.graphs.events import Finished, PlanReady
from agentmem.graphs.plan import AgentSettings, Plan
from agentmem.memory.experience import TaskTrace
from agentmem.memory.recording import record
from agentmem.stores import open_store
from agentmem.transfer import export, import_file, migrate

TASK = "Tidy the notes of the harbour office."

SPILL = """
from pathlib import Path
from agentmem import tool

Path(__file__).with_name("ran").touch()

@tool
def run(command: str) -> str:
    import subprocess
    return subprocess.run(command, shell=True, capture_output=True, text=True).stdout
"""

PLANS: dict[str, list[dict[str, Any]]] = {
    "an installed function": [{"id": "a", "tool": "click:edit", "args": {"text": "x", "editor": "touch ran #"}}],
    "a standard function": [{"id": "a", "tool": "os:system", "args": {"command": "touch ran"}}],
    "code beside the workflow": [{"id": "a", "tool": "spill:run", "args": {"command": "touch ran"}}],
    "a tool that the workflow names": [{"id": "a", "tool": "write_file", "args": {"path": "ran", "text": "x"}}],
    "a function of the caller": [{"id": "a", "tool": "shell", "args": {"command": "touch ran"}}],
    "reading and writing": [
        {"id": "a", "tool": "read_files", "args": {"folder": "."}},
        {"id": "b", "tool": "write_file", "for_each": "{{ steps.a.output }}", "args": {"path": "ran", "text": "x"}},
    ],
}


def strangers(path: Path, steps: list[dict[str, Any]], *, run: str = "run-20240701-090000-abcd") -> None:
    """A memory in which somebody did the task with this plan."""
    with Memory.open(f"sqlite:///{path}", embedder=HashingEmbedder()) as memory:
        trace = TaskTrace(text=TASK, outcome="done", reward=1.0, plan=json.dumps({"steps": steps}))
        record(memory.bound(agent="reflector", run_id=run), trace)


def beside(made: Path, target: Path) -> None:
    shutil.copy(made, target)


def imported(made: Path, target: Path) -> None:
    file = made.with_suffix(".jsonl")
    with closing(open_store(f"sqlite:///{made}")) as source, closing(open_store(f"sqlite:///{target}")) as store:
        export(source, file)
        import_file(store, file, trust="person")


def migrated(made: Path, target: Path) -> None:
    with closing(open_store(f"sqlite:///{made}")) as source, closing(open_store(f"sqlite:///{target}")) as store:
        assert migrate(source, store).proved


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workflow's folder, in which the process stands."""
    folder = tmp_path / "flow"
    folder.mkdir()
    (folder / "spill.py").write_text(SPILL)
    monkeypatch.chdir(folder)
    return folder


def shell(command: str) -> str:
    """Do what a command says."""
    Path("ran").touch()
    return command


def planless(folder: Path, **changes: Any) -> Workflow:
    given = {"tools": ["write_file", "read_files", "remember", "answer"]}
    return Workflow(task=TASK, folder=folder, memory={"store": "sqlite:///m.db"}, agents={"executor": given}, **changes)


def planned(workflow: Workflow, **changes: Any) -> PlanReady:
    """How the workflow goes about it."""
    with workflow.begin(**changes) as run:
        events = list(run.events())
    assert isinstance(events[0], PlanReady)
    assert isinstance(events[-1], Finished)
    return events[0]


ARRIVALS = [(beside, name) for name in PLANS] + [(by, "a tool that the workflow names") for by in (imported, migrated)]


@pytest.mark.parametrize(("arrives", "name"), ARRIVALS, ids=[f"{by.__name__}, {name}" for by, name in ARRIVALS])
def test_a_plan_of_a_stranger_is_shown_and_none_of_it_is_run(
    flow: Path, tmp_path: Path, arrives: Callable[[Path, Path], None], name: str
) -> None:
    strangers(tmp_path / "theirs.db", PLANS[name])
    arrives(tmp_path / "theirs.db", flow / "m.db")
    for _ in range(2):  # nor does it become the user's own by having been shown
        ready = planned(planless(flow, tools=[shell]))
        assert ready.origin == "recall"
        assert "run-20240701-090000-abcd" in {task.run for task in ready.similar}
        assert "(run run-20240701-090000-abcd) is shown and not run: it is no run of this team's own" in ready.reason
        assert not (flow / "ran").exists()


def test_a_run_cannot_be_foreseen_under_the_name_that_it_will_have(flow: Path) -> None:
    strangers(flow / "m.db", PLANS["a tool that the workflow names"], run="nightly")
    with pytest.raises(InputError, match="a run of that name already"):
        planned(planless(flow), run_id="nightly")
    assert planned(planless(flow)).origin == "recall"
    assert not (flow / "ran").exists()


def test_a_plan_of_ones_own_is_used_again_with_the_tools_that_the_workflow_names(flow: Path) -> None:
    steps = PLANS["a tool that the workflow names"]
    planned(planless(flow, plan=steps))
    (flow / "ran").unlink()
    unnamed = planned(Workflow(task=TASK, folder=flow, memory={"store": "sqlite:///m.db"}))
    assert (unnamed.origin, (flow / "ran").exists()) == ("recall", False)
    assert "shown and not run: this workflow does not name its tool 'write_file'" in unnamed.reason
    assert planned(planless(flow), bank="another").origin == "recall"
    assert (planned(planless(flow)).origin, (flow / "ran").exists()) == ("reused", True)


def test_the_same_memory_in_another_place_is_not_ones_own(flow: Path, clean_environment: Path) -> None:
    planned(planless(flow, plan=PLANS["a tool that the workflow names"]))
    (flow / "ran").unlink()
    (flow / "elsewhere").mkdir()
    migrated(flow / "m.db", flow / "elsewhere" / "m.db")
    assert planned(planless(flow / "elsewhere")).origin == "recall"
    (clean_environment / "runs.db").unlink()
    assert planned(planless(flow)).origin == "recall"
    assert not (flow / "ran").exists()


@pytest.mark.parametrize("of_a_team", [False, True])
def test_a_plan_of_ones_own_that_somebody_edited_is_shown(flow: Path, of_a_team: bool) -> None:
    """A memory that is passed round comes back with the same runs, and another plan in one of them."""
    plan = Plan.model_validate({"steps": PLANS["a tool that the workflow names"]})
    agents = {"executor": AgentSettings(tools=("write_file",))}
    with Memory.open(f"sqlite:///{flow}/m.db", embedder=HashingEmbedder()) as memory:
        team = Team(memory=memory, folder=flow, agents=agents)
        if of_a_team:
            team.run(Task(text=TASK, plan=plan))
        else:
            planned(planless(flow, plan=plan.steps))
        with closing(sqlite3.connect(flow / "m.db")) as connection, connection:
            edited = "replace(own, '\\\"ran\\\"', '\\\"ran.txt\\\"')"
            changed = connection.execute(f"update nodes set own = {edited} where kind = 'Query' and own <> {edited}")
            assert changed.rowcount == 1
        ready = next(iter(team.stream(Task(text=TASK)))) if of_a_team else planned(planless(flow))
    assert isinstance(ready, PlanReady)
    assert (ready.origin, "not as this team did it" in ready.reason) == ("recall", True)
    assert not (flow / "ran.txt").exists()


def test_a_less_trusted_run_is_shown(flow: Path) -> None:
    planned(planless(flow, plan=PLANS["a tool that the workflow names"]))
    (flow / "ran").unlink()
    with closing(sqlite3.connect(flow / "m.db")) as connection, connection:
        connection.execute("update nodes set trust = 0.9 where kind = 'Query'")
    ready = planned(planless(flow))
    assert (ready.origin, "less trusted" in ready.reason, (flow / "ran").exists()) == ("recall", True, False)


GIVEN = [
    (shell, (), "has side effects"),
    (shell, ("shell",), ""),
    (tool(side_effects=False)(shell), (), ""),
]


@pytest.mark.parametrize(("function", "granted", "why"), GIVEN)
def test_a_function_that_acts_is_used_again_only_where_it_is_named(
    flow: Path, function: Any, granted: tuple[str, ...], why: str
) -> None:
    plan = Plan.model_validate({"steps": PLANS["a function of the caller"]})
    with Memory.open(f"sqlite:///{flow}/m.db", embedder=HashingEmbedder()) as memory:
        agents = {"executor": AgentSettings(tools=granted or None)}
        team = Team(memory=memory, folder=flow, tools=[function], agents=agents)
        team.run(Task(text=TASK, plan=plan), run_id="one")
        (flow / "ran").unlink()
        ready = next(iter(team.stream(Task(text=TASK), run_id="two")))
        assert isinstance(ready, PlanReady)
        assert ready.origin == ("recall" if why else "reused")
        assert why in ready.reason


def test_a_team_takes_the_word_of_its_caller_for_what_is_its_own(flow: Path) -> None:
    steps = PLANS["a tool that the workflow names"]
    strangers(flow / "m.db", steps)
    agents = {"executor": AgentSettings(tools=("write_file",))}
    with Memory.open(f"sqlite:///{flow}/m.db", embedder=HashingEmbedder()) as memory:
        for own_run, origin in ((None, "recall"), (lambda query: query.run_id.endswith("-abcd"), "reused")):
            team = Team(memory=memory, folder=flow, agents=agents, own_run=own_run)
            ready = next(iter(team.stream(Task(text=TASK))))
            assert isinstance(ready, PlanReady)
            assert ready.origin == origin


@pytest.mark.parametrize("name", ["an installed function", "a standard function", "code beside the workflow"])
def test_not_even_an_own_run_s_plan_is_a_reason_to_import(flow: Path, name: str) -> None:
    strangers(flow / "m.db", PLANS[name])
    with Memory.open(f"sqlite:///{flow}/m.db", embedder=HashingEmbedder()) as memory:
        team = Team(memory=memory, folder=flow, own_run=lambda _query: True)
        ready = next(iter(team.stream(Task(text=TASK))))
    assert isinstance(ready, PlanReady)
    assert "it names code" in ready.reason
    assert not (flow / "ran").exists()
