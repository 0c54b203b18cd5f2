"""Builds the Changes of one changeset: one author, one moment, every Operation with its reason."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from agentmem.records import (
    Change,
    IndexEntry,
    Node,
    Operation,
    OperationType,
    Relationship,
    RelationshipType,
    StateChange,
    Status,
    encode_time,
    payload_hash_of,
    version_ref,
)

NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""End of validity of a claim that turned out to have been wrong from the start: it was never true."""

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Why a change is made."""

    reason: str
    """In words for a person."""
    evidence: tuple[str, ...] = ()
    """Ids of the episodes it rests on."""
    candidates: tuple[str, ...] = ()
    """Ids of the memories that were considered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeBuilder:
    """Makes Changes of one bank in the name of one agent, run and moment."""

    bank: str
    now: datetime
    """Transaction time of everything it builds."""
    agent: str = ""
    run_id: str = ""
    model: str = "none"
    """What decided: a model's name, or none for rules."""

    def following(self, nodes: Iterable[Node]) -> ChangeBuilder:
        """The same, not before anything that these nodes tell of: a version must not end before it was known.

        Writers whose clocks differ would otherwise show several current versions in the view of a time between.
        """
        times = (time for node in nodes for time in (node.created_at, node.closed_at) if time is not None)
        latest = max(times, default=self.now)
        return replace(self, now=latest + _TICK) if latest > self.now else self

    def add(
        self,
        node: Node,
        grounds: Grounds,
        *,
        index: IndexEntry | None = None,
        relationships: Iterable[Relationship] = (),
        states: Iterable[StateChange] = (),
    ) -> Change:
        """ADD: information that was absent."""
        draft = self._operation(OperationType.ADD, node, grounds, after=node)
        return _with_payload(
            Change(
                operation=draft,
                add=node,
                index=index,
                relationships=tuple(relationships),
                states=tuple(states),
            )
        )

    def update(
        self,
        old: Sequence[Node],
        new: Node,
        grounds: Grounds,
        *,
        index: IndexEntry | None = None,
        relationships: Iterable[Relationship] = (),
        was_wrong: bool = False,
        states: Iterable[StateChange] = (),
    ) -> Change:
        """UPDATE: a new version that SUPERSEDES one or more old ones.

        The old ones end where the new one begins; with `was_wrong` they were never true.
        """
        successor = replace(new, version=max(node.version for node in old) + 1)
        ends = NEVER if was_wrong else (new.valid_from or new.at or self.now)
        supersedes = [
            Relationship(
                type=RelationshipType.SUPERSEDES,
                source_id=new.id,
                target_id=node.id,
                properties={"reason": grounds.reason},
            )
            for node in old
        ]
        draft = self._operation(OperationType.UPDATE, successor, grounds, before=old[0], after=successor)
        return _with_payload(
            Change(
                operation=draft,
                add=successor,
                index=index,
                relationships=(*relationships, *supersedes),
                states=(*states, *(self._closing(node, Status.SUPERSEDED, ends) for node in old)),
            )
        )

    def delete(self, node: Node, grounds: Grounds, *, ends: datetime | None = None, withdrawn: bool = False) -> Change:
        """DELETE: closes validity (at `ends`, default now) and keeps the node.

        What ended stays part of the past, superseded; what is `withdrawn` leaves the views of the past too, retired.
        """
        draft = self._operation(OperationType.DELETE, node, grounds, before=node)
        status = Status.RETIRED if withdrawn else Status.SUPERSEDED
        state = self._closing(node, status, ends or self.now)
        return _with_payload(Change(operation=draft, states=(state,)))

    def retire(self, node: Node, grounds: Grounds) -> Change:
        """RETIRE: takes a node out of the current view; what it says about the world stays as it is."""
        draft = self._operation(OperationType.RETIRE, node, grounds, before=node)
        state = StateChange(
            node_id=node.id,
            expected=node.status,
            status=Status.RETIRED,
            valid_to=node.valid_to,
            valid_to_before=node.valid_to,
            closed_at=self.now,
        )
        return _with_payload(Change(operation=draft, states=(state,)))

    def noop(
        self,
        target: Node,
        grounds: Grounds,
        *,
        relationships: Iterable[Relationship] = (),
        states: Iterable[StateChange] = (),
    ) -> Change:
        """NOOP: nothing new; `target` is what is known already, or the evidence that says nothing."""
        draft = self._operation(OperationType.NOOP, target, grounds)
        return _with_payload(Change(operation=draft, relationships=tuple(relationships), states=tuple(states)))

    def link(self, source: Node, relationships: Iterable[Relationship], grounds: Grounds) -> Change:
        """LINK: relationships between nodes that exist."""
        draft = self._operation(OperationType.LINK, source, grounds)
        return _with_payload(Change(operation=draft, relationships=tuple(relationships)))

    def evolve(
        self,
        old: Node,
        new: Node,
        grounds: Grounds,
        *,
        index: IndexEntry | None = None,
        relationships: Iterable[Relationship] = (),
    ) -> Change:
        """EVOLVE: properties of a node change in place; the Operation keeps old and new values."""
        draft = replace(
            self._operation(OperationType.EVOLVE, new, grounds, before=old, after=new),
            changes=_differences(old, new),
        )
        return _with_payload(Change(operation=draft, evolve=new, index=index, relationships=tuple(relationships)))

    def _operation(
        self,
        op: OperationType,
        target: Node,
        grounds: Grounds,
        *,
        before: Node | None = None,
        after: Node | None = None,
    ) -> Operation:
        return Operation(
            op=op,
            bank=self.bank,
            target=target.id,
            kind=target.kind,
            at=self.now,
            before=version_ref(before) if before else None,
            after=version_ref(after) if after else None,
            reason=grounds.reason,
            evidence=grounds.evidence,
            candidates=grounds.candidates,
            agent=self.agent,
            run_id=self.run_id,
            model=self.model,
        )

    def _closing(self, node: Node, status: Status, ends: datetime) -> StateChange:
        earlier = min(ends, node.valid_to) if node.valid_to else ends
        return StateChange(
            node_id=node.id,
            expected=node.status,
            status=status,
            valid_to=earlier,
            valid_to_before=node.valid_to,
            closed_at=self.now,
        )


def activation(node: Node) -> StateChange:
    """Marks pending evidence as interpreted."""
    return StateChange(
        node_id=node.id,
        expected=Status.PENDING,
        status=Status.ACTIVE,
        valid_to=node.valid_to,
        valid_to_before=node.valid_to_before,
    )


def _with_payload(change: Change) -> Change:
    return replace(change, operation=replace(change.operation, payload_hash=payload_hash_of(change)))


def _differences(old: Node, new: Node) -> dict[str, tuple[str, str]]:
    pairs = ((f.name, getattr(old, f.name), getattr(new, f.name)) for f in fields(old))
    return {name: (_json(before), _json(after)) for name, before, after in pairs if before != after}


def _json(value: Any) -> str:
    plain = encode_time(value) if isinstance(value, datetime) else value
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, default=str)
