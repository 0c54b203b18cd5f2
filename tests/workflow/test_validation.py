"""Every mistake with its file, line and key, what is allowed, and what was probably meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agentmem.errors import InputError, NotFound, WorkflowError
from agentmem.workflow import Problem, Workflow

HEAD = "task: t\ninputs: {names: [a, b], limit: 3}\n"  # what follows begins in line 3


MINE = """\
from agentmem import tool

@tool
def word(text: str, n: int = 1) -> str:
    return text

def plain(text: str) -> str:
    return text
"""


def problems_of(folder: Path, text: str) -> list[Problem]:
    file = folder / "w.yaml"
    file.write_text(text, encoding="utf-8")
    return Workflow.from_file(file).problems()


CASES = [
    # form
    ("pln: []", 3, "pln", "unknown key 'pln'", "Did you mean 'plan'?"),
    ("model: gpt-4", 3, "model", "models are not in this version", "none"),
    ("agents: {executor: {model: big}}", 3, "agents.executor.model", "models are not in this version", "none"),
    ("agents: {excutor: {}}", 3, "agents.excutor", "no agent 'excutor'", "Did you mean 'executor'?"),
    ("agents: {executor: {tools: recall}}", 3, "agents.executor.tools", "expected a list", "[recall, answer]"),
    ("agents: {executor: {limits: {step: 1}}}", 3, "agents.executor.limits.step", "unknown key", "'steps'"),
    ("memory: {stor: x}", 3, "memory.stor", "unknown key 'stor'", "Did you mean 'store'?"),
    ("memory: {bank: 3}", 3, "memory.bank", "expected text, got 3", ""),
    ("memory: {embedder: minilml}", 3, "memory.embedder", "not possible here", "Did you mean 'minilm'?"),
    ("memory: nothing", 3, "memory", "expected a mapping", "sqlite:///"),
    ("budget: {second: 3}", 3, "budget.second", "unknown key 'second'", "Did you mean 'seconds'?"),
    ("budget: {seconds: -1}", 3, "budget.seconds", "greater than 0", ""),
    ("budget: {steps: many}", 3, "budget.steps", "expected a whole number, got 'many'", ""),
    ("checks:\n  - {name: x}", 4, "checks[0]", "the key 'that' is missing", "that:"),
    ("checks: [{name: x, that: true, when: y}]", 3, "checks[0].when", "unknown key 'when'", "name, that"),
    ("plan:\n- {id: a, goal: g, retries: 2}", 4, "plan[0].retries", "unknown key", "Did you mean 'retry'?"),
    ("plan:\n- {goal: g}", 4, "plan[0]", "the key 'id' is missing", "id: read"),
    ("plan:\n- {id: a b, goal: g}", 4, "plan[0].id", "letters, digits and underscores", ""),
    ("plan:\n- {id: a, goal: g, retry: yes please}", 4, "plan[0].retry", "expected a whole number", ""),
    ("plan:\n- {id: a, goal: g, needs: b}", 4, "plan[0].needs", "expected a list", "needs: [read]"),
    ("plan:\n- read it", 4, "plan[0]", "expected a mapping", ""),
    ("plan:\n- {id: a, goal: g}\n- {id: a, goal: h}", 5, "plan[1].id", "defined twice, first in line 4", ""),
    ("plan:\n- {id: a}", 4, "plan[0]", "has neither", "one of them"),
    ("plan:\n- {id: a, goal: g, tool: recall, args: {query: q}}", 4, "plan[0]", "has both", "one of them"),
    ("plan:\n- {id: a, goal: g, args: {x: 1}}", 4, "plan[0].args", "only a step with a tool", ""),
    ("plan:\n- id: a\n  goal: {{ x }}", 5, "plan[0].goal", "a key must be a word", "quotes"),
    # meaning
    ("plan:\n- {id: a, tool: recal, args: {query: q}}", 4, "plan[0].tool", "no tool 'recal'", "Did you mean 'recall'?"),
    ("plan:\n- {id: a, tool: 'nowhere:f'}", 4, "plan[0].tool", "no module 'nowhere'", ""),
    ("plan:\n- {id: a, tool: 'mine:wrd', args: {}}", 4, "plan[0].tool", "has no 'wrd'", "Did you mean 'word'?"),
    ("plan:\n- {id: a, tool: 'broken:f'}", 4, "plan[0].tool", "(broken.py, line 2), SyntaxError", ""),
    ("plan:\n- {id: a, tool: 'mine:plain'}", 4, "plan[0].tool", "not marked @tool", "from agentmem import tool"),
    ("plan:\n- {id: a, tool: 'mine:word', args: {tex: a, text: b}}", 4, "plan[0].args.tex", "argument 'tex'", "text"),
    ("plan:\n- {id: a, tool: 'mine:word'}", 4, "plan[0].args", "mine:word needs 'text'", "text, [n]"),
    ("plan:\n- {id: a, tool: 'mine:word', args: {text: b, n: many}}", 4, "plan[0].args.n", "valid integer", ""),
    ("plan:\n- {id: a, tool: 'click:edit'}", 4, "plan[0].tool", "nobody has allowed it", "--allow-module click"),
    ("agents: {executor: {tools: ['os:system']}}", 3, "agents.executor.tools[0]", "nobody has allowed it", ""),
    ("plan:\n- {id: a, tool: recall, args: {qury: q, query: q}}", 4, "plan[0].args.qury", "argument 'qury'", "query"),
    ("plan:\n- {id: a, tool: recall}", 4, "plan[0].args", "recall needs 'query'", "[k]"),
    ("plan:\n- {id: a, tool: recall, args: {query: q, k: lots}}", 4, "plan[0].args.k", "valid integer", ""),
    ("plan:\n- {id: a, goal: '{{ inputs.nmes }}'}", 4, "plan[0].goal", "no input 'nmes'", "Did you mean 'names'?"),
    ("plan:\n- {id: a, goal: '{{ steps.b.output }}'}", 4, "plan[0].goal", "no step 'b'", "Steps: a"),
    ("plan:\n- {id: a, goal: g, needs: [b]}", 4, "plan[0].needs[0]", "no step 'b'", "Steps: a"),
    ("plan:\n- {id: a, goal: '{{ item }}'}", 4, "plan[0].goal", "only there in a step with for_each", ""),
    ("plan:\n- {id: a, goal: '{{ input.names }}'}", 4, "plan[0].goal", "'input' is not in scope", "'inputs'"),
    ("plan:\n- {id: a, goal: '{{ names | }}'}", 4, "plan[0].goal", "cannot read the expression", ""),
    ("plan:\n- {id: a, goal: '{{ inputs.names | nope }}'}", 4, "plan[0].goal", "No filter named 'nope'", ""),
    ("plan:\n- {id: a, goal: g, for_each: names}", 4, "plan[0].for_each", "takes a list", "inputs.questions"),
    ("plan:\n- {id: a, goal: g, when: '{{ stepz }}'}", 4, "plan[0].when", "'stepz' is not in scope", "'steps'"),
    ("plan:\n- {id: a, goal: g, needs: [a]}", 4, "plan[0]", "wait for each other: a -> a", ""),
    (
        "plan:\n- {id: a, goal: g}\n- {id: b, goal: '{{ steps.c.output }}'}\n- {id: c, goal: g, needs: [b]}",
        5, "plan[1]", "wait for each other: b -> c -> b", "",
    ),
    (
        "plan: [{id: a, goal: b}]\nchecks:\n  - {name: x, that: '{{ steps.gone.output }}'}",
        5, "checks[0].that", "no step 'gone'", "",
    ),
    ("plan: [{id: a, goal: b}]\noutput: '{{ steps.gone.output }}'", 4, "output", "no step 'gone'", ""),
    ("agents: {reflector: {reads: [Facts]}}", 3, "agents.reflector.reads[0]", "no kind", "Did you mean 'Fact'?"),
    ("folders: [/nowhere/at/all]", 3, "folders[0]", "no folder", ""),
    ("folders: ['~nobody_of_that_name/x']", 3, "folders[0]", "no folder", ""),
    ("folders: ['x\\0y']", 3, "folders[0]", "no folder", ""),
    (f"folders: [{'x' * 5000}]", 3, "folders[0]", "no folder", ""),
    ("folders: [/]", 3, "folders[0]", "outside of the workflow's own folder", "--allow / "),
    ("folders:\n- .\n- ..", 5, "folders[1]", "outside of the workflow's own folder", "--allow /"),
    (
        "agents: {executor: {tools: [answer]}}\nplan:\n- {id: a, tool: recall, args: {query: q}}",
        5, "plan[0].tool", "not given the tool 'recall'", "agents.executor.tools: answer, recall",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "key", "said", "hint"), CASES, ids=[case[0][:50] for case in CASES])
def test_a_mistake_is_told_with_line_key_and_hint(
    tmp_path: Path, text: str, line: int, key: str, said: str, hint: str
) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "broken.py").write_text("import json\ndef f(:\n")
    problems = problems_of(tmp_path, HEAD + text + "\n")
    assert [(p.line, p.key_text) for p in problems] == [(line, key)], problems
    assert said in problems[0].message
    assert hint in problems[0].hint


def test_all_mistakes_are_told_at_once_by_line(tmp_path: Path) -> None:
    text = """\
