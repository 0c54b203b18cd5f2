"""Reads an exact copy through before a word of it is written: whether it is what it says of itself."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack

from agentmem.errors import InputError
from agentmem.memory.verifying.account import Account
from agentmem.records import Change
from agentmem.records.digests import ENTRY
from agentmem.stores.base import DatedRelationship
from agentmem.transfer.contents import Contents
from agentmem.transfer.jsonl import Begin, End, read_jsonl, take
from agentmem.transfer.replay import Progress

_TOLD = 1_000
"""Lines after which is told how far it is."""


def check_jsonl(lines: Iterable[bytes], where: str, trust: float, progress: Progress) -> tuple[Begin, list[End]]:
    """What a file says it holds, when it holds it.

    Each bank is compared with its own journal as `verify` would, and with the hash of everything in its last line. How
    nodes are found is compared with that hash alone: a store that was embedded anew has other search entries than were
    written at first.

    Args:
        lines: The file.
        where: Its name, for errors.
        trust: How far whoever imports it trusts it: an exact copy can be taken as it is, or not at all.
        progress: Hears how many lines were read.

    Raises:
        InputError: no such file, cut off, or altered, the line is named; or it claims more trust than it is given.
    """
    begin, ends = Begin(None), list[End]()
    with ExitStack() as opened:
        account, contents = opened.enter_context(Account()), Contents()
        for number, line in read_jsonl(lines, where):
            if isinstance(line, Begin):
                begin = line
            elif isinstance(line, Change):
                _require_no_more_trust(line, trust, f"{where}:{number}")
                _note(line, number, account, contents)
            else:
                _require_unaltered(account, contents, line, f"{where}:{number}", where)
                ends.append(line)
                opened.close()
                account, contents = opened.enter_context(Account()), Contents()
            if number % _TOLD == 0:
                progress("checking", number, 0)
    return begin, ends


def _require_no_more_trust(change: Change, trust: float, place: str) -> None:
    if change.add is not None and change.add.trust > trust:
        raise InputError(
            f"the file says of a memory that it is trusted by {change.add.trust:g}, and an import by {trust:g}.",
            where=place,
            hint="Nothing was written. If it is your own export, vouch for it: --trust person (trust= in Python).",
        )


def _note(change: Change, number: int, account: Account, contents: Contents) -> None:
    account.take_operations([change.operation], line=number)
    if change.add is not None:
        account.take_node(change.add, change.index, line=number)
    for relationship in change.relationships:
        account.take_relationship(
            DatedRelationship(relationship=relationship, created_at=change.operation.at), line=number
        )
    take(contents, change)


def _require_unaltered(account: Account, contents: Contents, end: End, place: str, where: str) -> None:
    differences = [difference for difference in account.differences() if difference.part[:1] != ENTRY]
    if differences:
        altered = min(differences, key=lambda difference: (difference.line == 0, difference.line))
        raise InputError(
            f"the file was altered: {altered}.",
            where=f"{where}:{altered.line}" if altered.line else place,
            hint="Nothing was written. Export it anew.",
        )
    if contents.content_hash() != end.content_hash:
        raise InputError(
            f"the file was altered: bank {end.bank!r} is not what its last line says.",
            where=place,
            hint="Nothing was written. Export it anew.",
        )
