"""Broken workflow files of every kind: each is accepted, or told what is wrong with it; none ends in a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from agentmem.errors import InputError, UserError, WorkflowError
from agentmem.workflow import Workflow
from agentmem.workflow.inputs import parse_inputs, resolve_inputs

Draws = Callable[[int], Iterator[Random]]

WHOLE = """
name: brief
description: Reads a folder and answers.
memory: {store: "sqlite:///team.db", bank: team, embedder: hashing}
inputs:
  folder: {type: path, default: docs}
  questions: ["Who leads?", "Since when?"]
  limit: 3
  strict: false
task: "Answer {{ inputs.questions | length }} questions"
folders: [docs]
agents:
  executor: {tools: [read_files, remember, answer, calculator], limits: {steps: 20}}
  planner: {reads: [Fact]}
plan:
  - {id: read, tool: read_files, args: {folder: "{{ inputs.folder }}"}}
  - {id: keep, tool: remember, for_each: "{{ steps.read.output }}", args: {text: "{{ item.text }}"}, retry: 2}
  - {id: sum, tool: calculator, args: {expression: "{{ inputs.limit }} * 2"}, timeout: 5, needs: [read]}
  - {id: ask, tool: answer, when: "{{ inputs.strict }}", args: {question: "{{ inputs.questions[0] }}"}}
checks:
  - {name: all known, that: "{{ steps.ask.output.known }}"}
budget: {seconds: 60, steps: 50}
output: "{% for a in steps.keep.output %}- {{ a }}{% endfor %}"
"""
SMALL = ["task: hello", "plan: [{id: a, goal: g}]", "task: t\ninputs: {a: 1}\noutput: '{{ inputs.a }}'"]

ODD: list[Any] = [
    *(None, True, 0, -1, 10**30, 10**400, -(10**30), 1e308, float("inf"), float("nan"), 0.1, "", " ", [], {}, [[]]),
    *("a" * 300, "a" * 5_000, "x\u0000y", "\ud800", "\U000e0041", "\u202eabc", "é" * 300, "../" * 100, "/" + "a" * 300),
    *("~nobody/x", "~", "\\", "*", "a:b", "os:system", "a.b:c", ":", "a" * 300 + ":f", "sqlite:///" + "a" * 300),
    *("neo4j://[", "sqlite:///\x00", "{{", "{%", "{{ }}", "{{ 1 / 0 }}", "{{ 9 ** 9 ** 9 }}", "{{ steps }}"),
    *("{{ steps.nobody.output }}", "{{ inputs." + "a" * 300 + " }}", "{{ " + "(" * 300 + " }}", "{# " * 9, "9" * 5_000),
    *({"a": {"b": {"c": 1}}}, {"": 1}, {"a" * 300: 1}, [1, "a", None], ["{{ item }}"], "2026-01-01", "12:30", "no"),
    *("{{ " + "9" * 5_000 + " }}", "{{ 1 | nothing }}", "{{ '\\ud800' }}", "{{ 1e999 }}", "%", "%s%d", "{0.__class__}"),
]
TEXTS = [
    *("\t", "\x00", "\x07", "\ufeff", "\u2028", "\x85", "&a ", "*a", "!!python/object:os.system ", "!!python/name:os "),
    *(
        "!!int ",
        "!!float x",
        "!!binary x",
        "!!timestamp 2026-01-01 ",
        "!!set {a}",
        "!!omap []",
        "! ",
        "!<x> ",
        "%YAML 9\n",
    ),
    *("---\n", "...\n", "<<: *a\n", "<<: [1]\n", "<<: {a: 1}\n", "? ", "? [a]\n: b\n", ": ", "- ", "[", "]", "{", "}"),
    *('"', "'", "|\n", ">\n", ">99\n", "#", "@", "`", "0x", "0o9", "1_000", "9" * 5_000, ".inf", ".nan", "1e999", "~"),
    *("\\", '"\\ud800"', '"\\U00110000"', '"\\x"', "é", "\U0001f600", "[" * 200, "{a: " * 200, "- " * 200, "? " * 200),
]


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a value: container and key."""
    found = []
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(inside):
        found.append((value, key))
        found += spots(inner)
    return found


def mutated(value: Any, random: Random) -> None:
    """Spoil one place of a value."""
    container, key = random.choice(spots(value))
    match random.randrange(5):
        case 0:
            del container[key]
        case 1 if isinstance(container, dict):
            container[random.choice([*map(str, ODD[:20]), "a" * 300, "id", "plan", "", "\U000e0041"])] = container.pop(
                key
            )
        case 2 if isinstance(container, list):
            container.extend([container[key]] * random.randrange(1, 4))
        case 3:
            other, place = random.choice(spots(value))
            container[key] = deepcopy(other[place])
        case _:
            container[key] = random.choice(ODD)


def _dumped(value: Any) -> str:
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False)


