"""What a plan is: steps, the order that their references give, and what is measured at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, StrictBool, model_validator

from agentmem.errors import WorkflowError
from agentmem.graphs.expressions import SCOPE, ExpressionError, names
from agentmem.spelling import suggestion

StepId = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]
"""A step's name: letters, digits and underscores, so that `steps.NAME.output` can name it."""


class PlanError(WorkflowError):
    """A plan that cannot run.

    Attributes:
        step: Id of the step concerned; empty for the plan as a whole.
        key: The key of the step that is wrong, such as `args`, `needs` or `tool`.
    """

    def __init__(self, message: str, *, step: str = "", key: str = "", hint: str = "") -> None:
        where = f"step {step!r}" + (f", {key}" if key else "") if step else key
        super().__init__(message, where=where, hint=hint)
        self.step = step
        self.key = key


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class PlanStep(_Model):
    """One step: a tool call, or a goal that the executor reaches by itself."""

    id: StepId
    """What other steps call it."""
    tool: str | None = None
    """Name of a tool, or `module:function`. Either this or `goal`."""
    goal: str | None = None
    """A subtask in words; without a model it is answered from memory. Either this or `tool`."""
    args: dict[str, Any] = {}
    """The tool's arguments; strings are expressions."""
    for_each: str | list[Any] | None = None
    """A list, or an expression that gives one: the step runs once for each item and its output is a list."""
    needs: tuple[StepId, ...] = ()
    """Steps that come first although no expression names them."""
    when: str | StrictBool | None = None
    """An expression; the step is skipped if it is false."""
    retry: int = Field(default=0, ge=0, le=20)
    """How often the step is tried again after it went wrong."""
    timeout: float | None = Field(default=None, gt=0)
    """Seconds after which one try (of one item) has failed."""

    @model_validator(mode="after")
    def _tool_or_goal(self) -> Self:
        if (self.tool is None) == (self.goal is None):
            raise PlanError("a step names either a tool or a goal.", step=self.id, key="tool")
        if self.goal is not None and self.args:
            raise PlanError("a goal takes no arguments.", step=self.id, key="args", hint="Write them into the goal.")
        return self

    @property
    def text(self) -> str:
        """The step in words: its goal, or `tool NAME`."""
        return self.goal if self.goal is not None else f"{self.tool}"

    def inputs(self) -> Iterator[tuple[str, str]]:
        """Every key with each name of an input that it uses."""
        for key, value in self.expressions():
            yield from ((key, name) for name in sorted(names(value).inputs))

    def check_scope(self, key: str, roots: frozenset[str]) -> None:
        """Refuse names that this key of the step cannot see.

        Raises:
            PlanError: a name is not in scope; `item` and `index` are only with `for_each`, in `args` and `goal`.
        """
        has_items = self.for_each is not None and key in ("args", "goal")
        visible = [name for name in SCOPE if has_items or name not in ("item", "index")]
        for name in sorted(roots - set(visible)):
            scope = suggestion(name, visible, label="In scope")
            hint = "It is there for each item, with for_each." if name in SCOPE else scope
            raise PlanError(f"{name!r} is not in scope.", step=self.id, key=key, hint=hint)

    def expressions(self) -> Iterator[tuple[str, Any]]:
        """Every key that may hold expressions, with its value."""
        yield from (("args", self.args), ("for_each", self.for_each), ("when", self.when), ("goal", self.goal))


