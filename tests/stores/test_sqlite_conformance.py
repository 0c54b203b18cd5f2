"""The SQLite store keeps every promise of the protocol, in a file and in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentmem.testing import StoreConformance


class TestSQLiteFile(StoreConformance):
    @pytest.fixture
    def store_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/new folder/memory.db"


class TestSQLiteInMemory(StoreConformance):
    persistent = False

    @pytest.fixture
    def store_url(self) -> str:
        return "sqlite:///:memory:"
