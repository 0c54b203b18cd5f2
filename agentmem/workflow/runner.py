"""Runs a workflow: opens its memory, wires its team, keeps the registry, and hands on what the team tells."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from agentmem.config import Settings
from agentmem.errors import NotFound, StoreCorrupt
from agentmem.graphs.checkpoints import open_checkpoints
from agentmem.graphs.events import Finished, Task, TeamEvent, TeamResult
from agentmem.graphs.plan import Check, Plan, PlanStep
from agentmem.graphs.team import Team
from agentmem.memory import Memory
from agentmem.records import Query
from agentmem.tools.base import Tool
from agentmem.tools.modules import CodeFile
from agentmem.tools.registry import Toolbox
from agentmem.workflow import consent
from agentmem.workflow.consent import Ask
from agentmem.workflow.grants import Grants
from agentmem.workflow.opening import anchored, open_memory
from agentmem.workflow.runs import Run, RunRegistry
from agentmem.workflow.spec import WorkflowSpec

Notify = Callable[[str], None]


def to_stderr(line: str) -> None:
    """Where remarks go that nobody asked for."""
    sys.stderr.write(line + "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A workflow that is known to be right, ready to run."""

    spec: WorkflowSpec
    folder: Path
    """Where relative paths start."""
    file: str = ""
    """The workflow file; empty for one written in Python."""
    tools: tuple[Tool, ...] = ()
    """Functions that were given in Python."""
    grants: Grants = field(default_factory=Grants)
    """What whoever runs it allows it."""

    def settings(self, surroundings: Settings, *, store: str = "", bank: str = "", embedder: str = "") -> Settings:
        """What this run uses: the caller's word, else the workflow's, else the environment's."""
        memory = self.spec.memory
        own = surroundings.proposing(
            store=anchored(memory.store, self.folder), bank=memory.bank, embedder=memory.embedder
        )
        return own.overridden(store=store, bank=bank, embedder=embedder)

    def task(self, inputs: Mapping[str, Any]) -> Task:
        """What the team is asked to do."""
        spec = self.spec
        steps = tuple(PlanStep.model_validate(step.model_dump()) for step in spec.plan)
        return Task(
            text=spec.task or spec.description or spec.name,
            inputs=dict(inputs),
            plan=Plan(steps=steps) if steps else None,
            checks=tuple(Check.model_validate(check.model_dump()) for check in spec.checks),
            output=spec.output,
        )

    def team(self, memory: Memory, checkpointer: Any, registry: RunRegistry, *, tracing: bool = False) -> Team:
        """The team that does it. Plans of runs that the registry does not know are shown to it, never run."""
        return Team(
            memory=memory,
            folder=self.folder,
            tools=self.tools,
            agents={str(name): settings for name, settings in self.spec.agents.items()},
            budget=self.spec.budget,
            checkpointer=checkpointer,
            tracing=tracing,
            allowed=self.grants.folders,
            modules=self.grants.modules,
            agreed=self.grants.code,
            own_run=partial(_is_own, registry, memory),
        )

    def code(self) -> tuple[CodeFile, ...]:
        """The files of the folder that it imports."""
        return Toolbox(self.tools, folder=self.folder).code(self.spec.tools_named())


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRun:
    """A run whose memory is open."""

    run: str
    """Its id: `agentmem resume` takes it."""
    job: Job
    memory: Memory
    inputs: Mapping[str, Any]
    resumed: bool
    """Whether it goes on where an earlier process left off."""
    over: bool = False
    """Whether it had ended before: then its result is told again, and nothing is done."""
    _stream: Callable[[], Iterator[TeamEvent]]
    _registry: RunRegistry

    def events(self) -> Iterator[TeamEvent]:
        """Do the work and tell about it; the last event is `Finished`. The registry hears how it ended."""
        status, result = "stopped", dict[str, Any]()
        try:
            for event in self._stream():
                if isinstance(event, Finished):
                    status, result = event.result.status, asdict(event.result)
                yield event
        finally:
            if not self.over:
                self._registry.finish(self.run, status, result, self.memory.clock.now())

    def interrupted(self) -> None:
        """Tell the registry that the process ends before the run does; it can be resumed."""
        if not self.over:
            self._registry.finish(self.run, "stopped", {}, self.memory.clock.now())

    def finish(self) -> TeamResult:
        """Do the work to its end."""
        result: TeamResult | None = None
        for event in self.events():
            if isinstance(event, Finished):
                result = event.result
        if result is None:
            raise StoreCorrupt("the run ended without a result.", where=f"run {self.run}")
        return result


def agreed(job: Job, allow_code: bool | Ask, settings: Settings) -> Job:
    """The job with the code that it imports among its grants, if the person agrees or agreed before.

    Raises:
        InputError: nobody agreed. Nothing was imported.
    """
    grants = consent.agreed(
        job.grants,
        job.code(),
        workflow=job.file or str(job.folder),
        folder=job.folder,
        allow_code=allow_code,
        consents=consent.Consents.of(settings),
    )
    return replace(job, grants=grants)


