"""Which store opens a URL: by its scheme, ours and those that installed packages bring.

A package brings a store by an entry point of the group `agentmem.stores`: its name is the scheme, its value a callable
that takes the URL and the keywords `user` and `password` and gives a `Store`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points

from agentmem.errors import ConfigurationError, MissingExtra
from agentmem.stores.base import Store
from agentmem.stores.sqlite import SQLiteStore

GROUP = "agentmem.stores"
"""The entry points' group."""

Opener = Callable[..., Store]

_FORMS = "Write sqlite:///path/to/memory.db, sqlite:///:memory: or neo4j://[user[:password]@]host[:port][/database]."


def open_store(url: str, *, user: str = "", password: str = "") -> Store:
    """Open the store that a URL names; close it when done.

    Args:
        url: `sqlite:///relative/path.db`, `sqlite:////absolute/path.db`, `sqlite:///:memory:`, or
            `neo4j://[user[:password]@]host[:port][/database]` (also `bolt://`, and either with `+s` or `+ssc`); or one
            whose scheme an installed package brings.
        user: Who opens a server, if the URL does not say.
        password: The user's password, if the URL does not hold it.

    Raises:
        ConfigurationError: no store of that scheme.
        InputError: a path that cannot be a store.
        MissingExtra: the store needs a package that is not installed.
        StoreError: the store cannot be opened; see `agentmem.errors`.
    """
    scheme = require_scheme(url)
    opener = _BUILT_IN.get(scheme) or _brought()[scheme].load()
    store: Store = opener(url, user=user, password=password)
    return store


def require_scheme(url: str) -> str:
    """The scheme of a store's URL; nothing is opened or imported.

    Raises:
        ConfigurationError: no store of that scheme.
    """
    scheme, separator, _ = url.partition("://")
    scheme = scheme.lower()
    if separator and (scheme in _BUILT_IN or scheme in _brought()):
        return scheme
    brought = f" Installed packages bring {', '.join(f'{name}://' for name in _brought())}." if _brought() else ""
    # Never the whole URL: it may hold a password.
    where = f"{scheme}://" if separator else url
    raise ConfigurationError("no store has a URL like that.", where=where, hint=_FORMS + brought)


def _brought() -> dict[str, EntryPoint]:
    return {point.name.lower(): point for point in entry_points(group=GROUP)}


def _open_sqlite(url: str, *, user: str, password: str) -> Store:
    return SQLiteStore(url)


def _open_neo4j(url: str, *, user: str, password: str) -> Store:
    try:
        from agentmem.stores.neo4j import Neo4jStore  # noqa: PLC0415 - its driver is an extra
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "neo4j":
            raise
        raise MissingExtra(
            "the Neo4j driver is not installed.", where="neo4j", hint="pip install 'agentmem-graph[neo4j]'."
        ) from error
    return Neo4jStore(url, user=user, password=password)


_BUILT_IN: Mapping[str, Opener] = {
    "sqlite": _open_sqlite,
    **dict.fromkeys(("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc"), _open_neo4j),
}
