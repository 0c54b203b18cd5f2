"""What the machines may use while they run: LangGraph's typed runtime context. There are no globals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from agentmem.errors import NotFound, WorkflowError
from agentmem.graphs.budget import Meter
from agentmem.graphs.decisions import Actor, Judge, Planner, RuleActor, RuleJudge
from agentmem.graphs.ledger import Ledger
from agentmem.graphs.plan import AGENTS, AgentSettings, Plan, PlanError, PlanStep
from agentmem.graphs.planning import RulePlanner
from agentmem.memory import Memory, Message, Provenance, Retained
from agentmem.records import REFLECTED, Clock, Kind, Query
from agentmem.spelling import suggestion
from agentmem.tools import MemoryAccess, Tool, Toolbox, ToolContext
from agentmem.tools.access import missing_kinds


class Manager(Protocol):
    """Decides for everything the team learns what becomes of it."""

    def __call__(
        self, context: TeamContext, content: str | Message | Sequence[Message], about: Provenance, /
    ) -> Retained:
        """Take in a text or a conversation that an agent brought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamContext:
    """One run's surroundings."""

    memory: Memory
    """The team's memory."""
    run: str = ""
    """The run's id."""
    toolbox: Toolbox = field(default_factory=Toolbox)
    """Tools by name."""
    folder: Path = Path()
    """The workflow's folder."""
    allowed: tuple[Path, ...] = ()
    """Further folders that tools may touch."""
    agents: Mapping[str, AgentSettings] = field(default_factory=dict)
    """Settings of planner, executor, reflector, memory_manager."""
    meter: Meter = field(default_factory=Meter)
    """The budget."""
    ledger: Ledger = field(default_factory=Ledger)
    """What the run began and finished, across processes if a checkpointer keeps it."""
    planner: Planner = field(default_factory=RulePlanner)
    actor: Actor = field(default_factory=RuleActor)
    judge: Judge = field(default_factory=RuleJudge)
    own_run: Callable[[Query], bool] = lambda _query: False
    """Whether what memory says of a run is what the team did itself: only then its plan may be run again."""
    manager: Manager | None = None
    """The memory manager, which takes in what agents retain; None for the memory itself."""

    @property
    def clock(self) -> Clock:
        """Time as the memory has it."""
        return self.memory.clock

    def settings(self, agent: str) -> AgentSettings:
        """The settings of an agent."""
        return self.agents.get(agent, AgentSettings())

    def access(self, agent: str) -> MemoryAccess:
        """The memory as that agent may use it."""
        settings = self.settings(agent)
        return MemoryAccess(
            memory=self.memory.bound(agent=agent, run_id=self.run),
            reads=kinds_of(settings.reads, key=f"agents.{agent}.reads"),
            writes=kinds_of(settings.writes, key=f"agents.{agent}.writes"),
            retainer=partial(self.manager, self) if self.manager else None,
        )

    def tool_context(self, agent: str, *, charge: Callable[..., None] | None = None) -> ToolContext:
        """What a tool may use that this agent calls; costs go to `charge`, default the meter."""
        return ToolContext(
            memory=self.access(agent),
            folder=self.folder,
            allowed=self.allowed,
            charge=charge or self.meter.charge,
        )

    def tool(self, name: str) -> Tool:
        """The tool of that name, if the executor may use it.

        Raises:
            PlanError: there is no such tool, or the executor may not use it.
        """
        settings = self.settings("executor")
        try:
            tool = self.toolbox.get(name)
        except NotFound as error:
            raise PlanError(error.message, key="tool", hint=error.hint) from error
        if settings.tools is not None:
            known = {name for given in settings.tools for name in (given, self.toolbox.get(given).name)}
            if name not in known and tool.name not in known:
                raise PlanError(
                    f"the executor may not use the tool {name!r}.",
                    key="tool",
                    hint=f"agents.executor.tools allows {', '.join(settings.tools) or 'none'}.",
                )
        access = self.access("executor")
        for act, wanted, granted in (("read", tool.reads, access.reads), ("write", tool.writes, access.writes)):
            refused = missing_kinds(wanted, granted)
            if refused:
                raise PlanError(
                    f"the tool {name!r} would {act} {refused}, which the executor may not.",
                    key="tool",
                    hint=f"agents.executor.{act}s allows {', '.join(sorted(granted or ())) or 'nothing'}.",
                )
        return tool

    def unasked(self, name: str) -> str:
        """Why a plan from memory may not use a tool: the workflow at hand does not name it. Empty if it may."""
        if ":" in name:
            return f"it names code, {name!r}"
        granted = self.settings("executor").tools or ()
        if name in granted or any(self.toolbox.get(each).name == name for each in granted):
            return ""
        if name not in self.toolbox.given:
            return f"this workflow does not name its tool {name!r} in agents.executor.tools"
        if self.toolbox.get(name).side_effects:
            return f"its tool {name!r} has side effects, and agents.executor.tools does not name it"
        return ""

    def check_plan(self, plan: Plan, inputs: Iterable[str]) -> None:
        """Prove that a plan can run here.

        Raises:
            PlanError: a tool is missing or may not be used, or an expression names an unknown input.
        """
        known = list(inputs)
        for step in plan.steps:
            try:
                self._check_step(step)
            except PlanError as error:
                raise PlanError(error.message, step=step.id, key=error.key, hint=error.hint) from error
            for key, name in step.inputs():
                if name not in known:
                    raise PlanError(
                        f"there is no input {name!r}.",
                        step=step.id,
                        key=key,
                        hint=suggestion(name, known, label="Inputs"),
                    )

    def _check_step(self, step: PlanStep) -> None:
        if step.tool is not None:
            _check_arguments(self.tool(step.tool), step)
            return
        refused = missing_kinds(REFLECTED, self.access("executor").reads)
        if refused:
            raise PlanError(f"a goal is answered from {refused}, which the executor may not read.", key="goal")


