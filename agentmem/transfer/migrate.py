"""Copies memory from one store into another, of whatever kind, and proves that the copy is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentmem.errors import ConfigurationError, ConflictError, InputError, NotFound, StoreError
from agentmem.records import Changeset
from agentmem.stores import JournalFilter, Store, require_whole
from agentmem.transfer.catching_up import caught_up
from agentmem.transfer.filling import command, filled
from agentmem.transfer.proof import Parity, compare
from agentmem.transfer.replay import Progress, Replay

_ROUNDS = 8
"""How often a source that is written to meanwhile is followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankMigration:
    """What became of one bank."""

    parity: Parity
    """What was proved."""
    copied: int
    """Operations that this call copied."""
    found: int
    """Operations that an earlier call had copied."""

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape: that of the parity, with `copied` and `found`."""
        return {**self.parity.as_dict(), "copied": self.copied, "found": self.found}


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationReport:
    """What a migration did and proved."""

    source: str
    """URL, without any password."""
    target: str
    """URL, without any password."""
    embedding: str
    """The model whose vectors were copied; empty if there are none."""
    banks: tuple[BankMigration, ...]

    @property
    def proved(self) -> bool:
        """Whether every bank is the same in both stores."""
        return all(bank.parity.proved for bank in self.banks)

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape."""
        return {
            "source": self.source,
            "target": self.target,
            "embedding": self.embedding,
            "proved": self.proved,
            "banks": [bank.as_dict() for bank in self.banks],
        }


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody follows."""


def migrate(
    source: Store,
    target: Store,
    *,
    banks: Sequence[str] | None = None,
    progress: Progress = silent,
    batch: int = 1_000,
) -> MigrationReport:
    """Copy banks with their journal: every version, relationship and search entry, the same ids, times and hashes.

    The journal of the target says how far it is: a migration that was broken off goes on there, and one that is done
    changes nothing. If the source was written to since, what is new is brought over. Until a bank of the target is
    proved it is marked as incomplete, and refused to everybody else.

    Args:
        source: Where to read.
        target: Where to write; a bank there must be empty or an earlier copy.
        banks: Names; default: all of the source.
        progress: Hears what is done, how much, and of how much.
        batch: Operations that are committed at once.

    Returns:
        What was copied and proved; see `proved`.

    Raises:
        InputError: both are the same store.
        NotFound: the source has no such bank.
        ConfigurationError: a bank of the target holds something else.
        EmbeddingMismatch: the target was filled by another embedding model.
        StoreCorrupt: the source's chain is broken, or its journal does not explain what it holds.
        ConflictError: the source was written to all the time, or another process fills the target.
        IncompleteBank: the source is itself a copy that was broken off.
    """
    if batch < 1:
        raise InputError(f"a batch of {batch}.", where="batch", hint="It has at least one Operation.")
    if source is target or (source.url == target.url and not source.url.endswith(":memory:")):
        raise InputError("source and target are the same store.", where=source.url)
    names = existing_banks(source, banks)
    for name in names:
        require_beginning(source, target, name)
    stamp = source.embedding
    if stamp is not None:
        target.stamp(stamp)
    done = []
    for name in names:
        found = target.head(name)[0]
        if source.head(name) == target.head(name) and not target.unfinished(name):
            parity = compare(source, target, name, progress)
        else:
            with filled(target, name, command("migrate", source.url, target.url, "--bank", name)) as outcome:
                parity = _followed(source, target, name, progress, batch)
                outcome.whole = parity.proved
        done.append(BankMigration(parity=parity, copied=target.head(name)[0] - found, found=found))
    return MigrationReport(
        source=source.url, target=target.url, embedding=stamp.model if stamp else "", banks=tuple(done)
    )


def _followed(source: Store, target: Store, bank: str, progress: Progress, batch: int) -> Parity:
    """Copy a bank and what is written to it meanwhile, and compare.

    Raises:
        ConflictError: it is written to all the time.
    """
    for _ in range(_ROUNDS):
        _copy(source, target, bank, progress, batch)
        parity = compare(source, target, bank, progress)
        if source.head(bank) == target.head(bank):
            return parity
    raise ConflictError(
        f"bank {bank!r} is written to all the time.",
        where=source.url,
        hint="Stop its writers and migrate again: it goes on where it is.",
    )


def require_beginning(source: Store, target: Store, bank: str) -> None:
    """Refuse a target whose journal is not the beginning of the source's.

    Raises:
        ConfigurationError: the bank holds something else.
    """
    seq, hash_ = target.head(bank)
    if seq == 0:
        return
    same = source.operations(bank, JournalFilter(after=seq - 1, through=seq))
    if not same or same[0].hash != hash_:
        raise something_else(target, bank)


def something_else(target: Store, bank: str) -> ConfigurationError:
    """The error of a bank that cannot become a copy."""
    return ConfigurationError(
        f"bank {bank!r} of the target holds something else; nothing was written to it.",
        where=target.url,
        hint="Take an empty store, or one that an earlier migration of this source began to fill.",
    )


def existing_banks(source: Store, banks: Sequence[str] | None) -> list[str]:
    """The banks that are asked for, or all that there are, each of them whole.

    Raises:
        NotFound: the source has no such bank.
        IncompleteBank: what fills one of them was broken off.
    """
    present = source.banks()
    missing = [name for name in banks or () if name not in present]
    if missing:
        hint = f"Banks: {', '.join(present)}." if present else "The store is empty."
        raise NotFound(f"there is no bank {missing[0]!r}.", where=source.url, hint=hint)
    names = present if banks is None else list(dict.fromkeys(banks))
    for name in names:
        require_whole(source, name)
    return names


def _copy(source: Store, target: Store, bank: str, progress: Progress, batch: int) -> None:
    after = target.head(bank)[0]
    if source.head(bank)[0] == after:
        return
    with Replay(source, bank, after=after, progress=progress) as replay:
        progress("copying", after, replay.head[0])
        for changes in replay.pages(after=after, size=batch):
            written = target.commit(
                Changeset(bank=bank, changes=caught_up(changes, source, target, bank) if after else changes)
            )
            if written[-1].hash != changes[-1].operation.hash:
                raise StoreError(
                    f"somebody else writes to bank {bank!r} of the target: it is no copy any more.",
                    where=target.url,
                    hint="Migrate into another store.",
                )
            progress("copying", written[-1].seq, replay.head[0])
