"""Fills a bank so that nobody takes a part of it for the whole: its mark comes first and goes last."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agentmem.stores import Store


@dataclass(slots=True)
class Outcome:
    """What came of filling a bank."""

    whole: bool = False
    """Set when it is proved."""


def command(*words: str) -> str:
    """A command of `agentmem` as a shell takes it."""
    return f"agentmem {shlex.join(words)}"


@contextmanager
def filled(store: Store, bank: str, finish: str) -> Iterator[Outcome]:
    """Mark a bank as incomplete until the block ends and found it whole.

    If nothing was written in the block, a bank that was whole stays whole.

    Args:
        store: Where it is.
        bank: Its name.
        finish: The command that finishes it.

    Raises:
        ConflictError: somebody else wrote to the bank.
    """
    head, whole_before = store.head(bank), not store.unfinished(bank)
    store.begin_filling(bank, finish, head)
    outcome = Outcome()
    try:
        yield outcome
    finally:
        untouched = whole_before and store.head(bank) == head
        store.end_filling(bank, whole=outcome.whole or untouched)
