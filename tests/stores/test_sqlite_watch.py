"""What is done to a store's files while it is open: no commit is acknowledged and gone, and no alarm is false."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.errors import StoreError
from agentmem.memory import Memory
from agentmem.stores import SQLiteStore
from agentmem.stores.sqlite.watch import Watch
from agentmem.testing import BANK, adding, changeset, make_fact


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteStore]:
    """A store with something in its log."""
    with SQLiteStore(f"sqlite:///{path}") as store:
        _add(store, "before")
        yield store


def _add(store: SQLiteStore, *names: str) -> None:
    store.commit(changeset(*(adding(make_fact(name, text=name * 200), terms=name) for name in names)))


def _held(path: Path) -> set[str]:
    """What a fresh process finds."""
    program = (
        "import sys; from agentmem.stores import *; s = open_store(sys.argv[1]); "
        f"print(*(n.id for n in s.scan(View(bank={BANK!r}), limit=100000)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, f"sqlite:///{path}"], capture_output=True, text=True, check=True, timeout=60
    )
    return set(ended.stdout.split())


def _log(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _checkpoint(path: Path, how: str) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA wal_checkpoint({how})")


def _replaced(path: Path) -> None:
    shutil.copy(path, path.with_name("copy"))
    path.with_name("copy").replace(path)


def _log_replaced(path: Path) -> None:
    shutil.copy(_log(path), path.with_name("log"))
    path.with_name("log").replace(_log(path))


def _removed(path: Path) -> None:
    for each in path.parent.glob(path.name + "*"):
        each.unlink()


def _overwritten(path: Path) -> None:
    _log(path).write_bytes(b"notes of somebody\n" * 100)


def _last_bytes_overwritten(path: Path) -> None:
    with _log(path).open("r+b") as file:
        file.seek(-4096 - 24, os.SEEK_END)
        file.write(bytes(4096 + 24))


ATTACKS: dict[str, Callable[[Path], object]] = {
    "mv": lambda path: path.rename(path.with_name("elsewhere.db")),
    "replaced by a copy": _replaced,
    "rm": lambda path: path.unlink(),
    "rm all": _removed,
    "rm -wal": lambda path: _log(path).unlink(),
    "mv -wal": lambda path: _log(path).rename(path.with_name("log")),
    "-wal replaced": _log_replaced,
    "an older -wal": lambda path: _log(path).write_bytes(_log(path).read_bytes()[: 32 + 3 * 4120]),
    "-wal overwritten": _overwritten,
    "-wal cut off": lambda path: os.truncate(_log(path), 0),
    "-wal cut short": lambda path: os.truncate(_log(path), 4000),
    "-wal zeroed": lambda path: _log(path).write_bytes(bytes(_log(path).stat().st_size)),
    "end of -wal overwritten": _last_bytes_overwritten,
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_next_commit_is_not_acknowledged(store: SQLiteStore, path: Path, attack: str) -> None:
    ATTACKS[attack](path)
    with pytest.raises(StoreError, match="while it was open") as caught:
        _add(store, "after")
    assert caught.value.where == str(path)
    assert caught.value.hint
    with pytest.raises(StoreError):
        _add(store, "and again")


@pytest.mark.parametrize("attack", ["mv", "rm -wal", "-wal cut off"])
def test_retain_says_so(path: Path, attack: str) -> None:
    with Memory.open(f"sqlite:///{path}", embedder=HashingEmbedder()) as memory:
        memory.retain("Anna lives in Lisbon.")
        ATTACKS[attack](path)
        with pytest.raises(StoreError, match="not acknowledged"):
            memory.retain("Anna lives in Oslo now.")


def test_a_log_that_goes_between_the_look_and_the_commit(
    store: SQLiteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = Watch.check

    def checked(watch: Watch, length: int, version: int) -> None:
        check(watch, length, version)
        _overwritten(path)

    monkeypatch.setattr(Watch, "check", checked)
    with pytest.raises(StoreError, match="not acknowledged"):
        _add(store, "after")


@pytest.mark.parametrize("how", ["PASSIVE", "RESTART"])
def test_an_older_copy_that_is_restored_in_place(store: SQLiteStore, path: Path, how: str) -> None:
    """The log goes with another state of the database then: what is written would be read as damage, or not at all."""
    older = path.with_name("older.db")
    _checkpoint(path, "TRUNCATE")
    shutil.copy(path, older)
    for number in range(4):
        _add(store, *(f"{number}-{each}" for each in range(20)))
    _checkpoint(path, how)
    _add(store, "later")
    path.write_bytes(older.read_bytes())
    with pytest.raises(StoreError, match="copied over its file") as caught:
        _add(store, "after")
    assert caught.value.where == str(path)
    with pytest.raises(StoreError):
        _add(store, "and again")


@pytest.mark.parametrize(("seen", "grown"), [(False, False), (False, True), (True, False), (True, True)])
def test_a_database_that_vacuum_made_shorter_is_no_alarm(
    store: SQLiteStore, path: Path, seen: bool, grown: bool
) -> None:
    _add(store, *(f"a{number}" for number in range(300)))
    _checkpoint(path, "TRUNCATE")
    _add(store, "b")
    before = path.stat().st_size
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE mine AS SELECT zeroblob(1000000) x")
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _add(store, "c")
        assert path.stat().st_size > before + 900_000
        other.execute("DROP TABLE mine")
        other.execute("VACUUM")
        if seen:
            _add(store, "seen")
        other.execute("CREATE TABLE mine AS SELECT zeroblob(900000) x" if grown else "SELECT 1")
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _add(store, "d")
    assert path.stat().st_size < before + (990_000 if grown else 100_000)
    _checkpoint(path, "TRUNCATE")
    _add(store, "e")
    assert len(_held(path)) == 305 + seen


@pytest.mark.parametrize("how", ["PASSIVE", "FULL", "RESTART", "TRUNCATE"])
def test_checkpoints_are_no_alarm(store: SQLiteStore, path: Path, how: str) -> None:
    for number in range(3):
        _add(store, f"a{number}")
        _checkpoint(path, how)
        _add(store, f"b{number}")
    assert len(_held(path)) == 7


def test_vacuum_and_other_statements_are_no_alarm(store: SQLiteStore, path: Path) -> None:
    for statement in ("VACUUM", "ANALYZE", "PRAGMA optimize", "CREATE TABLE mine (x)", "REINDEX"):
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute(statement)
        _add(store, statement.split()[0].lower())
    assert len(_held(path)) == 6


def test_what_changes_nothing_is_no_alarm(store: SQLiteStore) -> None:
    head = store.head(BANK)
    for _ in range(2):
        store.begin_filling(BANK, "a command", head)
        store.commit(changeset())
    store.end_filling(BANK, whole=True)
    store.end_filling(BANK, whole=True)
    _add(store, "after")


def test_a_log_that_begins_anew_by_itself_is_no_alarm(store: SQLiteStore, path: Path) -> None:
    """SQLite does so when more than a thousand pages were copied back."""
    sizes = []
    for number in range(12):
        _add(store, *(f"{number}-{each}" for each in range(300)))
        sizes.append(_log(path).stat().st_size)
    assert sizes[-1] < 6_000_000 < sum(sizes) / 4, "the log never began anew"
    assert len(_held(path)) == 3_601


def test_other_objects_threads_and_processes_are_no_alarm(store: SQLiteStore, path: Path) -> None:
    program = (
        "import sys; from agentmem.stores import SQLiteStore; from agentmem.testing import *\n"
        "for n in range(20):\n"
        "    with SQLiteStore(sys.argv[1]) as store:\n"
        "        store.commit(changeset(adding(make_fact(f'p{n}', text='x' * 3000))))\n"
    )
    url = f"sqlite:///{path}"
    process = subprocess.Popen([sys.executable, "-c", program, url])

    def work(name: str) -> None:
        for number in range(20):
            with SQLiteStore(url) as mine:
                _add(mine, f"{name}{number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for number in range(40):
        _add(store, f"main{number}")
    for thread in threads:
        thread.join()
    assert process.wait(timeout=60) == 0
    assert len(_held(path)) == 1 + 20 + 40 + 40


def test_a_writer_that_was_killed_is_no_alarm(store: SQLiteStore, path: Path) -> None:
    program = (
        "import os, signal, sys, threading; from agentmem.stores import SQLiteStore; from agentmem.testing import *\n"
        "store = SQLiteStore(sys.argv[1])\n"
        "threading.Timer(float(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL)).start()\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    facts = [make_fact(f'{os.getpid()}-{n}-{i}', text='x' * 3000) for i in range(20)]\n"
        "    store.commit(changeset(*map(adding, facts)))\n"
    )
    for number in range(2):
        arguments = [sys.executable, "-c", program, f"sqlite:///{path}", str(0.05 * (number + 1))]
        assert subprocess.run(arguments, check=False, timeout=60).returncode == -signal.SIGKILL
        _add(store, f"after{number}")
        _add(store, f"again{number}")
    assert {f"fact-{name}{number}" for name in ("after", "again") for number in range(2)} <= _held(path)


def test_a_log_that_a_killed_process_left_is_no_alarm(path: Path) -> None:
    program = (
        "import os, signal, sys; from agentmem.stores import SQLiteStore; from agentmem.testing import *\n"
        "store = SQLiteStore(sys.argv[1]); store.commit(changeset(adding(make_fact('a'))))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program, f"sqlite:///{path}"], check=False, timeout=60)
    with _log(path).open("ab") as file:  # what it had begun to write
        file.write(_log(path).read_bytes()[-4120:-2000])
    with SQLiteStore(f"sqlite:///{path}") as store:
        _add(store, "b")
        _add(store, "c")
    assert _held(path) == {"fact-a", "fact-b", "fact-c"}
