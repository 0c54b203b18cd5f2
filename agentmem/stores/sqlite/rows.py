"""Rows of the tables to records and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

from agentmem.errors import InputError, StoreCorrupt
from agentmem.records import (
    Kind,
    Node,
    Operation,
    OperationType,
    Relationship,
    RelationshipType,
    Status,
    VersionRef,
    build_node,
    decode_time,
    encode_time,
    own_properties,
)

KINDS = {kind.value: kind for kind in Kind}
STATUSES = {status.value: status for status in Status}
TYPES = {type_.value: type_ for type_ in RelationshipType}
_OPERATIONS = {op.value: op for op in OperationType}

_NODE_COLUMNS = (
    "id", "kind", "status", "created_at", "at", "valid_from", "valid_to", "closed_at", "valid_to_before", "version",
    "importance", "trust", "key", "source", "agent", "run_id", "own", "metadata", "text",
)  # fmt: skip
_OPERATION_COLUMNS = (
    "seq", "op", "target", "kind", "at", "before_id", "before_hash", "after_id", "after_hash", "payload_hash",
    "changes", "reason", "evidence", "candidates", "agent", "run_id", "model", "tokens", "cost_usd",
    "writes", "previous_hash", "hash",
)  # fmt: skip

NODE_COLUMNS = ", ".join(f"n.{name}" for name in _NODE_COLUMNS)
"""What `nodes_of` reads, of the table alias `n`."""
OPERATION_COLUMNS = ", ".join(_OPERATION_COLUMNS)
"""What `operations_of` reads."""
INSERT_NODE = (
    f"INSERT INTO nodes (node, bank, changed, {', '.join(_NODE_COLUMNS)}) "
    f"VALUES ({', '.join('?' * (len(_NODE_COLUMNS) + 3))})"
)
REPLACE_NODE = f"UPDATE nodes SET changed = ?, {', '.join(f'{name} = ?' for name in _NODE_COLUMNS)} WHERE node = ?"
INSERT_OPERATION = (
    f"INSERT INTO operations (bank, {OPERATION_COLUMNS}) VALUES ({', '.join('?' * (len(_OPERATION_COLUMNS) + 1))})"
)

_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode


# One changeset repeats few moments in many rows, and so does a page that is read.
@lru_cache(maxsize=4096)
def time_text(moment: datetime | None) -> str | None:
    """A time as the tables hold it.

    Raises:
        InputError: it has no time zone.
    """
    if moment is not None and moment.tzinfo is None:
        raise InputError("a time needs a time zone.", where=moment.isoformat(), hint="Use UTC.")
    return encode_time(moment)


_time = lru_cache(maxsize=4096)(decode_time)


def json_of(value: object) -> str:
    """Compact JSON of plain values."""
    return _compact(value)


def _parsed(text: str) -> Any:
    """The value of JSON that `json_of` wrote; `json.loads` would spend most of its time on white space."""
    value, end = _decode(text)
    if end != len(text):
        raise ValueError(f"something stands behind JSON: {text[end : end + 20]!r}")
    return value


def node_values(node: Node) -> tuple[object, ...]:
    """The values of `_NODE_COLUMNS`."""
    return (
        node.id, node.kind.value, node.status.value, time_text(node.created_at), time_text(node.at),
        time_text(node.valid_from), time_text(node.valid_to), time_text(node.closed_at),
        time_text(node.valid_to_before), node.version, node.importance, node.trust, node.key, node.source,
        node.agent, node.run_id, _compact(own_properties(node)), _compact(dict(node.metadata)), node.text,
    )  # fmt: skip


@contextmanager
def damage_found(what: object) -> Iterator[None]:
    """Raise StoreCorrupt where a row holds what was never written: no JSON, no time, no known name."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise StoreCorrupt(
            f"the store is damaged: {what} cannot be read ({error}).", hint="Restore a backup, or open another path."
        ) from error


