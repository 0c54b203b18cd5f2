"""Where memory is kept: the Store protocol and the stores that fulfil it."""

from __future__ import annotations

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
from agentmem.stores.registry import open_store, require_scheme
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
    "require_scheme",
    "require_whole",
]
