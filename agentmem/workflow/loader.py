"""Workflow files and dictionaries to specs. All mistakes are found at once, each with its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from agentmem.graphs.plan import Budget, Check, Limits
from agentmem.spelling import suggestion
from agentmem.workflow.document import Document, read_document
from agentmem.workflow.draft import draft_spec
from agentmem.workflow.inputs import InputSpec, complaint
from agentmem.workflow.problems import Key, Problem
from agentmem.workflow.spec import AgentName, AgentSpec, MemorySpec, StepSpec, WorkflowSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A workflow as it was read."""

    spec: WorkflowSpec | None
    """What it says, without what is wrong with its form; None if it cannot be understood at all."""
    document: Document
    """Its lines."""
    problems: list[Problem] = field(default_factory=list)
    """What is wrong with its form."""


def read_workflow(path: Path, name: str) -> Loaded:
    """Read a workflow file without raising for what is wrong with its content; messages call it `name`.

    Raises:
        NotFound: there is no such file.
        InputError: it is a folder, or cannot be read.
    """
    return parse_spec(read_document(path, name))


def parse_spec(document: Document) -> Loaded:
    """The spec of a parsed document, and what is wrong with its form."""
    if not isinstance(document.value, dict):
        return Loaded(spec=None, document=document, problems=list(document.problems))
    found: list[Problem] = []
    try:
        spec: WorkflowSpec | None = WorkflowSpec.model_validate(document.value)
    except ValidationError as error:
        found = _unique([_problem(details, document) for details in error.errors()])
        spec = draft_spec(document.value)
    problems = unrelated(found, document.problems) + document.problems
    if spec is not None:
        problems += unrelated(_contradictions(spec, document), problems)
    return Loaded(spec=spec, document=document, problems=problems)


def unrelated(later: list[Problem], earlier: list[Problem]) -> list[Problem]:
    """The later problems that are no mere consequence of an earlier one above or below them."""
    keys = {problem.key for problem in earlier if problem.key}
    above = {key[:length] for key in keys for length in range(len(key))}
    return [
        problem
        for problem in later
        if problem.key not in above
        and not any(problem.key[:length] in keys for length in range(1, len(problem.key) + 1))
    ]


def _contradictions(spec: WorkflowSpec, document: Document) -> list[Problem]:
    """What no single field can say."""
    problems: list[Problem] = []
    if not spec.plan and not spec.task:
        problems.append(document.problem((), "a workflow needs a task or a plan.", "For example: task: ..."))
    seen: dict[str, int] = {}
    for index, step in enumerate(spec.plan):
        key: Key = ("plan", index)
        if bool(step.tool) == bool(step.goal):
            which = "both" if step.tool else "neither"
            problems.append(
                document.problem(key, f"a step has a tool or a goal; {step.id!r} has {which}.", "Give one of them.")
            )
        if step.args and not step.tool:
            problems.append(document.problem((*key, "args"), "only a step with a tool takes args."))
        if step.id in seen:
            first = document.place(("plan", seen[step.id]))[0]
            at = f", first in line {first}" if first else ""
            problems.append(document.problem((*key, "id"), f"the step {step.id!r} is defined twice{at}."))
        seen.setdefault(step.id, index)
    for name, given in spec.inputs.items():
        wrong = "" if given.required or given.default is None else complaint(given.default, given.type)
        if wrong:
            place: Key = ("inputs", name, "default")
            problems.append(document.problem(place if place in document.places else place[:2], wrong))
    return problems


def _unique(problems: list[Problem]) -> list[Problem]:
    """One problem for each key: members of a union each complain about the same value."""
    first: dict[Key, Problem] = {}
    for problem in problems:
        first.setdefault(problem.key, problem)
    return list(first.values())


def _problem(details: ErrorDetails, document: Document) -> Problem:
    key = _key_of(details["loc"], document.value)
    kind = details["type"]
    if kind == "extra_forbidden":
        allowed = _allowed_at(key[:-1])
        hint = suggestion(str(key[-1]), allowed)
        return document.problem(key, f"unknown key {str(key[-1])!r}.", hint)
    if kind == "missing":
        name = str(details["loc"][-1])
        return document.problem(key, f"the key {name!r} is missing.", _EXAMPLES.get(name, ""))
    if details["loc"][-1] == "[key]":
        return _wrong_name(key, document)
    if kind == "literal_error":
        return _wrong_choice(key, details, document)
    said = "expected a list, or an expression that gives one" if key[-1:] == ("for_each",) else _said(details)
    return document.problem(key, f"{said}, got {_shown(details['input'])}.", _hint(key, details["input"]))


