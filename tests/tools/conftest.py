from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.memory import Memory
from agentmem.tools import MemoryAccess, ToolContext


class Ticking:
    """A clock that goes on by one second with every look at it."""

    def __init__(self) -> None:
        self._now = datetime(2024, 7, 1, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workflow's folder with two documents, a conversation and a tool."""
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "team.md").write_text("# Team\n\nAnna works at Acme. Peter Hall founded Acme in 1999.\n")
    (documents / "office.md").write_text("# Office\n\nThe office moved to Lisbon in March 2024.\n")
    (tmp_path / "chat.jsonl").write_text(
        '{"text": "I live in Porto.", "speaker": "Anna", "at": "2024-05-02T10:00:00Z", "id": "t1"}\n'
    )
    return tmp_path


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory.open(
        f"sqlite:///{tmp_path / 'memory.db'}", bank="team", embedder=HashingEmbedder(), clock=Ticking()
    ) as opened:
        yield opened


@pytest.fixture
def context(memory: Memory, folder: Path) -> ToolContext:
    return ToolContext(memory=MemoryAccess(memory=memory.bound(agent="executor", run_id="r")), folder=folder)
