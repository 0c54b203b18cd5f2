"""For tests of code that uses agentmem: a conformance suite for stores, builders of records, and a scripted model.

Needs pytest. In a `conftest.py`, `pytest.register_assert_rewrite("agentmem.testing")` makes failures readable.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from agentmem.testing.records import (
    BANK,
    START,
    TickingClock,
    adding,
    changeset,
    closed,
    closing,
    days,
    evolving,
    linking,
    make_episode,
    make_fact,
    make_node,
    make_operation,
    relation,
    unit_vectors,
)
from agentmem.testing.references import bm25, is_seen, nearest, standing_at
from agentmem.testing.store_conformance import StoreConformance
from agentmem.testing.store_suite import StoreSuite

if TYPE_CHECKING:
    from agentmem.testing.scripted_model import ScriptedModel, ScriptedRequest, ScriptEnded

__all__ = [
    "BANK",
    "START",
    "ScriptEnded",
    "ScriptedModel",
    "ScriptedRequest",
    "StoreConformance",
    "StoreSuite",
    "TickingClock",
    "adding",
    "bm25",
    "changeset",
    "closed",
    "closing",
    "days",
    "evolving",
    "is_seen",
    "linking",
    "make_episode",
    "make_fact",
    "make_node",
    "make_operation",
    "nearest",
    "relation",
    "standing_at",
    "unit_vectors",
]


def __getattr__(name: str) -> Any:
    """The scripted model loads LangChain when it is first used: tests of stores do without."""
    if name in ("ScriptEnded", "ScriptedModel", "ScriptedRequest"):
        return getattr(importlib.import_module("agentmem.testing.scripted_model"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
