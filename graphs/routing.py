"""Where the machines go next: pure functions of the state."""

from __future__ import annotations

from typing import Literal

from langgraph.graph import END

from agentmem.graphs.state import ReflectorState, TeamState

MAX_PLANS = 3
"""Plans that a task is given at most (AgentFly: three cycles)."""


def entry_of_reflector(state: ReflectorState) -> Literal["verify", "learn"]:
    """Verify what was done; if the planner knows no other way, what was verified stands and is learned from."""
    return "learn" if state.get("decision") == "finish" else "verify"


def after_verifying(state: ReflectorState) -> str:
    """Learn, unless another plan is to be tried first."""
    return END if state.get("decision") == "replan" else "learn"


def after_planning(state: TeamState) -> Literal["executor", "reflector"]:
    """Act on the plan; without another plan the last result stands."""
    return "executor" if state.get("decision") == "act" else "reflector"


def after_reflecting(state: TeamState) -> str:
    """Plan again, or finish."""
    return "planner" if state.get("decision") == "replan" else END


def may_replan(state: ReflectorState) -> bool:
    """Whether the bound on plans lets another one be tried."""
    return len(state.get("tried", [])) < MAX_PLANS and not state.get("stopped")
