"""What lies outside of the workflow's folder is neither read nor written, whatever happens to links meanwhile."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from agentmem.errors import AgentmemError, ToolError
from agentmem.tools import ToolContext, folders
from agentmem.tools.files import read_files, write_file
from agentmem.tools.memory import remember

ROUNDS = 300


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder beside the workflow's, with the same names in it."""
    path = tmp_path_factory.mktemp("outside")
    (path / "note.md").write_text("secret")
    (path / "below").mkdir()
    (path / "below" / "note.md").write_text("secret")
    return path


def ways(context: ToolContext, path: str) -> Iterator[Callable[[], object]]:
    """Each tool that takes a path, with this one."""
    yield partial(read_files, context, {"folder": path})
    yield partial(write_file, context, {"path": path, "text": "x"})
    yield partial(remember, context, {"path": path})


@contextlib.contextmanager
def swapping(place: Path, target: Path) -> Iterator[None]:
    """A folder that becomes a link to another one and a folder again, all the while."""
    aside, link = place.with_name("aside"), place.with_name("link")
    link.symlink_to(target)
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            for source, aim in ((place, aside), (link, place), (place, link), (aside, place)):
                with contextlib.suppress(OSError):  # a folder was written meanwhile where the link was to be
                    source.rename(aim)
            if aside.exists():
                shutil.rmtree(place, ignore_errors=True)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture
def swapped(folder: Path, outside: Path) -> Iterator[None]:
    target = folder / "swapped"
    (target / "below").mkdir(parents=True)
    (target / "note.md").write_text("own")
    (target / "below" / "note.md").write_text("own")
    with swapping(target, outside):
        yield


@pytest.mark.usefixtures("swapped")
def test_a_folder_swapped_for_a_link_is_never_read_through(context: ToolContext) -> None:
    read = []
    for number in range(ROUNDS):
        path = ("swapped", "swapped/note.md", "swapped/below", "swapped/below/note.md")[number % 4]
        with contextlib.suppress(AgentmemError):
            read += [file["text"] for file in read_files(context, {"folder": path, "pattern": "**/*.md"})]
        with contextlib.suppress(AgentmemError):
            remember(context, {"path": "swapped/note.md"})
    read += [memory.text for memory in context.memory.recall("A secret?", k=20).memories]
    assert "own" in read
    assert "secret" not in "".join(read)


@pytest.mark.usefixtures("swapped")
def test_a_folder_swapped_for_a_link_is_never_written_through(context: ToolContext, outside: Path) -> None:
    before = sorted(outside.rglob("*"))
    written = 0
    for number in range(ROUNDS):
        path = ("swapped/note.md", f"swapped/{number}.md", f"swapped/below/{number}/a.md")[number % 3]
        with contextlib.suppress(ToolError):
            write_file(context, {"path": path, "text": "written"})
            written += 1
    assert written
    assert sorted(outside.rglob("*")) == before
    assert (outside / "note.md").read_text() == "secret"


@pytest.mark.parametrize("by_descriptor", [True, False])
def test_links_that_stay_inside_are_followed(
    context: ToolContext, folder: Path, monkeypatch: pytest.MonkeyPatch, by_descriptor: bool
) -> None:
    monkeypatch.setattr(folders, "BY_DESCRIPTOR", by_descriptor)
    (folder / "links").mkdir()
    (folder / "links" / "team.md").symlink_to("../documents/team.md")
    (folder / "links" / "again.md").symlink_to("team.md")
    (folder / "links" / "whole.md").symlink_to(folder / "documents" / "office.md")
    (folder / "papers").symlink_to("documents")
    found = read_files(context, {"folder": "links", "pattern": "*.md"})
    assert [file["path"] for file in found] == ["documents/team.md", "documents/team.md", "documents/office.md"]
    assert [f["path"] for f in read_files(context, {"folder": "papers/../papers"})] == [
        "documents/office.md",
        "documents/team.md",
    ]
    assert read_files(context, {"folder": ".", "pattern": "**/*.txt"}) == []
    assert len(read_files(context, {"folder": ".", "pattern": "papers/*.md"})) == 2
    assert write_file(context, {"path": "links/team.md", "text": "new"}) == "documents/team.md"
    assert (folder / "documents" / "team.md").read_text() == "new"
    assert (folder / "links" / "team.md").is_symlink()
    assert write_file(context, {"path": "papers/deep/new.md", "text": "x"}) == "documents/deep/new.md"


