"""Settings to an open memory: alike for workflows and for the command line."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from agentmem.config import Settings
from agentmem.embeddings import Embedder, open_embedder
from agentmem.errors import ConfigurationError
from agentmem.memory import Memory, require_same_model
from agentmem.stores import Store, open_store
from agentmem.stores.sqlite.location import parse_location
from agentmem.workflow.grants import Grants
from agentmem.workflow.passwords import password_for, require_own_server

_SQLITE = "sqlite:///"


def anchored(url: str, folder: Path) -> str:
    """A store URL whose relative path starts at `folder`; any other URL as it is."""
    path = url[len(_SQLITE) :]
    if not _is_file(url) or not path or path.startswith(("/", "~", ":memory:")):
        return url
    return f"{_SQLITE}{(folder / path).as_posix()}"


def _is_file(url: str) -> bool:
    return url[: len(_SQLITE)].lower() == _SQLITE


def require_reach(settings: Settings, grants: Grants, *, own: Path) -> None:
    """Refuse a store that a workflow's file names beyond its reach, unless whoever runs it has named that store, too.

    Raises:
        ConfigurationError: a file outside of its folder and of those that are allowed, or another machine.
    """
    require_own_server(settings)
    if not _is_file(settings.proposed):
        return
    path = parse_location(settings.proposed).path
    asked = replace(settings, proposed="").store_url
    users = parse_location(asked).path if _is_file(asked) else None
    path = path and path.resolve()
    if path is None or grants.reaches(path, own=own) or (users and path == users.resolve()):
        return
    raise ConfigurationError(
        f"the workflow's store {str(path)!r} lies outside of its folder, and you have not named it.",
        where="memory.store",
        hint=f"If it is yours, run it with --store {shlex.quote(f'{_SQLITE}{path}')} (store= in Python).",
    )


def opened_store(settings: Settings) -> Store:
    """The store of the settings. The caller closes it.

    Raises:
        ConfigurationError: no such store, or one that may not be given the password; see `passwords`.
        StoreError: the store cannot be opened.
    """
    return open_store(settings.store_url, user=settings.user, password=password_for(settings))


def open_memory(
    settings: Settings,
    *,
    notify: Callable[[str], None],
    checked: Callable[[Store], None] | None = None,
) -> Memory:
    """The memory that settings describe. The caller closes it.

    Args:
        settings: Store, bank and embedder.
        notify: Takes lines for the person who waits.
        checked: Looks at the store before an embedder is loaded, and may refuse it.

    Raises:
        ConfigurationError: no such store or embedder, or a store that may not be given the password;
            EmbeddingMismatch if the store was filled by another model.
        StoreError: the store cannot be opened.
    """
    store = opened_store(settings)
    try:
        if checked is not None:
            checked(store)
        embedder = _embedder(settings, store, notify)
        require_same_model(store, embedder)
    except BaseException:
        store.close()
        raise
    return Memory(store=store, embedder=embedder, bank=settings.bank)


def _embedder(settings: Settings, store: Store, notify: Callable[[str], None]) -> Embedder:
    stamp = store.embedding
    return open_embedder(
        settings.embedder, folder=settings.models, stamped=stamp.model if stamp else None, notify=notify
    )
