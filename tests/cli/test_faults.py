"""Faults of the world around the command line: full disks, read-only folders, several writers, kill -9."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agentmem.records import Kind, OperationType, verify_chain
from agentmem.stores import SQLiteStore

if TYPE_CHECKING:
    from tests.conftest import Agentmem

STORE = "sqlite:///team.db"
PEOPLE = ("Marta", "Jonas", "Ilse", "Pedro", "Aiko", "Ravi")
FLOW = """
task: learn the notes
plan:
  - {id: read, tool: read_files, args: {folder: notes}}
  - {id: learn, tool: remember, for_each: "{{ steps.read.output }}", args: {text: "{{ item.text }}"}}
checks: [{name: everything is learned, that: "{{ steps.learn.status == 'done' }}"}]
"""


def _turns(first: int, number: int) -> str:
    """A conversation of distinct statements."""
    return "".join(
        json.dumps({"text": f"{PEOPLE[i % 6]} bought the boat number {i} in Bergen.", "id": f"turn-{i}"}) + "\n"
        for i in range(first, first + number)
    )


def _sources(folder: Path) -> list[str]:
    """The sources of all episodes that the store holds, after proving that its journal is whole."""
    with SQLiteStore(f"sqlite:///{folder}/team.db") as store:
        operations = store.operations("default")
        assert [operation.seq for operation in operations] == list(range(1, len(operations) + 1))
        assert verify_chain(operations) is None
        added = [o.target for o in operations if o.op is OperationType.ADD and o.kind is Kind.EPISODE]
        episodes = store.fetch("default", added)
    connection = sqlite3.connect(folder / "team.db")
    assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    connection.close()
    assert len(episodes) == len(added)
    return sorted(str(getattr(episode, "source", "")) for episode in episodes.values())


def _no_file_grows_over(size: int) -> Callable[[], None]:
    """A full disk, as the process sees it."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def _permissions_bind() -> None:
    """Take away root's right to write where permissions forbid it (CAP_DAC_OVERRIDE)."""
    if os.geteuid() == 0 and ctypes.CDLL(None).prctl(24, 1, 0, 0, 0) != 0:
        raise OSError("the right of root to write everywhere cannot be given up")


@pytest.fixture
def filled(tmp_path: Path, inside: Agentmem) -> Path:
    """A folder with two turns in a store, and more to come."""
    (tmp_path / "first.jsonl").write_text(_turns(0, 2))
    (tmp_path / "more.jsonl").write_text(_turns(100, 90))
    notes = tmp_path / "notes"
    notes.mkdir()
    for number in range(6):
        (notes / f"note{number}.md").write_text(f"{PEOPLE[number % 6]} sold the house number {number} in Rome.")
    (tmp_path / "flow.yaml").write_text(FLOW)
    assert inside("retain", "first.jsonl", "--store", STORE, "--json").code == 0
    return tmp_path


def test_a_full_disk_stops_retain_and_loses_nothing(filled: Path, agentmem: Agentmem) -> None:
    before = _sources(filled)
    size = (filled / "team.db").stat().st_size + 10_000
    ended = agentmem("retain", "more.jsonl", "--store", STORE, "--json", before=_no_file_grows_over(size))
    assert (ended.code, ended.out) == (2, "")
    assert ended.error["kind"] == "StoreUnavailable"
    assert "full" in ended.error["hint"]
    assert set(before) <= set(_sources(filled))
    assert agentmem("retain", "more.jsonl", "--store", STORE, "--json").code == 0
    assert set(Counter(_sources(filled)).values()) == {1}
    assert len(_sources(filled)) == 92


@pytest.mark.parametrize("room", [4_000, 40_000])
def test_a_full_disk_stops_a_run_which_goes_on_when_there_is_space(
    filled: Path, agentmem: Agentmem, inside: Agentmem, room: int
) -> None:
    assert inside("runs", "--json").code == 0  # the registry is there
    size = (filled / "team.db").stat().st_size + room
    ended = agentmem("run", "flow.yaml", "--store", STORE, "--json", before=_no_file_grows_over(size))
    assert (ended.code, ended.out) == (2, "")
    assert ended.error["kind"] == "StoreUnavailable"
    assert {"turn-0", "turn-1"} <= set(_sources(filled))
    known = inside("runs", "--json").data
    assert len(known) <= 1
    for run in known:
        resumed = inside("resume", run["run"], "--json")
        assert (resumed.code, resumed.data["status"]) == (0, "done"), resumed.err


