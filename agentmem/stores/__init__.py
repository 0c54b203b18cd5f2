"""Where memory is kept: the Store protocol and the stores that fulfil it."""

from __future__ import annotations

from agentmem.errors import ConfigurationError
from agentmem.stores.base import (
    Direction,
    EmbeddingStamp,
    Hit,
    JournalFilter,
    KeySearch,
    Neighbourhood,
    Search,
    Statistics,
    Store,
    TextSearch,
    TimeSearch,
    VectorSearch,
    View,
)
from agentmem.stores.sqlite import SQLiteStore

__all__ = [
    "Direction",
    "EmbeddingStamp",
    "Hit",
    "JournalFilter",
    "KeySearch",
    "Neighbourhood",
    "SQLiteStore",
    "Search",
    "Statistics",
    "Store",
    "TextSearch",
    "TimeSearch",
    "VectorSearch",
    "View",
    "open_store",
]

_NEO4J_SCHEMES = frozenset({"neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc"})


def open_store(url: str) -> Store:
    """Open the store that a URL names; close it when done.

    Args:
        url: `sqlite:///relative/path.db`, `sqlite:////absolute/path.db` or `sqlite:///:memory:`.

    Raises:
        ConfigurationError: no store of that scheme.
        InputError: a path that cannot be a store.
        StoreError: the store cannot be opened; see `agentmem.errors`.
    """
    scheme, separator, _ = url.partition("://")
    scheme = scheme.lower()
    if scheme == "sqlite":
        return SQLiteStore(url)
    forms = "Write sqlite:///path/to/memory.db or sqlite:///:memory:."
    if scheme in _NEO4J_SCHEMES:
        raise ConfigurationError("this version has no Neo4j store yet, only SQLite.", where=scheme, hint=forms)
    # Never the whole URL: it may hold a password.
    raise ConfigurationError("no store has a URL like that.", where=f"{scheme}://" if separator else url, hint=forms)
