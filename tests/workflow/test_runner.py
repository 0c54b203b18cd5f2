"""Workflows from YAML and from Python, run for real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from agentmem import InputError, Memory, PlanStep, WorkflowError, tool
from agentmem.config import Settings
from agentmem.graphs.events import Finished, PlanReady, StepFinished, TeamResult
from agentmem.workflow import RunRegistry, Workflow
from agentmem.workflow.opening import anchored


def the_brief_in_python(folder: Path) -> Workflow:
    """The workflow of brief.yaml, word for word, but a bank of its own."""
    return Workflow(
        name="team-brief",
        description="Read a folder and a chat log, answer questions with sources, keep what was learned.",
        memory={"store": "sqlite:///brief.db", "bank": "python"},
        inputs={
            "folder": {"type": "path", "default": "documents"},
            "questions": {"type": "list", "default": ["Where does Marta work now?", "When did the office move?"]},
        },
        task="Answer {{ inputs.questions | length }} questions about {{ inputs.folder }}.",
        agents={
            "executor": {
                "tools": ["read_files", "remember", "answer", "write_file", "my_tools:word_count"],
                "limits": {"steps": 40},
            }
        },
        plan=[
            PlanStep(id="read", tool="read_files", args={"folder": "{{ inputs.folder }}", "pattern": "*.md"}),
            PlanStep(
                id="learn",
                tool="remember",
                for_each="{{ steps.read.output }}",
                args={"text": "{{ item.text }}", "source": "{{ item.path }}"},
            ),
            PlanStep(id="chat", tool="remember", args={"path": "chat.jsonl"}, needs=("learn",)),
            PlanStep(
                id="ask",
                tool="answer",
                for_each="{{ inputs.questions }}",
                args={"question": "{{ item }}"},
                needs=("chat",),
                retry=1,
            ),
            {
                "id": "report",
                "tool": "write_file",
                "args": {
                    "path": "report.md",
                    "text": "{% for a in steps.ask.output %}- {{ a.question }} {{ a.answer }}\n{% endfor %}",
                },
            },
        ],
        checks=[
            {
                "name": "every answer has a source",
                "that": "{{ steps.ask.output | selectattr('known') | rejectattr('citations') | list | length == 0 }}",
            }
        ],
        budget={"tokens": 20000, "usd": 0.50, "seconds": 120, "steps": 50},
        output="{{ steps.report.output }}",
        folder=folder,
    )


def without_ids(value: Any) -> Any:
    """A result without what differs between two banks: ids, run, times spent."""
    if isinstance(value, dict):
        return {k: without_ids(v) for k, v in value.items() if k not in ("id", "run", "seconds")}
    return [without_ids(item) for item in value] if isinstance(value, list) else value


def test_yaml_and_python_run_alike(brief: Path) -> None:
    from_yaml = Workflow.from_file(brief)
    from_python = the_brief_in_python(brief.parent)
    same_but_bank = from_python.spec.model_copy(update={"memory": from_yaml.spec.memory})
    assert same_but_bank.model_dump() == from_yaml.spec.model_dump()
    first, second = from_yaml.run(allow_code=True), from_python.run()
    assert first.status == "done"
    assert without_ids(first.as_dict()) == without_ids(second.as_dict())


def test_events_come_as_the_work_is_done_and_end_with_the_result(brief: Path) -> None:
    with Workflow.from_file(brief).begin({"questions": ["Where does Jonas live?"]}, allow_code=True) as run:
        events = list(run.events())
        assert run.memory.bank == "product-team"
    assert isinstance(events[0], PlanReady)
    assert [e.id for e in events if isinstance(e, StepFinished)] == ["read", "learn", "chat", "ask", "report"]
    assert isinstance(events[-1], Finished)
    assert events[-1].result.run == run.run


def test_the_registry_knows_the_run(brief: Path, clean_environment: Path) -> None:
    result = Workflow.from_file(brief).run(allow_code=True, questions=["Where does Jonas live?"])
    known = RunRegistry(clean_environment / "runs.db").get(result.run)
    assert (known.status, known.name, known.file, known.bank) == ("done", "team-brief", str(brief), "product-team")
    assert known.store == f"sqlite:///{brief.parent}/brief.db"
    assert known.inputs == {"folder": "documents", "questions": ["Where does Jonas live?"]}
    assert TeamResult.from_dict(known.result) == result


def test_functions_given_in_python_are_tools(tmp_path: Path) -> None:
    def shout(text: str) -> str:
        """Say it louder."""
        return text.upper()

    @tool(name="twice")
    def double(text: str) -> str:
        """Say it again."""
        return text * 2

    workflow = Workflow(
        inputs={"word": "ho"},
        plan=[
            PlanStep(id="loud", tool="shout", args={"text": "{{ inputs.word }}"}),
            PlanStep(id="more", tool="twice", args={"text": "{{ steps.loud.output }}"}),
        ],
        memory={"store": "sqlite:///own.db"},
        folder=tmp_path,
        tools=[shout, double],
    )
    assert workflow.run(word="hey").answer == "HEYHEY"


def test_a_run_that_python_left_is_resumed_with_its_functions(tmp_path: Path) -> None:
    calls: list[str] = []

    def note(text: str) -> str:
        """Note a call."""
        calls.append(text)
        return text

    workflow = Workflow(
        task="two steps",
        plan=[
            PlanStep(id="one", tool="note", args={"text": "one"}),
            PlanStep(id="two", tool="note", args={"text": "{{ steps.one.output }} two"}),
        ],
        memory={"store": "sqlite:///own.db"},
        folder=tmp_path,
        tools=[note],
    )
    with workflow.begin() as run:
        for event in run.events():
            if isinstance(event, StepFinished):
                break
    registry = RunRegistry(Settings.from_environment().runs_path)
    assert workflow.resume(run.run).answer == "one two"
    assert calls.count("one") == 1
    assert registry.get(run.run).status == "done"


def test_a_run_that_another_process_ended_just_before_is_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def note(text: str) -> str:
        """Note a call."""
        calls.append(text)
        return text

    workflow = Workflow(
        task="a step",
        plan=[PlanStep(id="one", tool="note", args={"text": "one"})],
        memory={"store": "sqlite:///own.db"},
        folder=tmp_path,
        tools=[note],
    )
    done = workflow.run()
    with workflow.begin() as run:
        pass
    held = RunRegistry.held

    @contextmanager
    def late(registry: RunRegistry, name: str) -> Iterator[None]:
        registry.finish(name, "done", {**asdict(done), "answer": "the other one's"}, done_at)
        with held(registry, name):
            yield

    done_at = run.memory.clock.now()
    monkeypatch.setattr(RunRegistry, "held", late)
    assert workflow.resume(run.run).answer == "the other one's"
    assert calls == ["one"]


def test_why_a_run_failed_is_told_again(tmp_path: Path) -> None:
    workflow = Workflow(
        task="fail",
        plan=[PlanStep(id="one", tool="calculator", args={"expression": "1 / 0"})],
        memory={"store": "sqlite:///own.db"},
        folder=tmp_path,
    )
    failed = workflow.run()
    assert (failed.status, bool(failed.reason), bool(failed.steps[0].detail)) == ("failed", True, True)
    assert workflow.resume(failed.run) == failed


def test_a_workflow_that_cannot_run_is_refused_before_anything_happens(tmp_path: Path, clean_environment: Path) -> None:
    workflow = Workflow(name="bad", plan=[{"id": "a", "tool": "recal"}], folder=tmp_path)
    with pytest.raises(WorkflowError, match="Did you mean 'recall'"):
        workflow.run()
    assert not (clean_environment / "memory.db").exists()
    assert not (clean_environment / "runs.db").exists()


def test_wrong_inputs_are_refused_before_anything_happens(brief: Path) -> None:
    with pytest.raises(InputError, match="expected a list"):
        Workflow.from_file(brief).run(questions="one")
    assert not (brief.parent / "brief.db").exists()


def test_what_a_caller_says_comes_before_the_workflow_and_that_before_the_environment(
    brief: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTMEM_BANK", "environment")
    monkeypatch.setenv("AGENTMEM_STORE", f"sqlite:///{tmp_path}/environment.db")
    plain = Workflow(task="Where is it?", folder=tmp_path)
    with plain.begin() as run:
        assert (run.memory.bank, run.memory.store.url) == ("environment", f"sqlite:///{tmp_path}/environment.db")
    with Workflow.from_file(brief).begin(allow_code=True) as run:
        assert (run.memory.bank, run.memory.store.url) == ("product-team", f"sqlite:///{brief.parent}/brief.db")
    with Workflow.from_file(brief).begin(bank="mine", allow_code=True) as run:
        assert run.memory.bank == "mine"


def test_relative_stores_start_at_the_workflows_folder() -> None:
    folder = Path("/w")
    assert anchored("sqlite:///a/b.db", folder) == "sqlite:////w/a/b.db"
    for url in ("sqlite:////abs.db", "sqlite:///:memory:", "sqlite:///~/x.db", "neo4j://host", ""):
        assert anchored(url, folder) == url


def test_what_a_workflow_learned_is_in_the_memory_it_names(brief: Path) -> None:
    Workflow.from_file(brief).run(allow_code=True)
    with Memory.open(f"sqlite:///{brief.parent}/brief.db", bank="product-team") as memory:
        assert "Lumen" in memory.reflect("Where does Marta work now?").answer
