"""Takes nodes and relationships into a bank that has no history of them: an ADD for each node, LINKs between them.

Nothing proves what such a file says, so its nodes are trusted like a document, and it says nothing of what became of
memories that the store learned by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

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
    OperationType,
    Relationship,
    RelationshipType,
)
from agentmem.stores import EmbeddingStamp, JournalFilter, Store
from agentmem.transfer.graphml import Graph, banks_in
from agentmem.transfer.replay import Progress

_BATCH = 500
_IMPORTED = "imported from"
"""How the reason of every change of an import begins."""
_TELLING = frozenset({RelationshipType.SUPERSEDES, RelationshipType.SAME_AS, RelationshipType.EVIDENCED_BY})
"""What says of a memory that it is over, what its name is, or that somebody's words bear it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grafted:
    """What was written."""

    bank: str
    operations: int
    """Operations of this call."""
    seq: int
    """Operations of the bank now."""


def graft(
    store: Store, graph: Graph, *, where: str, trust: float, embedder: Embedder, clock: Clock, progress: Progress
) -> Grafted:
    """Write what the store does not hold yet, trusted no more than `trust`.

    Raises:
        InputError: nodes of several banks, a relationship without both ends, no nodes, or a relationship that would
            change what a memory means that the store learned by itself.
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
    grounds = Grounds(reason=f"{_IMPORTED} {where}")
    written = 0
    known = store.fetch(builder.bank, [node.id for node in graph.nodes])
    trusted = {node.id: replace(node, trust=min(node.trust, trust)) for node in graph.nodes}
    nodes = _nodes(graph, known, trusted, embedder, builder, grounds)
    for changes in _batches([*nodes, *_links(store, graph, known, builder, grounds)]):
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
    graph: Graph,
    known: Mapping[str, Node],
    trusted: Mapping[str, Node],
    embedder: Embedder,
    builder: ChangeBuilder,
    grounds: Grounds,
) -> Iterator[Change]:
    for node in graph.nodes:
        if known.get(node.id, node) not in (node, trusted[node.id]):
            raise ConflictError(
                "the store holds that memory otherwise.",
                where=node.id,
                hint="Import into an empty bank: --bank names one.",
            )
    new = [node for node in graph.nodes if node.id not in known]
    entries = _entries(graph, new, embedder)
    for node in new:
        yield builder.add(trusted[node.id], grounds, index=entries.get(node.id))


def _links(
    store: Store, graph: Graph, held: Mapping[str, Node], builder: ChangeBuilder, grounds: Grounds
) -> Iterator[Change]:
    nodes = {node.id: node for node in graph.nodes}
    by_source: dict[str, list[Relationship]] = {}
    for relationship in graph.relationships:
        by_source.setdefault(relationship.source_id, []).append(relationship)
    known = {dated.relationship.identity for dated in store.relationships(builder.bank, list(by_source))}
    for source, relationships in by_source.items():
        new = [relationship for relationship in relationships if relationship.identity not in known]
        for relationship in new:
            if relationship.type in _TELLING:
                _require_own(store, relationship, held, builder.bank)
        if new:
            yield builder.link(nodes[source], new, grounds)


def _require_own(store: Store, relationship: Relationship, held: Mapping[str, Node], bank: str) -> None:
    """Refuse a relationship that tells something of a memory which no import brought."""
    for end in (relationship.source_id, relationship.target_id):
        added = JournalFilter(target=end, ops=frozenset({OperationType.ADD}))
        if end in held and not any(o.reason.startswith(_IMPORTED) for o in store.operations(bank, added)):
            raise InputError(
                f"an edge {relationship.type.value} would change what a memory means that the store holds.",
                where=f"{relationship.source_id} -> {relationship.target_id}",
                hint="Import into an empty bank: --bank names one.",
            )


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
