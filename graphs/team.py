"""The team: planner, executor and reflector wired into one graph over one memory."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import StateSnapshot

from agentmem.errors import InputError, NotFound, WorkflowError
from agentmem.graphs.budget import Meter
from agentmem.graphs.checkpoints import alone, unlock_for_good
from agentmem.graphs.context import TeamContext, check_agents
from agentmem.graphs.decisions import Actor, Judge, Planner, RuleActor, RuleJudge
from agentmem.graphs.events import CheckResult, Finished, Learned, StepResult, Task, TeamEvent, TeamResult, Usage
from agentmem.graphs.executor import build_executor
from agentmem.graphs.expressions import names, render
from agentmem.graphs.ledger import Ledger
from agentmem.graphs.memory_manager import MemoryManager
from agentmem.graphs.plan import AgentSettings, Budget, Plan, PlanError
from agentmem.graphs.planner import build_planner
from agentmem.graphs.planning import RulePlanner
from agentmem.graphs.reflector import build_reflector
from agentmem.graphs.routing import after_planning, after_reflecting
from agentmem.graphs.state import Spent, TaskState, TeamState
from agentmem.graphs.tracing import stepped
from agentmem.memory import Memory
from agentmem.records import Kind, Query, encode_time, node_id
from agentmem.spelling import suggestion
from agentmem.tools import Tool, Toolbox
from agentmem.tools.values import plain

TeamGraph = CompiledStateGraph[TeamState, TeamContext, TeamState, TeamState]

_PARALLEL = 8
"""Units at a time."""

_SUPERSTEPS = 100_000
"""LangGraph's bound on waves; budgets and retries end a run long before."""


def build_team(checkpointer: BaseCheckpointSaver[Any] | None = None) -> TeamGraph:
    """The wiring: planner -> executor -> reflector, and back to the planner for another plan."""
    graph = StateGraph(TeamState, context_schema=TeamContext)
    graph.add_node("planner", build_planner())
    graph.add_node("executor", build_executor())
    graph.add_node("reflector", build_reflector())
    graph.add_edge(START, "planner")
    graph.add_conditional_edges("planner", after_planning, ["executor", "reflector"])
    graph.add_edge("executor", "reflector")
    graph.add_conditional_edges("reflector", after_reflecting, ["planner", END])
    return graph.compile(checkpointer=checkpointer, name="team")


