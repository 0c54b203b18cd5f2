from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from langchain_core.runnables import RunnableConfig

from agentmem.errors import InputError, NotFound, StoreCorrupt, StoreUnavailable, UserError
from agentmem.graphs.checkpoints import open_checkpoints
from agentmem.workflow import Run, RunRegistry
from agentmem.workflow.runs import KEPT

SOMEWHERE: RunnableConfig = {"configurable": {"thread_id": "r", "checkpoint_ns": "", "checkpoint_id": "c"}}
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def a_run(name: str, *, minutes: int = 0) -> Run:
    return Run(
        run=name,
        name="brief",
        file="/w/brief.yaml",
        folder="/w",
        spec="{}",
        inputs={"names": ["é"]},
        store="sqlite:////w/brief.db",
        bank="team",
        embedder="auto",
        status="running",
        started=NOON + timedelta(minutes=minutes),
    )


@pytest.fixture
def registry(tmp_path: Path) -> RunRegistry:
    return RunRegistry(tmp_path / "runs.db")


def test_a_run_comes_back_as_it_was_entered(registry: RunRegistry) -> None:
    registry.start(a_run("run-1"))
    assert registry.get("run-1") == a_run("run-1")


def test_how_a_run_ended_is_kept(registry: RunRegistry) -> None:
    registry.start(a_run("run-1"))
    registry.finish("run-1", "done", {"answer": "yes"}, NOON)
    known = registry.get("run-1")
    assert (known.status, known.result, known.finished) == ("done", {"answer": "yes"}, NOON)


def test_the_newest_run_comes_first(registry: RunRegistry) -> None:
    for minutes, name in enumerate(["a", "b", "c"]):
        registry.start(a_run(name, minutes=minutes))
    assert [run.run for run in registry.newest(2)] == ["c", "b"]


def test_a_prefix_names_a_run_if_only_one_begins_so(registry: RunRegistry) -> None:
    for name in ("run-1", "run-12", "run-2"):
        registry.start(a_run(name))
    assert registry.get("run-2").run == "run-2"
    assert registry.get("run-1").run == "run-1"
    for wrong in ("run", "nothing", "", "%"):
        with pytest.raises(NotFound):
            registry.get(wrong)


def test_only_one_works_on_a_run_and_the_other_is_told_who(registry: RunRegistry) -> None:
    registry.start(a_run("run-1"))
    with registry.held("run-1"):
        assert registry.is_held("run-1")
        assert not registry.is_held("run-2")
        with pytest.raises(UserError, match="another process works on this run") as caught, registry.held("run-1"):
            pass
        assert caught.value.hint.startswith(f"Wait until it has ended: process {os.getpid()}, since 2")
        with registry.held("run-2"):
            pass
    assert not registry.is_held("run-1")


def test_another_thread_is_another_worker(registry: RunRegistry) -> None:
    with ThreadPoolExecutor(1) as pool, registry.held("run-1"):
        assert pool.submit(registry.is_held, "run-1").result()
        with pytest.raises(UserError):
            pool.submit(lambda: registry.held("run-1").__enter__()).result()


WORKERS = """
import os, sys, time
from pathlib import Path
from agentmem.errors import UserError
from agentmem.workflow import RunRegistry

def work():
    registry = RunRegistry(Path(sys.argv[1]))
    marks = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for _ in range(60):
        try:
            with registry.held("run-1"):
                os.write(marks, f"in {os.getpid()}\\n".encode())
                time.sleep(0.0005)
                os.write(marks, f"out {os.getpid()}\\n".encode())
        except UserError:
            os.write(marks, b"told\\n")
        registry.is_held("run-1")

workers = []
for _ in range(6):
    worker = os.fork()
    if not worker:
        try:
            work()
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    workers.append(worker)
sys.exit(any(os.waitpid(worker, 0)[1] for worker in workers))
"""


