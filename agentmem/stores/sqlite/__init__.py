"""The embedded store: one SQLite file for graph, full text, vectors and journal."""

from agentmem.stores.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore"]
