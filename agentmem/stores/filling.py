"""Banks that are being filled from a copy: incomplete until the copy is proved, whoever dies meanwhile.

A bank's mark is kept beside its head, in the store. It holds the command that finishes the bank. The store object that
set it reads and writes the bank; every other one is refused.
"""

from __future__ import annotations

import shlex
import threading

from agentmem.errors import ConflictError, IncompleteBank
from agentmem.stores.base import Store

Head = tuple[int, str]
"""Seq and hash of the newest Operation of a bank."""


class Filling:
    """The banks that one store object fills, and how far it is in each. Safe to use from several threads."""

    def __init__(self) -> None:
        self._heads: dict[str, Head] = {}
        self._guard = threading.Lock()

    def __contains__(self, bank: str) -> bool:
        return bank in self._heads

    def reached(self, bank: str, head: Head) -> None:
        """Note that this object fills a bank, and where its head is now."""
        with self._guard:
            self._heads[bank] = head

    def written(self, bank: str, head: Head) -> None:
        """Note a commit, if the bank is one of those."""
        with self._guard:
            if bank in self._heads:
                self._heads[bank] = head

    def leave(self, bank: str) -> None:
        """This object fills the bank no longer."""
        with self._guard:
            self._heads.pop(bank, None)

    def require_readable(self, bank: str, unfinished: str, where: str) -> None:
        """Refuse to read a bank that somebody else fills.

        Args:
            bank: The bank.
            unfinished: Its mark; empty if it is whole.
            where: The store, for the error.

        Raises:
            IncompleteBank: it is incomplete.
        """
        if unfinished and bank not in self._heads:
            raise incomplete(bank, unfinished, where)

    def require_writable(self, bank: str, unfinished: str, head: Head, where: str) -> None:
        """Refuse to write to a bank that somebody else fills, or to go on where somebody else went on.

        Raises:
            IncompleteBank: it is incomplete.
            ConflictError: this object fills it, and somebody else did too.
        """
        mine = self._heads.get(bank)
        if mine is None:
            self.require_readable(bank, unfinished, where)
        elif not unfinished or mine != head:
            raise ConflictError(
                f"bank {bank!r} is being filled by another process too.",
                where=where,
                hint="Let one of them finish, and start the other again if it is still needed.",
            )


def require_whole(store: Store, bank: str) -> None:
    """Refuse a bank that is being filled.

    Raises:
        IncompleteBank: it is incomplete.
    """
    if unfinished := store.unfinished(bank):
        raise incomplete(bank, unfinished, store.url)


def incomplete(bank: str, unfinished: str, where: str) -> IncompleteBank:
    """The error of a bank whose filling was broken off, or is not done yet."""
    return IncompleteBank(
        f"bank {bank!r} is an incomplete copy: what fills it has not finished, or was broken off.",
        where=where,
        hint=f"This finishes it: {unfinished}" if _is_ours(unfinished) else "Migrate or import into it again.",
    )


def _is_ours(command: str) -> bool:
    """Whether it is one command of agentmem: a mark comes out of a file that may be somebody else's, and is pasted."""
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    return words[:1] == ["agentmem"] and words[1:2] in (["migrate"], ["import"]) and shlex.join(words) == command
