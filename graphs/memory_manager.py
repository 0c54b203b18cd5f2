"""The memory manager: the write path as a state machine over the same steps that `Memory.retain` runs.

receive (evidence first) -> extract -> decide and commit, one batch after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from agentmem.graphs.context import TeamContext
from agentmem.memory import Extraction, Message, Provenance, Received
from agentmem.memory.evidence import episodes_of
from agentmem.memory.retain import BATCH
from agentmem.records import Episode, Operation, Vector
from agentmem.stores import EmbeddingStamp
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
    extractions: list[Extraction]
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
    graph.add_node("learn", _learn)
    graph.add_edge(START, "read")
    graph.add_edge("read", "receive")
    graph.add_edge("receive", "extract")
    graph.add_edge("extract", "learn")
    graph.add_conditional_edges("learn", _after_learning, ["receive", END])
    return graph.compile(name="memory_manager")


def _read(state: MemoryManagerState, runtime: Runtime[TeamContext]) -> MemoryManagerState:
    """Cut the content into evidence, if the memory manager may write what comes of it."""
    access = runtime.context.access("memory_manager")
    access.require_write(RETAINED)
    memory = access.memory
    if memory.store.embedding is None:
        memory.store.stamp(EmbeddingStamp(model=memory.embedder.model, dimension=memory.embedder.dimension))
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
    path = runtime.context.access("memory_manager").memory.write_path()
    unread = state["received"].unread
    return {"extractions": path.extract(unread) if unread else []}


def _learn(state: MemoryManagerState, runtime: Runtime[TeamContext]) -> MemoryManagerState:
    """Find candidates, decide ADD, UPDATE, DELETE or NOOP, link, commit."""
    path = runtime.context.access("memory_manager").memory.write_path()
    operations = path.learn(state["received"].unread, state["extractions"], state["vectors"])
    return {"operations": [*state["operations"], *operations]}


def _after_learning(state: MemoryManagerState) -> Literal["receive", "__end__"]:
    return "receive" if state["waiting"] else "__end__"
