"""Where memory is kept: the Store protocol and the stores that fulfil it."""

from __future__ import annotations

from agentmem.errors import ConfigurationError, MissingExtra
from agentmem.records import EmbeddingStamp
from agentmem.stores.base import (
    DatedRelationship,
    Direction,
    Gathered,
    Hit,
    JournalFilter,
    KeySearch,
    Neighbourhood,
    PrefixSearch,
    Search,
    Statistics,
    Store,
    TextSearch,
    TimeSearch,
    VectorSearch,
    View,
    Walk,
)
from agentmem.stores.filling import require_whole
from agentmem.stores.sqlite import SQLiteStore

__all__ = [
    "DatedRelationship",
    "Direction",
    "EmbeddingStamp",
    "Gathered",
    "Hit",
    "JournalFilter",
    "KeySearch",
    "Neighbourhood",
    "PrefixSearch",
    "SQLiteStore",
    "Search",
    "Statistics",
    "Store",
    "TextSearch",
    "TimeSearch",
    "VectorSearch",
    "View",
    "Walk",
    "open_store",
    "require_whole",
]

_NEO4J_SCHEMES = frozenset({"neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc"})
_FORMS = "Write sqlite:///path/to/memory.db, sqlite:///:memory: or neo4j://[user[:password]@]host[:port][/database]."


def open_store(url: str, *, user: str = "", password: str = "") -> Store:
    """Open the store that a URL names; close it when done.

    Args:
        url: `sqlite:///relative/path.db`, `sqlite:////absolute/path.db`, `sqlite:///:memory:`, or
            `neo4j://[user[:password]@]host[:port][/database]` (also `bolt://`, and either with `+s` or `+ssc`).
        user: Who opens a server, if the URL does not say.
        password: The user's password, if the URL does not hold it.

    Raises:
        ConfigurationError: no store of that scheme.
        InputError: a path that cannot be a store.
        MissingExtra: the store needs a package that is not installed.
        StoreError: the store cannot be opened; see `agentmem.errors`.
    """
    scheme, separator, _ = url.partition("://")
    scheme = scheme.lower()
    if scheme == "sqlite":
        return SQLiteStore(url)
    if scheme in _NEO4J_SCHEMES:
        return _open_neo4j(url, user, password)
    # Never the whole URL: it may hold a password.
    raise ConfigurationError("no store has a URL like that.", where=f"{scheme}://" if separator else url, hint=_FORMS)


def _open_neo4j(url: str, user: str, password: str) -> Store:
    try:
        from agentmem.stores.neo4j import Neo4jStore  # noqa: PLC0415 - its driver is an extra
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "neo4j":
            raise
        raise MissingExtra(
            "the Neo4j driver is not installed.", where="neo4j", hint="pip install 'agentmem-graph[neo4j]'."
        ) from error
    return Neo4jStore(url, user=user, password=password)
