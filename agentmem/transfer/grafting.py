"""Takes nodes and relationships into a bank that has no history of them: an ADD for each node, LINKs between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentmem.embeddings import Embedder
from agentmem.errors import ConflictError, InputError
from agentmem.memory.retaining.changes import ChangeBuilder, Grounds
from agentmem.memory.retaining.indexing import entries_of
from agentmem.records import (
    Change,
    Changeset,
    Clock,
    IndexEntry,
    Node,
    Relationship,
    RelationshipType,
)
from agentmem.stores import EmbeddingStamp, Store
from agentmem.transfer.graphml import Graph, banks_in
from agentmem.transfer.replay import Progress

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Grafted:
    """What was written."""

    bank: str
    operations: int
    """Operations of this call."""
    seq: int
    """Operations of the bank now."""


def graft(store: Store, graph: Graph, *, where: str, embedder: Embedder, clock: Clock, progress: Progress) -> Grafted:
    """Write what the store does not hold yet.

    Raises:
        InputError: nodes of several banks, a relationship without both ends, or no nodes.
        EmbeddingMismatch: the store was filled by another model than the embedder's.
        ConflictError: the store holds a node of an id otherwise.
    """
    banks = banks_in(graph.nodes)
    if len(banks) != 1:
        found = f"its nodes name {len(banks)} banks" if banks else "it holds no nodes"
        raise InputError(f"{found}.", where=where, hint="Name one with --bank." if banks else "")
    _require_ends(graph, where)
    store.stamp(EmbeddingStamp(model=embedder.model, dimension=embedder.dimension))
    builder = ChangeBuilder(bank=banks[0], now=clock.now())
    grounds = Grounds(reason=f"imported from {where}")
    written = 0
    for changes in _batches(
        [*_nodes(store, graph, embedder, builder, grounds), *_links(store, graph, builder, grounds)]
    ):
        written += len(store.commit(Changeset(bank=banks[0], changes=changes)))
        progress("importing", written, 0)
    return Grafted(bank=banks[0], operations=written, seq=store.head(banks[0])[0])


def _require_ends(graph: Graph, where: str) -> None:
    ids = {node.id for node in graph.nodes}
    if len(ids) < len(graph.nodes):
        raise InputError("two nodes have one id.", where=where)
    for relationship in graph.relationships:
        for end in (relationship.source_id, relationship.target_id):
            if end not in ids:
                raise InputError(f"an edge leads to {end!r}, and there is no such node.", where=where)


def _nodes(
    store: Store, graph: Graph, embedder: Embedder, builder: ChangeBuilder, grounds: Grounds
) -> Iterator[Change]:
    known = store.fetch(builder.bank, [node.id for node in graph.nodes])
    for node in graph.nodes:
        if known.get(node.id, node) != node:
            raise ConflictError(
                "the store holds that memory otherwise.",
                where=node.id,
                hint="Import into an empty bank: --bank names one.",
            )
    new = [node for node in graph.nodes if node.id not in known]
    entries = _entries(graph, new, embedder)
    for node in new:
        yield builder.add(node, grounds, index=entries.get(node.id))


def _links(store: Store, graph: Graph, builder: ChangeBuilder, grounds: Grounds) -> Iterator[Change]:
    nodes = {node.id: node for node in graph.nodes}
    by_source: dict[str, list[Relationship]] = {}
    for relationship in graph.relationships:
        by_source.setdefault(relationship.source_id, []).append(relationship)
    known = {dated.relationship.identity for dated in store.relationships(builder.bank, list(by_source))}
    for source, relationships in by_source.items():
        new = [relationship for relationship in relationships if relationship.identity not in known]
        if new:
            yield builder.link(nodes[source], new, grounds)


def _entries(graph: Graph, new: Sequence[Node], embedder: Embedder) -> dict[str, IndexEntry]:
    """Search entries as the write path makes them, of what the graph says itself."""
    nodes = {node.id: node for node in graph.nodes}
    previous: dict[str, Node] = {}
    evidence: dict[str, Node] = {}
    for relationship in graph.relationships:
        source, target = nodes[relationship.source_id], nodes[relationship.target_id]
        if relationship.type is RelationshipType.NEXT:
            previous.setdefault(target.id, source)
        elif relationship.type is RelationshipType.EVIDENCED_BY:
            evidence.setdefault(source.id, target)
    return entries_of(new, previous, evidence, embedder)


def _batches(changes: Sequence[Change]) -> Iterator[tuple[Change, ...]]:
    for start in range(0, len(changes), _BATCH):
        yield tuple(changes[start : start + _BATCH])
