from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentmem.errors import NotFound, StoreCorrupt, StoreUnavailable, UserError
from agentmem.workflow import Run, RunRegistry

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


def test_only_one_works_on_a_run(registry: RunRegistry) -> None:
    with registry.held("run-1"):
        assert registry.is_held("run-1")
        with pytest.raises(UserError, match="another process"), registry.held("run-1"):
            pass
    assert not registry.is_held("run-1")


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
