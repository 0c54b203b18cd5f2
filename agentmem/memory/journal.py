"""The journal as people read it: what was learned by a call, and the log of a bank."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agentmem.display import one_line
from agentmem.records import Changeset, Kind, Node, Operation, OperationType, Status
from agentmem.stores import JournalFilter, Store

FORGOTTEN = "asked to forget"
"""How the reason of a DELETE begins that somebody asked for; what it took away is not told among changes."""

UNREAD = "could not be read"
"""How the reason of a NOOP begins on evidence that is kept verbatim but that no rule could read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeRef:
    """A piece of evidence, by its id and the caller's."""

    id: str
    source: str

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape."""
        return {"id": self.id, "source": self.source}


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSummary:
    """One memory change, with the words it is about."""

    op: OperationType
    id: str
    kind: Kind
    text: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape."""
        return {
            "op": self.op.value,
            "id": self.id,
            "kind": self.kind.value,
            "text": one_line(self.text),
            "reason": one_line(self.reason),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """What one `retain` took in and what it changed."""

    episodes: tuple[EpisodeRef, ...]
    """All evidence of the call in order, known or new."""
    operations: tuple[OperationSummary, ...]
    """What was decided, in order of the journal; storing the evidence itself is not listed."""

    @property
    def unread(self) -> tuple[OperationSummary, ...]:
        """Evidence that is stored but could not be read: nothing was learned from it. Its reason names the error."""
        return tuple(operation for operation in self.operations if operation.reason.startswith(UNREAD))

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape."""
        return {
            "episodes": [episode.as_dict() for episode in self.episodes],
            "operations": [operation.as_dict() for operation in self.operations],
            "unread": [{"id": operation.id, "reason": operation.reason} for operation in self.unread],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One line of the log."""

    seq: int
    """Place in the bank's journal, from 1."""
    op: OperationType
    id: str
    kind: Kind
    text: str
    """The words of the target as they stand now; empty once erased."""
    reason: str
    agent: str
    run: str
    at: datetime
    supersedes: str | None
    """Id of the version that an UPDATE took the place of."""

    @property
    def forgets(self) -> bool:
        """Whether it ends what somebody asked to forget, whose words are better not repeated."""
        return self.reason.startswith(FORGOTTEN)

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape."""
        return {
            "seq": self.seq,
            "op": self.op.value,
            "id": self.id,
            "kind": self.kind.value,
            "text": one_line(self.text),
            "reason": one_line(self.reason),
            "agent": self.agent,
            "run": self.run,
            "at": self.at.isoformat(),
            "supersedes": self.supersedes,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """A claim that stopped being current, and what took its place."""

    op: OperationType
    """UPDATE or DELETE."""
    id: str
    """The new claim of an UPDATE, the old one of a DELETE."""
    text: str
    """What is so now; empty for a DELETE."""
    before: str
    """What was so before."""
    at: datetime | None
    """When the change was said to happen; None if nobody knows."""
    reason: str
    run: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, `at` as ISO 8601."""
        return {
            "op": self.op.value,
            "id": self.id,
            "text": one_line(self.text),
            "before": one_line(self.before),
            "at": self.at.isoformat() if self.at else None,
            "reason": one_line(self.reason),
            "run": self.run,
        }


def read_log(
    store: Store, bank: str, where: JournalFilter | None = None, *, limit: int | None = None
) -> list[LogEntry]:
    """Entries of a bank's log, oldest first; with `limit`, the newest ones."""
    operations = store.operations(bank, where, limit=limit)
    nodes = store.fetch(bank, list(dict.fromkeys(operation.target for operation in operations)))
    return [
        LogEntry(
            seq=operation.seq,
            op=operation.op,
            id=operation.target,
            kind=operation.kind,
            text=_words(nodes, operation),
            reason=operation.reason,
            agent=operation.agent,
            run=operation.run_id,
            at=operation.at,
            supersedes=operation.before.id if operation.op is OperationType.UPDATE and operation.before else None,
        )
        for operation in operations
    ]


def summaries(
    operations: Iterable[Operation], changeset: Changeset, before: Mapping[str, Node]
) -> tuple[OperationSummary, ...]:
    """Operations with the words that they are about.

    Args:
        operations: As they were journalled.
        changeset: What they wrote.
        before: The nodes that they changed, as they stood, by id.
    """
    nodes = dict(before)
    for change in changeset.changes:
        written = change.evolve or change.add
        if written is not None:
            nodes[written.id] = written
    return tuple(
        OperationSummary(
            op=operation.op,
            id=operation.target,
            kind=operation.kind,
            text=_words(nodes, operation),
            reason=operation.reason,
        )
        for operation in operations
    )


def _words(nodes: Mapping[str, Node], operation: Operation) -> str:
    node = nodes.get(operation.target)
    return node.text if node is not None and node.status is not Status.ERASED else ""


def read_changes(store: Store, bank: str, *, run_id: str = "", limit: int = 100) -> list[Replaced]:
    """What stopped being true, oldest first: the newest `limit` UPDATEs and DELETEs, with `run_id` those of one run.

    What somebody asked to forget did not stop being true and is not repeated here; the log has it.
    """
    ops = frozenset({OperationType.UPDATE, OperationType.DELETE})
    found = store.operations(bank, JournalFilter(ops=ops, run_id=run_id))
    operations = [operation for operation in found if not operation.reason.startswith(FORGOTTEN)][-limit:]
    ids = [ref.id for operation in operations for ref in (operation.before, operation.after) if ref]
    nodes = store.fetch(bank, list(dict.fromkeys(ids)))
    return [_replaced(operation, nodes) for operation in operations]


def _replaced(operation: Operation, nodes: Mapping[str, Node]) -> Replaced:
    before = nodes.get(operation.before.id) if operation.before else None
    after = nodes.get(operation.after.id) if operation.after else None
    return Replaced(
        op=operation.op,
        id=operation.target,
        text=after.text if after else "",
        before=before.text if before else "",
        at=(after.at if after else None) or (before.valid_to if before else None),
        reason=operation.reason,
        run=operation.run_id,
    )
