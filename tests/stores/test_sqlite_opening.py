"""What can be opened, what is refused, and what the refusal says."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from agentmem.errors import (
    ConfigurationError,
    InputError,
    SchemaVersionError,
    StoreCorrupt,
    StoreError,
    StoreUnavailable,
)
from agentmem.records import EVERY_STATUS, verify_chain
from agentmem.stores import SQLiteStore, TextSearch, View, open_store
from agentmem.stores.sqlite import schema
from agentmem.testing import BANK, adding, changeset, make_fact

_VIEW = View(bank=BANK)


def _url(path: Path) -> str:
    return f"sqlite:///{path}"


def _filled(path: Path, size: int = 200) -> None:
    with SQLiteStore(_url(path)) as store:
        store.commit(changeset(*(adding(make_fact(f"{n:03}", text="word " * 50), terms=f"w{n}") for n in range(size))))


def _read_everything(url: str) -> None:
    with SQLiteStore(url) as store:
        verify_chain(store.operations(BANK))
        store.scan(View(bank=BANK, statuses=EVERY_STATUS))
        store.search(_VIEW, [TextSearch(terms=tuple(f"w{n}" for n in range(200)), k=500)])


def test_a_relative_path_starts_at_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("sqlite:///deep/er/memory.db") as store:  # type: ignore[attr-defined]
        store.commit(changeset(adding(make_fact("a"))))
        monkeypatch.chdir("/")
        assert store.head(BANK)[0] == 1
    assert (tmp_path / "deep/er/memory.db").exists()
    assert store.url == f"sqlite:///{tmp_path}/deep/er/memory.db"


@pytest.mark.parametrize(
    "name", ["with space.db", "naïve 漢字.db", "100%25.db", "a#b.db", "semi;colon&amp.db", "no-suffix"]
)
def test_any_file_name(tmp_path: Path, name: str) -> None:
    _filled(tmp_path / name, 3)
    assert (tmp_path / name).exists()
    with SQLiteStore(_url(tmp_path / name)) as store:
        assert store.head(BANK)[0] == 3


@pytest.mark.parametrize("url", ["sqlite:///:memory:", "sqlite://:memory:", "SQLITE:///:memory:"])
def test_stores_in_memory_are_separate(url: str) -> None:
    with SQLiteStore(url) as one, SQLiteStore(url) as other:
        one.commit(changeset(adding(make_fact("a"))))
        assert (one.head(BANK)[0], other.head(BANK)[0]) == (1, 0)
        assert one.url == "sqlite:///:memory:"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "sqlite:///"),
        ("memory.db", "sqlite:///"),
        ("postgres://host/x", "sqlite:///"),
        ("sqlite://", "sqlite:///"),
        ("sqlite:///", "sqlite:///"),
        ("sqlite://host/x.db", "sqlite:///"),
        ("sqlite:///x.db?mode=ro", "options"),
    ],
)
def test_other_urls_are_refused_with_what_is_allowed(url: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)


def test_a_password_in_an_unknown_url_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_store("postgres://user:secret@host/x")
    assert "secret" not in str(caught.value)


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder"):
        SQLiteStore(_url(tmp_path))


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="where a folder must be"):
        SQLiteStore(_url(tmp_path / "file/sub/memory.db"))


def test_a_path_with_nul_is_refused() -> None:
    with pytest.raises(InputError, match="NUL"):
        SQLiteStore("sqlite:///a\0b")


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "m.db").touch()
    _filled(tmp_path / "m.db", 1)


@pytest.mark.parametrize(
    "content", [b"x", b"Just some notes.\n" * 500, b"SQLite format 3\0" + b"\xff" * 5_000, b"\0" * 9_000]
)
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match=r"notes\.txt"):
        SQLiteStore(_url(path))
    assert path.read_bytes() == content


@pytest.mark.parametrize("keep", [0.9, 0.5, 0.1, 0.02])
def test_a_truncated_file(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "m.db"
    _filled(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(StoreCorrupt):
        _read_everything(_url(path))


def test_a_file_overwritten_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    _filled(path)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    with pytest.raises(StoreCorrupt, match="damaged"):
        _read_everything(_url(path))


def test_a_table_that_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    _filled(path, 2)
    _execute(path, "DROP TABLE operations")
    with SQLiteStore(_url(path)) as store, pytest.raises(StoreCorrupt):
        store.operations(BANK)


def test_a_newer_schema_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    _filled(path, 2)
    _execute(path, "PRAGMA user_version = 99")
    content = path.read_bytes()
    with pytest.raises(SchemaVersionError, match=r"version 99.*Upgrade agentmem"):
        SQLiteStore(_url(path))
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "script", ["CREATE TABLE songs (title TEXT)", "PRAGMA application_id = 7", "PRAGMA user_version = 3"]
)
def test_a_database_of_another_program_is_refused_untouched(tmp_path: Path, script: str) -> None:
    path = tmp_path / "songs.db"
    _execute(path, script)
    content = path.read_bytes()
    with pytest.raises(InputError, match="another program"):
        SQLiteStore(_url(path))
    assert path.read_bytes() == content
    assert sorted(tmp_path.iterdir()) == [path]


def test_migrations_run_once_each_and_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.db"
    _filled(path, 2)
    first = schema.MIGRATIONS
    monkeypatch.setattr(schema, "MIGRATIONS", (*first, "CREATE TABLE more (x);\nNONSENSE;\n"))
    with pytest.raises(StoreError):
        SQLiteStore(_url(path))
    assert _execute(path, "PRAGMA user_version") == [(len(first),)]
    assert _execute(path, "SELECT name FROM sqlite_master WHERE name = 'more'") == []
    monkeypatch.setattr(schema, "MIGRATIONS", (*first, "CREATE TABLE more (x);\n"))
    for _ in range(2):
        with SQLiteStore(_url(path)) as store:
            assert store.head(BANK)[0] == 2
    assert _execute(path, "PRAGMA user_version") == [(len(first) + 1,)]


def test_numbers_out_of_range_are_refused() -> None:
    with SQLiteStore("sqlite:///:memory:") as store, pytest.raises(InputError, match="out of range"):
        store.commit(changeset(adding(make_fact("a", version=2**70))))


_READ_ONLY = """
import os, sys
from agentmem.errors import StoreUnavailable
from agentmem.stores import SQLiteStore, TextSearch, View
from agentmem.testing import BANK, adding, changeset, make_fact
if os.geteuid() == 0:
    os.setuid(65534)  # permissions do not bind root