@pytest.mark.parametrize("by_descriptor", [True, False])
@pytest.mark.parametrize(
    "path",
    [
        "out",
        "out/note.md",
        "out/below/../note.md",
        "out/new/a.md",
        "chain/note.md",
        "documents/../out",
        "loop",
        "loop/a",
    ],
)
def test_links_that_lead_out_are_refused(
    context: ToolContext,
    folder: Path,
    outside: Path,
    monkeypatch: pytest.MonkeyPatch,
    by_descriptor: bool,
    path: str,
) -> None:
    monkeypatch.setattr(folders, "BY_DESCRIPTOR", by_descriptor)
    (folder / "out").symlink_to(outside)
    (folder / "chain").symlink_to("out")
    (folder / "loop").symlink_to("loop")
    before = sorted(outside.rglob("*"))
    said = "followed" if path.startswith("loop") else "outside"
    for refused in ways(context, path):
        with pytest.raises(ToolError, match=said):
            refused()
    assert sorted(outside.rglob("*")) == before


def test_a_pattern_passes_over_links_that_it_does_not_want(context: ToolContext, folder: Path, outside: Path) -> None:
    (folder / "documents" / "out").symlink_to(outside)
    (folder / "documents" / "broken.md").symlink_to("nowhere")
    (folder / "documents" / "below").mkdir()
    os.mkfifo(folder / "documents" / "pipe.md")
    assert len(read_files(context, {"folder": "documents", "pattern": "**/*"})) == 2


def test_a_folder_that_was_allowed_is_made_when_it_is_needed(context: ToolContext, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    allowing = replace(context, folder=inner, allowed=(tmp_path / "results",))
    path = write_file(allowing, {"path": "../results/a.md", "text": "x"})
    assert path == str(tmp_path / "results" / "a.md")
    with pytest.raises(ToolError, match="outside"):
        write_file(allowing, {"path": "../result/a.md", "text": "x"})


def test_what_lies_outside_is_not_told(context: ToolContext, outside: Path) -> None:
    there = [outside / "note.md", outside / "gone", outside / "note.md" / "x", Path("/root/x"), outside / ("y" * 300)]
    said = set()
    for path in there:
        with pytest.raises(ToolError) as caught:
            read_files(context, {"folder": str(path)})
        said.add(caught.value.message)
    assert len(said) == 1


@pytest.mark.parametrize("kind", ["fifo", "device", "socket", "linked"])
def test_what_is_no_regular_file_is_refused_at_once(context: ToolContext, folder: Path, kind: str) -> None:
    path = folder / "odd.md"
    allowing = context
    with contextlib.ExitStack() as stack:
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "linked":
            os.mkfifo(folder / "pipe")
            path.symlink_to("pipe")
        elif kind == "socket":
            stack.enter_context(socket.socket(socket.AF_UNIX)).bind(str(path))
        else:
            path.symlink_to("/dev/zero")
            allowing = replace(context, allowed=(Path("/dev"),))
        for refused in ways(allowing, "odd.md"):
            with pytest.raises(AgentmemError, match=r"a pipe|a device|a socket"):
                refused()


@pytest.mark.parametrize("path", ["x" * 300, "a/" * 3000 + "b", "half\ud800.md", "nul\0.md", "~nobody-of-this-name/x"])
def test_a_name_that_no_file_can_have_is_a_clear_error(context: ToolContext, path: str) -> None:
    for refused in ways(context, path):
        with pytest.raises(AgentmemError) as caught:
            refused()
        str(caught.value).encode()
        assert caught.value.where != "tool read_files"


def test_a_file_that_grows_is_read_no_further_than_it_may(
    context: ToolContext, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentmem.tools.files.MAX_FILE_BYTES", 10)
    (folder / "long.md").write_text("x" * 11)
    with pytest.raises(ToolError, match="more than"):
        read_files(context, {"folder": "long.md"})


def test_a_file_swapped_for_a_link_is_neither_read_nor_written_through(
    context: ToolContext, folder: Path, outside: Path
) -> None:
    (folder / "swapped.md").write_text("own")
    read = []
    with swapping(folder / "swapped.md", outside / "note.md"):
        for _ in range(ROUNDS):
            with contextlib.suppress(AgentmemError):
                read += [file["text"] for file in read_files(context, {"folder": "swapped.md"})]
            with contextlib.suppress(AgentmemError):
                write_file(context, {"path": "swapped.md", "text": "own"})
    assert set(read) == {"own"}
    assert (outside / "note.md").read_text() == "secret"
