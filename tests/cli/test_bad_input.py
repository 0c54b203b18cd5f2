"""Bad input at the command line: a clear error or correct work, never a traceback, and nothing lost."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Agentmem

STORE = "sqlite:///team.db"
FLOW = """
task: Where does Marta live?
plan: [{id: ask, goal: "Where does Marta live?"}]
"""
COMMANDS = {
    "run": ("run", "flow.yaml", "--store", STORE),
    "retain": ("retain", "note.txt", "--store", STORE),
    "recall": ("recall", "Where does Marta live?", "--store", STORE),
    "log": ("log", "--store", STORE),
}


@pytest.fixture
def folder(tmp_path: Path, inside: Agentmem) -> Path:
    """A folder with a workflow, a note, and a store that holds the note."""
    (tmp_path / "flow.yaml").write_text(FLOW)
    (tmp_path / "note.txt").write_text("Marta lives in Bergen.\n")
    assert inside("retain", "note.txt", "--store", STORE, "--json").code == 0
    return tmp_path


def _garbage(path: Path) -> None:
    path.write_bytes(b"no database at all " * 300)


def _overwritten(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:100] + b"\xaa" * (len(data) - 100))


def _newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        (version,) = connection.execute("pragma user_version").fetchone()
        connection.execute(f"pragma user_version = {version + 1}")
    connection.close()


def _anothers(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("create table runs (x)")
    connection.close()


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = [
    (_garbage, "StoreCorrupt"),
    (_overwritten, "StoreCorrupt"),
    (_newer, "SchemaVersionError"),
    (_anothers, "InputError"),
    (_folder, "InputError"),
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("damage", "kind"), DAMAGES, ids=[d[0].__name__.strip("_") for d in DAMAGES])
def test_a_store_that_cannot_be_used_is_told_and_left_as_it_is(
    folder: Path, inside: Agentmem, command: str, damage: Callable[[Path], None], kind: str
) -> None:
    path = folder / "team.db"
    damage(path)
    before = path.read_bytes() if path.is_file() else b""
    ended = inside(*COMMANDS[command], "--json")
    assert (ended.code, ended.out) == (2, "")
    assert ended.error["kind"] == kind
    assert ended.error["message"]
    assert "team.db" in ended.error["where"]
    assert (path.read_bytes() if path.is_file() else b"") == before


@pytest.mark.parametrize("command", ["recall", "log", "reflect", "stats", "show"])
def test_a_bank_that_is_not_there_is_told_with_those_that_are(folder: Path, inside: Agentmem, command: str) -> None:
    subject = {"recall": ("Marta?",), "reflect": ("Marta?",), "show": ("fact-1",)}.get(command, ())
    ended = inside(command, *subject, "--store", STORE, "--bank", "tema", "--json")
    assert (ended.code, ended.out, ended.error["kind"]) == (2, "", "NotFound")
    assert "Banks: default." in ended.error["hint"]
    assert inside("banks", "--store", STORE, "--json").data == ["default"]


@pytest.mark.parametrize("command", ["run", "retain"])
def test_a_bank_that_is_new_is_made_by_what_writes(folder: Path, inside: Agentmem, command: str) -> None:
    assert inside(*COMMANDS[command], "--bank", "new", "--json").code == 0
    assert inside("banks", "--store", STORE, "--json").data == ["default", "new"]


@pytest.mark.parametrize("command", ["recall", "log", "reflect", "stats"])
def test_reading_a_store_that_is_not_there_makes_none(tmp_path: Path, inside: Agentmem, command: str) -> None:
    subject = ("x",) if command in ("recall", "reflect") else ()
    ended = inside(command, *subject, "--store", "sqlite:///absent/team.db", "--json")
    assert (ended.code, ended.out, ended.error["kind"]) == (2, "", "NotFound")
    assert list(tmp_path.iterdir()) == []


FILES = [
    ("binary.txt", b"\x7fELF\x00\x01\x02", "binary"),
    ("latin.txt", "first\nœuvre café".encode("cp1252"), "line 2 are not UTF-8"),
    ("empty.txt", b"", "empty"),
    ("blank.md", b" \n\t\n", "empty"),
    ("binary.jsonl", b'{"text": "a\x00b"}', "binary"),
    ("empty.jsonl", b"\n", "empty"),
    ("list.jsonl", b'{"text": "hello there"}\n["a"]', "this is a list"),
    ("bool.jsonl", b'{"text": true}', "this is true or false"),
    ("nothing.jsonl", b'{"speaker": "Anna"}', "no 'text'"),
    ("typo.jsonl", b'{"txt": "hello"}', "not a key"),
    ("time.jsonl", b'{"text": "hello", "at": "2024-13-01"}', "not a time"),
    ("half.jsonl", b'{"text": "half \\ud800 of a pair"}', "surrogate"),
    ("cut.jsonl", b'{"text": "hello"}\n{"text": "he', "not JSON"),
]


@pytest.mark.parametrize(("name", "content", "said"), FILES, ids=[file[0] for file in FILES])
def test_a_file_that_cannot_be_remembered_changes_nothing(
    folder: Path, inside: Agentmem, name: str, content: bytes, said: str
) -> None:
    (folder / name).write_bytes(content)
    before = inside("log", "--store", STORE, "--limit", "0", "--json").out
    ended = inside("retain", name, "--store", STORE, "--json")
    assert (ended.code, ended.out, ended.error["kind"]) == (2, "", "InputError")
    assert said in ended.error["message"]
    assert name in ended.error["where"]
    assert inside("log", "--store", STORE, "--limit", "0", "--json").out == before


WORKFLOWS = [
    (b"name: x\nplan:\n\t- {id: a}", ":3:1", "YAML", "spaces, not tabs"),
    (b"plan:\n  - id: a\n   goal: b\n", ":3:", "YAML", "indentation"),
    (b"task: a: b\n", ":1:8", "YAML", "quotes"),
    (b"task: a\n---\ntask: b\n", ":2:1", "YAML", "one workflow"),
    (b"task: *a\n", ":1:7", "undefined alias", "&name"),
    (b"\x00\x01", ":1:1", "binary", ""),
    (b"task: one\nname: caf\xe9\n", ":2:1", "UTF-8", "Save it"),
    (b"", ":1:1", "empty", "task"),
    (b"- a\n", ":1:1", "mapping", "task"),
    (b"task: " + b"y" * 1_000_000, ":1:1", "1,000,006 bytes", ""),
    (b"tsak: x\n", ":1:1", "unknown key 'tsak'", "Did you mean 'task'?"),
    (b"task: [x]\n", ":1:1", "expected text", ""),
    (b"task: x\nchecks: [{name: c, that: it holds}]\n", ":2:20", "true or false", "{{"),
    (b"plan: [{id: a, goal: g, for_each: 3}]\n", ":1:25", "expected a list, or an expression", "{{"),
]


@pytest.mark.parametrize("command", ["run", "validate"])
@pytest.mark.parametrize(("content", "where", "said", "hint"), WORKFLOWS, ids=[str(w[0][:24]) for w in WORKFLOWS])
def test_a_workflow_that_cannot_be_read_is_told_with_its_line(
    folder: Path, inside: Agentmem, command: str, content: bytes, where: str, said: str, hint: str
) -> None:
    (folder / "bad.yaml").write_bytes(content)
    ended = inside(command, "bad.yaml", "--json")
    assert ended.code == 2
    assert ended.error["where"].startswith(f"bad.yaml{where}")
    assert said in ended.error["message"]
    assert hint in ended.error["hint"]
    assert inside("runs", "--json").data == []
    if command == "run":
        assert ended.out == ""
    else:
        assert ended.data["valid"] is False


def test_a_line_of_a_megabyte_is_remembered_and_shown_short(tmp_path: Path, inside: Agentmem) -> None:
    (tmp_path / "long.txt").write_text("x" * 1_000_000)
    told = inside("retain", "long.txt", "--store", STORE)
    assert told.code == 0, told.err
    assert max(map(len, told.out.splitlines())) < 400
    log = inside("log", "--store", STORE, "--limit", "0", "--json").data
    texts = {entry["id"]: entry["text"] for entry in log if entry["op"] == "ADD" and entry["kind"] == "Episode"}
    assert sum(map(len, texts.values())) >= 1_000_000
    assert inside("recall", "y" * 100_000, "--store", STORE, "--json").code == 0


def test_arguments_that_are_not_utf8_are_refused(agentmem: Agentmem, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("Marta lives in Bergen.\n")
    ended = agentmem("retain", "note.txt", "--bank", b"a\xff", "--store", STORE, "--json")
    assert (ended.code, ended.out, ended.error["kind"]) == (2, "", "InputError")
    assert ended.error["where"] == "argument 4"


TOOLS = """
import subprocess, sys
from agentmem import tool

