"""What a workflow says. Every key is a field here; an unknown one is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from agentmem.config import EmbedderName
from agentmem.graphs.plan import AgentSettings, Budget, Check, PlanStep
from agentmem.workflow.inputs import InputSpec

AgentName = Literal["planner", "executor", "reflector", "memory_manager"]

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]
"""A name that an expression can use: letters, digits and underscores."""


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _none_by_name(value: Any) -> Any:
    return "none" if value is None else value


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class MemorySpec(_Spec):
    """Where the team remembers."""

    store: str = Field(default="", repr=False)
    """Store URL such as sqlite:///brief.db, relative to this file. Default: AGENTMEM_STORE, else the data folder."""
    bank: str = Field(default="", max_length=200)
    """The tenant within the store; nothing of another bank is ever seen. Default: AGENTMEM_BANK, else "default"."""
    embedder: EmbedderName | Literal[""] = ""
    """auto (MiniLM where its weights can be had), minilm or hashing. Default: AGENTMEM_EMBEDDER, else auto."""


class StepSpec(PlanStep):
    """One step of a plan: a tool with its arguments, or a goal."""

    @model_validator(mode="after")
    def _tool_or_goal(self) -> Self:
        """Leaves mistakes between keys to the loader, which reports them all, each with its line."""
        return self


class AgentSpec(AgentSettings):
    """How one agent of the team works."""

    model: Annotated[Literal["none"], BeforeValidator(_none_by_name)] = "none"
    """What it thinks with. This version works by rules: only "none"."""


class WorkflowSpec(_Spec):
    """A workflow: what a team of agents is to do, with which memory, and what must hold in the end."""

    name: str = ""
    """Short name; the file's name if absent."""
    description: str = ""
    """What the workflow is for, in a sentence."""
    memory: MemorySpec = MemorySpec()
    """Where the team remembers."""
    model: Annotated[Literal["none"], BeforeValidator(_none_by_name)] = "none"
    """What all agents think with. This version works by rules: only "none"."""
    inputs: dict[Identifier, InputSpec] = {}
    """What a run may be given. A bare value is a default of its own type."""
    task: str = ""
    """What is to be done, in words. Without a plan the team plans for it, from past runs or by recalling."""
    agents: dict[AgentName, AgentSpec] = {}
    """How the agents work, by name."""
    plan: tuple[StepSpec, ...] = ()
    """The steps. They run as soon as what they need is done."""
    checks: tuple[Check, ...] = ()
    """What must hold in the end; if one does not, the run has failed."""
    budget: Budget = Budget()
    """Limits of the run; reaching one stops it."""
    output: str | None = None
    """The answer of the run. Default: what the plan's last step gave."""
    folders: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)] = ()
    """Folders besides this file's own that tools need, relative to this file. Whoever runs it allows them: --allow."""

    def tools_named(self) -> tuple[str, ...]:
        """The tools that the agents and the plan name."""
        given = [name for agent in self.agents.values() for name in agent.tools or ()]
        return tuple(dict.fromkeys([*given, *(step.tool for step in self.plan if step.tool)]))
