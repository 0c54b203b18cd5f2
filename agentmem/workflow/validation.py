"""What a workflow means: tools, references, expressions and arguments, proved before anything runs."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from agentmem.errors import AgentmemError, ConfigurationError
from agentmem.graphs.expressions import SCOPE, ExpressionError, Names, names
from agentmem.records import Kind
from agentmem.spelling import suggestion
from agentmem.stores import require_scheme
from agentmem.tools.base import ToolDescription
from agentmem.tools.registry import Toolbox
from agentmem.workflow.document import Document
from agentmem.workflow.draft import is_placeholder
from agentmem.workflow.grants import Grants
from agentmem.workflow.problems import Key, Problem
from agentmem.workflow.spec import StepSpec, WorkflowSpec

_ITEM_NAMES: Final = frozenset({"item", "index"})
_BEFORE_STEPS: Final = frozenset({"inputs", "run", "now"})


class Validation:
    """Everything that is wrong with what a workflow means, each mistake with its line."""

    def __init__(self, spec: WorkflowSpec, document: Document, toolbox: Toolbox, folder: Path, grants: Grants) -> None:
        """`toolbox` describes tools without importing them; relative paths start at `folder`."""
        self._spec = spec
        self._document = document
        self._toolbox = toolbox
        self._folder = folder
        self._grants = grants
        self._steps = [step.id for step in spec.plan]
        self._known = frozenset(self._steps)
        self._problems: list[Problem] = []

    def problems(self) -> list[Problem]:
        """All mistakes, in no particular order."""
        self._store()
        self._agents()
        for index, step in enumerate(self._spec.plan):
            self._step(("plan", index), step)
        self._cycles()
        self._expressions(("task",), self._spec.task, _BEFORE_STEPS)
        after_steps = frozenset(SCOPE) - _ITEM_NAMES
        for index, check in enumerate(self._spec.checks):
            self._expressions(("checks", index, "that"), check.that, after_steps)
            self._condition(("checks", index, "that"), check.that)
        self._expressions(("output",), self._spec.output, after_steps)
        for index, folder in enumerate(self._spec.folders):
            self._reach(("folders", index), folder)
        return self._problems

    def _store(self) -> None:
        """A store whose scheme somebody opens."""
        if self._spec.memory.store:
            try:
                require_scheme(self._spec.memory.store)
            except ConfigurationError as error:
                self._complain(("memory", "store"), f"{error.message} {error.where}".strip(), error.hint)

    def _reach(self, key: Key, folder: str) -> None:
        """A folder that is there, and that whoever runs the workflow has allowed."""
        path = self._folder / os.path.expanduser(folder)
        if not os.path.isdir(path):  # unlike Path's, false for any text
            self._complain(key, f"there is no folder {folder!r}.", "It is relative to this file.")
        elif not self._grants.reaches(path.resolve(), own=self._folder):
            self._complain(
                key,
                f"{folder!r} lies outside of the workflow's own folder, and you have not allowed it.",
                f"To allow it, add --allow {shlex.quote(str(path.resolve()))} (allow= in Python).",
            )

    def _agents(self) -> None:
        kinds = [kind.value for kind in Kind]
        for agent, settings in self._spec.agents.items():
            for index, name in enumerate(settings.tools or ()):
                self._tool(("agents", agent, "tools", index), name)
            for key, given in (("reads", settings.reads), ("writes", settings.writes)):
                for index, kind in enumerate(given or ()):
                    if kind not in kinds:
                        place: Key = ("agents", agent, key, index)
                        self._complain(
                            place, f"there is no kind of memory {kind!r}.", suggestion(kind, kinds, label="Kinds")
                        )

    def _step(self, key: Key, step: StepSpec) -> None:
        scope = frozenset(SCOPE) if step.for_each is not None else frozenset(SCOPE) - _ITEM_NAMES
        self._expressions((*key, "args"), step.args, scope)
        self._expressions((*key, "goal"), step.goal, scope)
        self._expressions((*key, "when"), step.when, frozenset(SCOPE) - _ITEM_NAMES)
        self._expressions((*key, "for_each"), step.for_each, frozenset(SCOPE) - _ITEM_NAMES)
        self._condition((*key, "when"), step.when)
        if isinstance(step.for_each, str) and "{" not in step.for_each:
            self._complain(
                (*key, "for_each"),
                "for_each takes a list, or an expression that gives one.",
                'For example: "{{ inputs.questions }}"',
            )
        for index, needed in enumerate(step.needs):
            if needed not in self._known:
                self._complain((*key, "needs", index), *self._no_step(needed))
        if step.tool:
            tool = self._tool((*key, "tool"), step.tool)
            if tool is not None:
                self._require_allowed(key, step.tool, tool)
                self._arguments(key, step, tool)

    def _condition(self, key: Key, value: Any) -> None:
        """Text that no expression is in has no truth."""
        if isinstance(value, str) and not _holds_expression(value):
            self._complain(
                key, f"a condition is true or false, this is the text {value[:60]!r}.", 'For example: "{{ 1 < 2 }}"'
            )

    def _tool(self, key: Key, name: str) -> ToolDescription | None:
        try:
            return self._toolbox.describe(name)
        except AgentmemError as error:
            self._complain(key, error.message, error.hint)
            return None

    def _require_allowed(self, key: Key, name: str, tool: ToolDescription) -> None:
        executor = self._spec.agents.get("executor")
        allowed = executor.tools if executor else None
        if (
            allowed is None
            or name in allowed
            or name in self._toolbox.given
            or any(self._same(tool, other) for other in allowed)
        ):
            return
        self._complain(
            (*key, "tool"),
            f"the executor is not given the tool {name!r}.",
            f"Add it to agents.executor.tools: {', '.join([*allowed, name])}.",
        )

    def _same(self, tool: ToolDescription, other: str) -> bool:
        try:
            return self._toolbox.describe(other) is tool
        except AgentmemError:  # told where the executor's tools are listed
            return False

    def _arguments(self, key: Key, step: StepSpec, tool: ToolDescription) -> None:
        """Names of arguments, and the values that are known before the run."""
        known = {str(field.alias): field for field in tool.arguments.model_fields.values()}
        for name in step.args:
            if name not in known:
                self._complain(
                    (*key, "args", name),
                    f"{step.tool} has no argument {name!r}.",
                    suggestion(name, known, label="Arguments"),
                )
        missing = [name for name, field in known.items() if field.is_required() and name not in step.args]
        if missing:
            listed = ", ".join(map(repr, missing))
            self._complain((*key, "args"), f"{step.tool} needs {listed}.", f"Arguments: {tool.usage}.")
        literal = {name: value for name, value in step.args.items() if name in known and not _holds_expression(value)}
        try:
            tool.arguments.model_validate(literal)
        except ValidationError as error:
            for details in error.errors():
                name = str(details["loc"][0]) if details["loc"] else ""
                if name in literal:
                    self._complain((*key, "args", name), f"{step.tool}, {name}: {_lower(details['msg'])}.")

    def _expressions(self, key: Key, value: Any, scope: frozenset[str]) -> None:
        """Syntax, and every name that is used."""
        for place, text in _texts(key, value):
            try:
                found = names(text)
            except ExpressionError as error:
                self._complain(place, f"{error.message}", error.hint)
                continue
            self._names(place, found, scope)

    def _names(self, place: Key, found: Names, scope: frozenset[str]) -> None:
        for name in sorted(found.roots - scope):
            if name in _ITEM_NAMES:
                self._complain(place, f"{name!r} is only there in a step with for_each.")
            elif name in SCOPE:
                self._complain(place, f"{name!r} is not known here: the task stands before the steps.")
            else:
                self._complain(place, f"{name!r} is not in scope.", suggestion(name, scope, label="In scope"))
        for name in sorted(found.inputs - set(self._spec.inputs)):
            self._complain(place, f"there is no input {name!r}.", suggestion(name, self._spec.inputs, label="Inputs"))
        if self._steps:  # without a plan of its own the workflow cannot know the steps; the team names them at the run
            for name in sorted(found.steps - self._known):
                self._complain(place, *self._no_step(name))

    def _no_step(self, name: str) -> tuple[str, str]:
        known = [step for step in self._steps if not is_placeholder(step)]
        return f"there is no step {name!r}.", suggestion(name, known, label="Steps")

    def _cycles(self) -> None:
        """The first way round, told at the step that begins it."""
        needs = {step.id: self._dependencies(step) for step in self._spec.plan}
        done: set[str] = set()
        while ready := [name for name, waits in needs.items() if waits <= done]:
            done.update(ready)
            for name in ready:
                del needs[name]
        if not needs:
            return
        path = [next(iter(needs))]
        while path.count(path[-1]) == 1:
            path.append(next(name for name in sorted(needs[path[-1]]) if name in needs))
        ring = path[path.index(path[-1]) :]
        index = self._steps.index(ring[0])
        self._complain(
            ("plan", index), f"steps wait for each other: {' -> '.join(ring)}.", "Take one of these references away."
        )

    def _dependencies(self, step: StepSpec) -> set[str]:
        found = set(step.needs)
        for _, value in step.expressions():
            for _, text in _texts((), value):
                try:
                    found |= names(text).steps
                except ExpressionError:  # told at its own line
                    continue
        return found & self._known

    def _complain(self, key: Key, message: str, hint: str = "") -> None:
        self._problems.append(self._document.problem(key, message, hint))


def _texts(key: Key, value: Any) -> Iterator[tuple[Key, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts((*key, name), inner)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _texts((*key, index), inner)


def _holds_expression(value: Any) -> bool:
    return any("{{" in text or "{%" in text or "{#" in text for _, text in _texts((), value))


def _lower(text: str) -> str:
    said = text.replace("Input should be", "expected")
    return said[:1].lower() + said[1:]