def nodes_of(bank: str, rows: Iterable[tuple[Any, ...]], *, known_at: str | None = None) -> list[Node]:
    """Nodes from their columns; with `known_at`, with the status and end of validity that they had then.

    Raises:
        StoreCorrupt: a row holds what was never written.
    """
    with damage_found("a node"):
        return [_node(bank, row, known_at) for row in rows]


def _node(bank: str, row: tuple[Any, ...], known_at: str | None) -> Node:
    (id_, kind, status, created_at, at, valid_from, valid_to, closed_at, valid_to_before, version,
     importance, trust, key, source, agent, run_id, own, metadata, text) = row  # fmt: skip
    if known_at is not None and closed_at is not None and closed_at > known_at and status != Status.ERASED:
        status, valid_to, closed_at, valid_to_before = Status.ACTIVE.value, valid_to_before, None, None
    common = {
        "id": id_,
        "bank": bank,
        "text": text,
        "created_at": _time(created_at),
        "at": _time(at),
        "valid_from": _time(valid_from),
        "valid_to": _time(valid_to),
        "status": STATUSES[status],
        "closed_at": _time(closed_at),
        "valid_to_before": _time(valid_to_before),
        "version": version,
        "importance": float(importance),
        "trust": float(trust),
        "source": source,
        "agent": agent,
        "run_id": run_id,
        "key": key,
        "metadata": {} if metadata == "{}" else _parsed(metadata),
    }
    return build_node(KINDS[kind], common, _parsed(own))


def relationship_of(source_id: str, type_: str, target_id: str, properties: str) -> Relationship:
    """A relationship from its columns and the ids of its ends; the caller wraps it in `damage_found`."""
    return Relationship(
        type=TYPES[type_],
        source_id=source_id,
        target_id=target_id,
        properties={} if properties == "{}" else _parsed(properties),
    )


def operation_values(operation: Operation) -> tuple[object, ...]:
    """The values of `_OPERATION_COLUMNS`."""
    before, after = operation.before, operation.after
    return (
        operation.seq, operation.op.value, operation.target, operation.kind.value, time_text(operation.at),
        before.id if before else None, before.content_hash if before else None,
        after.id if after else None, after.content_hash if after else None,
        operation.payload_hash, _compact({name: list(pair) for name, pair in operation.changes.items()}),
        operation.reason, _compact(list(operation.evidence)), _compact(list(operation.candidates)), operation.agent,
        operation.run_id, operation.model, operation.tokens, operation.cost_usd, operation.writes,
        operation.previous_hash, operation.hash,
    )  # fmt: skip


def operations_of(bank: str, rows: Iterable[tuple[Any, ...]]) -> list[Operation]:
    """Operations from their columns.

    Raises:
        StoreCorrupt: a row holds what was never written.
    """
    with damage_found("an Operation"):
        return [_operation(bank, row) for row in rows]


def _operation(bank: str, row: tuple[Any, ...]) -> Operation:
    (seq, op, target, kind, at, before_id, before_hash, after_id, after_hash, payload_hash, changes, reason, evidence,
     candidates, agent, run_id, model, tokens, cost_usd, writes, previous_hash, hash_) = row  # fmt: skip
    return Operation(
        op=_OPERATIONS[op],
        bank=bank,
        target=target,
        kind=KINDS[kind],
        at=datetime.fromisoformat(at),
        before=VersionRef(id=before_id, content_hash=before_hash) if before_id is not None else None,
        after=VersionRef(id=after_id, content_hash=after_hash) if after_id is not None else None,
        payload_hash=payload_hash,
        changes={name: (old, new) for name, (old, new) in json.loads(changes).items()},
        reason=reason,
        evidence=tuple(json.loads(evidence)),
        candidates=tuple(json.loads(candidates)),
        agent=agent,
        run_id=run_id,
        model=model,
        tokens=tokens,
        cost_usd=cost_usd,
        writes=writes,
        seq=seq,
        previous_hash=previous_hash,
        hash=hash_,
    )


def id_list(ids: Iterable[str]) -> str:
    """Ids as one JSON parameter for `json_each`, which would cut a text at NUL: no id holds one."""
    return _compact([id_ for id_ in dict.fromkeys(ids) if "\0" not in id_])