class Plan(_Model):
    """Steps and the order between them: a directed acyclic graph.

    Making one raises PlanError if ids repeat, a reference leads nowhere, or steps wait for each other.
    """

    steps: tuple[PlanStep, ...] = Field(min_length=1)
    """In the order in which they are shown; references and `needs` decide when they run."""

    _dependencies: dict[str, tuple[str, ...]] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = self._unique_ids()
        for step in self.steps:
            found = dict.fromkeys(step.needs, "needs")
            for key, value in step.expressions():
                try:
                    used = names(value)
                except ExpressionError as error:
                    raise PlanError(error.message, step=step.id, key=key, hint=error.hint) from error
                found |= dict.fromkeys(sorted(used.steps - found.keys()), key)
                step.check_scope(key, used.roots)
            for name, key in found.items():
                if name not in ids:
                    raise PlanError(
                        f"there is no step {name!r}.", step=step.id, key=key, hint=suggestion(name, ids, label="Steps")
                    )
            self._dependencies[step.id] = tuple(found)
        self._refuse_cycles()
        return self

    def as_json(self) -> str:
        """As memory keeps it."""
        return self.model_dump_json(exclude_defaults=True)

    def step(self, step_id: str) -> PlanStep:
        """The step of that id.

        Raises:
            PlanError: there is none.
        """
        for step in self.steps:
            if step.id == step_id:
                return step
        raise PlanError(
            f"there is no step {step_id!r}.", hint=suggestion(step_id, [s.id for s in self.steps], label="Steps")
        )

    def dependencies(self, step: PlanStep | str) -> tuple[str, ...]:
        """Ids of the steps that must be over before this one: `needs`, then those its expressions name."""
        return self._dependencies[step if isinstance(step, str) else step.id]

    def check_expression(self, value: Any, *, key: str) -> None:
        """Prove that an expression outside the steps (a check, the output) can be read and names steps that exist.

        Raises:
            PlanError: it cannot, or does not.
        """
        try:
            used = names(value)
        except ExpressionError as error:
            raise PlanError(error.message, key=key, hint=error.hint) from error
        visible = [name for name in SCOPE if name not in ("item", "index")]
        for name in sorted(used.roots - set(visible)):
            raise PlanError(f"{name!r} is not in scope.", key=key, hint=suggestion(name, visible, label="In scope"))
        for name in sorted(used.steps - self._dependencies.keys()):
            raise PlanError(
                f"there is no step {name!r}.", key=key, hint=suggestion(name, self._dependencies, label="Steps")
            )

    def _unique_ids(self) -> list[str]:
        ids: list[str] = []
        for step in self.steps:
            if step.id in ids:
                raise PlanError(f"two steps are called {step.id!r}.", step=step.id, key="id")
            ids.append(step.id)
        return ids

    def _refuse_cycles(self) -> None:
        done: set[str] = set()
        waiting = {step.id: set(self._dependencies[step.id]) for step in self.steps}
        while ready := [name for name, needs in waiting.items() if needs <= done]:
            done.update(ready)
            for name in ready:
                del waiting[name]
        if waiting:
            path = _cycle(waiting)
            raise PlanError(f"steps wait for each other: {' -> '.join(path)}.", step=path[0], key="needs")


class Check(_Model):
    """What must be true at the end, or the run has failed."""

    name: str = Field(min_length=1)
    """The check in words."""
    that: str | StrictBool
    """An expression that must give true."""


class Budget(_Model):
    """Limits of a run; when one is reached the run stops. None is no limit."""

    tokens: int | None = Field(default=None, ge=0)
    """Tokens of models, in and out."""
    usd: float | None = Field(default=None, ge=0)
    """Money in US dollars."""
    seconds: float | None = Field(default=None, gt=0)
    """Wall-clock time, the time before a resume included."""
    steps: int | None = Field(default=None, ge=0)
    """Executions: every item of a step and every retry is one."""


class Limits(_Model):
    """Limits of one agent."""

    steps: int | None = Field(default=None, ge=0)
    """Executions, as in `Budget.steps`."""
    tokens: int | None = Field(default=None, ge=0)
    """Tokens of models, in and out."""
    usd: float | None = Field(default=None, ge=0)
    """Money in US dollars."""


class AgentSettings(_Model):
    """What one agent of the team is made of and may do."""

    model: str | None = None
    """A model's name; None for the workflow's, `none` for rules."""
    prompt: str | None = None
    """Name of a prompt file; None for the agent's own."""
    tools: tuple[str, ...] | None = None
    """Tools that it may call, by name or `module:function`; None for all built-in ones."""
    reads: tuple[str, ...] | None = None
    """Kinds of nodes that it may read (Fact, Note, Episode ...); None for all."""
    writes: tuple[str, ...] | None = None
    """Kinds of nodes that it may write; None for all."""
    limits: Limits = Limits()
    """Its own limits, besides the budget of the run."""


AGENTS: tuple[str, ...] = ("planner", "executor", "reflector", "memory_manager")
"""The agents of a team."""


def _cycle(waiting: Mapping[str, set[str]]) -> list[str]:
    """A way round: follow unmet needs until a step comes up again."""
    path = [next(iter(waiting))]
    while True:
        following = next(name for name in sorted(waiting[path[-1]]) if name in waiting)
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)
