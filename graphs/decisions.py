"""The decisions of a team as protocols; each has a rule-based form, the model-based forms come besides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from agentmem.graphs.plan import Plan, PlanStep
from agentmem.graphs.state import ReflectorState, UnitResult
from agentmem.memory.experience import PastWork
from agentmem.tools import ToolContext

EXPECTED = "as expected"
WRONG = "wrong"
NO_EFFECT = "no effect"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What a planner is told."""

    task: str
    """The task in words."""
    inputs: Mapping[str, Any]
    given: Plan | None
    """The workflow's own plan."""
    past: PastWork
    """Similar tasks and insights from memory. A task has its plan only if the plan may be run here."""
    refusal: Callable[[Plan], str]
    """Why a plan cannot run here (a tool is missing, an input is unknown); empty if it can."""
    withheld: Mapping[str, str] = field(default_factory=dict)
    """Why the plan of a similar task is shown and not run, by the id of its Query."""
    readable: tuple[str, ...] = ()
    """Inputs that name a folder or file of text which the executor was expressly given the tools to take in."""
    tried: tuple[str, ...] = ()
    """Origins of the plans that were tried and failed."""
    failure: str = ""
    """Why the last one failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A plan, and where it comes from."""

    plan: Plan
    origin: str
    """given, reused or recall; a model's planner names its own."""
    reason: str
    """Why this one, in words."""
    reused: str = ""
    """Id of the Query whose plan it is."""


class Planner(Protocol):
    """Decides how to do a task."""

    def propose(self, request: PlanRequest) -> Proposal | None:
        """A plan that was not tried yet; None if there is no other way."""


class Actor(Protocol):
    """Reaches a goal: what an executor does with a step that names no tool."""

    def pursue(self, goal: str, context: ToolContext) -> Any:
        """What came of it: JSON-able. Costs are reported through `context.charge`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepVerdict:
    """What a judge thinks of one execution."""

    verdict: str
    """as expected, wrong or no effect."""
    reason: str
    """Why, in words."""
    again: bool
    """Whether trying again may help; it is done only while the step's `retry` lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunVerdict:
    """What a judge thinks of a whole run."""

    verdict: str
    reason: str
    replan: bool
    """Whether another plan may help."""


class Judge(Protocol):
    """Judges executions and runs."""

    def step(self, step: PlanStep, result: UnitResult) -> StepVerdict:
        """The verdict on one execution of a step."""

    def run(self, state: ReflectorState, checks: Sequence[Mapping[str, Any]]) -> RunVerdict:
        """The verdict on a run whose steps are over and whose checks were made."""


class RuleActor:
    """Recall and answer."""

    def pursue(self, goal: str, context: ToolContext) -> Any:
        """The answer to the goal from memory, with its citations."""
        return context.memory.reflect(goal).as_dict()


class RuleJudge:
    """Deterministic: errors and checks decide."""

    def step(self, step: PlanStep, result: UnitResult) -> StepVerdict:
        """Wrong if it failed; no effect if it found nothing, which the same call would again; else as expected."""
        if result["status"] != "done":
            return StepVerdict(verdict=WRONG, reason=result["detail"], again=not result["final"])
        found_nothing = nothing_found(result["output"])
        if found_nothing:
            return StepVerdict(verdict=NO_EFFECT, reason=found_nothing, again=False)
        return StepVerdict(verdict=EXPECTED, reason="", again=False)

    def run(self, state: ReflectorState, checks: Sequence[Mapping[str, Any]]) -> RunVerdict:
        """Wrong if a step failed, a check did not hold, or a plan of the team's own making answered nothing."""
        steps = list(state["steps"].values())
        another = state["origin"] == "reused"
        for step in steps:
            if step["status"] == "failed":
                return RunVerdict(verdict=WRONG, reason=f"step {step['id']} failed: {step['detail']}", replan=another)
        for check in checks:
            if not check["passed"]:
                return RunVerdict(
                    verdict=WRONG, reason=f"check {check['name']!r} failed: {check['detail']}", replan=another
                )
        executed = [step for step in steps if step["verdict"]]
        if state["origin"] != "given" and executed and all(step["verdict"] == NO_EFFECT for step in executed):
            return RunVerdict(verdict=NO_EFFECT, reason="memory does not know the answer", replan=another)
        return RunVerdict(verdict=EXPECTED, reason="", replan=False)


def nothing_found(output: Any) -> str:
    """Why an output counts as no effect, in words; empty if it does not.

    None is what a tool gives that is only called for its effect, so it does not count.
    """
    if isinstance(output, list) and not output:
        return "it found nothing"
    if isinstance(output, Mapping):
        if output.get("known") is False:
            return "memory does not know"
        if output.keys() >= {"episodes", "operations"} and not output["episodes"]:
            return "there was nothing to remember"
    return ""
