"""The Neo4j store keeps every promise of the protocol."""

from __future__ import annotations

import pytest

from agentmem.testing import StoreConformance


@pytest.mark.neo4j
class TestNeo4j(StoreConformance):
    @pytest.fixture
    def store_url(self, store_url: str) -> str:
        return store_url
