"""Several processes, processes that die, locks that last, and disks that are full."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentmem.errors import StoreUnavailable
from agentmem.records import EVERY_STATUS, verify_chain
from agentmem.stores import SQLiteStore, TextSearch, VectorSearch, View
from agentmem.testing import BANK, adding, changeset, make_fact, unit_vectors

_ALL = View(bank=BANK, statuses=EVERY_STATUS)
_BATCH = 20

_WRITER = """
import itertools, sys
from agentmem.stores import SQLiteStore
from agentmem.testing import adding, changeset, make_fact, unit_vectors
url, name, batches = sys.argv[1], sys.argv[2], int(sys.argv[3])
vectors = unit_vectors(20)
with SQLiteStore(url) as store:
    for batch in itertools.islice(itertools.count(), batches or None):
        facts = [make_fact(f"{name}-{batch}-{n}", text="word " * 500) for n in range(20)]
        operations = store.commit(
            changeset(*(adding(f, terms="w common", vector=v) for f, v in zip(facts, vectors)))
        )
        print(operations[-1].seq, flush=True)
"""
_DIES_INSIDE = """
import os, signal, sys
import numpy as np
from agentmem.stores import SQLiteStore
from agentmem.testing import adding, changeset, make_fact
class Deadly(np.ndarray):
    def __array_ufunc__(self, *arguments, **options):
        os.kill(os.getpid(), signal.SIGKILL)   # nodes and terms are in the transaction, vectors are not
store = SQLiteStore(sys.argv[1])
deadly = np.ones(8, dtype=np.float32).view(Deadly)
store.commit(changeset(adding(make_fact("half"), terms="w"), adding(make_fact("dead"), terms="w", vector=deadly)))
"""
_FULL = """
import resource, sys
from agentmem.errors import StoreUnavailable
from agentmem.stores import SQLiteStore
from agentmem.testing import BANK, adding, changeset, make_fact
with SQLiteStore(sys.argv[1]) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    refused = ""
    for number in range(1000):
        try:
            store.commit(changeset(adding(make_fact(f"{number}", text="x" * 20_000), terms="w")))
        except StoreUnavailable as error:
            refused = type(error).__name__
            break
    seq = store.head(BANK)[0]
    assert 0 < seq == number, (seq, number)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    store.commit(changeset(adding(make_fact("after"), terms="w")))
    print(seq + 1, refused)
"""
_FORKS = """
import os, sys
from agentmem.errors import StoreUnavailable
from agentmem.stores import SQLiteStore
from agentmem.testing import BANK, adding, changeset, make_fact
store = SQLiteStore(sys.argv[1])
store.commit(changeset(adding(make_fact("a"))))
child = os.fork()
if child == 0:
    try:
        store.head(BANK)
    except StoreUnavailable:
        os._exit(7)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), store.head(BANK)[0])
"""


def _assert_whole(url: str, size: int) -> None:
    """Graph, text, vectors and journal hold the same changesets, and nothing of any other."""
    with SQLiteStore(url) as store:
        operations = store.operations(BANK)
        assert [operation.seq for operation in operations] == list(range(1, size + 1))
        assert verify_chain(operations) is None
        assert len(store.scan(_ALL, limit=10 * size)) == size
        by_text, by_vector = store.search(
            _ALL, [TextSearch(terms=("w",), k=10 * size), VectorSearch(vector=unit_vectors(1)[0], k=10 * size)]
        )
        assert len(by_text) == size
        assert len(by_vector) in (0, size)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_kill_9_loses_nothing_that_was_committed(
    tmp_path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    url = f"sqlite:///{tmp_path}/m.db"
    written = 0
    for attempt, lines in enumerate((1, 3, 6)):
        process = start_python(_WRITER, url, f"writer{attempt}", 0)
        assert process.stdout is not None
        for _ in range(lines):
            acknowledged = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with SQLiteStore(url) as store:
            written = store.head(BANK)[0]
        assert written >= acknowledged
        assert written % _BATCH == 0
        _assert_whole(url, written)


def test_kill_9_in_the_middle_of_a_transaction_leaves_nothing_of_it(
    tmp_path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    url = f"sqlite:///{tmp_path}/m.db"
    with SQLiteStore(url) as store:
        store.commit(changeset(adding(make_fact("a"), terms="w", vector=unit_vectors(1)[0])))
        process = start_python(_DIES_INSIDE, url)
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        store.commit(changeset(adding(make_fact("b"), terms="w", vector=unit_vectors(1)[0])))
    _assert_whole(url, 2)


def test_processes_that_create_and_fill_one_file_together(
    tmp_path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    url = f"sqlite:///{tmp_path}/new/m.db"
    processes = [start_python(_WRITER, url, f"writer{number}", 8) for number in range(3)]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    _assert_whole(url, 3 * 8 * _BATCH)


def test_a_full_disk_stops_a_commit_and_nothing_else(tmp_path: Path, run_python: Callable[..., str]) -> None:
    url = f"sqlite:///{tmp_path}/m.db"
    size, error = run_python(_FULL, url).split()
    assert error == "StoreUnavailable"
    _assert_whole(url, int(size))


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_without_space_stops_a_commit_and_nothing_else(tiny_disk: Path) -> None:
    url = f"sqlite:///{tiny_disk}/m.db"
    with SQLiteStore(url) as store:
        with pytest.raises(StoreUnavailable, match="space"):
            _commit_without_end(store)
        size = store.head(BANK)[0]
        assert size > 0
        assert len(store.scan(_ALL)) == size
    _assert_whole(url, size)


def _commit_without_end(store: SQLiteStore) -> None:
    for number in itertools.count():
        store.commit(changeset(adding(make_fact(f"{number}", text="x" * 20_000), terms="w")))


def test_a_locked_store_can_be_read_and_says_that_it_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with SQLiteStore(f"sqlite:///{path}", timeout=0.05) as store:
        store.commit(changeset(adding(make_fact("a"))))
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            store.commit(changeset(adding(make_fact("b"))))
        assert store.head(BANK)[0] == 1
        with SQLiteStore(f"sqlite:///{path}", timeout=0.05) as reader:
            assert reader.head(BANK)[0] == 1
        other.execute("ROLLBACK")
        store.commit(changeset(adding(make_fact("b"))))
        other.close()


def test_a_new_file_that_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailable, match="locked"):
        SQLiteStore(f"sqlite:///{path}", timeout=0.05)
    other.close()


def test_a_forked_process_must_open_the_store_anew(tmp_path: Path, run_python: Callable[..., str]) -> None:
    assert run_python(_FORKS, f"sqlite:///{tmp_path}/m.db") == "7 1"
