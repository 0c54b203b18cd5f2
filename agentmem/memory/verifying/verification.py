"""Compares what a bank holds with what its journal says, and names what differs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from agentmem.embeddings import Embedder, Matrix
from agentmem.errors import ConflictError
from agentmem.memory.reembedding import entries_now
from agentmem.memory.verifying.account import Account, Difference
from agentmem.records import (
    IndexEntry,
    Operation,
    Relationship,
    RelationshipType,
    Status,
    Vector,
    relationship_part,
    searched,
    state_part,
)
from agentmem.records.digests import ENTRY, RELATIONSHIP, STATE
from agentmem.stores import JournalFilter, Store
from agentmem.stores.paging import PAGE, journal_pages, node_pages

_ROUNDS = 3
"""How often a bank that others write to meanwhile is read."""
_ALIKE = 0.999
"""Least cosine of a vector with what the model makes of the same text today."""
_NAMED = 25
"""Missing relationships whose ends are sought among all nodes; beyond, only their Operation is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was compared of one bank, and what differs."""

    bank: str
    head: tuple[int, str]
    """Seq and hash of the newest Operation. Keep it elsewhere: who cuts off the end of a bank, with all that the
    Operations there wrote, leaves an earlier state that proves itself."""
    nodes: int
    relationships: int
    entries: int
    """Nodes that a search finds."""
    unproved: int
    """Operations that an earlier version wrote: of what they did beyond content only the chain is proved."""
    differences: tuple[Difference, ...]

    @property
    def verified(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape."""
        return {
            "bank": self.bank,
            "verified": self.verified,
            "operations": self.head[0],
            "head": self.head[1],
            "nodes": self.nodes,
            "relationships": self.relationships,
            "entries": self.entries,
            "unproved_operations": self.unproved,
            "differences": [difference.as_dict() for difference in self.differences],
        }


