"""What later Operations changed in nodes that a copy has already: a copy that was broken off, or a source that went on.

A fresh copy takes every node as it stands, so nothing is left to change. If the source was written to since, the
Operations beyond the copy's head name the nodes that they changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from agentmem.records import Change, Node, StateChange, content_hash
from agentmem.stores import Store


def caught_up(changes: Sequence[Change], source: Store, target: Store, bank: str) -> tuple[Change, ...]:
    """The changes, with what has become of nodes that the target holds in an older state."""
    named = list(dict.fromkeys(id_ for change in changes for id_ in _named(change)))
    held = target.fetch(bank, named)
    now = source.fetch(bank, list(held))
    stale = {id_: node for id_, node in now.items() if node != held[id_]}
    if not stale:
        return tuple(changes)
    evolved = [id_ for id_, node in stale.items() if content_hash(node) != content_hash(held[id_])]
    entries = source.entries(bank, evolved)
    made: list[Change] = []
    for change in changes:
        target_id = change.operation.target
        if change.add is None and target_id in evolved and target_id in stale:
            change = replace(change, evolve=stale.pop(target_id), index=entries.get(target_id))
        moved = [id_ for id_ in dict.fromkeys(_named(change)) if id_ in stale and id_ not in evolved]
        states = tuple(_state(held[id_], stale.pop(id_)) for id_ in moved)
        made.append(replace(change, states=states))
    return tuple(made)


def _named(change: Change) -> Iterator[str]:
    operation = change.operation
    yield operation.target
    yield from (version.id for version in (operation.before, operation.after) if version is not None)
    yield from operation.evidence
    for relationship in change.relationships:
        yield relationship.source_id
        yield relationship.target_id


def _state(held: Node, now: Node) -> StateChange:
    return StateChange(
        node_id=now.id,
        expected=held.status,
        status=now.status,
        valid_to=now.valid_to,
        valid_to_before=now.valid_to_before,
        closed_at=now.closed_at,
    )
