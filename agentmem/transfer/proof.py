"""Proves that two stores hold the same in a bank, and says what differs if they do not."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from agentmem.embeddings import Matrix
from agentmem.memory import Memory
from agentmem.records import EVERY_STATUS, GENESIS, IndexEntry, Kind, Node, Vector, searched, verify_chain
from agentmem.stores import Store, View
from agentmem.stores.base import DatedRelationship
from agentmem.stores.paging import PAGE, journal_pages
from agentmem.transfer.contents import (
    JOURNAL,
    Contents,
    contents_of,
    node_values,
    operation_values,
    relationship_values,
)
from agentmem.transfer.replay import Progress

_SAMPLES = 20
_ALIKE = 0.95
"""Stores may break ties within rounding otherwise; everything else must be the same to the bit."""
_LONGEST_QUERY = 300
_NAMED = 5
"""How many differences are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """What was compared of one bank, and what came out. The first of a pair is the source's, the second the copy's."""

    bank: str
    operations: tuple[int, int]
    head: tuple[str, str]
    """Hash of the newest Operation."""
    chain: tuple[bool, bool]
    """Whether every hash of the journal follows from what it covers."""
    nodes: dict[str, tuple[int, int]]
    """Label -> counts, all versions."""
    relationships: dict[str, tuple[int, int]]
    """Type -> counts."""
    content_hash: tuple[str, str]
    """Over every field of every node, search entry, relationship and Operation."""
    recalls: tuple[int, int]
    """How many sample recalls gave the same memories in the same order, and of how many."""
    differences: tuple[str, ...] = ()
    """The first few, in words."""

    @property
    def proved(self) -> bool:
        """Whether the copy is one."""
        pairs = [self.operations, self.head, self.content_hash, *self.nodes.values(), *self.relationships.values()]
        same, tried = self.recalls
        return all(a == b for a, b in pairs) and all(self.chain) and same >= tried * _ALIKE

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape."""
        return {
            "bank": self.bank,
            "proved": self.proved,
            "operations": _pair(self.operations),
            "head": _pair(self.head),
            "chain_verified": _pair(self.chain),
            "nodes": {label: _pair(counts) for label, counts in self.nodes.items()},
            "relationships": {type_: _pair(counts) for type_, counts in self.relationships.items()},
            "content_hash": _pair(self.content_hash),
            "recalls": {"same": self.recalls[0], "of": self.recalls[1]},
            "differences": list(self.differences),
        }


def compare(source: Store, target: Store, bank: str, progress: Progress) -> Parity:
    """Reads a bank of both stores and compares everything in it.

    Args:
        source: What was copied.
        target: The copy.
        bank: Its name in both.
        progress: Hears how far it is.
    """
    stores = (source, target)
    contents = []
    for number, store in enumerate(stores):
        progress("comparing", number, len(stores) + 1)
        contents.append(contents_of(store, bank))
    heads = [store.head(bank) for store in stores]
    counted = [store.statistics(bank) for store in stores]
    same = contents[0].content_hash() == contents[1].content_hash()
    parity = Parity(
        bank=bank,
        operations=(counted[0].operations, counted[1].operations),
        head=(heads[0][1], heads[1][1]),
        chain=(_verifies(source, bank), _verifies(target, bank)),
        nodes=_paired(counted[0].nodes, counted[1].nodes),
        relationships=_paired(counted[0].relationships, counted[1].relationships),
        content_hash=(contents[0].content_hash(), contents[1].content_hash()),
        recalls=_recalls(source, target, bank, progress),
        differences=() if same else tuple(itertools.islice(_differences(stores, contents, bank), _NAMED)),
    )
    progress("comparing", len(stores) + 1, len(stores) + 1)
    return parity


def _verifies(store: Store, bank: str) -> bool:
    seq, previous = 0, GENESIS
    for operations in journal_pages(store, bank):
        if [o.seq for o in operations] != list(range(seq + 1, seq + 1 + len(operations))) or not operations:
            return False
        if verify_chain(operations, previous_hash=previous) is not None:
            return False
        seq, previous = operations[-1].seq, operations[-1].hash
    return (seq, previous) == store.head(bank)


# --- recalls ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Remembered:
    """An embedder that knows one text: its vector is in the store, so no model is needed."""

    model: str
    vector: Vector

    @property
    def dimension(self) -> int:
        return len(self.vector)

    def embed(self, texts: Sequence[str]) -> Matrix:
        return np.stack([self.vector] * len(texts))


@dataclass(frozen=True, slots=True)
class _Standing:
    """A clock that stands, so that both stores are asked at one time."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


def _recalls(source: Store, target: Store, bank: str, progress: Progress) -> tuple[int, int]:
    """Recalls of texts that the source holds, spread over all of it."""
    samples = list(_samples(source, bank))
    newest = source.operations(bank, limit=1)
    stamp = source.embedding
    same = 0
    for number, (text, vector) in enumerate(samples):
        progress("recalling samples", number, len(samples))
        embedder, clock = _Remembered(stamp.model if stamp else "", vector), _Standing(newest[0].at)
        recalled = [
            [found.id for found in Memory(store=store, embedder=embedder, bank=bank, clock=clock).recall(text).memories]
            for store in (source, target)
        ]
        same += recalled[0] == recalled[1]
    return same, len(samples)