class Team:
    """A planner, an executor and a reflector that share one memory."""

    def __init__(
        self,
        *,
        memory: Memory,
        folder: Path | str = ".",
        tools: Iterable[Tool | Callable[..., Any]] = (),
        agents: Mapping[str, AgentSettings] | None = None,
        budget: Budget | None = None,
        checkpointer: BaseCheckpointSaver[Any] | None = None,
        allowed: Iterable[Path | str] = (),
        planner: Planner | None = None,
        actor: Actor | None = None,
        judge: Judge | None = None,
        tracing: bool = False,
        modules: Iterable[str] = (),
        agreed: Mapping[Path, str] | None = None,
        own_run: Callable[[Query], bool] | None = None,
    ) -> None:
        """A team that is ready to run tasks.

        Args:
            memory: What it shares; the team does not close it.
            folder: Where relative paths start; tools stay inside of it.
            tools: Functions besides the built-in ones and those that `agents.executor.tools` names.
            agents: Settings of planner, executor, reflector, memory_manager; default: every agent may do everything.
            budget: Limits of each run; default: none.
            checkpointer: Keeps runs so that they can be resumed, for example from `open_checkpoints`; default: runs
                can be resumed as long as this object lives.
            allowed: Further folders that tools may touch.
            planner: Default: rules.
            actor: Default: rules.
            judge: Default: rules.
            tracing: Whether runs are traced to LangSmith, documents included; its own variables do not switch it on.
            modules: Installed modules besides those in `folder` that module:function may name.
            agreed: Files of `folder` that module:function may import, with SHA-256 of their content; default: any.
            own_run: Whether what memory says of a run is what the team did itself, so that its plan may be run again;
                other plans are shown. Default: runs that the checkpointer knows, with the plans it knows of them.

        Raises:
            WorkflowError: there is no such agent or kind of memory.
            NotFound: there is no such tool.
            InputError: a tool cannot be loaded or described.
        """
        root = Path(folder)
        self._agents = dict(agents or {})
        check_agents(self._agents)
        self._memory = memory
        self._folder = root
        self._allowed = tuple(Path(path) for path in allowed)
        self._budget = budget or Budget()
        self._toolbox = Toolbox(tools, folder=root, modules=modules, agreed=agreed)
        for tool in self._settings("executor").tools or ():
            self._toolbox.load(tool)
        self._decisions = (planner or RulePlanner(), actor or RuleActor(), judge or RuleJudge())
        self._manager = MemoryManager()
        self._tracing = tracing
        self._saver = InMemorySaver() if checkpointer is None else checkpointer
        self._own_run = own_run or self._is_known
        self._graph = build_team(self._saver)

    def check(self, task: Task) -> None:
        """Prove that a task can run here: tools exist and may be used, expressions name what is there.

        Raises:
            PlanError: it cannot; `step` and `key` say where.
        """
        inputs = list(task.inputs)
        outside: list[tuple[str, Any]] = [("task", task.text), ("output", task.output)]
        outside += [(f"check {check.name!r}", check.that) for check in task.checks]
        for key, value in outside:
            for name in sorted(names(value).inputs - set(inputs)):
                raise PlanError(f"there is no input {name!r}.", key=key, hint=suggestion(name, inputs, label="Inputs"))
            if task.plan is not None:
                task.plan.check_expression(value, key=key)
        if names(task.text).steps:
            raise PlanError("the task is read before any step runs.", key="task", hint="Use inputs only.")
        if task.plan is not None:
            self._load(task.plan)
            self._context("").check_plan(task.plan, inputs)

    def stream(self, task: Task | None = None, *, run_id: str = "", resume: bool = False) -> Iterator[TeamEvent]:
        """Do a task and tell about it as it happens; the last event is `Finished`.

        Args:
            task: What to do. A resumed run knows its task.
            run_id: The run's name; default: a new one.
            resume: Go on with a run that was cut short: what it finished is not done again, what was in flight is,
                told by `Repeated`. One that is finished tells its result again.

        Raises:
            PlanError: the task cannot run here.
            NotFound: there is no such run to resume.
            InputError: there is a run of that name already, or no task.
            UserError: another team works on the run. With a checkpointer that is not of `open_checkpoints` nobody
                notices that: keep two teams from one run yourself.
        """
        run = run_id or f"run-{self._memory.clock.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        with alone(self._saver, run):
            yield from self._stream(task, run, resume=resume)

    def _stream(self, task: Task | None, run: str, *, resume: bool) -> Iterator[TeamEvent]:
        config: RunnableConfig = {
            "configurable": {"thread_id": run},
            "recursion_limit": _SUPERSTEPS,
            "max_concurrency": _PARALLEL,
        }
        snapshot = self._graph.get_state(config, subgraphs=True)
        known = bool(snapshot.values or snapshot.tasks)
        if resume and not known:
            raise NotFound(f"there is no run {run!r} to resume.", where=f"run {run}")
        if resume and (plan := snapshot.values.get("task", {}).get("plan")):
            self._load(Plan.model_validate(plan))
        if not resume and (known or self._is_remembered(run)):
            raise InputError("there is a run of that name already.", where=f"run {run}", hint="Resume it.")
        start = None if resume else self._start(task, run)
        if start is not None or snapshot.tasks:  # not `next`: that leaves out tasks whose writes wait to be applied
            stream = self._graph.stream(
                start,
                config,
                context=self._context(run, spent=_spent_before(snapshot) if resume else None),
                stream_mode="custom",
                subgraphs=True,
                durability="sync",
            )
            for _, event in stepped(stream, traced=self._tracing):
                yield cast("TeamEvent", event)
        result = _result(self._graph.get_state(config).values)
        if result.status == "done":
            unlock_for_good(self._saver, run)
        yield Finished(result=result)

    def run(self, task: Task | None = None, *, run_id: str = "", resume: bool = False) -> TeamResult:
        """`stream` to its end."""
        for event in self.stream(task, run_id=run_id, resume=resume):
            if isinstance(event, Finished):
                return event.result
        raise AssertionError("a stream ends with Finished")  # pragma: no cover

    def _start(self, task: Task | None, run: str) -> TeamState:
        if task is None:
            raise InputError("a run needs a task.", hint="Team.run(Task(text=...))")
        self.check(task)
        inputs = plain(task.inputs)
        began = encode_time(self._memory.clock.now()) or ""
        scope = {"inputs": inputs, "run": run, "now": self._memory.clock.now()}
        text = str(render(task.text, scope)).strip()
        if not text:
            raise WorkflowError("the task is empty.", where="task")
        return TeamState(
            run=run,
            started_at=began,
            task=TaskState(
                text=text,
                inputs=inputs,
                plan=task.plan.model_dump(mode="json") if task.plan else None,
                checks=[check.model_dump(mode="json") for check in task.checks],
                output=task.output,
            ),
        )

    def _load(self, plan: Plan) -> None:
        """Import what a workflow's own plan names. No other plan is ever a reason to import anything."""
        for step in plan.steps:
            if step.tool and ":" in step.tool:
                try:
                    self._toolbox.load(step.tool)
                except NotFound as error:
                    raise PlanError(error.message, step=step.id, key="tool", hint=error.hint) from error

    def _is_known(self, query: Query) -> bool:
        """Whether the checkpointer knows the run, and with this plan: memory is a file that others may edit."""
        state = self._graph.get_state({"configurable": {"thread_id": query.run_id}}).values
        return "plan" in state and Plan.model_validate(state["plan"]).as_json() == query.plan

    def _is_remembered(self, run: str) -> bool:
        """Whether memory holds a run of that name: what others wrote must not pass for what this run will do."""
        query = node_id(Kind.QUERY, self._memory.bank, run)
        return query in self._memory.store.fetch(self._memory.bank, [query])

    def _settings(self, agent: str) -> AgentSettings:
        return self._agents.get(agent, AgentSettings())

    def _context(self, run: str, *, spent: Spent | None = None) -> TeamContext:
        planner, actor, judge = self._decisions
        return TeamContext(
            memory=self._memory,
            run=run,
            toolbox=self._toolbox,
            folder=self._folder,
            allowed=self._allowed,
            agents=self._agents,
            meter=Meter(self._budget, self._settings("executor").limits, spent=spent),
            ledger=Ledger(self._saver, run),
            planner=planner,
            actor=actor,
            judge=judge,
            own_run=self._own_run,
            manager=self._manager,
        )


def _spent_before(snapshot: StateSnapshot) -> Spent | None:
    """The costs of a run that was cut short, as the innermost machine had them."""
    found: Spent | None = snapshot.values.get("spent")
    for task in snapshot.tasks:
        if isinstance(task.state, StateSnapshot):
            found = _spent_before(task.state) or found
    return found


def _result(state: Mapping[str, Any]) -> TeamResult:
    planned = [step["id"] for step in state["plan"]["steps"]]
    steps = [state["steps"][name] for name in planned if name in state["steps"]]
    return TeamResult(
        run=state["run"],
        status=state["status"],
        reason=state.get("reason", ""),
        answer=state.get("answer"),
        citations=tuple(state.get("citations", [])),
        steps=tuple(
            StepResult(
                id=step["id"],
                status=step["status"],
                output=step["output"],
                attempts=step["attempts"],
                seconds=step["seconds"],
                detail=step["detail"],
            )
            for step in steps
        ),
        checks=tuple(CheckResult(**check) for check in state.get("checks", [])),
        learned=tuple(Learned(**learned) for learned in state.get("learned", [])),
        usage=Usage(**state["spent"]) if state.get("spent") else Usage(),
        plan=state["plan"],
    )
