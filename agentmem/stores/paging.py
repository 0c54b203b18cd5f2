"""Walks over a whole bank, page by page."""

from __future__ import annotations

from collections.abc import Iterator

from agentmem.records import EVERY_STATUS, Node, Operation
from agentmem.stores.base import JournalFilter, Store, View

PAGE = 1_000
"""Nodes or Operations that are read at once."""


def node_pages(store: Store, bank: str) -> Iterator[list[Node]]:
    """All nodes of a bank, whatever their status, by id."""
    view, last = View(bank=bank, statuses=EVERY_STATUS), ""
    while page := store.scan(view, after_id=last, limit=PAGE):
        yield page
        last = page[-1].id


def journal_pages(
    store: Store, bank: str, *, after: int = 0, through: int | None = None, size: int = PAGE
) -> Iterator[list[Operation]]:
    """The journal of a bank by seq, up to `through` or to the head as it is now."""
    end = store.head(bank)[0] if through is None else through
    while after < end:
        upper = min(after + size, end)
        yield store.operations(bank, JournalFilter(after=after, through=upper))
        after = upper