def test_many_that_want_one_run_never_have_it_together(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    program = [sys.executable, "-c", WORKERS, str(tmp_path / "runs.db"), str(marks)]
    subprocess.run(program, check=True, timeout=120)
    lines = marks.read_text().splitlines()
    held = [line.split() for line in lines if line != "told"]
    assert 2 * (len(lines) - len(held)) + len(held) == 2 * 6 * 60
    assert len(held) > 60
    for entered, left in zip(held[::2], held[1::2], strict=True):
        assert (entered[0], left[0], left[1]) == ("in", "out", entered[1])


def test_who_looks_whether_a_run_is_held_keeps_nobody_from_it(registry: RunRegistry) -> None:
    enough = threading.Event()

    def look() -> int:
        looks = 0
        while not enough.is_set():
            registry.is_held("run-1")
            looks += 1
        return looks

    with ThreadPoolExecutor(2) as pool:
        looking = [pool.submit(look) for _ in range(2)]
        try:
            for _ in range(150):
                with registry.held("run-1"):
                    pass
        finally:
            enough.set()
        assert all(each.result() for each in looking)


def test_a_run_whose_process_is_gone_is_killed_and_one_that_ended_meanwhile_is_not(registry: RunRegistry) -> None:
    registry.start(a_run("run-1"))
    seen = registry.get("run-1")
    with registry.held("run-1"):
        assert registry.status(seen) == "running"
    assert registry.status(seen) == "killed"
    registry.finish("run-1", "done", {"answer": "yes"}, NOON)
    assert registry.status(seen) == "done"


def test_two_runs_have_two_names(registry: RunRegistry) -> None:
    registry.start(a_run("run-1"))
    with pytest.raises(InputError, match="there is a run of that name already"):
        registry.start(a_run("run-1", minutes=5))
    assert registry.get("run-1").started == NOON


def files_of(registry: RunRegistry, run: str) -> set[str]:
    folder = registry.checkpoints(run).parent
    return {file.name.removeprefix(f"{run}.") for file in folder.iterdir() if file.name.startswith(f"{run}.")}


def test_checkpoints_of_runs_that_are_done_go_but_for_the_newest(registry: RunRegistry) -> None:
    ends = {"failed": ["f1"], "stopped": ["s1"], "done": [f"d{n:02}" for n in range(KEPT + 3)]}
    for status, names in ends.items():
        for minutes, name in enumerate(names):
            registry.start(a_run(name, minutes=minutes))
            for file in (".db", ".db-wal", ".db-shm", ".lock"):
                registry.checkpoints(name).with_suffix(file).touch()
            with registry.held("d01") if name in ("d21", "d22") else nullcontext():
                registry.finish(name, status, {"answer": name}, NOON + timedelta(minutes=minutes))
    everything = {"db", "db-wal", "db-shm", "lock"}
    gone = {name for names in ends.values() for name in names if files_of(registry, name) != everything}
    assert gone == {"d00", "d02"}  # d01 was held when its turn came
    assert files_of(registry, "d00") == set()
    assert registry.get("d00").result == {"answer": "d00"}
    registry.finish("d22", "done", {"answer": "d22"}, NOON + timedelta(minutes=22))
    assert files_of(registry, "d01") == set()


def test_only_their_owner_reads_runs(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        home = tmp_path / "home"
        (home / "runs").mkdir(parents=True, mode=0o777)
        home.chmod(0o755)  # it is the user's
        for loose in ("runs.db", "runs/run-2.db", "runs/run-2.lock"):
            (home / loose).touch(0o666)
        registry = RunRegistry(home / "runs.db")
        with (
            registry.held("run-1"),
            registry.held("run-2"),
            open_checkpoints(registry.checkpoints("run-1")) as saver,
            open_checkpoints(registry.checkpoints("run-2")),
        ):
            saver.put_writes(SOMEWHERE, [("channel", "secret")], "task")
            modes = {str(file.relative_to(home)): file.stat().st_mode & 0o777 for file in home.rglob("*")}
        RunRegistry(tmp_path / "new" / "runs.db")
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)
    assert modes.pop("runs") == 0o700
    assert {"runs.db", "runs/run-1.db", "runs/run-1.db-wal", "runs/run-1.db-shm", "runs/run-1.lock"} <= set(modes)
    assert set(modes.values()) == {0o600}, modes
    assert home.stat().st_mode & 0o777 == 0o755


def test_a_registry_of_before_goes_on(tmp_path: Path) -> None:
    registry = RunRegistry(tmp_path / "runs.db")
    registry.start(a_run("run-1"))
    with closing(sqlite3.connect(tmp_path / "runs.db")) as connection:
        connection.execute("alter table runs drop column worker")
    registry = RunRegistry(tmp_path / "runs.db")
    assert registry.get("run-1") == a_run("run-1")
    registry.start(a_run("run-2"))


def test_a_killed_process_lets_go_of_its_run(tmp_path: Path, registry: RunRegistry) -> None:
    program = (
        "import sys, time; from pathlib import Path; from agentmem.workflow import RunRegistry\n"
        "with RunRegistry(Path(sys.argv[1])).held('run-1'):\n    print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "runs.db")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert registry.is_held("run-1")
        process.kill()
        process.wait()
    assert not registry.is_held("run-1")
    with registry.held("run-1"):
        pass


def test_a_damaged_registry_is_told(tmp_path: Path) -> None:
    (tmp_path / "runs.db").write_bytes(b"not a database, by no means" * 100)
    with pytest.raises(StoreCorrupt, match="damaged"):
        RunRegistry(tmp_path / "runs.db")


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreUnavailable, match="cannot be made"):
        RunRegistry(tmp_path / "file" / "home" / "runs.db")