def _check_arguments(tool: Tool, step: PlanStep) -> None:
    """Names only: values are often known at run time alone."""
    known = [name for name, _ in tool.parameters]
    for name in step.args:
        if name not in known:
            hint = suggestion(name, known, label="Arguments") if known else "It takes none."
            raise PlanError(f"the tool {tool.name!r} has no argument {name!r}.", key="args", hint=hint)
    missing = [name for name, is_required in tool.parameters if is_required and name not in step.args]
    if missing:
        raise PlanError(
            f"the tool {tool.name!r} needs {', '.join(map(repr, missing))}.",
            key="args",
            hint=f"Arguments: {tool.usage}.",
        )


def kinds_of(names: Iterable[str] | None, *, key: str) -> frozenset[Kind] | None:
    """Kinds by their names, whatever the case; None stays None.

    Raises:
        WorkflowError: there is no such kind.
    """
    if names is None:
        return None
    known = {kind.value.casefold(): kind for kind in Kind}
    kinds = set()
    for name in names:
        if name.casefold() not in known:
            hint = suggestion(name.capitalize(), [kind.value for kind in Kind], label="Kinds")
            raise WorkflowError(f"there is no kind of memory {name!r}.", where=key, hint=hint)
        kinds.add(known[name.casefold()])
    return frozenset(kinds)


def check_agents(agents: Mapping[str, AgentSettings]) -> None:
    """Refuse settings for agents that a team does not have, and kinds of memory that there are not.

    Raises:
        WorkflowError: there is no such agent or kind.
    """
    for name, settings in agents.items():
        if name not in AGENTS:
            raise WorkflowError(
                f"there is no agent {name!r}.", where="agents", hint=suggestion(name, AGENTS, label="Agents")
            )
        kinds_of(settings.reads, key=f"agents.{name}.reads")
        kinds_of(settings.writes, key=f"agents.{name}.writes")