nme: x
task: "{{ inputs.gone }} {{ steps.a.output }}"
inputs: {n: {type: number, default: many}}
plan:
  - {id: a, tool: recal}
  - {id: b, goal: g, needs: [c], retry: x}
checks: [{name: c, that: "{{ nothing }}"}]
"""
    problems = problems_of(tmp_path, text)
    assert [p.line for p in problems] == [1, 2, 2, 3, 5, 6, 6, 7]
    with pytest.raises(WorkflowError, match="8 problems:") as caught:
        Workflow.from_file(tmp_path / "w.yaml").validate()
    assert caught.value.where.endswith("w.yaml")
    assert re.search(r"^  w\.yaml:3:\d+ inputs\.n\.default: expected a number", caught.value.message, re.MULTILINE)


def test_a_single_mistake_fills_the_fields_of_the_error(tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text("task: t\nmodle: none\n")
    with pytest.raises(WorkflowError) as caught:
        Workflow.from_file(tmp_path / "w.yaml").validate()
    assert caught.value.where.endswith("w.yaml:2:1 modle")
    assert caught.value.message == "unknown key 'modle'."
    assert caught.value.hint.startswith("Did you mean 'model'?")


def test_a_workflow_that_says_nothing_to_do_is_refused(tmp_path: Path) -> None:
    assert "needs a task or a plan" in problems_of(tmp_path, "name: x\n")[0].message


def test_without_a_plan_the_steps_are_the_teams_to_name(tmp_path: Path) -> None:
    assert problems_of(tmp_path, HEAD + "output: '{{ steps.report.output }}'\n") == []


def test_files_that_cannot_be_read_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such workflow file"):
        Workflow.from_file(tmp_path / "gone.yaml")
    with pytest.raises(InputError, match="folder"):
        Workflow.from_file(tmp_path)


def test_the_whole_language_is_valid(brief: Path) -> None:
    assert Workflow.from_file(brief).problems() == []


def test_a_function_of_the_users_is_known_by_its_full_and_its_short_name(brief: Path) -> None:
    text = brief.read_text().replace(
        "plan:\n",
        'plan:\n  - {id: w1, tool: "my_tools:word_count", args: {text: a b}}\n'
        "  - {id: w2, tool: word_count, args: {text: a}}\n",
    )
    brief.write_text(text)
    assert Workflow.from_file(brief).problems() == []


def test_names_that_the_loader_made_up_are_not_suggested(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, "plan:\n- {goal: g}\n- {id: b, goal: '{{ steps.c.output }}'}\n")
    assert [p.hint for p in problems if "no step 'c'" in p.message] == ["Steps: b."]
