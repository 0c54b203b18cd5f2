"""Commits changesets: one statement checks the ground and writes, under the lock of the bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

import neo4j
from neo4j import exceptions

from agentmem.errors import ConflictError, InputError, StoreError, StoreUnavailable
from agentmem.records import GENESIS, Changeset, EmbeddingStamp, Operation, payload_hash_of, sealed, writes_of
from agentmem.stores.base import filled_by_another
from agentmem.stores.filling import Filling, Head
from agentmem.stores.neo4j import queries
from agentmem.stores.neo4j.connection import Connection, Transaction
from agentmem.stores.neo4j.plan import guard_rows, mismatch, plan_of, standing_of
from agentmem.stores.neo4j.rows import operation_properties, utc

_BROKEN = (exceptions.ServiceUnavailable, exceptions.SessionExpired)
_TRIES = 3
"""How often to offer a changeset over connections that break."""


def prepared(changeset: Changeset) -> list[Operation]:
    """The Operations of a changeset with payload hash, in the types and the time zone in which they will be read back.

    Raises:
        InputError: an Operation of another bank.
    """
    operations = []
    for change in changeset.changes:
        operation = change.operation
        if operation.bank != changeset.bank:
            message = f"an Operation of bank {operation.bank!r} in a changeset of bank {changeset.bank!r}."
            raise InputError(message, where=operation.target)
        operations.append(
            replace(
                operation,
                at=utc(operation.at).astimezone(UTC),
                payload_hash=operation.payload_hash or payload_hash_of(change),
                writes=operation.writes if operation.seq else writes_of(change),  # one with a seq is copied as it is
                evidence=tuple(operation.evidence),
                candidates=tuple(operation.candidates),
                tokens=int(operation.tokens),
                cost_usd=float(operation.cost_usd),
            )
        )
    return operations


def commit(connection: Connection, changeset: Changeset, guess: Head, filling: Filling) -> tuple[Operation, ...]:
    """Write a changeset: everything or nothing.

    The chain is sealed onto the head that this client saw last, and offered in one statement, which is one round trip.
    If somebody wrote since, the statement writes nothing and says where the head is; then the bank is locked first.

    Args:
        connection: To the database.
        changeset: What to write.
        guess: The bank's head as far as known.
        filling: The banks that this store fills itself.

    Raises:
        IncompleteBank: somebody else fills the bank.
        ConflictError: a guard, an expected status or a new id does not hold.
        InputError: the changeset contradicts itself.
        EmbeddingMismatch: a vector has another dimension than the store, or another model filled it.
    """
    offer = _Offer(connection, changeset, filling)
    chain = offer.chain(guess)
    row = offer.made_alone(guess, chain)
    if row is None or row["ok"]:
        return tuple(chain)
    offer.refuse(row)
    return tuple(offer.made_under_lock((row["seq"], row["hash"])))


class _Offer:
    """A changeset that is offered to the store, if need be several times onto several heads."""

    def __init__(self, connection: Connection, changeset: Changeset, filling: Filling) -> None:
        self._connection = connection
        self._filling = filling
        self._changeset = changeset
        self._operations = prepared(changeset)
        self._plan = plan_of(changeset)
        self._guards = list(guard_rows(changeset.guards))

    def chain(self, head: Head) -> list[Operation]:
        """The Operations sealed onto a head."""
        return chained(self._operations, head)

    def made_alone(self, head: Head, chain: Sequence[Operation]) -> neo4j.Record | None:
        """The answer to one statement; None if it broke the connection and yet had its effect."""
        parameters, broken = self._parameters(head, chain), False
        for _ in range(_TRIES):
            try:
                rows = self._connection.alone(queries.COMMIT, again_if_broken=False, **parameters)
            except StoreUnavailable as error:
                if not isinstance(error.__cause__, _BROKEN):
                    raise
                broken = True
                if self._is_journalled(chain[-1]):
                    return None
                continue
            row = self._answer(rows)
            # A server that lost us may have finished the first statement while the second waited for its lock.
            return None if broken and not row["ok"] and self._is_journalled(chain[-1]) else row
        raise self._unknown()

    def made_under_lock(self, head: Head) -> list[Operation]:
        """The chain that was written, in a transaction that reads the head under the bank's lock."""
        chains: list[list[Operation]] = []

        def work(transaction: Transaction) -> None:
            chains.clear()
            seen = head
            for _ in range(2):
                chains.append(self.chain(seen))
                row = self._answer(transaction.run(queries.COMMIT, **self._parameters(seen, chains[-1])))
                if row["ok"]:
                    return
                self.refuse(row)
                seen = (row["seq"], row["hash"])
            raise StoreError("the store refuses what contradicts nothing in it.", where=self._connection.where)

        try:
            self._connection.write(work)
        except StoreUnavailable as error:
            if not isinstance(error.__cause__, exceptions.IncompleteCommit):
                raise
            if not self._is_journalled(chains[-1][-1]):
                raise
        return chains[-1]

    def refuse(self, row: neo4j.Record) -> None:
        """Raise what kept a statement from writing; nothing if it was only the head.

        Raises:
            IncompleteBank: somebody else fills the bank.
            ConflictError: a guard, an expected status or a new id does not hold.
            InputError: a node that is named does not exist, or has another kind.
            EmbeddingMismatch: a vector has another dimension than the store, or another model filled it.
        """
        head = (row["seq"], row["hash"])
        bank = self._changeset.bank
        self._filling.require_writable(bank, row["unfinished"] or "", head, self._connection.where)
        if row["moved"]:
            key = row["moved"][0]
            raise ConflictError(
                f"another writer changed what is current of {key!r}.", where=key, hint="Read it and decide again."
            )
        wanted = self._changeset.embedding
        if wanted is not None and row["model"] is not None:
            present = EmbeddingStamp(model=row["model"], dimension=row["model_dimension"])
            if present != wanted:
                raise filled_by_another(present, wanted, self._connection.where)
        plan_of(self._changeset, standing_of(row["standing"]))
        dimension = self._plan.dimension
        if dimension is not None and row["dimension"] not in (None, dimension):
            raise mismatch((dimension,), row["dimension"])

    def _parameters(self, head: Head, chain: Sequence[Operation]) -> dict[str, Any]:
        embedding = self._changeset.embedding
        return {
            "bank": self._changeset.bank,
            "genesis": GENESIS,
            "seq": head[0],
            "hash": head[1],
            "filling": self._changeset.bank in self._filling,
            "new_seq": chain[-1].seq,
            "new_hash": chain[-1].hash,
            "guards": self._guards,
            "model": embedding.model if embedding else None,
            "model_dimension": embedding.dimension if embedding else None,
            "operations": [operation_properties(operation) for operation in chain],
            **self._plan.parameters(head[0] + 1),
        }

    def _answer(self, rows: Sequence[neo4j.Record]) -> neo4j.Record:
        if not rows:
            raise StoreError("the store has lost its settings.", where=self._connection.where, hint="Open it again.")
        return rows[0]

    def _is_journalled(self, operation: Operation) -> bool:
        try:
            rows = self._connection.read(queries.LAST_HASH, bank=operation.bank, seq=operation.seq)
        except StoreUnavailable as error:
            raise self._unknown() from error
        return bool(rows) and rows[0]["hash"] == operation.hash

    def _unknown(self) -> StoreUnavailable:
        return StoreUnavailable(
            "the connection broke during a commit; whether it was written is not known.",
            where=self._connection.where,
            hint="It was written whole or not at all: look into the journal when the server is back.",
        )


def chained(operations: Sequence[Operation], head: Head) -> list[Operation]:
    """The Operations sealed onto a head."""
    seq, previous = head
    placed = []
    for operation in operations:
        seq += 1
        placed.append(sealed(operation, seq=seq, previous_hash=previous))
        previous = placed[-1].hash
    return placed