def _samples(store: Store, bank: str) -> Iterator[tuple[str, Vector]]:
    kinds = frozenset({Kind.EPISODE, Kind.QUERY})
    counts = store.statistics(bank).nodes
    step = max(1, sum(counts.get(kind, 0) for kind in kinds) // _SAMPLES)
    view, last, position = View(bank=bank, kinds=kinds, statuses=EVERY_STATUS), "", 0
    while page := store.scan(view, after_id=last, limit=PAGE):
        picked = {node.id: node.text for number, node in enumerate(page, start=position) if number % step == 0}
        for id_, entry in store.entries(bank, list(picked)).items():
            text = picked[id_][:_LONGEST_QUERY]
            if entry.vector is not None and text.strip():
                yield text, entry.vector
        last, position = page[-1].id, position + len(page)


# --- what differs -----------------------------------------------------------------------------------------------------


def _differences(stores: tuple[Store, Store], contents: Sequence[Contents], bank: str) -> Iterator[str]:
    source, copy = contents
    differing = {
        section
        for section in set(source.counts) | set(copy.counts)
        if (source.counts[section], source.fingerprint(section)) != (copy.counts[section], copy.fingerprint(section))
    }
    if JOURNAL in differing:
        yield from _journal_differences(stores, bank)
    kinds = frozenset(kind for kind in Kind if kind.value in differing)
    if kinds:
        yield from _node_differences(stores, bank, kinds)
    if differing - {JOURNAL} - {kind.value for kind in Kind}:
        yield from _relationship_differences(stores, bank)


def _journal_differences(stores: tuple[Store, Store], bank: str) -> Iterator[str]:
    end = max(store.head(bank)[0] for store in stores)
    pages = [journal_pages(store, bank, through=end) for store in stores]
    for ours, theirs in zip(*pages, strict=True):
        by_seq = [{operation.seq: operation_values(operation) for operation in page} for page in (ours, theirs)]
        yield from (f"Operation {seq}: {_how(*pair)}" for seq, *pair in _unlike(*by_seq))


def _node_differences(stores: tuple[Store, Store], bank: str, kinds: frozenset[Kind]) -> Iterator[str]:
    source, copy = stores
    for page in _pages(source, bank, kinds):
        ids = [node.id for node in page]
        mine, found = source.entries(bank, ids), copy.entries(bank, ids)
        ours = {node.id: _node(node, mine) for node in page}
        theirs = {node.id: _node(node, found) for node in copy.fetch(bank, ids).values()}
        yield from (f"{id_}: {_how(*pair)}" for id_, *pair in _unlike(ours, theirs))
    for page in _pages(copy, bank, kinds):
        known = source.fetch(bank, [node.id for node in page])
        yield from (f"{node.id}: only in the copy" for node in page if node.id not in known)


def _relationship_differences(stores: tuple[Store, Store], bank: str) -> Iterator[str]:
    source, copy = stores
    for page in _pages(source, bank, None):
        ids = [node.id for node in page]
        ours, theirs = (_relationships(store.relationships(bank, ids)) for store in (source, copy))
        yield from (f"{identity}: {_how(*pair)}" for identity, *pair in _unlike(ours, theirs))


def _relationships(found: Sequence[DatedRelationship]) -> dict[str, dict[str, Any]]:
    names = ("source", "type", "target", "properties", "created_at")
    return {
        " ".join(dated.relationship.identity): dict(zip(names, relationship_values(dated), strict=True))
        for dated in found
    }


def _node(node: Node, entries: dict[str, IndexEntry]) -> dict[str, Any]:
    names = ("search terms", "context terms", "vector")
    return {**node_values(node), **dict(zip(names, searched(entries.get(node.id)), strict=True))}


def _pages(store: Store, bank: str, kinds: frozenset[Kind] | None) -> Iterator[list[Node]]:
    view, last = View(bank=bank, kinds=kinds, statuses=EVERY_STATUS), ""
    while page := store.scan(view, after_id=last, limit=PAGE):
        yield page
        last = page[-1].id


def _unlike(ours: dict[Any, Any], theirs: dict[Any, Any]) -> Iterator[tuple[Any, Any, Any]]:
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        pair = (ours.get(key), theirs.get(key))
        if pair[0] != pair[1]:
            yield key, *pair


def _how(ours: dict[str, Any] | None, theirs: dict[str, Any] | None) -> str:
    if ours is None:
        return "only in the copy"
    if theirs is None:
        return "missing in the copy"
    fields = [name for name in ours if ours[name] != theirs.get(name)]
    return f"{', '.join(fields)} {'differs' if len(fields) == 1 else 'differ'}"


def _paired(ours: Any, theirs: Any) -> dict[str, tuple[int, int]]:
    names = sorted({str(name.value) for name in [*ours, *theirs]})
    return {name: (ours.get(name, 0), theirs.get(name, 0)) for name in names}


def _pair(values: tuple[Any, Any]) -> dict[str, Any]:
    return {"source": values[0], "target": values[1]}
