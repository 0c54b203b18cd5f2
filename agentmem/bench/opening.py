"""Opening: how long a fresh process takes to open a store of many memories and to answer its first recall."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agentmem.embeddings import Embedder, HashingEmbedder
from agentmem.errors import StoreError
from agentmem.memory import Memory, Message

QUESTION = "Which report did the team of person 7 finish in the spring?"

_PEOPLE = 50
_TOPICS = ("budget", "harbour", "garden", "bridge", "archive", "festival", "library", "orchard", "tunnel", "museum")
_ACTS = ("reviewed the plan for", "finished a report on", "moved money to", "visited", "wrote a letter about")
_CHILD = """
import sys, time
started = time.perf_counter()
import json
from pathlib import Path
from agentmem.embeddings import open_embedder
from agentmem.memory import Memory
imported = time.perf_counter()
url, bank, model, question, folder = sys.argv[1:]
embedder = open_embedder(model, folder=Path(folder) if folder else None)
with Memory.open(url, bank=bank, embedder=embedder) as memory:
    opened = time.perf_counter()
    found = len(memory.recall(question).memories)
    done = time.perf_counter()
print(json.dumps({"import": imported - started, "open": opened - imported, "recall": done - opened, "found": found}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningReport:
    """What a run measured; all times in seconds of wall clock."""

    memories: int
    """Nodes in the bank: Episodes and what was learned from them."""
    embedder: str
    import_seconds: float
    """Import of the package."""
    open_seconds: float
    """Opening of embedder and store."""
    recall_seconds: float
    """The first recall."""
    process_seconds: float
    """The whole process, with the start of the interpreter."""

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON shows it."""
        return {
            "benchmark": "opening",
            "memories": self.memories,
            "embedder": self.embedder,
            "import_seconds": round(self.import_seconds, 3),
            "open_seconds": round(self.open_seconds, 3),
            "recall_seconds": round(self.recall_seconds, 3),
            "process_seconds": round(self.process_seconds, 3),
        }

    def lines(self) -> list[str]:
        """The report in one sentence."""
        return [
            f"{self.memories} memories, embedder {self.embedder}: first answer after {self.process_seconds:.2f} s "
            f"(import {self.import_seconds:.2f} s, open {self.open_seconds:.2f} s, recall {self.recall_seconds:.2f} s)."
        ]


def run_opening(
    *,
    memories: int = 10_000,
    embedder: Embedder | None = None,
    model_folder: Path | None = None,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> OpeningReport:
    """Fill a store with made-up text, then open it in a fresh process and ask one question.

    Args:
        memories: How many nodes the store holds at least.
        embedder: What fills the store and is opened again by its model's name; default: hashing.
        model_folder: Where the fresh process finds the embedder's files; default: its cache.
        progress: Told how far the filling is.

    Raises:
        StoreError: the fresh process failed.
    """
    chosen = embedder or HashingEmbedder()
    with tempfile.TemporaryDirectory(prefix="agentmem-bench-") as folder:
        url = f"sqlite:///{Path(folder).as_posix()}/opening.db"
        count = _fill(url, chosen, memories, progress)
        arguments = [url, "bench", chosen.model, QUESTION, str(model_folder or "")]
        started = time.perf_counter()
        child = subprocess.run([sys.executable, "-c", _CHILD, *arguments], capture_output=True, text=True, check=False)
        process = time.perf_counter() - started
    if child.returncode:
        raise StoreError(f"the fresh process failed: {child.stderr.strip()[-500:]}", where=url)
    times = json.loads(child.stdout)
    return OpeningReport(
        memories=count,
        embedder=chosen.model,
        import_seconds=times["import"],
        open_seconds=times["open"],
        recall_seconds=times["recall"],
        process_seconds=process,
    )


def _fill(url: str, embedder: Embedder, wanted: int, progress: Callable[[str, int, int], None]) -> int:
    """Retain made-up turns until the bank holds `wanted` nodes."""
    count = 0
    with Memory.open(url, bank="bench", embedder=embedder) as memory:
        turns = _turns()
        while count < wanted:
            progress("filling the store", count, wanted)
            memory.retain([next(turns) for _ in range(512)])
            count = sum(memory.statistics().nodes.values())
    return count


def _turns() -> Iterator[Message]:
    """Statements that differ from each other, without end."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    number = 0
    while True:
        topic, act = _TOPICS[number % len(_TOPICS)], _ACTS[number // 7 % len(_ACTS)]
        yield Message(
            text=f"Person {number % _PEOPLE} {act} the {topic} of district {number // 3}, case {number}.",
            at=start + timedelta(hours=number),
            source="made-up diary",
            id=f"entry {number}",
        )
        number += 1
