from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from agentmem.errors import InputError, NotFound, ToolError
from agentmem.graphs.events import (
    CheckResult,
    Finished,
    Learned,
    PlanReady,
    StepFinished,
    StepStarted,
    Task,
    TeamEvent,
    Verdict,
)
from agentmem.graphs.plan import AgentSettings, Check, Plan
from agentmem.graphs.team import Team
from agentmem.memory import Memory
from agentmem.records import EVERY_STATUS, Insight, Kind, Query, Step
from agentmem.stores import JournalFilter, View

QUESTIONS = ["Where does Anna live?", "What is the airspeed of a swallow?"]


def plan_of(*steps: dict[str, Any]) -> Plan:
    return Plan.model_validate({"steps": steps})


BRIEF = plan_of(
    {"id": "read", "tool": "read_files", "args": {"folder": "{{ inputs.folder }}", "pattern": "*.md"}},
    {
        "id": "learn",
        "tool": "remember",
        "for_each": "{{ steps.read.output }}",
        "args": {"text": "{{ item.text }}", "source": "{{ item.path }}"},
    },
    {"id": "chat", "tool": "remember", "args": {"path": "chat.jsonl"}, "needs": ["learn"]},
    {
        "id": "ask",
        "tool": "answer",
        "for_each": "{{ inputs.questions }}",
        "args": {"question": "{{ item }}"},
        "needs": ["chat"],
        "retry": 1,
    },
    {
        "id": "report",
        "tool": "write_file",
        "args": {"path": "report.md", "text": "{% for a in steps.ask.output %}- {{ a.question }}\n{% endfor %}"},
    },
)


def brief(plan: Plan | None = BRIEF, **changes: Any) -> Task:
    defaults: dict[str, Any] = {
        "text": "Answer {{ inputs.questions | length }} questions about {{ inputs.folder }}.",
        "inputs": {"folder": "documents", "questions": QUESTIONS},
        "checks": (Check(name="each is answered", that="{{ steps.ask.output | length == 2 }}"),),
        "output": "{{ steps.report.output }}",
    }
    return Task(plan=plan, **{**defaults, **changes})


