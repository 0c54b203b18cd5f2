"""Options that several commands share, and what they open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from agentmem.cli import output
from agentmem.config import Settings
from agentmem.errors import InputError, NotFound

if TYPE_CHECKING:
    from agentmem.memory import Memory
    from agentmem.stores import Store

StoreOption = Annotated[
    str,
    typer.Option(
        "--store", metavar="URL", help="Where memory lives, such as sqlite:///team.db. Default: AGENTMEM_STORE."
    ),
]
BankOption = Annotated[
    str, typer.Option("--bank", metavar="NAME", help="The tenant in the store. Default: AGENTMEM_BANK.")
]
EmbedderOption = Annotated[
    str,
    typer.Option("--embedder", metavar="NAME", help="auto, minilm or hashing. Default: AGENTMEM_EMBEDDER."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def chosen(store: str = "", bank: str = "", embedder: str = "") -> Settings:
    """The environment's settings with what the command line says in their place."""
    return Settings.from_environment().overridden(store=store, bank=bank, embedder=embedder)


@contextmanager
def open_memory(settings: Settings, *, reading: bool, as_json: bool) -> Iterator[Memory]:
    """The memory of a command, told on standard error where it lies if nobody named a place.

    Raises:
        NotFound: with `reading`, the store or the bank does not exist.
    """
    from agentmem.workflow import opening

    announce(settings, as_json=as_json)
    if reading:
        require_store(settings)
    checked = partial(require_bank, settings.bank) if reading else None
    with opening.open_memory(settings, notify=output.remark, checked=checked) as memory:
        yield memory


@contextmanager
def open_journal(settings: Settings, *, as_json: bool) -> Iterator[Memory]:
    """Memory for commands that list and count: without an embedder's weights, it cannot search."""
    from agentmem.embeddings import HashingEmbedder
    from agentmem.memory import Memory
    from agentmem.workflow.opening import opened_store

    announce(settings, as_json=as_json)
    require_store(settings)
    with Memory(store=opened_store(settings), embedder=HashingEmbedder(), bank=settings.bank) as memory:
        require_bank(settings.bank, memory.store)
        yield memory


def announce(settings: Settings, *, as_json: bool) -> None:
    """Say where memory lives when the place is the default one."""
    if not settings.store and not as_json:
        output.remark(f"store: {settings.store_url}")


def require_store(settings: Settings) -> None:
    """Refuse to read a store that does not exist: opening it would make an empty one.

    Raises:
        NotFound: there is no such file.
    """
    from agentmem.stores.sqlite.location import parse_location

    if not settings.store_url.startswith("sqlite:"):
        return  # whether a server has the store shows when it is opened
    path = parse_location(settings.store_url).path
    if path is not None and not path.exists():
        raise NotFound(
            "there is no store.",
            where=settings.store_url,
            hint="`agentmem retain FILE` makes one; --store names another.",
        )


def require_bank(bank: str, store: Store) -> None:
    """Refuse to read a bank that holds nothing.

    Raises:
        NotFound: with the banks that there are.
    """
    banks = store.banks()
    if bank not in banks:
        listed = f"Banks: {', '.join(banks)}." if banks else "The store is empty; `agentmem retain FILE` fills it."
        raise NotFound(f"there is no bank {bank!r}.", where=store.url, hint=listed)


def moment(text: str, option: str) -> datetime | None:
    """The time that an option names; without a zone it is UTC.

    Raises:
        InputError: not ISO 8601.
    """
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(
            f"{text!r} is no date or time.", where=option, hint="Write it like 2024-05-31 or 2024-05-31T14:00:00+02:00."
        ) from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
