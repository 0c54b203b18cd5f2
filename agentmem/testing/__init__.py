"""For tests of code that uses agentmem: a conformance suite for stores, and builders of records.

Needs pytest. In a `conftest.py`, `pytest.register_assert_rewrite("agentmem.testing")` makes failures readable.
"""

from __future__ import annotations

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

__all__ = [
    "BANK",
    "START",
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