def told(events: list[TeamEvent], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def nodes_of(memory: Memory, kind: Kind) -> list[Any]:
    return memory.store.scan(View(bank=memory.bank, kinds=frozenset({kind}), statuses=EVERY_STATUS))


def test_a_task_from_plan_to_what_was_learned(memory: Memory, folder: Path) -> None:
    events = list(Team(memory=memory, folder=folder).stream(brief(), run_id="one"))

    ready = events[0]
    assert isinstance(ready, PlanReady)
    assert (ready.task, ready.origin) == ("Answer 2 questions about documents.", "given")
    assert [s.id for s in told(events, StepStarted)] == ["read", "learn", "chat", "ask", "report"]
    finished = {s.id: s for s in told(events, StepFinished)}
    assert [d["path"] for d in finished["read"].output] == ["documents/office.md", "documents/team.md"]
    assert [a["question"] for a in finished["ask"].output] == QUESTIONS
    assert [c.passed for c in told(events, CheckResult)] == [True]
    assert {learned.kind for learned in told(events, Learned)} == {"Fact", "Query", "Insight"}
    last = events[-1]
    assert isinstance(last, Finished)
    result = last.result.as_dict()
    assert (folder / "report.md").read_text() == "".join(f"- {question}\n" for question in QUESTIONS)
    assert list(result) == [
        "run", "status", "answer", "citations", "steps", "checks", "learned", "usage",
    ]  # fmt: skip
    assert (result["run"], result["status"], result["answer"]) == ("one", "done", "report.md")
    assert list(result["steps"][0]) == ["id", "status", "output", "attempts", "seconds"]
    assert list(result["citations"][0]) == ["id", "text", "source", "at"]
    assert (result["usage"]["steps"], result["usage"]["tokens"]) == (7, 0)


def test_everything_that_a_run_writes_names_run_and_agent(memory: Memory, folder: Path) -> None:
    Team(memory=memory, folder=folder).run(brief(), run_id="one")
    entries = memory.log(JournalFilter(run_id="one"))
    assert len(entries) == len(memory.log())
    assert {entry.agent for entry in entries} == {"memory_manager", "reflector"}


def test_a_second_run_finds_the_first_one_and_learns_nothing_twice(memory: Memory, folder: Path) -> None:
    Team(memory=memory, folder=folder).run(brief(), run_id="one")
    facts = len(nodes_of(memory, Kind.FACT))
    events = list(Team(memory=memory, folder=folder).stream(brief(), run_id="two"))

    ready = events[0]
    assert isinstance(ready, PlanReady)
    assert [(task.run, task.outcome, task.similarity) for task in ready.similar] == [("one", "done", 1.0)]
    assert "run one" in ready.reason
    assert [(i.score, i.lesson) for i in ready.insights] == [(2, False)]
    assert len(nodes_of(memory, Kind.FACT)) == facts
    assert [(learned.op, learned.kind) for learned in told(events, Learned)] == [
        ("ADD", "Query"),
        ("EVOLVE", "Insight"),
    ]
    assert [insight.score for insight in nodes_of(memory, Kind.INSIGHT)] == [3]


def test_without_a_plan_that_of_a_similar_success_is_used_again(memory: Memory, folder: Path) -> None:
    agents = {"executor": AgentSettings(tools=("read_files", "remember", "answer", "write_file"))}
    team = Team(memory=memory, folder=folder, agents=agents)
    team.run(brief(), run_id="one")
    other = brief(None, text="Answer some questions about {{ inputs.folder }}.")
    events = list(team.stream(other, run_id="two"))
    ready, last = events[0], events[-1]
    assert isinstance(ready, PlanReady)
    assert isinstance(last, Finished)
    assert (ready.origin, [step.id for step in ready.steps]) == ("reused", [s.id for s in BRIEF.steps])
    assert (last.result.status, last.result.answer) == ("done", "report.md")


def test_a_plan_that_speaks_of_another_thing_is_not_used_again(memory: Memory, folder: Path) -> None:
    memory.retain("Anna lives in Porto. Peter lives in Rome.")
    team = Team(memory=memory, folder=folder)
    plan = plan_of({"id": "ask", "tool": "answer", "args": {"question": "Where does Anna live?"}})
    team.run(Task(text="Tell where the engineer Anna lives.", plan=plan), run_id="one")
    events = list(team.stream(Task(text="Tell where the engineer Peter lives."), run_id="two"))
    ready = events[0]
    assert isinstance(ready, PlanReady)
    assert ready.similar
    assert ready.origin == "recall"


def test_without_plan_or_past_the_task_is_answered_from_memory(memory: Memory, folder: Path) -> None:
    memory.retain("Anna lives in Porto.", source="letter")
    result = Team(memory=memory, folder=folder).run(Task(text="Where does Anna live?"))
    assert result.status == "done"
    assert "Porto" in result.answer
    assert [citation["source"] for citation in result.citations] == ["letter"]


def test_an_unknown_answer_is_not_passed_off_as_success(memory: Memory, folder: Path) -> None:
    result = Team(memory=memory, folder=folder).run(Task(text="Where does Anna live?"))
    assert (result.status, result.reason) == ("failed", "memory does not know the answer")
    assert [(i.lesson, "Where does Anna live?" in i.text) for i in nodes_of(memory, Kind.INSIGHT)] == [(True, True)]


def test_text_that_looks_like_an_expression_is_asked_as_it_is(memory: Memory, folder: Path) -> None:
    task = Task(text="{{ inputs.q }}", inputs={"q": "What's {{ this }} \\ {% that %}?"})
    result = Team(memory=memory, folder=folder).run(task)
    assert result.steps[0].output["question"] == "What's {{ this }} \\ {% that %}?"


def test_inputs_are_read_first_if_the_executor_was_given_the_tools(memory: Memory, folder: Path) -> None:
    agents = {"executor": AgentSettings(tools=("read_files", "remember", "answer"))}
    task = brief(None, checks=(), inputs={"folder": "documents", "questions": ["When did the office move?"]})
    result = Team(memory=memory, folder=folder, agents=agents).run(task)
    assert [step.id for step in result.steps] == ["read", "learn", "ask"]
    assert (result.status, "March 2024" in result.answer) == ("done", True)


def test_a_failed_check_fails_the_run_and_teaches_a_lesson(memory: Memory, folder: Path) -> None:
    check = Check(name="all are known", that="{{ steps.ask.output | rejectattr('known') | list | length == 0 }}")
    events = list(Team(memory=memory, folder=folder).stream(brief(checks=(check,)), run_id="one"))
    last = events[-1]
    assert isinstance(last, Finished)
    assert (last.result.status, told(events, CheckResult)) == (
        "failed",
        [CheckResult(name="all are known", passed=False, detail="it gave false")],
    )
    (insight,) = nodes_of(memory, Kind.INSIGHT)
    assert "airspeed" in insight.text
    assert insight.lesson
    query = nodes_of(memory, Kind.QUERY)[0]
    assert (query.outcome, query.reward, "all are known" in query.fail_reason) == ("failed", 0.0, True)


@pytest.mark.parametrize("that", ["{{ steps.ask.output[9].known }}", "{{ 1 / 0 }}", "{{ run }}", False])
def test_a_check_that_cannot_be_made_has_not_passed(memory: Memory, folder: Path, that: Any) -> None:
    result = Team(memory=memory, folder=folder).run(brief(checks=(Check(name="c", that=that),)))
    assert (result.status, result.checks[0].passed) == ("failed", False)


def test_a_failed_step_blocks_what_needs_it_and_nothing_else(memory: Memory, folder: Path) -> None:
    plan = plan_of(
        {"id": "read", "tool": "read_files", "args": {"folder": "documnts"}},
        {"id": "learn", "tool": "remember", "for_each": "{{ steps.read.output }}", "args": {"text": "{{ item.text }}"}},
        {"id": "after", "tool": "calculator", "args": {"expression": "1"}, "needs": ["learn"]},
        {"id": "apart", "tool": "calculator", "args": {"expression": "6 * 7"}},
    )
    result = Team(memory=memory, folder=folder).run(Task(text="Read and learn.", plan=plan))
    assert [(step.id, step.status) for step in result.steps] == [
        ("read", "failed"),
        ("learn", "skipped"),
        ("after", "skipped"),
        ("apart", "done"),
    ]
    assert "Did you mean 'documents'?" in result.reason
    assert result.steps[2].detail == "needs learn, which did not run"
    (insight,) = nodes_of(memory, Kind.INSIGHT)
    assert "learn, after could not run" in insight.text


def test_a_lesson_is_shown_until_its_trouble_is_gone(memory: Memory, folder: Path) -> None:
    plan = plan_of(
        {"id": "read", "tool": "read_files", "args": {"folder": "later"}},
        {"id": "learn", "tool": "remember", "for_each": "{{ steps.read.output }}", "args": {"text": "{{ item.text }}"}},
    )
    check = Check(name="learned", that="{{ steps.learn.output | length > 0 }}")
    task = Task(text="Read what comes later.", plan=plan, checks=(check,))
    team = Team(memory=memory, folder=folder)
    first = team.run(task)
    assert (first.status, first.checks[0].detail) == ("failed", "step learn was skipped")
    (folder / "later").mkdir()
    (folder / "later" / "a.md").write_text("Anna lives in Porto.")
    events = list(team.stream(task))
    ready = events[0]
    assert isinstance(ready, PlanReady)
    assert [(i.lesson, "no such folder" in i.text) for i in ready.insights] == [(True, True)]
    assert "failed before: step read failed" in ready.reason
    states = {
        (i.lesson, i.status.value, "after a task like it had failed" in i.text) for i in nodes_of(memory, Kind.INSIGHT)
    }
    assert states == {(True, "retired", False), (False, "active", True)}
    third = next(iter(team.stream(task)))
    assert isinstance(third, PlanReady)
    assert [i.lesson for i in third.insights] == [False]


def test_a_reused_plan_that_fails_gives_way_to_another(memory: Memory, folder: Path) -> None:
    team = Team(memory=memory, folder=folder, agents={"executor": AgentSettings(tools=("read_files",))})
    memory.retain("Anna lives in Porto.")
    plan = plan_of(
        {"id": "read", "tool": "read_files", "args": {"folder": "{{ inputs.folder }}"}},
        {"id": "ask", "goal": "{{ inputs.question }}", "needs": ["read"]},
    )
    inputs = {"folder": "documents", "question": "Where does Anna live?"}
    team.run(Task(text="Find out about the people.", inputs=inputs, plan=plan))
    events = list(team.stream(Task(text="Find out about the people.", inputs={**inputs, "folder": "gone"})))
    assert [ready.origin for ready in told(events, PlanReady)] == ["reused", "recall"]
    assert [v.action for v in told(events, Verdict) if not v.id] == ["replan", "finish"]
    last = events[-1]
    assert isinstance(last, Finished)
    assert (last.result.status, [step.id for step in last.result.steps]) == ("done", ["ask"])


def test_the_workflows_own_plan_is_never_replaced(memory: Memory, folder: Path) -> None:
    plan = plan_of({"id": "read", "tool": "read_files", "args": {"folder": "gone"}})
    events = list(Team(memory=memory, folder=folder).stream(Task(text="Read.", plan=plan)))
    assert [ready.origin for ready in told(events, PlanReady)] == ["given"]


def test_the_task_layer_is_a_graph(memory: Memory, folder: Path) -> None:
    Team(memory=memory, folder=folder).run(brief(), run_id="one")
    statistics = memory.statistics()
    assert (statistics.nodes[Kind.QUERY], statistics.nodes[Kind.STEP], statistics.nodes[Kind.INTERACTION]) == (1, 5, 7)
    around = {type_.value: count for type_, count in statistics.relationships.items()}
    assert (around["HAS_STEP"], around["DEPENDS_ON"], around["HAS_INTERACTION"]) == (5, 4, 7)
    assert around["USED"] >= 1
    assert (around["DERIVED_FROM"], around["SUPPORTS"]) == (1, 1)
    query = nodes_of(memory, Kind.QUERY)[0]
    assert isinstance(query, Query)
    assert Plan.model_validate_json(query.plan) == BRIEF
    steps = sorted(nodes_of(memory, Kind.STEP), key=lambda step: step.order)
    assert [step.name for step in steps if isinstance(step, Step)] == [s.id for s in BRIEF.steps]


def test_insights_never_answer_questions(memory: Memory, folder: Path) -> None:
    team = Team(memory=memory, folder=folder)
    team.run(Task(text="Where does Anna live?"))
    answer = memory.reflect("Where does Anna live?")
    assert (answer.known, answer.citations) == (False, ())


def test_an_insight_that_was_applied_to_a_failure_loses_and_retires(memory: Memory, folder: Path) -> None:
    team = Team(memory=memory, folder=folder)
    team.run(brief())
    team.run(brief(checks=(Check(name="never", that=False),)))
    insights = [node for node in nodes_of(memory, Kind.INSIGHT) if isinstance(node, Insight)]
    assert sorted((i.lesson, i.score, i.status.value) for i in insights) == [
        (False, 0, "retired"),
        (True, 2, "active"),
    ]


@pytest.mark.parametrize("last", [PlanReady, StepStarted, StepFinished, CheckResult, Learned])
def test_a_run_that_its_consumer_left_is_resumed(memory: Memory, folder: Path, last: type) -> None:
    calls: list[int] = []

    def count(n: int) -> int:
        """Count."""
        calls.append(n)
        return n

    plan = plan_of(
        {"id": "a", "tool": "count", "args": {"n": 1}},
        {"id": "b", "tool": "count", "args": {"n": 2}, "needs": ["a"]},
    )
    team = Team(memory=memory, folder=folder, tools=[count])
    events = team.stream(Task(text="Count.", plan=plan, checks=(Check(name="c", that=True),)), run_id="r")
    assert isinstance(events, Generator)
    for event in events:
        if isinstance(event, last):
            break
    events.close()
    result = team.run(run_id="r", resume=True)
    assert (result.status, [step.output for step in result.steps], calls) == ("done", [1, 2], [1, 2])
    assert memory.statistics().nodes[Kind.QUERY] == 1
    assert team.run(run_id="r", resume=True) == result


def test_runs_have_names_of_their_own(memory: Memory, folder: Path) -> None:
    team = Team(memory=memory, folder=folder)
    team.run(Task(text="One?"), run_id="one")
    with pytest.raises(InputError, match="already"):
        team.run(Task(text="One?"), run_id="one")
    with pytest.raises(NotFound, match="no run 'two'"):
        team.run(run_id="two", resume=True)
    assert team.run(run_id="one", resume=True).status == "failed"


def test_a_tool_that_fails_says_so_in_its_own_words(memory: Memory, folder: Path) -> None:
    def lookup(city: str) -> str:
        """Look up a city."""
        raise ToolError(f"there is no city {city}.", hint="Try another.")

    plan = plan_of({"id": "look", "tool": "lookup", "args": {"city": "Atlantis"}})
    result = Team(memory=memory, folder=folder, tools=[lookup]).run(Task(text="Look.", plan=plan))
    assert result.reason == "step look failed: there is no city Atlantis. Try another."
