"""The journal: Operations, and the changesets that carry them through the one door, `store.commit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from agentmem.records.canonical import canonical_hash
from agentmem.records.nodes import Kind, Node, Status
from agentmem.records.relationships import Relationship

Vector = npt.NDArray[np.float32]
"""A unit-length embedding, shape (dimension,)."""

GENESIS = "0" * 64
"""The hash before the first Operation of a bank."""


class OperationType(StrEnum):
    """What a change does to memory."""

    ADD = "ADD"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    NOOP = "NOOP"
    LINK = "LINK"
    EVOLVE = "EVOLVE"
    MERGE = "MERGE"
    RETIRE = "RETIRE"
    REVERT = "REVERT"
    ERASE = "ERASE"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRef:
    """Names a version without repeating its content, so that an erase leaves the chain verifiable."""

    id: str
    """The node."""
    content_hash: str
    """`records.content_hash` of the node at that moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One memory change: what, why, on which evidence, by whom, and the hash of the one before it."""

    op: OperationType
    """What was done."""
    bank: str
    """The tenant; each bank has a chain of its own."""
    target: str
    """Id of the node concerned: the new one for ADD and UPDATE, the one that was found for NOOP."""
    kind: Kind
    """Kind of the target."""
    at: datetime
    """When, by the memory's clock."""
    before: VersionRef | None = None
    """The version that stopped being current."""
    after: VersionRef | None = None
    """The version that is current now."""
    payload_hash: str = ""
    """SHA-256 over everything the change writes, made by `payload_hash_of`."""
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """EVOLVE only: field -> (old, new), each as JSON."""
    reason: str = ""
    """Why, in words for a person."""
    evidence: tuple[str, ...] = ()
    """Ids of the episodes it rests on."""
    candidates: tuple[str, ...] = ()
    """Ids of the memories that were considered."""
    agent: str = ""
    """Which agent decided."""
    run_id: str = ""
    """The run it belongs to; empty outside runs."""
    model: str = "none"
    """The model that decided, or none for rules."""
    tokens: int = 0
    """Tokens spent on the decision."""
    cost_usd: float = 0.0
    """Money spent on the decision, in US dollars."""
    writes: str = ""
    """Digests of the parts that it wrote, made by `writes_of`, so that each can be compared with what stands later.

    Empty in journals of earlier versions.
    """
    seq: int = 0
    """Place in the bank's journal from 1; 0 before the commit."""
    previous_hash: str = ""
    """Hash of the Operation before it in the bank; empty before the commit."""
    hash: str = ""
    """SHA-256 over all of the above; empty before the commit."""


_UNSEALED = frozenset({"hash", "changes", "reason"})
"""Words, which an erase must be able to remove; `payload_hash` covers them."""

_SEALED = tuple(f.name for f in fields(Operation) if f.name not in _UNSEALED)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """How a node is found by search. What is searchable is decided above the stores."""

    terms: str = ""
    """Stemmed terms of the text, joined by spaces; empty for a node that keyword search must not find."""
    context_terms: str = ""
    """Terms of what surrounds the text (the turn before), weighted less."""
    vector: Vector | None = None
    """Embedding of the text; None for a node that vector search must not find."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """Moves a version from one status to another; the store refuses if it is not in `expected` any more."""

    node_id: str
    """The version."""
    expected: Status
    """The status it must have when the commit happens, else ConflictError."""
    status: Status
    """The new status."""
    valid_to: datetime | None = None
    """The new end of validity."""
    valid_to_before: datetime | None = None
    """What valid_to was."""
    closed_at: datetime | None = None
    """When it stopped being current; None for a version that is current."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A decision rested on these and only these current nodes under a key; if not so any more: ConflictError."""

    kind: Kind
    key: str
    heads: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One Operation with everything that it writes."""

    operation: Operation
    """The journal entry, without seq and hashes: the store gives those."""
    add: Node | None = None
    """A node to insert. An id that exists already is a ConflictError."""
    evolve: Node | None = None
    """A node whose properties are replaced in place; id and kind stay."""
    index: IndexEntry | None = None
    """Search entry of the added or evolved node; None leaves it as it is."""
    states: tuple[StateChange, ...] = ()
    """Versions that change status."""
    relationships: tuple[Relationship, ...] = ()
    """Relationships to insert; one that exists already is left as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingStamp:
    """Which embedding model filled a store."""

    model: str
    dimension: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Changeset:
    """What is written together or not at all: graph, text index, vectors and journal of one bank."""

    bank: str
    changes: tuple[Change, ...]
    guards: tuple[Guard, ...] = ()
    embedding: EmbeddingStamp | None = None
    """The model that made the vectors: the store must have been filled by it, and records it if it is the first."""


def sealed(operation: Operation, *, seq: int, previous_hash: str) -> Operation:
    """The Operation with its place in the chain: hash = SHA-256 of canonical JSON of the rest and `previous_hash`.

    The seal covers hashes of content and never content (`changes` and `reason` are covered by `payload_hash`), so
    content can be erased and the chain still verifies.
    """
    content = {name: getattr(operation, name) for name in _SEALED}
    content |= {"seq": seq, "previous_hash": previous_hash}
    if not operation.writes:
        del content["writes"]  # earlier versions sealed without
    for name in ("before", "after"):
        version: VersionRef | None = content[name]
        content[name] = [version.id, version.content_hash] if version else None
    return replace(operation, seq=seq, previous_hash=previous_hash, hash=canonical_hash(content))


def verify_chain(operations: list[Operation], *, previous_hash: str = GENESIS) -> int | None:
    """The seq of the first Operation whose hash or link is wrong, or None if the chain holds."""
    for operation in operations:
        expected = sealed(operation, seq=operation.seq, previous_hash=previous_hash)
        if expected.hash != operation.hash:
            return operation.seq
        previous_hash = operation.hash
    return None