def _wrong_name(key: Key, document: Document) -> Problem:
    name = str(key[-1])
    if key[:1] == ("agents",):
        return document.problem(key, f"there is no agent {name!r}.", suggestion(name, get_args(AgentName)))
    return document.problem(key, f"{name!r} is no name.", "Use letters, digits and underscores, and a letter first.")


def _wrong_choice(key: Key, details: ErrorDetails, document: Document) -> Problem:
    shown = _shown(details["input"])
    if key[-1] == "model":
        return document.problem(
            key,
            f"models are not in this version, so {shown} cannot be used.",
            'The only choice is "none": planner, executor, reflector and memory manager work by rules.',
        )
    expected = str(details.get("ctx", {}).get("expected", "")).replace("'", "").replace(" or ", ", ")
    return document.problem(
        key, f"{shown} is not possible here.", suggestion(str(details["input"]), expected.split(", "))
    )


def _key_of(loc: tuple[str | int, ...], value: Any) -> Key:
    """The place in the file: pydantic's location without the names of union members and markers."""
    key: list[str | int] = []
    for part in loc:
        is_there = part in value if isinstance(value, dict) else isinstance(value, list) and _indexes(part, value)
        if is_there:
            key.append(part)
            value = value[part]
    return tuple(key)


def _indexes(part: str | int, items: list[Any]) -> bool:
    return isinstance(part, int) and part < len(items)


_SAID: Final[Mapping[str, str]] = {
    "string_type": "expected text",
    "bool_type": "expected true or false",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "list_type": "expected a list",
    "tuple_type": "expected a list",
    "dict_type": "expected a mapping of keys to values",
    "model_type": "expected a mapping of keys to values",
    "model_attributes_type": "expected a mapping of keys to values",
    "string_too_short": "expected some text",
    "string_pattern_mismatch": "expected a name of letters, digits and underscores, a letter first",
}


def _said(details: ErrorDetails) -> str:
    message = _SAID.get(details["type"], details["msg"].replace("Input should be", "expected"))
    return message[:1].lower() + message[1:]


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 60 else f"{text[:57]}..."


def _hint(key: Key, value: Any) -> str:
    if value == {} or (isinstance(value, dict) and set(value) == {None}):
        return 'Put expressions in quotes: "{{ ... }}".'
    return _EXAMPLES.get(str(key[-1]), "") if key else ""


_EXAMPLES: Final[Mapping[str, str]] = {
    "id": "For example: id: read",
    "that": 'For example: that: "{{ steps.ask.output }}"',
    "name": "For example: name: every answer has a source",
    "plan": "For example: plan: [{id: ask, goal: ...}]",
    "for_each": 'For example: for_each: "{{ inputs.questions }}"',
    "needs": "For example: needs: [read]",
    "tools": "For example: tools: [recall, answer]",
    "memory": 'For example: memory: {store: "sqlite:///team.db", bank: team}',
    "inputs": "For example: inputs: {folder: {type: path, default: documents}}",
    "checks": 'For example: checks: [{name: ..., that: "{{ ... }}"}]',
    "budget": "For example: budget: {seconds: 60, steps: 50}",
}


_SECTIONS: Final[Mapping[str, type[BaseModel]]] = {"memory": MemorySpec, "inputs": InputSpec, "budget": Budget}


def _allowed_at(key: Key) -> list[str]:
    """The keys that are allowed in the mapping at `key`."""
    model: type[BaseModel] | None = WorkflowSpec
    if key[:1] == ("plan",):
        model = StepSpec
    elif key[:1] == ("checks",):
        model = Check
    elif key[:1] == ("agents",):
        model = Limits if key[2:3] == ("limits",) else AgentSpec
    elif key:
        model = _SECTIONS.get(str(key[0]))
    return list(model.model_fields) if model else []