def told(folder: Path, content: bytes) -> None:
    """The attack: validate a file, and give it inputs. Only errors for users may come of it."""
    file = folder / "w.yaml"
    file.write_bytes(content)
    try:
        workflow = Workflow.from_file(file)
    except InputError as error:
        assert "MB" in error.message  # noqa: PT017 - a file too large is the one thing that is not a list of problems
        return
    problems = workflow.problems()
    for problem in problems:
        assert problem.message
    if problems:
        with pytest.raises(WorkflowError) as caught:
            workflow.validate()
        assert str(caught.value).encode()
    else:
        with suppress(UserError):  # an input without a value
            resolve_inputs(workflow.spec.inputs, {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    return tmp_path


def test_the_workflow_that_is_spoiled_is_a_good_one(folder: Path) -> None:
    (folder / "w.yaml").write_text(WHOLE)
    assert Workflow.from_file(folder / "w.yaml").problems() == []


def test_values_of_other_types_missing_and_odd(folder: Path, draws: Draws) -> None:
    for random in draws(60):
        value = yaml.safe_load(random.choice([WHOLE, WHOLE, *SMALL]))
        for _ in range(random.randrange(1, 4)):
            if spots(value):
                mutated(value, random)
        told(folder, _dumped(value).encode("utf-8", "surrogatepass"))


def test_text_with_things_put_in_and_taken_out(folder: Path, draws: Draws) -> None:
    for random in draws(60):
        text = random.choice([WHOLE, *SMALL])
        for _ in range(random.randrange(1, 4)):
            at = random.randrange(len(text) + 1)
            until = at + random.choice([0, 0, 1, 5, 40])
            text = text[:at] + random.choice(["", *TEXTS]) + text[until:]
        told(folder, text.encode("utf-8", "surrogatepass"))


def test_bytes(folder: Path, draws: Draws) -> None:
    for random in draws(30):
        content = bytearray(random.choice([WHOLE, *SMALL]).encode())
        for _ in range(random.randrange(1, 9)):
            content[random.randrange(len(content))] = random.randrange(256)
        told(folder, bytes(content))


def test_inputs_from_the_command_line(folder: Path, draws: Draws) -> None:
    (folder / "w.yaml").write_text(WHOLE)
    specs = Workflow.from_file(folder / "w.yaml").spec.inputs
    for random in draws(60):
        given = [f"{random.choice([*specs, 'x', ''])}={random.choice(ODD)}" for _ in range(random.randrange(3))]
        given += [str(random.choice(ODD))] * random.randrange(2)
        given += [f"questions=@{random.choice(ODD)}"] * random.randrange(2)
        with suppress(UserError):
            resolve_inputs(specs, parse_inputs(specs, given, folder=folder))


BOMBS: dict[str, bytes] = {
    "laughs": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (n + 1, n + 1, b",".join([b"*%c" % n] * 9)) for n in range(97, 109)),
    "merges": b"a: &a {x: 1}\n"
    + b"".join(b"%c: &%c {<<: [%s]}\n" % (n + 1, n + 1, b",".join([b"*%c" % n] * 9)) for n in range(97, 109)),
    "alias within itself": b"task: &a [*a]",
    "fifty megabytes": b"task: " + b"x" * 50_000_000,
    "fifty megabytes of steps": b"plan:\n" + b"- {id: a, goal: g}\n" * 2_600_000,
    "a hundred thousand steps": b"plan:\n" + b"".join(b"- {id: s%d, goal: g}\n" % n for n in range(100_000)),
    "many steps": b"plan:\n" + b"".join(b"- {id: s%d, goal: g}\n" % n for n in range(600)),
    "many needs": b"plan:\n" + b"".join(b"- {id: s%d, goal: g, needs: [s%d]}\n" % (n, n + 1) for n in range(400)),
    "a ring of steps": b"plan:\n"
    + b"".join(b"- {id: s%d, goal: g, needs: [s%d]}\n" % (n, (n + 1) % 300) for n in range(300)),
    "many wrong keys": b"".join(b"k%d: 1\n" % n for n in range(600)),
    "many wrong steps": b"plan:\n" + b"- {goal: 1}\n" * 600,
    "many wrong names": b"plan:\n" + b"- {id: a, goal: '{{ b }}', needs: [c]}\n" * 400,
    "deep lists": b"task: " + b"[" * 10_000,
    "deep mappings": b"task: " + b"{a: " * 10_000,
    "deep dashes": b"task:\n" + b"- " * 100_000,
    "deep indentation": b"".join(b" " * n + b"a:\n" for n in range(700)),
    "a long expression": b"task: '{{ " + b"1 + " * 50_000 + b"1 }}'",
    "a long list in an expression": b"task: '{{ [" + b"1, " * 60_000 + b"1] }}'",
    "many long numbers": b"inputs: {a: [" + b", ".join([b"9" * 4_000] * 60) + b"]}\ntask: t",
    "a long number": b"inputs: {a: " + b"9" * 200_000 + b"}\ntask: t",
    "a long hexadecimal number": b"inputs: {a: 0x" + b"f" * 200_000 + b"}\ntask: t",
    "a long octal number": b"inputs: {a: 0o" + b"7" * 200_000 + b"}\ntask: t",
    "quotes": b"task: '" + b"''" * 100_000,
    "a long key": b"k" * 200_000 + b": 1",
    "tags": b"task: !!python/object/apply:os.system ['true']",
    "half a pair as a key": b'"\\ud800": 1\ntask: t',
    "half a pair as a value": b'task: "\\udfff"',
    "an escape out of range": b'task: "\\U99999999"',
    "a version out of range": b"%YAML " + b"9" * 5_000 + b".1\n---\ntask: t",
    "names too long": b"task: t\nfolders: [" + b"a" * 300 + b', ~nobody/x, "\\0"]',
    "tabs": b"task:\n\t- a",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_told_within_seconds(folder: Path, name: str) -> None:
    told(folder, BOMBS[name])


def test_what_is_no_file_is_told(folder: Path) -> None:
    for path in (folder, folder / ("a" * 300), folder / "nothing.yaml", folder / "docs" / "x" / "y.yaml"):
        with pytest.raises(UserError):
            Workflow.from_file(path)
    with pytest.raises(InputError):
        Workflow.from_file(folder / "\x00.yaml")