@tool
def chatty() -> str:
    print("a tool says this")
    subprocess.run(["echo", "and its program this"], check=True)
    return "said"

@tool
def leaves() -> str:
    sys.exit(0)

@tool
def silent() -> str:
    raise RuntimeError
"""


def _flow(tmp_path: Path, tool: str) -> None:
    (tmp_path / "odd.py").write_text("print('imported')\n" + TOOLS)
    (tmp_path / "odd.yaml").write_text(f"task: try it\nplan: [{{id: a, tool: 'odd:{tool}'}}]\n")


def test_standard_output_holds_the_json_alone_whatever_tools_print(tmp_path: Path, agentmem: Agentmem) -> None:
    _flow(tmp_path, "chatty")
    ended = agentmem("run", "odd.yaml", "--allow-code", "--store", STORE, "--json")
    assert (ended.code, json.loads(ended.out)["answer"]) == (0, "said")
    for said in ("imported", "a tool says this", "and its program this"):
        assert said in ended.err


@pytest.mark.parametrize(("tool", "said"), [("leaves", "SystemExit: 0"), ("silent", "RuntimeError")])
def test_a_tool_that_ends_the_process_fails_its_step_and_says_so(
    tmp_path: Path, inside: Agentmem, tool: str, said: str
) -> None:
    _flow(tmp_path, tool)
    ended = inside("run", "odd.yaml", "--allow-code", "--store", STORE, "--json")
    assert (ended.code, ended.data["status"], ended.data["steps"][0]["status"]) == (1, "failed", "failed")
    assert f"failed: step a failed: tool {tool}: {said}" in ended.err