def _is_own(registry: RunRegistry, memory: Memory, query: Query) -> bool:
    """Whether the run was done here, with this memory and this plan: memory is a file that others may edit."""
    try:
        known = registry.get(query.run_id)
    except NotFound:
        return False
    expected = (query.run_id, "done", memory.store.url, memory.bank)
    if (known.run, known.status, known.store, known.bank) != expected:
        return False
    plan = (known.result or {}).get("plan")
    return bool(plan) and Plan.model_validate(plan).as_json() == query.plan


@contextmanager
def begun(
    job: Job, inputs: Mapping[str, Any], settings: Settings, *, notify: Notify = to_stderr, run_id: str = ""
) -> Iterator[WorkflowRun]:
    """Enter a new run into the registry and open its memory.

    Raises:
        WorkflowError: the team cannot do this task.
        ConfigurationError, StoreError: the memory cannot be opened.
    """
    registry = RunRegistry(settings.runs_path)
    with ExitStack() as stack:
        memory = stack.enter_context(open_memory(settings, notify=notify))
        now = memory.clock.now()
        run = run_id or _new_run_id(now)
        stack.enter_context(registry.held(run))
        saver = stack.enter_context(open_checkpoints(registry.checkpoints(run), guarded=False))
        team = job.team(memory, saver, registry, tracing=settings.tracing)
        task = job.task(inputs)
        team.check(task)
        registry.start(
            Run(
                run=run,
                name=job.spec.name,
                file=job.file,
                folder=str(job.folder),
                spec=_without_store(job.spec).model_dump_json(exclude_unset=True),
                inputs=dict(inputs),
                store=memory.store.url,
                bank=settings.bank,
                embedder=settings.embedder,
                status="running",
                started=now,
                grants=job.grants.as_json(),
            )
        )
        yield WorkflowRun(
            run=run,
            job=job,
            memory=memory,
            inputs=inputs,
            resumed=False,
            _stream=partial(team.stream, task, run_id=run),
            _registry=registry,
        )


def _without_store(spec: WorkflowSpec) -> WorkflowSpec:
    """The workflow as it is kept: the registry has the store in a column of its own, where no password stands."""
    return spec.model_copy(update={"memory": spec.memory.model_copy(update={"store": ""})})


@contextmanager
def resumed(
    run_or_prefix: str,
    settings: Settings,
    *,
    notify: Notify = to_stderr,
    tools: tuple[Tool, ...] = (),
    allow_code: bool | Ask = False,
) -> Iterator[WorkflowRun]:
    """Open a run again, with the workflow, the inputs, the memory and the grants that it began with.

    Args:
        run_or_prefix: The run's id, or the beginning of it.
        settings: Says where the registry is.
        notify: Takes lines for the person who waits.
        tools: The functions that the run was given in Python.
        allow_code: Whether code may run that changed since the run began, or a function that asks.

    Raises:
        InputError: the code changed, and nobody agreed to it.
        NotFound: there is no such run.
        UserError: another process works on it.
        ConfigurationError, StoreError: its memory cannot be opened.
    """
    registry = RunRegistry(settings.runs_path)
    known = registry.get(run_or_prefix)
    spec = WorkflowSpec.model_validate_json(known.spec)
    job = Job(spec=spec, folder=Path(known.folder), file=known.file, tools=tools, grants=Grants.from_json(known.grants))
    if not known.result:
        job = agreed(job, allow_code, settings)
    own = settings.proposing(store=known.store, bank=known.bank, embedder=known.embedder)
    opened = partial(WorkflowRun, run=known.run, job=job, inputs=known.inputs, _registry=registry)
    with ExitStack() as stack:
        if not known.result:
            stack.enter_context(registry.held(known.run))
            known = registry.get(known.run)  # whoever held it before may have ended it
        memory = stack.enter_context(open_memory(own, notify=notify))
        if known.result:
            yield opened(memory=memory, resumed=True, over=True, _stream=partial(_told_again, known.result))
            return
        saver = stack.enter_context(open_checkpoints(registry.checkpoints(known.run), guarded=False))
        begun_before = saver.get_tuple({"configurable": {"thread_id": known.run}}) is not None
        registry.restart(known.run)
        team = job.team(memory, saver, registry, tracing=own.tracing)
        task = None if begun_before else job.task(known.inputs)
        stream = partial(team.stream, task, run_id=known.run, resume=begun_before)
        yield opened(memory=memory, resumed=begun_before, _stream=stream)


def _told_again(result: Mapping[str, Any]) -> Iterator[TeamEvent]:
    yield Finished(result=TeamResult.from_dict(result))


def _new_run_id(now: datetime) -> str:
    """Sorts by time, and two of the same second differ."""
    return f"run-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
