"""A memory that was really lived in: several banks, versions, retired claims, a task, odd words."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.memory import Memory, Message
from agentmem.memory.experience import Lesson, StepTrace, TaskTrace
from agentmem.memory.recording import record
from agentmem.stores import Store, open_store
from agentmem.testing import TickingClock

Open = Callable[[str], Store]

_DIES = """
import os, signal, sys
from agentmem.stores import open_store
from agentmem.transfer import migrate
def progress(what, done, total):
    if what == "copying" and done >= int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
migrate(open_store(sys.argv[1]), open_store(sys.argv[2]), progress=progress, batch=7)
"""


class Dies(Protocol):
    """Migrates in a process that kills itself."""

    def __call__(self, source: str, target: str, *, at: int) -> int:
        """How the process ended, after `at` Operations or a few more."""


SAID = (
    ("Marta", "I live in Graz. I work at Kestrel."),
    ("Jonas", "The boiler was repaired on Monday."),
    ("Marta", "I live in Bergen now."),
    ("Jonas", "Ana's \"odd\" words: it's\nnew lines\tand tabs, 漢字 🎈 \\u0041 \\ ' ` ; // & <b> ]]>"),
    ("Marta", "I no longer work at Kestrel."),
    ("Jonas", "Please forget that the boiler was repaired."),
    ("Marta", "A control \x01 character, \x0b another, a NUL \x00 and a carriage\r\nreturn."),
)


@pytest.fixture(scope="session")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of such a memory; made once."""
    path = tmp_path_factory.mktemp("lived") / "memory.db"
    start = datetime(2024, 5, 1, 9, tzinfo=UTC)
    with Memory.open(f"sqlite:///{path}", embedder=HashingEmbedder(), clock=TickingClock(start)) as memory:
        turns = [
            Message(text=text, speaker=speaker, at=start + timedelta(days=number))
            for number, (speaker, text) in enumerate(SAID * 3)
        ]
        for number in range(3):
            listener = memory.bound(agent="listener", run_id=f"run-{number}")
            listener.retain(turns[number * len(SAID) : (number + 1) * len(SAID)], source=f"chat {number}")
        steps = (StepTrace(name="look", text="look it up", outcome="done", output="Bergen"),)
        lesson = Lesson(topic="lookup", text="Look it up first.", applies_when="asked where", avoid=False)
        trace = TaskTrace(text="Where does Marta live?", outcome="done", reward=1.0, steps=steps, lessons=(lesson,))
        record(memory.bound(agent="team", run_id="run-9"), trace)
        Memory(store=memory.store, embedder=memory.embedder, bank='odd "bank" é', clock=TickingClock(start)).retain(
            "Ines lives in Porto."
        )
    return path


@pytest.fixture
def source_path(lived_in: Path, tmp_path: Path) -> Path:
    """A copy of the file, to be altered freely."""
    path = tmp_path / "source.db"
    shutil.copy(lived_in, path)
    return path


@pytest.fixture
def open_url() -> Iterator[Open]:
    """Opens stores and closes them at the end."""
    with ExitStack() as opened:
        yield lambda url: opened.enter_context(closing(open_store(url)))


@pytest.fixture
def source(source_path: Path, open_url: Open) -> Store:
    return open_url(f"sqlite:///{source_path}")


@pytest.fixture
def target(tmp_path: Path, open_url: Open) -> Store:
    return open_url(f"sqlite:///{tmp_path}/target.db")


@pytest.fixture
def migrate_and_die() -> Dies:
    def run(source: str, target: str, *, at: int) -> int:
        ended = subprocess.run(
            [sys.executable, "-c", _DIES, source, target, str(at)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdout=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        return ended.returncode

    return run
