"""What a team tells while it works, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from agentmem.graphs.plan import Check, Plan, PlanStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a team is asked to do."""

    text: str
    """In words; an expression over `inputs`."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """JSON-able values, in scope of every expression as `inputs`."""
    plan: Plan | None = None
    """How to do it; None leaves that to the planner."""
    checks: tuple[Check, ...] = ()
    """What must be true at the end."""
    output: str | None = None
    """An expression that gives the answer; None for what the last step gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarTask:
    """A task of the past that resembles this one."""

    id: str
    """Its Query node."""
    text: str
    """The task in words."""
    outcome: str
    """done, failed or stopped."""
    similarity: float
    """Cosine of the two texts, in [-1, 1]."""
    run: str
    """The run that did it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedInsight:
    """A lesson or strategy of the past that is applied to this task."""

    id: str
    """Its Insight node."""
    text: str
    """What it says."""
    score: int
    """How far it has proved itself: 2 when new, +1 with every success, -2 with every failure."""
    lesson: bool
    """True for something to avoid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReady:
    """The planner has decided what to do; once for each plan."""

    run: str
    """The run's id."""
    task: str
    """The task in words, expressions filled in."""
    steps: tuple[PlanStep, ...]
    """The plan."""
    origin: str
    """given (by the workflow), reused (from a similar past task) or recall (answer from memory)."""
    reason: str
    """Why this plan, in words."""
    similar: tuple[SimilarTask, ...]
    """Similar past tasks, most similar first."""
    insights: tuple[AppliedInsight, ...]
    """What past work taught that applies here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """A step begins, or begins again."""

    id: str
    """The step."""
    text: str
    """Its tool or goal."""
    attempt: int
    """From 1."""
    items: int | None
    """How many items are tried in this attempt; None if the step has no `for_each`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFinished:
    """One item of a `for_each` step is over; for progress."""

    id: str
    """The step."""
    index: int
    """Which item, from 0."""
    items: int
    """How many the step has."""
    status: str
    """done, failed or stopped."""
    seconds: float
    """Wall-clock time of this try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """A step or item was in flight when the run was cut off, and is done again: its effects may be there twice."""

    id: str
    """The step."""
    index: int | None
    """Which item, from 0; None if the step has no `for_each`."""
    call: str
    """What is done, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """A step is over: it will not be tried again under this plan."""

    id: str
    """The step."""
    status: str
    """done, failed, skipped or stopped."""
    output: Any
    """What it gave: JSON-able; a list in the items' order with `for_each`; None if it gave nothing."""
    attempts: int
    """How often it was tried; with `for_each` the most that one item took."""
    seconds: float
    """Time spent in it, summed over items and tries."""
    detail: str
    """Why it failed or was skipped; empty if it is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the reflector thinks of a step or of the run, and what follows."""

    id: str
    """The step; empty for the run as a whole."""
    verdict: str
    """as expected, wrong or no effect."""
    reason: str
    """Why, in words."""
    action: str
    """go on, retry, replan or finish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One check of the workflow."""

    name: str
    """As the workflow names it."""
    passed: bool
    """Whether it gave true."""
    detail: str
    """What it gave, if it did not pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """One memory change that the run made for the work to come."""

    op: str
    """ADD, UPDATE, EVOLVE, LINK, RETIRE or NOOP."""
    id: str
    """The node."""
    kind: str
    """Its label."""
    text: str
    """What it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a run cost."""

    tokens: int = 0
    usd: float = 0.0
    seconds: float = 0.0
    """Wall-clock time; that before a resume included."""
    steps: int = 0
    """Executions: every item and every retry is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """How one step of the last plan ended."""

    id: str
    status: str
    """done, failed, skipped or stopped."""
    output: Any
    attempts: int
    seconds: float
    detail: str = ""
    """Why it failed or was skipped; not part of the JSON shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamResult:
    """What a run gave."""

    run: str
    """Its id."""
    status: str
    """done, failed or stopped."""
    reason: str
    """Why it failed or stopped; empty if it is done."""
    answer: Any
    """The output: JSON-able."""
    citations: tuple[Mapping[str, Any], ...]
    """What the answers rest on: id, text, source, at."""
    steps: tuple[StepResult, ...]
    checks: tuple[CheckResult, ...]
    learned: tuple[Learned, ...]
    usage: Usage
    plan: Mapping[str, Any] = field(default_factory=dict)
    """The plan that was carried out, JSON-able."""

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """The inverse of `dataclasses.asdict`, through JSON too; what older ones lack is empty."""
        return cls(
            run=fields["run"],
            status=fields["status"],
            reason=fields.get("reason", ""),
            answer=fields["answer"],
            citations=tuple(fields["citations"]),
            steps=tuple(StepResult(**step) for step in fields["steps"]),
            checks=tuple(CheckResult(**check) for check in fields["checks"]),
            learned=tuple(Learned(**learned) for learned in fields["learned"]),
            usage=Usage(**fields["usage"]),
            plan=fields.get("plan", {}),
        )

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape."""
        steps = [asdict(step) for step in self.steps]
        for step in steps:
            del step["detail"]
        return {
            "run": self.run,
            "status": self.status,
            "answer": self.answer,
            "citations": [dict(citation) for citation in self.citations],
            "steps": steps,
            "checks": [asdict(check) for check in self.checks],
            "learned": [asdict(learned) for learned in self.learned],
            "usage": asdict(self.usage),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The last event of a run."""

    result: TeamResult
    """Everything in one."""


TeamEvent = (
    PlanReady | StepStarted | ItemFinished | Repeated | StepFinished | Verdict | CheckResult | Learned | Finished
)
"""Everything that `Team.stream` yields."""
