"""What a bank holds, as a fingerprint that two stores of any kind share exactly when they hold the same."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

import numpy as np

from agentmem.records import IndexEntry, Node, Operation, Status, VersionRef, encode_time
from agentmem.stores import JournalFilter, Store, View
from agentmem.stores.base import DatedRelationship

JOURNAL = "journal"
PAGE = 1_000
"""Nodes or Operations that are read at once."""
EVERY_STATUS = frozenset(Status)
_MODULUS = 1 << 256
_SEPARATORS = re.compile(r"[\x00-\x20\x7f]+")
"""What separates terms in every store."""
_FLOATS = frozenset({"importance", "trust"})
"""Fields that a store may give back as a float where a whole number was given."""


@dataclass(slots=True)
class Contents:
    """Counts and fingerprints by section: labels, relationship types, and the journal.

    A fingerprint is the sum of SHA-256 over the items of a section, modulo 2^256: it does not depend on the order in
    which they are taken, so a bank is read page by page and nothing is sorted or kept. It tells copies that differ by
    accident or by another's hand; it is no signature.
    """

    counts: Counter[str] = field(default_factory=Counter)
    sums: Counter[str] = field(default_factory=Counter)

    def take_node(self, node: Node, entry: IndexEntry | None) -> None:
        """Every field of a node, and how search finds it."""
        self._take(node.kind.value, [node_values(node), entry_values(entry)])

    def take_relationship(self, dated: DatedRelationship) -> None:
        """A relationship with its properties and when it became known."""
        self._take(dated.relationship.type.value, relationship_values(dated))

    def take_operation(self, operation: Operation) -> None:
        """An Operation with its words, which the chain does not cover."""
        self._take(JOURNAL, operation_values(operation))

    def fingerprint(self, section: str) -> str:
        """The fingerprint of one section, in hexadecimal."""
        return f"{self.sums[section] % _MODULUS:064x}"

    def content_hash(self) -> str:
        """SHA-256 over counts and fingerprints of all sections."""
        lines = [f"{section} {self.counts[section]} {self.fingerprint(section)}" for section in sorted(self.counts)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def _take(self, section: str, values: Any) -> None:
        digest = hashlib.sha256(_canonical(values).encode("utf-8", "surrogatepass")).digest()
        self.counts[section] += 1
        self.sums[section] = (self.sums[section] + int.from_bytes(digest, "big")) % _MODULUS


def contents_of(store: Store, bank: str) -> Contents:
    """Reads a whole bank, page by page."""
    contents = Contents()
    for nodes in node_pages(store, bank):
        ids = [node.id for node in nodes]
        entries = store.entries(bank, ids)
        for node in nodes:
            contents.take_node(node, entries.get(node.id))
        for dated in store.relationships(bank, ids):
            contents.take_relationship(dated)
    for operations in journal_pages(store, bank):
        for operation in operations:
            contents.take_operation(operation)
    return contents


def node_pages(store: Store, bank: str) -> Iterator[list[Node]]:
    """All nodes of a bank, whatever their status, by id."""
    view, last = View(bank=bank, statuses=EVERY_STATUS), ""
    while page := store.scan(view, after_id=last, limit=PAGE):
        yield page
        last = page[-1].id


def journal_pages(
    store: Store, bank: str, *, after: int = 0, through: int | None = None, size: int = PAGE
) -> Iterator[list[Operation]]:
    """The journal of a bank by seq, up to `through` or to the head as it is now."""
    end = store.head(bank)[0] if through is None else through
    while after < end:
        upper = min(after + size, end)
        yield store.operations(bank, JournalFilter(after=after, through=upper))
        after = upper


def node_values(node: Node) -> dict[str, Any]:
    """Every field of a node, alike for every store."""
    values = {f.name: getattr(node, f.name) for f in fields(node)}
    return {"kind": node.kind.value, **{n: float(v) if n in _FLOATS else v for n, v in values.items()}}


def entry_values(entry: IndexEntry | None) -> list[str]:
    """What a search can see of an entry, alike for every store."""
    if entry is None:
        return ["", "", ""]
    terms = _separated(entry.terms)
    # Without terms of its own a node is not in the text index, and its context says nothing.
    context_terms = _separated(entry.context_terms) if terms else ""
    vector = ""
    if entry.vector is not None:
        exact = np.ascontiguousarray(entry.vector, dtype="<f4") + np.float32(0)  # -0.0 is 0.0 to every search
        vector = exact.tobytes().hex()
    return [terms, context_terms, vector]


def relationship_values(dated: DatedRelationship) -> list[Any]:
    """A relationship, alike for every store."""
    return [*dated.relationship.identity, dict(dated.relationship.properties), dated.created_at]


def operation_values(operation: Operation) -> dict[str, Any]:
    """Every field of an Operation."""
    return {f.name: getattr(operation, f.name) for f in fields(operation)}


def _separated(terms: str) -> str:
    return " ".join(filter(None, _SEPARATORS.split(terms)))


def _canonical(values: Any) -> str:
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return encode_time(value)
    if isinstance(value, VersionRef):
        return [value.id, value.content_hash]
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no value of a record")