def verify(
    store: Store,
    bank: str,
    *,
    embedder: Callable[[], Embedder] | None = None,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Verification:
    """Compare nodes, relationships, search entries and the words of Operations with the journal of a bank.

    Proved are: the chain of hashes up to the head; of every node its content, how it stands (status, ends of validity),
    when and by whom it was written, and how it is found; of every relationship its properties and since when it is
    known; that none of them is missing and none is there that no Operation wrote; the reason of every Operation; that
    the store's own indexes lead to what is there, and that nothing in it writes by itself (SQLite).

    Not proved is what nothing outside of the store could tell: that the end of the journal was not cut off together
    with all that it wrote, and that nobody made a whole journal anew. Operations of versions before this one hold no
    digests of what they wrote: then only the chain and the content of nodes are proved. A search entry that is not what
    was written is what `reembed` makes of the same content, or it is named; whether a vector is needs the embedder.

    Args:
        store: Where the bank is.
        bank: Its name.
        embedder: Opens the model of the store; asked only if a vector is not the one that was written.
        progress: Hears what is done, how much, and of how much.

    Raises:
        ConflictError: the bank was written to all the time.
        StoreCorrupt: what the store holds cannot be read at all.
    """
    for _ in range(_ROUNDS):
        head = store.head(bank)
        found = _verified(store, bank, head, embedder, progress)
        if found.verified or store.head(bank) == head:
            return found
    raise ConflictError(
        f"bank {bank!r} is written to all the time.", where=store.url, hint="Verify it when nobody writes to it."
    )


def _verified(
    store: Store,
    bank: str,
    head: tuple[int, str],
    embedder: Callable[[], Embedder] | None,
    progress: Callable[[str, int, int], None],
) -> Verification:
    counted = store.statistics(bank)
    total = sum(counted.nodes.values())
    nodes = relationships = entries = 0
    with Account() as account:
        for operations in journal_pages(store, bank, through=head[0]):
            account.take_operations(operations)
            progress("reading the journal", account.head[0], head[0])
        for page in node_pages(store, bank):
            ids = [node.id for node in page]
            indexed = store.entries(bank, ids)
            for node in page:
                account.take_node(node, indexed.get(node.id))
            found = store.relationships(bank, ids)
            for dated in found:
                account.take_relationship(dated)
            nodes, relationships, entries = nodes + len(page), relationships + len(found), entries + len(indexed)
            progress("comparing", nodes, max(nodes, total))
        differences = list(account.differences())
        if account.head != head:
            differences.insert(0, _head_difference(account.head, head))
        if counted.operations > head[0]:
            differences.insert(0, _beyond(counted.operations, head))
        differences[:0] = [
            Difference(what=what, field="", expected="to be sound", found=how) for what, how in store.faults()
        ]
        unproved = account.unproved
    return Verification(
        bank=bank,
        head=head,
        nodes=nodes,
        relationships=relationships,
        entries=entries,
        unproved=unproved,
        differences=tuple(_Explained(store, bank, embedder).all_of(differences)),
    )


def _beyond(operations: int, head: tuple[int, str]) -> Difference:
    what = "the journal"
    return Difference(what=what, field="", expected=f"{head[0]} Operations", found=f"{operations}", seq=head[0])


def _head_difference(found: tuple[int, str], head: tuple[int, str]) -> Difference:
    return Difference(
        what="the head of the journal",
        field="",
        expected=f"Operation {head[0]} {head[1][:16]}",
        found=f"Operation {found[0]} {found[1][:16]}",
        seq=head[0],
    )


@dataclass(slots=True)
class _Explained:
    """Says more of differences than a digest can tell."""

    store: Store
    bank: str
    embedder: Callable[[], Embedder] | None

    def all_of(self, differences: Sequence[Difference]) -> Iterator[Difference]:
        """The differences, without search entries that were rightly made anew."""
        missing = [d for d in differences if d.part[:1] == RELATIONSHIP and d.found == "nothing"]
        named = self._named(missing[:_NAMED]) if missing else {}
        stale = [d.what for d in differences if d.part[:1] == ENTRY]
        entries = dict(self._entries(stale))
        for difference in differences:
            sort = difference.part[:1]
            if sort == ENTRY:
                if difference.what in entries:
                    field, expected, found = entries[difference.what]
                    yield replace(difference, field=field, expected=expected, found=found)
            elif sort == STATE:
                yield self._state(difference)
            elif difference.part in named:
                yield replace(difference, what=named[difference.part])
            else:
                yield difference

    def _state(self, difference: Difference) -> Difference:
        """What of a node's state was altered, if one of its fields explains it."""
        node = self.store.fetch(self.bank, [difference.what]).get(difference.what)
        if node is None:
            return difference
        known = (node.valid_to, node.valid_to_before, node.valid_from, node.at, node.closed_at, None)
        times = [*known, *(operation.at for operation in self._operations([difference]))]
        guesses = [("status", replace(node, status=status)) for status in Status]
        guesses += [("valid_to", replace(node, valid_to=time)) for time in times]
        guesses += [("closed_at", replace(node, closed_at=time)) for time in times]
        for field, guess in guesses:
            part = state_part(node.id, guess.status, guess.valid_to, guess.valid_to_before, guess.closed_at)
            if part.value.hex() == difference.expected:
                expected, found = str(getattr(guess, field)), str(getattr(node, field))
                return replace(difference, field=field, expected=expected, found=found)
        return replace(difference, found=f"{node.status.value}, valid_to {node.valid_to}, closed_at {node.closed_at}")

    def _operations(self, differences: Sequence[Difference]) -> list[Operation]:
        seqs = sorted({difference.seq for difference in differences if difference.seq})
        pages = (self.store.operations(self.bank, JournalFilter(after=seq - 1, through=seq)) for seq in seqs)
        return list(itertools.chain.from_iterable(pages))

    def _named(self, missing: Sequence[Difference]) -> dict[bytes, str]:
        """The relationships that are missing, found by trying: an Operation mostly writes those of its target."""
        wanted = {difference.part for difference in missing}
        named: dict[bytes, str] = {}
        targets = list(dict.fromkeys(operation.target for operation in self._operations(missing)))
        for page in node_pages(self.store, self.bank):
            for other, target, type_ in itertools.product([node.id for node in page], targets, RelationshipType):
                for source, end in ((target, other), (other, target)):
                    relationship = Relationship(type=type_, source_id=source, target_id=end)
                    key = relationship_part(relationship).key
                    if key in wanted:
                        named[key] = " ".join(relationship.identity)
            if len(named) == len(wanted):
                break
        return named

    def _entries(self, ids: Sequence[str]) -> Iterator[tuple[str, tuple[str, str, str]]]:
        """Of search entries that are not what was written: those that the write path would not make now either."""
        model = self.embedder() if ids and self.embedder else None
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
            nodes = self.store.fetch(self.bank, page)
            found = self.store.entries(self.bank, page)
            made = entries_now(self.store, self.bank, list(nodes.values()), model or _Blank())
            for id_ in nodes:
                said = _entry_difference(made.get(id_), found.get(id_), with_vectors=model is not None)
                if said is not None:
                    yield id_, said


class _Blank:
    """An embedder for who needs the terms of entries alone."""

    model = "none"
    dimension = 1

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Vectors that say nothing."""
        return np.ones((len(texts), 1), dtype=np.float32)


def _entry_difference(
    made: IndexEntry | None, found: IndexEntry | None, *, with_vectors: bool
) -> tuple[str, str, str] | None:
    """Field, expected and found of an entry; None if it is what the write path makes."""
    names = ("search terms", "context terms")
    for name, expected, there in zip(names, searched(made), searched(found), strict=False):
        if expected != there:
            return name, repr(expected), repr(there)
    ours, theirs = (entry.vector if entry else None for entry in (made, found))
    if with_vectors and _alike(ours, theirs):
        return None
    if theirs is None:
        return "vector", "to be there", "nothing"
    return "vector", "what was written, or what the model makes of the text", f"another of {len(theirs)} dimensions"


def _alike(ours: Vector | None, theirs: Vector | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return ours.shape == theirs.shape and float(ours @ theirs) >= _ALIKE * float(np.linalg.norm(theirs)) > 0
