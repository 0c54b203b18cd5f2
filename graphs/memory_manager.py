"""The memory manager: the write path as a state machine over the same steps that `Memory.retain` runs.

receive (evidence first) -> extract -> candidates -> decide -> commit, one batch after the other. A commit that another
writer forestalled goes back to the candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from agentmem.errors import ConflictError
from agentmem.graphs.context import TeamContext
from agentmem.memory import Message, Provenance, Received, WritePath
from agentmem.memory.ahead import BATCH
from agentmem.memory.evidence import episodes_of
from agentmem.memory.learning import Proposal, Reading, between_forgettings
from agentmem.memory.retain import ATTEMPTS
from agentmem.records import Changeset, Episode, Operation, Vector
from agentmem.tools.access import RETAINED


class MemoryManagerState(TypedDict, total=False):
    """What the memory manager reads and writes. It lives for one call and is not checkpointed: evidence itself is."""

    content: str | Message | Sequence[Message]
    about: Provenance
    waiting: list[Episode]
    """Evidence that is still to be taken in."""
    received: Received
    """The batch at hand."""
    vectors: dict[str, Vector]
    readings: list[tuple[Reading, ...]]
    """What the batch says, in the groups that are decided one after the other."""
    proposal: Proposal
    """The group at hand, with the memories that it competes with."""
    changeset: Changeset
    """What was decided about it."""
    attempts: int
    """How often the group was tried."""
    episodes: list[Episode]
    """All evidence that was taken in."""
    operations: list[Operation]
    """All that was decided."""


MemoryManagerGraph = CompiledStateGraph[MemoryManagerState, TeamContext, MemoryManagerState, MemoryManagerState]


def build_memory_manager() -> MemoryManagerGraph:
    """The memory manager as a graph of its own: `content` and `about` in, `episodes` and `operations` out."""
    graph = StateGraph(MemoryManagerState, context_schema=TeamContext)
    graph.add_node("read", _read)
    graph.add_node("receive", _receive)
    graph.add_node("extract", _extract)
    graph.add_node("candidates", _candidates)
    graph.add_node("decide", _decide)
    graph.add_node("commit", _commit)
    graph.add_edge(START, "read")
    graph.add_edge("read", "receive")
    graph.add_edge("receive", "extract")
    graph.add_conditional_edges("extract", _next_group, ["candidates", "receive", END])
    graph.add_edge("candidates", "decide")
    graph.add_edge("decide", "commit")
    graph.add_conditional_edges("commit", _next_group, ["candidates", "receive", END])
    return graph.compile(name="memory_manager")


def _read(state: MemoryManagerState, runtime: Runtime[TeamContext]) -> MemoryManagerState:
    """Cut the content into evidence, if the memory manager may write what comes of it."""
    access = runtime.context.access("memory_manager")
    access.require_write(RETAINED)
    memory = access.memory
    episodes = episodes_of(state["content"], state["about"], now=memory.clock.now())
    return {"waiting": episodes, "episodes": episodes, "operations": []}


def _receive(state: MemoryManagerState, runtime: Runtime[TeamContext]) -> MemoryManagerState:
    """Commit a batch of evidence verbatim, before anything is made of it."""
    memory = runtime.context.access("memory_manager").memory
    batch, rest = state["waiting"][:BATCH], state["waiting"][BATCH:]
    rows = memory.embedder.embed([episode.text for episode in batch])
    vectors: dict[str, Vector] = {episode.id: row for episode, row in zip(batch, rows, strict=True)}
    return {"received": memory.write_path().receive(batch, vectors), "vectors": vectors, "waiting": rest}


def _extract(state: MemoryManagerState, runtime: Runtime[TeamContext]) -> MemoryManagerState:
    """What the batch says."""
    unread = state["received"].unread
    extractions = _path(runtime).extract(unread) if unread else []
    readings = [Reading(episode=e, extraction=x) for e, x in zip(unread, extractions, strict=True)]
    return {"readings": list(between_forgettings(readings)), "attempts": 0}


def _candidates(state: MemoryManagerState, runtime: Runtime[TeamContext]) -> MemoryManagerState:
    """Find the entities that are meant, and the current memories that the claims compete with."""
    return {"proposal": _path(runtime).propose(state["readings"][0])}


def _decide(state: MemoryManagerState, runtime: Runtime[TeamContext]) -> MemoryManagerState:
    """ADD, UPDATE, DELETE or NOOP for every claim, and what follows for notes and links."""
    return {"changeset": _path(runtime).decide(state["proposal"], state["vectors"])}


def _commit(state: MemoryManagerState, runtime: Runtime[TeamContext]) -> MemoryManagerState:
    """Write it, or go back to the candidates if another writer was faster."""
    try:
        operations = _path(runtime).store.commit(state["changeset"])
    except ConflictError:
        if state["attempts"] + 1 >= ATTEMPTS:
            raise
        waiting = _path(runtime).still_pending(state["readings"][0])
        rest = state["readings"][1:]
        return {"attempts": state["attempts"] + 1, "readings": [waiting, *rest] if waiting else rest}
    return {"operations": [*state["operations"], *operations], "readings": state["readings"][1:], "attempts": 0}


def _next_group(state: MemoryManagerState) -> Literal["candidates", "receive", "__end__"]:
    if state["readings"]:
        return "candidates"
    return "receive" if state["waiting"] else "__end__"


def _path(runtime: Runtime[TeamContext]) -> WritePath:
    return runtime.context.access("memory_manager").memory.write_path()
