"""What no workflow writes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agentmem.errors import ToolError
from agentmem.tools import ToolContext
from agentmem.tools.files import write_file


@pytest.fixture
def database(folder: Path) -> Path:
    """A database that nobody has open."""
    path = folder / "team.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table t (x)")
    return path


@pytest.fixture
def opened(folder: Path) -> Iterator[Path]:
    """A database that is open, with what is beside it."""
    path = folder / "open.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table t (x)")
        connection.commit()
        yield path


def refused(context: ToolContext, path: str | Path, said: str) -> None:
    with pytest.raises(ToolError, match=said):
        write_file(context, {"path": str(path), "text": "x"})


@pytest.mark.parametrize(
    "name",
    ["team.db", "team.db-wal", "team.db-shm", "team.db-journal", "TEAM.DB-WAL", "team.db-Shm", "team.db-journal ",
     "team.db-wal.", "team.db-wa\u200cl", "documents/../team.db-wal", "not-yet.db-wal"],
)  # fmt: skip
def test_a_closed_database_and_what_belongs_to_it(context: ToolContext, database: Path, name: str) -> None:
    before = database.read_bytes(), sorted(database.parent.iterdir())
    refused(context, name, "a database")
    assert (database.read_bytes(), sorted(database.parent.iterdir())) == before


@pytest.mark.parametrize("beside", ["", "-wal", "-shm"])
@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_an_open_database_by_other_names(context: ToolContext, opened: Path, link: object, beside: str) -> None:
    other = opened.with_name("report.md")
    (os.symlink if link is os.symlink else os.link)(f"{opened}{beside}", other)
    before = Path(f"{opened}{beside}").stat().st_ino
    refused(context, "report.md", "a database")
    assert Path(f"{opened}{beside}").stat().st_ino == before


def test_a_database_that_is_all_in_the_file_beside_it(context: ToolContext, folder: Path) -> None:
    (folder / "young").touch()
    (folder / "young-wal").write_bytes(b"x")
    refused(context, "young", "a database")


def test_a_rollback_journal_under_another_name(context: ToolContext, folder: Path) -> None:
    (folder / "kept").write_bytes(bytes.fromhex("d9d505f920a163d7") + b"x")
    refused(context, "kept", "a database")


@pytest.mark.parametrize(
    "name",
    [".git", ".git/hooks/pre-commit", ".GIT/config", "sub/.git", "sub/.git/x", ".envrc", ".vscode/tasks.json",
     "documents/../.bashrc", "\u200c.git/config", "g\u200cit~1/config", "git~1/config", "...", "\uff0egit/x"],
)  # fmt: skip
def test_what_is_hidden(context: ToolContext, folder: Path, name: str) -> None:
    (folder / "sub").mkdir()
    before = sorted(folder.rglob("*"))
    refused(context, name, "hidden")
    assert sorted(folder.rglob("*")) == before


def test_a_hidden_folder_by_a_link_and_as_an_allowed_one(context: ToolContext, folder: Path) -> None:
    (folder / ".git" / "hooks").mkdir(parents=True)
    (folder / "hooks").symlink_to(".git/hooks")
    refused(context, "hooks/pre-commit", "hidden")
    refused(replace(context, allowed=(folder / ".git",)), ".git/config", "hidden")


def test_a_hidden_folder_outside_that_a_person_allowed_is_theirs(context: ToolContext, folder: Path) -> None:
    inner = folder / ".work" / "inner"
    inner.mkdir(parents=True)
    assert write_file(replace(context, folder=inner), {"path": "a.md", "text": "x"}) == "a.md"
    allowing = replace(context, folder=inner, allowed=(folder / ".results",))
    assert write_file(allowing, {"path": str(folder / ".results" / "a.md"), "text": "x"})


@pytest.mark.parametrize("name", ["my_tools.py", "conftest.py", "json.PY", "pkg/__init__.py", "a.pth", "out/x.so"])
def test_what_python_would_import(context: ToolContext, folder: Path, name: str) -> None:
    refused(context, name, "Python modules")
    results = folder / "results"
    inner = folder / "inner"
    inner.mkdir()
    assert write_file(replace(context, folder=inner, allowed=(results,)), {"path": f"../results/{name}", "text": "x"})


@pytest.mark.parametrize("text", ["name: a\ntask: b\n", "plan:\n- {id: a}\n", "{name: a, 'plan': []}", "task : a"])
def test_a_workflow_that_is_there(context: ToolContext, folder: Path, text: str) -> None:
    (folder / "flow.yaml").write_text(text)
    refused(context, "flow.yaml", "a workflow")
    assert (folder / "flow.yaml").read_text() == text


@pytest.mark.parametrize("name", ["settings.yaml", "Settings.yaml", "consents.json", "runs/run-1.txt", "neo4j/x.conf"])
def test_what_agentmem_keeps_in_its_data_folder(context: ToolContext, folder: Path, name: str) -> None:
    (folder / "runs.db").touch()
    refused(context, name, "data folder")
    assert write_file(context, {"path": "report.md", "text": "x"}) == "report.md"


@pytest.mark.parametrize(
    "name",
    ["report.md", "settings.yaml", "runs/a.md", "data.json", "git.md", "wal", "my-journal.md", "a.b.c", "Makefile"],
)
def test_ordinary_files_are_written_and_written_again(context: ToolContext, folder: Path, name: str) -> None:
    for text in ("old", "new: plan\n"):
        assert write_file(context, {"path": name, "text": text}) == name
        assert (folder / name).read_text() == text
