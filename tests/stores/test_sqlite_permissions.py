"""Memory is readable by its owner alone, whatever the umask; what was there keeps its permissions."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentmem.stores import SQLiteStore
from agentmem.testing import BANK, adding, changeset, make_fact


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o177], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
def test_a_new_store_and_its_folders_are_the_owners(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "memory.db"
    with SQLiteStore(f"sqlite:///{path}") as store:
        store.commit(changeset(adding(make_fact("a"))))
        files = list(path.parent.iterdir())
        assert {file.name for file in files} == {"memory.db", "memory.db-wal", "memory.db-shm"}
        assert [_mode(file) for file in files] == [0o600] * 3
    assert [_mode(path.parent), _mode(path.parent.parent)] == [0o700, 0o700]


def test_what_is_there_keeps_its_permissions(tmp_path: Path) -> None:
    folder, path = tmp_path / "shared", tmp_path / "shared" / "memory.db"
    folder.mkdir()
    folder.chmod(0o775)
    path.touch()
    path.chmod(0o664)
    with SQLiteStore(f"sqlite:///{path}") as store:
        store.commit(changeset(adding(make_fact("a"))))
        assert _mode(path.with_name("memory.db-wal")) == 0o664
    assert [_mode(folder), _mode(path)] == [0o775, 0o664]


def test_a_link_to_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    with SQLiteStore(f"sqlite:///{tmp_path}/link.db") as store:
        store.commit(changeset(adding(make_fact("a"))))
    assert _mode(tmp_path / "real.db") == 0o600


def test_openings_at_once_make_one_store(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a/b/memory.db"
    failed: list[Exception] = []

    def work(number: int) -> None:
        try:
            with SQLiteStore(url) as store:
                store.commit(changeset(adding(make_fact(f"{number}"))))
        except Exception as error:  # noqa: BLE001 - told by the test
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    with SQLiteStore(url) as store:
        assert store.head(BANK)[0] == 8


def test_opening_a_store_again_leaves_the_locks_of_the_first(tmp_path: Path) -> None:
    """Else another process that closes would take the log away, and the next words with it."""
    url = f"sqlite:///{tmp_path}/memory.db"
    with SQLiteStore(url) as first:
        first.commit(changeset(adding(make_fact("a"))))
        with SQLiteStore(url):
            pass
        program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('select 1 from nodes'); c.close()"
        subprocess.run([sys.executable, "-c", program, str(tmp_path / "memory.db")], check=True, timeout=60)
        assert (tmp_path / "memory.db-wal").exists()
        first.commit(changeset(adding(make_fact("b"))))
    with SQLiteStore(url) as again:
        assert again.head(BANK)[0] == 2
