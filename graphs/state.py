"""The state of the machines: plain JSON-able values, so that every checkpointer can keep them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypedDict

from langgraph.channels.topic import Topic


class TaskState(TypedDict):
    """A task as the checkpoint holds it."""

    text: str
    """Expressions filled in."""
    inputs: dict[str, Any]
    plan: dict[str, Any] | None
    """The workflow's own plan."""
    checks: list[dict[str, Any]]
    output: str | None


class Spent(TypedDict):
    """What was used up so far."""

    tokens: int
    usd: float
    seconds: float
    steps: int


class PastState(TypedDict):
    """What memory holds about similar work."""

    similar: list[dict[str, Any]]
    """As `SimilarTask`, most similar first."""
    insights: list[dict[str, Any]]
    """As `AppliedInsight`, strongest first."""


class Unit(TypedDict):
    """One execution that is to be done: a step, or one item of it."""

    step: str
    index: int | None
    """Which item; None without `for_each`."""
    items: int
    """How many the step has; 1 without `for_each`."""
    attempt: int
    """From 1."""
    tool: str | None
    goal: str | None
    args: dict[str, Any]
    """Expressions filled in."""
    timeout: float | None
    problem: str
    """Why it cannot be done at all (an expression failed); empty if it can."""


class Lane(TypedDict):
    """Units that are done one after the other; lanes run in parallel."""

    units: list[Unit]


class UnitResult(TypedDict):
    """How one execution ended."""

    step: str
    index: int | None
    attempt: int
    status: str
    """done, failed or stopped."""
    output: Any
    detail: str
    """Why it failed or stopped."""
    final: bool
    """True if trying again cannot help: the call itself is wrong."""
    call: str
    """What was called, for a reader."""
    seconds: float
    tokens: int
    usd: float
    steps: int
    """1 if it was executed, 0 if it was refused before."""


class ItemState(TypedDict):
    """One item of a step (or the step itself, if it has no items), over all attempts."""

    status: str
    """pending, again, done, failed or stopped."""
    output: Any
    detail: str
    attempts: int
    seconds: float
    call: str
    verdict: str
    mended: str
    """What went wrong in an earlier attempt; empty if nothing did."""


class StepState(TypedDict):
    """A step that is over."""

    id: str
    status: str
    """done, failed, skipped or stopped."""
    output: Any
    attempts: int
    seconds: float
    detail: str
    blocked: bool
    """True if it was skipped because what it needs failed."""
    verdict: str
    """as expected, wrong or no effect; empty if it was not executed."""
    calls: list[list[str]]
    """What was called, what came back, and how it ended (done, failed), shortened; the first few."""
    mended: str
    """What went wrong before a retry mended it; empty if nothing did."""
    memories: list[str]
    """Ids of the memories that its output cites or holds, in order."""


class ExecutorState(TypedDict, total=False):
    """What the executor reads and writes."""

    run: str
    started_at: str
    task: TaskState
    plan: dict[str, Any]
    items: dict[str, list[ItemState]]
    """Items of steps that have begun, by step."""
    steps: dict[str, StepState]
    """Steps that are over, by id."""
    results: Annotated[Sequence[UnitResult], Topic(dict)]
    """What the last wave gave; gone after it was collected."""
    spent: Spent
    stopped: str
    """Which limit ended the run; empty if none did."""


class PlannerState(TypedDict, total=False):
    """What the planner reads and writes."""

    run: str
    task: TaskState
    past: PastState
    plan: dict[str, Any]
    origin: str
    """given, reused or recall."""
    reused: str
    """Id of the Query whose plan is used again; empty if none is."""
    tried: list[str]
    """Origins of the plans that were tried."""
    failure: str
    """Why the plan before failed; empty for a first plan."""
    decision: str
    """act, replan or finish."""
    steps: dict[str, StepState]
    items: dict[str, list[ItemState]]


class ReflectorState(TypedDict, total=False):
    """What the reflector reads and writes."""

    run: str
    started_at: str
    task: TaskState
    plan: dict[str, Any]
    origin: str
    reused: str
    tried: list[str]
    past: PastState
    steps: dict[str, StepState]
    stopped: str
    spent: Spent
    checks: list[dict[str, Any]]
    """As `CheckResult`."""
    status: str
    """done, failed or stopped; empty while the run goes on."""
    reason: str
    failure: str
    answer: Any
    citations: list[dict[str, Any]]
    learned: list[dict[str, Any]]
    """As `Learned`."""
    decision: str


class TeamState(TypedDict, total=False):
    """What planner, executor and reflector share."""

    run: str
    started_at: str
    task: TaskState
    past: PastState
    plan: dict[str, Any]
    origin: str
    reused: str
    tried: list[str]
    failure: str
    decision: str
    items: dict[str, list[ItemState]]
    steps: dict[str, StepState]
    spent: Spent
    stopped: str
    checks: list[dict[str, Any]]
    status: str
    reason: str
    answer: Any
    citations: list[dict[str, Any]]
    learned: list[dict[str, Any]]