with SQLiteStore(sys.argv[1]) as store:
    hits = store.search(View(bank=BANK), [TextSearch(terms=("w1",), k=5)])[0]
    print(store.head(BANK)[0], len(store.scan(View(bank=BANK))), [hit.id for hit in hits])
    try:
        store.commit(changeset(adding(make_fact("new"))))
    except StoreUnavailable as error:
        print(error)
"""
_FAILING = """
import os, sys
from agentmem.errors import AgentmemError
from agentmem.stores import SQLiteStore
if os.geteuid() == 0:
    os.setuid(65534)  # permissions do not bind root
try:
    SQLiteStore(sys.argv[1])
except AgentmemError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o444, 0o555), (0o444, 0o777), (0o644, 0o555)])
def test_a_read_only_store_can_be_read(
    open_folder: Path, run_python: Callable[..., str], file_mode: int, folder_mode: int
) -> None:
    path = open_folder / "memory.db"
    _filled(path, 3)
    path.chmod(file_mode)
    open_folder.chmod(folder_mode)
    printed = run_python(_READ_ONLY, _url(path)).splitlines()
    assert printed[0] == "3 3 ['fact-001']"
    assert "nothing was written" in printed[1]
    with SQLiteStore(_url(path)) as store:
        assert store.head(BANK)[0] == 3


def test_a_read_only_store_shows_what_another_process_is_writing(
    open_folder: Path, run_python: Callable[..., str]
) -> None:
    path = open_folder / "memory.db"
    _filled(path, 3)
    with SQLiteStore(_url(path)) as store:
        store.commit(changeset(adding(make_fact("live"))))
        for file in open_folder.iterdir():
            file.chmod(0o444)
        open_folder.chmod(0o555)
        printed = run_python(_READ_ONLY, _url(path))
    assert printed.startswith("4 4 ")


@pytest.mark.parametrize(
    ("file_mode", "name"), [(0o000, "memory.db"), (0o644, "absent.db"), (0o644, "absent/folder/memory.db")]
)
def test_what_cannot_be_reached_is_unavailable(
    open_folder: Path, run_python: Callable[..., str], file_mode: int, name: str
) -> None:
    _filled(open_folder / "memory.db", 1)
    (open_folder / "memory.db").chmod(file_mode)
    open_folder.chmod(0o555)
    printed = run_python(_FAILING, _url(open_folder / name))
    assert printed.startswith(StoreUnavailable.__name__)
    assert str(open_folder) in printed


def test_an_error_is_always_of_agentmem(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    _filled(path, 30)
    content = bytearray(path.read_bytes())
    for offset in range(100, len(content), 1_543):  # one damaged byte after the other, all over the file
        damaged = content.copy()
        damaged[offset] ^= 0xFF
        path.write_bytes(damaged)
        # Anything else - of sqlite3, of json - would fail the test.
        with contextlib.suppress(StoreError, InputError):
            _read_everything(_url(path))


def _execute(path: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    rows = connection.execute(statement).fetchall()
    connection.commit()
    connection.close()
    return rows
