"""What an Operation wrote, as digests of its parts: what stands in a store can be compared with its journal by them.

A payload hash covers everything at once and in the order of writing, so it cannot be made again when one part of it
has moved on. A part - how a node stands, how it is found, a relationship - is named by a digest of what it is and holds
a digest of what it says: of the same part the last one counts, of a relationship the first. Content is not among them:
an Operation names the `content_hash` of a node itself.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from agentmem.records.canonical import canonical_hash
from agentmem.records.nodes import Node, Status
from agentmem.records.operations import Change, IndexEntry, Operation
from agentmem.records.relationships import Relationship

STATE, ORIGIN, ENTRY, RELATIONSHIP = b"s", b"o", b"e", b"r"
"""First byte of a part's name: how a node stands, when and by whom it was written, how it is found; a relationship."""
_DIGEST = 8
"""Bytes of a digest: what differs by accident or by an edit differs in it."""
_SEPARATORS = re.compile(r"[\x00-\x20\x7f]+")
"""What separates terms in every store."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that an Operation wrote."""

    key: bytes
    """Which part of memory: its sort and 7 bytes of digest."""
    value: bytes
    """8 bytes of digest of what it says."""

    @property
    def sort(self) -> bytes:
        """STATE, ORIGIN, ENTRY or RELATIONSHIP."""
        return self.key[:1]


def state_part(
    node_id: str,
    status: Status,
    valid_to: datetime | None,
    valid_to_before: datetime | None,
    closed_at: datetime | None,
) -> Part:
    """How a node stands."""
    return Part(_key(STATE, node_id), _digest([status.value, valid_to, valid_to_before, closed_at]))


def origin_part(node: Node) -> Part:
    """When and by whom a node was written, which `content_hash` leaves out."""
    return Part(_key(ORIGIN, node.id), _digest([node.created_at, node.agent, node.run_id]))


def entry_part(node_id: str, entry: IndexEntry | None) -> Part:
    """How a node is found; without an entry it is not."""
    return Part(_key(ENTRY, node_id), _digest([*searched(entry)]))


def relationship_part(relationship: Relationship) -> Part:
    """A relationship: its identity, and its properties."""
    return Part(_key(RELATIONSHIP, *relationship.identity), _digest(dict(relationship.properties)))


def searched(entry: IndexEntry | None) -> tuple[str, str, str]:
    """What a search can see of an entry, alike for every store: terms, terms around them, the vector in hexadecimal."""
    if entry is None:
        return "", "", ""
    terms = _separated(entry.terms)
    # Without terms of its own a node is not in the text index, and its context says nothing.
    context_terms = _separated(entry.context_terms) if terms else ""
    if entry.vector is None:
        return terms, context_terms, ""
    exact = np.ascontiguousarray(entry.vector, dtype="<f4") + np.float32(0)  # -0.0 is 0.0 to every search
    return terms, context_terms, exact.tobytes().hex()


def words_digest(operation: Operation) -> bytes:
    """Digest of an Operation's words, which its seal leaves out."""
    return _digest([operation.reason, {name: list(pair) for name, pair in operation.changes.items()}])


def writes_of(change: Change) -> str:
    """The digest of a change's words and its parts, in order of writing, in base64."""
    parts = b"".join(part.key + part.value for part in _parts(change))
    return base64.b64encode(words_digest(change.operation) + parts).decode("ascii")


def parts_of(writes: str) -> tuple[bytes, list[Part]]:
    """The inverse of `writes_of`: the digest of the words, and the parts.

    Raises:
        ValueError: it is no such text.
    """
    data = base64.b64decode(writes, validate=True)
    words, rest = data[:_DIGEST], data[_DIGEST:]
    if len(words) < _DIGEST or len(rest) % (2 * _DIGEST):
        raise ValueError("these are no digests of what an Operation wrote")
    starts = range(0, len(rest), 2 * _DIGEST)
    return words, [Part(rest[i : i + _DIGEST], rest[i + _DIGEST : i + 2 * _DIGEST]) for i in starts]


def _parts(change: Change) -> Iterator[Part]:
    for node in (change.add, change.evolve):
        if node is not None:
            yield state_part(node.id, node.status, node.valid_to, node.valid_to_before, node.closed_at)
            yield origin_part(node)
    for state in change.states:
        yield state_part(state.node_id, state.status, state.valid_to, state.valid_to_before, state.closed_at)
    written = change.evolve or change.add
    if written is not None and change.index is not None:
        yield entry_part(written.id, change.index)
    for relationship in change.relationships:
        yield relationship_part(relationship)


def _key(sort: bytes, *identity: str) -> bytes:
    return sort + _digest(list(identity))[: _DIGEST - 1]


def _digest(value: object) -> bytes:
    return bytes.fromhex(canonical_hash(value)[: 2 * _DIGEST])


def _separated(terms: str) -> str:
    return " ".join(filter(None, _SEPARATORS.split(terms)))
