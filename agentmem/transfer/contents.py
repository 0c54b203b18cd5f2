"""What a bank holds, as a fingerprint that two stores of any kind share exactly when they hold the same."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from agentmem.records import IndexEntry, Node, Operation, VersionRef, encode_time, searched
from agentmem.stores import Store
from agentmem.stores.base import DatedRelationship
from agentmem.stores.paging import journal_pages, node_pages

JOURNAL = "journal"
_MODULUS = 1 << 256
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
        self._take(node.kind.value, [node_values(node), [*searched(entry)]])

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


def node_values(node: Node) -> dict[str, Any]:
    """Every field of a node, alike for every store."""
    values = {f.name: getattr(node, f.name) for f in fields(node)}
    return {"kind": node.kind.value, **{n: float(v) if n in _FLOATS else v for n, v in values.items()}}


def relationship_values(dated: DatedRelationship) -> list[Any]:
    """A relationship, alike for every store."""
    return [*dated.relationship.identity, dict(dated.relationship.properties), dated.created_at]


def operation_values(operation: Operation) -> dict[str, Any]:
    """Every field of an Operation; earlier versions, whose files are compared too, knew no `writes`."""
    values = {f.name: getattr(operation, f.name) for f in fields(operation)}
    return values if operation.writes else {name: value for name, value in values.items() if name != "writes"}


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
