from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from agentmem.errors import AgentmemError, ToolError
from agentmem.tools import ToolContext
from agentmem.tools.files import read_files, write_file


def test_reads_text_and_markdown_in_order(context: ToolContext, folder: Path) -> None:
    (folder / "documents" / "picture.png").write_bytes(b"\x89PNG\0")
    (folder / "documents" / ".hidden.md").write_text("no")
    (folder / "documents" / "below").mkdir()
    (folder / "documents" / "below" / "c.txt").write_text("c")
    found = read_files(context, {"folder": "documents"})
    assert [file["path"] for file in found] == ["documents/office.md", "documents/team.md"]
    assert found[0]["text"].startswith("# Office")
    assert [f["path"] for f in read_files(context, {"folder": "documents", "pattern": "**/*"})] == [
        "documents/below/c.txt",
        "documents/office.md",
        "documents/team.md",
    ]
    assert read_files(context, {"folder": "documents", "pattern": "*.rst"}) == []
    assert len(read_files(context, {"folder": "documents/team.md"})) == 1


@pytest.mark.parametrize(
    ("data", "problem"),
    [(b"\x89PNG\0\0", "binary"), (b"fine\nna\xefve", "bytes on line 2 are not UTF-8"), (b"\xff\xfea", "not text")],
)
def test_a_named_file_that_is_not_text_is_an_error_that_names_it(
    context: ToolContext, folder: Path, data: bytes, problem: str
) -> None:
    (folder / "documents" / "bad.md").write_bytes(data)
    with pytest.raises(ToolError, match=problem) as caught:
        read_files(context, {"folder": "documents", "pattern": "*.md"})
    assert caught.value.where == "documents/bad.md"


def test_reads_what_editors_of_other_systems_write(context: ToolContext, folder: Path) -> None:
    (folder / "documents" / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r")
    (folder / "documents" / "b.txt").write_bytes("zwölf".encode("utf-16"))
    found = read_files(context, {"folder": "documents", "pattern": "*.txt"})
    assert [file["text"] for file in found] == ["one\ntwo\n", "zwölf"]


@pytest.mark.parametrize("path", ["../secret.md", "/etc/passwd", "documents/../../secret.md", "link.md", "", "a\0b"])
def test_nothing_outside_of_the_folder_is_touched(context: ToolContext, folder: Path, path: str) -> None:
    inner = folder / "inner"
    inner.mkdir()
    (folder / "secret.md").write_text("secret")
    (inner / "link.md").symlink_to(folder / "secret.md")
    confined = replace(context, folder=inner)
    with pytest.raises(ToolError):
        read_files(confined, {"folder": path})
    with pytest.raises(ToolError):
        write_file(confined, {"path": path, "text": "x"})
    assert (folder / "secret.md").read_text() == "secret"


def test_a_link_that_leads_out_is_not_followed_by_a_pattern(context: ToolContext, folder: Path) -> None:
    (folder / "secret.md").write_text("secret")
    inner = folder / "inner"
    inner.mkdir()
    (inner / "link.md").symlink_to(folder / "secret.md")
    with pytest.raises(ToolError, match="outside"):
        read_files(replace(context, folder=inner), {"folder": ".", "pattern": "*.md"})
    allowed = replace(context, folder=inner, allowed=(folder,))
    assert read_files(allowed, {"folder": "..", "pattern": "secret.*"})[0]["text"] == "secret"


@pytest.mark.parametrize("pattern", ["../*.md", "/etc/*", "", "**x/*"])
def test_patterns_stay_within_the_folder(context: ToolContext, pattern: str) -> None:
    with pytest.raises(ToolError):
        read_files(context, {"folder": "documents", "pattern": pattern})


def test_a_missing_folder_is_named_with_the_nearest_one(context: ToolContext) -> None:
    with pytest.raises(ToolError, match="no such folder") as caught:
        read_files(context, {"folder": "document"})
    assert (caught.value.where, caught.value.hint) == ("document", "Did you mean 'documents'?")


def test_writes_whole_files_and_makes_folders(context: ToolContext, folder: Path) -> None:
    assert write_file(context, {"path": "out/deep/report.md", "text": "Grüße\n"}) == "out/deep/report.md"
    assert (folder / "out" / "deep" / "report.md").read_text(encoding="utf-8") == "Grüße\n"
    (folder / "out" / "deep" / "report.md").chmod(0o640)
    write_file(context, {"path": "out/deep/report.md", "text": "new"})
    assert (folder / "out" / "deep" / "report.md").stat().st_mode & 0o777 == 0o640
    assert [p.name for p in (folder / "out" / "deep").iterdir()] == ["report.md"]


def test_refuses_to_write_over_folders_and_databases(context: ToolContext, folder: Path) -> None:
    with pytest.raises(ToolError, match="folder"):
        write_file(context, {"path": "documents", "text": "x"})
    with sqlite3.connect(folder / "store.db") as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(ToolError, match="database"):
        write_file(context, {"path": "store.db", "text": "x"})


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder_is_a_clear_error(context: ToolContext, folder: Path) -> None:
    (folder / "locked").mkdir(mode=0o555)
    with pytest.raises(AgentmemError, match="cannot be written"):
        write_file(context, {"path": "locked/a.md", "text": "x"})


def test_a_failed_write_leaves_the_old_file(context: ToolContext, folder: Path) -> None:
    (folder / "report.md").write_text("old")
    with pytest.raises(ToolError):
        write_file(context, {"path": "report.md/below", "text": "x"})
    assert (folder / "report.md").read_text() == "old"
