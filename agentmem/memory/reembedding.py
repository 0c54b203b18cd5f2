"""Embeds a store anew: every search entry of every bank, as the write path would make it today."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from agentmem.embeddings import Embedder
from agentmem.errors import ConflictError
from agentmem.memory.retaining.indexing import entries_of
from agentmem.records import (
    EVERY_STATUS,
    INDEXED,
    Episode,
    IndexEntry,
    Node,
    Note,
    RelationshipType,
    Status,
)
from agentmem.stores import Direction, EmbeddingStamp, Store, View

_PAGE = 1_000
_ATTEMPTS = 3
"""How often everything is embedded before it is given up because others keep writing."""
_BEFORE = frozenset({RelationshipType.NEXT})
_EVIDENCE = frozenset({RelationshipType.EVIDENCED_BY})


def reembed_store(store: Store, embedder: Embedder, tell: Callable[[int], None]) -> int:
    """Replace all vectors of a store, and its stamp, in one transaction.

    Args:
        store: The store. What others write meanwhile is noticed, and everything made again.
        embedder: The new model.
        tell: Hears how many memories are done.

    Returns:
        How many memories have a search entry now.

    Raises:
        ConflictError: others kept writing; nothing was changed.
    """
    for _ in range(_ATTEMPTS):
        before = _heads(store)
        entries = _all_entries(store, embedder, tell)
        if _heads(store) == before:
            store.reindex(EmbeddingStamp(model=embedder.model, dimension=embedder.dimension), entries)
            return sum(map(len, entries.values()))
    raise ConflictError(
        "others kept writing to the store while it was embedded anew; nothing was changed.",
        where=store.url,
        hint="Try again when nobody writes to it.",
    )


def _heads(store: Store) -> dict[str, tuple[int, str]]:
    return {bank: store.head(bank) for bank in store.banks()}


def _all_entries(store: Store, embedder: Embedder, tell: Callable[[int], None]) -> dict[str, dict[str, IndexEntry]]:
    entries: dict[str, dict[str, IndexEntry]] = {}
    done = 0
    for bank in store.banks():
        made = entries.setdefault(bank, {})
        for page in _pages(store, bank):
            made |= entries_now(store, bank, page, embedder)
            tell(done + len(made))
        done += len(made)
    return entries


def _pages(store: Store, bank: str) -> Iterator[list[Node]]:
    view = View(bank=bank, kinds=INDEXED, statuses=EVERY_STATUS - {Status.ERASED})
    last = ""
    while page := store.scan(view, after_id=last, limit=_PAGE):
        yield page
        last = page[-1].id


def entries_now(store: Store, bank: str, nodes: Sequence[Node], embedder: Embedder) -> dict[str, IndexEntry]:
    """The search entries of nodes as the write path would make them today, by id."""
    episodes = [node.id for node in nodes if isinstance(node, Episode)]
    notes = [node.id for node in nodes if isinstance(node, Note)]
    previous = _beside(store, bank, episodes, _BEFORE, Direction.IN)
    evidence = _beside(store, bank, notes, _EVIDENCE, Direction.OUT)
    return entries_of(nodes, previous, evidence, embedder)


def _beside(
    store: Store, bank: str, ids: Sequence[str], types: frozenset[RelationshipType], direction: Direction
) -> dict[str, Node]:
    """The node at the other end of each node's first relationship of these types."""
    if not ids:
        return {}
    view = View(bank=bank, statuses=EVERY_STATUS - {Status.ERASED})
    around = store.neighbourhood(view, ids, types=types, direction=direction)
    found = store.fetch(bank, sorted({end for r in around.relationships for end in (r.source_id, r.target_id)}))
    beside: dict[str, Node] = {}
    for relationship in around.relationships:
        here, there = relationship.source_id, relationship.target_id
        if direction is Direction.IN:
            here, there = there, here
        if there in found:
            beside.setdefault(here, found[there])
    return beside
