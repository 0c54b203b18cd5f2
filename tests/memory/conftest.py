"""A memory whose extraction is written down in the test, so that decisions are tested apart from language rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.memory import Memory, Mind
from agentmem.stores import open_store
from agentmem.testing.written import WrittenExtractor


@dataclass(slots=True)
class TickingClock:
    """A second later at each look."""

    moment: datetime = datetime(2025, 6, 1, tzinfo=UTC)

    def now(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


@pytest.fixture
def extractor() -> WrittenExtractor:
    return WrittenExtractor()


@pytest.fixture
def open_memory(tmp_path: Path, extractor: WrittenExtractor) -> Iterator[Callable[[], Memory]]:
    opened: list[Memory] = []

    def open_() -> Memory:
        store = open_store(f"sqlite:///{tmp_path}/memory.db")
        memory = Memory(
            store=store, embedder=HashingEmbedder(), bank="b", clock=TickingClock(), mind=Mind(extractor=extractor)
        )
        opened.append(memory)
        return memory

    yield open_
    for memory in opened:
        memory.close()


@pytest.fixture
def memory(open_memory: Callable[[], Memory]) -> Memory:
    return open_memory()
