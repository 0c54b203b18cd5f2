"""The memory manager: decides for everything the team learns whether to ADD, UPDATE, DELETE or do nothing.

A state machine over the same steps that `Memory.retain` runs: receive (evidence first) -> extract -> candidates ->
decide -> commit, one batch after the other. A commit that another writer forestalled goes back to the candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from contextvars import Context
from typing import Any, Literal, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from agentmem.errors import ConflictError
from agentmem.graphs.context import TeamContext
from agentmem.graphs.tracing import is_traced, tracing
from agentmem.memory import Message, Provenance, Received, Retained, WritePath
from agentmem.memory.journal import OperationSummary
from agentmem.memory.retaining.ahead import Prepared
from agentmem.memory.retaining.extraction import Reading
from agentmem.memory.retaining.learning import Proposal, between_forgettings
from agentmem.memory.retaining.retain import ATTEMPTS, Intake, retained
from agentmem.records import RETAINED, Changeset

_SUPERSTEPS = 2**31
"""More than any conversation needs: how long it takes is a matter of its length."""


class MemoryManagerState(TypedDict, total=False):
    """What the memory manager reads and writes. It lives for one call and is not checkpointed: evidence itself is."""

    intake: Intake
    """The evidence of the call."""
    batch: Prepared | None
    """The batch at hand; None when all were taken in."""
    received: Received
    """What of it is new."""
    readings: list[tuple[Reading, ...]]
    """What it says, in the groups that are decided one after the other."""
    proposal: Proposal
    """The group at hand, with the memories that it competes with."""
    changeset: Changeset
    """What was decided about it."""
    attempts: int
    """How often the group was tried."""
    learned: list[OperationSummary]
    """All that was decided."""


MemoryManagerGraph = CompiledStateGraph[MemoryManagerState, TeamContext, MemoryManagerState, MemoryManagerState]


class MemoryManager:
    """Takes in what the agents of a team retain. Safe to use from several threads."""

    def __init__(self) -> None:
        self._graph = build_memory_manager()

    def __call__(self, context: TeamContext, content: str | Message | Sequence[Message], about: Provenance) -> Retained:
        """Take in a text or a conversation, in the memory manager's name; the evidence is in that of who brought it.

        Raises:
            ToolError: the memory manager may not write what comes of it.
            InputError: there is nothing to remember, or it cannot be stored.
            ConflictError: other writers were faster several times.
        """
        access = context.access("memory_manager")
        access.require_write(RETAINED)
        with closing(access.memory.write_path().take_in(content, about)) as intake:
            start: MemoryManagerState = {"intake": intake, "learned": []}
            # A context of its own: as part of the run that calls it, it would be checkpointed with it.
            end = Context().run(self._manage, start, context, traced=is_traced())
        return retained(intake.episodes, end["learned"])

    def _manage(self, start: MemoryManagerState, context: TeamContext, *, traced: bool) -> Mapping[str, Any]:
        with tracing(traced):
            return self._graph.invoke(start, {"recursion_limit": _SUPERSTEPS}, context=context)


def build_memory_manager() -> MemoryManagerGraph:
    """The memory manager as a graph of its own: an `intake` in, what was `learned` out."""
    graph = StateGraph(MemoryManagerState, context_schema=TeamContext)
    graph.add_node("receive", _receive)
    graph.add_node("extract", _extract)
    graph.add_node("candidates", _candidates)
    graph.add_node("decide", _decide)
    graph.add_node("commit", _commit)
    graph.add_edge(START, "receive")
    graph.add_conditional_edges("receive", _more, ["extract", END])
    graph.add_conditional_edges("extract", _next_group, ["candidates", "receive"])
    graph.add_edge("candidates", "decide")
    graph.add_edge("decide", "commit")
    graph.add_conditional_edges("commit", _next_group, ["candidates", "receive"])
    return graph.compile(name="memory_manager")


def _receive(state: MemoryManagerState, runtime: Runtime[TeamContext]) -> MemoryManagerState:
    """Commit the next batch of evidence verbatim, before anything is made of it."""
    batch = next(state["intake"].batches, None)
    if batch is None:
        return {"batch": None}
    return {"batch": batch, "received": _path(runtime).receive(batch, state["intake"].known)}


def _more(state: MemoryManagerState) -> Literal["extract", "__end__"]:
    return "__end__" if state["batch"] is None else "extract"


def _extract(state: MemoryManagerState, runtime: Runtime[TeamContext]) -> MemoryManagerState:
    """What the batch says."""
    readings = _path(runtime).read(_batch(state), state["received"])
    return {"readings": list(between_forgettings(readings)), "attempts": 0}


def _candidates(state: MemoryManagerState, runtime: Runtime[TeamContext]) -> MemoryManagerState:
    """Find the entities that are meant, and the current memories that the claims compete with."""
    return {"proposal": _path(runtime).propose(state["readings"][0], _batch(state).vectors)}


def _decide(state: MemoryManagerState, runtime: Runtime[TeamContext]) -> MemoryManagerState:
    """ADD, UPDATE, DELETE or NOOP for every claim, and what follows for notes and links."""
    return {"changeset": _path(runtime).decide(state["proposal"])}


def _commit(state: MemoryManagerState, runtime: Runtime[TeamContext]) -> MemoryManagerState:
    """Write it, or go back to the candidates if another writer was faster."""
    group, rest = state["readings"][0], state["readings"][1:]
    try:
        learned = _path(runtime).write(state["proposal"], state["changeset"])
    except ConflictError:
        if state["attempts"] + 1 >= ATTEMPTS:
            raise
        waiting = _path(runtime).still_pending(group)
        return {"attempts": state["attempts"] + 1, "readings": [waiting, *rest] if waiting else rest}
    return {"learned": [*state["learned"], *learned], "readings": rest, "attempts": 0}


def _next_group(state: MemoryManagerState) -> Literal["candidates", "receive"]:
    return "candidates" if state["readings"] else "receive"


def _batch(state: MemoryManagerState) -> Prepared:
    batch = state["batch"]
    assert batch is not None  # `_more` leads here with one only
    return batch


def _path(runtime: Runtime[TeamContext]) -> WritePath:
    return runtime.context.access("memory_manager").memory.write_path()