@pytest.mark.parametrize("command", [("recall", "boat"), ("log",)], ids=["recall", "log"])
def test_a_full_disk_stops_reading_clearly_or_not_at_all(
    filled: Path, agentmem: Agentmem, command: tuple[str, ...]
) -> None:
    ended = agentmem(*command, "--store", STORE, "--json", before=_no_file_grows_over(0))
    if ended.code:
        assert (ended.code, ended.out, ended.error["kind"]) == (2, "", "StoreUnavailable")
    else:
        assert ended.data
    assert _sources(filled) == ["turn-0", "turn-1"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("option", [(), ("--json",)], ids=["words", "json"])
def test_output_that_cannot_be_written_is_told_with_exit_code_2(filled: Path, option: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "agentmem", "retain", "more.jsonl", "--store", STORE, *option]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, cwd=filled, check=False)
    told = ended.stderr.decode()
    assert ended.returncode == 2, told
    assert "standard output" in told
    assert "Traceback" not in told
    assert len(_sources(filled)) == 92


@pytest.fixture
def read_only(filled: Path) -> Iterator[Path]:
    """The folder, which nobody may write to."""
    for path in filled.iterdir():
        if path.is_file():
            path.chmod(0o444)
    filled.chmod(0o555)
    yield filled
    filled.chmod(0o755)


@pytest.mark.skipif(sys.platform != "linux", reason="root keeps its rights")
@pytest.mark.parametrize("command", ["run", "retain", "recall", "log"])
def test_a_read_only_folder_can_be_read_and_says_so_when_it_is_written(
    read_only: Path, agentmem: Agentmem, command: str
) -> None:
    subject = {"run": ("flow.yaml",), "retain": ("more.jsonl",), "recall": ("boat",), "log": ()}[command]
    ended = agentmem(command, *subject, "--store", STORE, "--json", before=_permissions_bind)
    if command in ("recall", "log"):
        assert (ended.code, ended.err) == (0, "")
        assert ended.data
    elif command == "retain":
        assert (ended.code, ended.out, ended.error["kind"]) == (2, "", "StoreUnavailable")
    else:
        assert ended.code in (1, 2)
        assert "Traceback" not in ended.err
    read_only.chmod(0o755)
    assert _sources(read_only) == ["turn-0", "turn-1"]


@pytest.mark.skipif(sys.platform != "linux", reason="root keeps its rights")
def test_a_home_that_cannot_be_written_is_told(read_only: Path, agentmem: Agentmem) -> None:
    env = {"AGENTMEM_HOME": str(read_only / "home")}
    for command in (("run", "flow.yaml"), ("retain", "more.jsonl")):
        ended = agentmem(*command, "--json", env=env, before=_permissions_bind)
        assert (ended.code, ended.out, ended.error["kind"]) == (2, "", "StoreUnavailable")


def _start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "agentmem", *arguments],
        cwd=folder, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def _operations(folder: Path) -> int:
    connection = sqlite3.connect(f"file:{folder}/team.db?mode=ro", uri=True, timeout=10)
    try:
        return int(connection.execute("select count(*) from operations").fetchone()[0])
    finally:
        connection.close()


def test_kill_9_of_retain_loses_nothing_and_once_more_completes_it(filled: Path, agentmem: Agentmem) -> None:
    begun = _operations(filled)
    for more in (1, 60):
        with _start(filled, "retain", "more.jsonl", "--store", STORE) as process:
            while process.poll() is None and _operations(filled) < begun + more:
                time.sleep(0.002)
            process.kill()
        assert {"turn-0", "turn-1"} <= set(_sources(filled))
    assert agentmem("retain", "more.jsonl", "--store", STORE, "--json").code == 0
    sources = _sources(filled)
    assert sources == sorted([f"turn-{i}" for i in (0, 1, *range(100, 190))])
    log = agentmem("log", "--store", STORE, "--limit", "0", "--json").data
    facts = Counter(entry["text"] for entry in log if (entry["op"], entry["kind"]) == ("ADD", "Fact"))
    assert set(facts.values()) == {1}
    again = agentmem("retain", "more.jsonl", "--store", STORE, "--json").data
    assert [operation for operation in again["operations"] if operation["op"] != "NOOP"] == []


def test_processes_that_retain_and_run_at_once_all_get_their_way(filled: Path) -> None:
    (filled / "other.jsonl").write_text(_turns(600, 30))
    (filled / "more.jsonl").write_text(_turns(100, 30))
    commands = [
        ("retain", "more.jsonl"), ("retain", "other.jsonl"), ("retain", "other.jsonl"),
        ("run", "flow.yaml"), ("run", "flow.yaml"),
    ]  # fmt: skip
    processes = [_start(filled, *command, "--store", STORE, "--json") for command in commands]
    ended = [(*process.communicate(timeout=60), process.returncode) for process in processes]
    for out, err, code in ended:
        assert code == 0, err.decode()
        assert json.loads(out)
    sources = Counter(_sources(filled))
    assert sources.pop("") == 6  # the notes, which both runs learned
    assert set(sources.values()) == {1}
    assert len(sources) == 62
