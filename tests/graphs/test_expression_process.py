"""The process that works expressions out: what it knows, how it ends, and who may use it."""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agentmem.graphs.expressions import ExpressionError, process, render
from agentmem.graphs.expressions.process import EVALUATOR, Evaluator
from agentmem.graphs.expressions.wire import Unsendable, packed, receive

DOUBLED = "{{ inputs.n * 2 }}"
ENDLESS = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"

needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")


def doubled(n: int) -> object:
    return render(DOUBLED, {"inputs": {"n": n}})


def pid() -> int:
    assert EVALUATOR._process is not None
    return EVALUATOR._process.pid


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def is_running(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_stays_warm() -> None:
    assert doubled(1) == 2
    first = pid()
    assert doubled(2) == 4
    assert pid() == first


def test_cheap_expressions_start_none() -> None:
    EVALUATOR.close()
    assert render("{{ inputs.n + 1 }} of {{ inputs.n }}", {"inputs": {"n": 1}}) == "2 of 1"
    assert EVALUATOR._process is None


def test_it_is_killed_when_it_takes_too_long_and_the_next_one_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    doubled(1)
    first = pid()
    monkeypatch.setattr(process, "SECONDS", 0.2)
    with pytest.raises(ExpressionError, match=r"it takes longer than 0\.2 s"):
        render(ENDLESS, {})
    assert not is_running(first)
    monkeypatch.undo()
    assert doubled(3) == 6


def test_one_that_was_killed_meanwhile_is_replaced() -> None:
    doubled(1)
    os.kill(pid(), signal.SIGKILL)
    wait_until(lambda: EVALUATOR._process is not None and EVALUATOR._process.poll() is not None)
    assert doubled(2) == 4


def test_what_came_before_does_not_count_against_an_expression() -> None:
    evaluator = Evaluator()
    try:
        evaluator.evaluate("{{ 1 * 1 }}", {})
        first = evaluator._process
        with pytest.raises(Exception, match="it needs more than 256 MB"):
            evaluator.evaluate("{{ 'a' * 10 ** 9 }}", {})
        assert evaluator._process is None
        assert first is not None
        assert first.returncode is not None
    finally:
        evaluator.close()


def test_values_too_large_to_be_told_are_an_error_and_no_hang() -> None:
    with pytest.raises(ExpressionError, match="it needs more than 256 MB"):
        render(DOUBLED, {"inputs": {"n": "x" * 150_000_000}})
    assert doubled(1) == 2


@needs_proc
def test_it_inherits_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret-of-mine")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    EVALUATOR.close()
    doubled(1)
    environment = Path(f"/proc/{pid()}/environ").read_bytes()
    assert b"secret-of-mine" not in environment
    assert {entry.partition(b"=")[0] for entry in environment.split(b"\0") if entry} <= {b"TZ", b"LD_LIBRARY_PATH"}
    assert os.readlink(f"/proc/{pid()}/cwd") == "/"


@needs_proc
def test_it_bounds_its_own_memory_time_and_files() -> None:
    doubled(1)
    limits = Path(f"/proc/{pid()}/limits").read_text()
    soft = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert soft["Max address space"] == str(256 * 1024 * 1024)
    assert soft["Max file size"] == soft["Max processes"] == soft["Max core file size"] == "0"
    assert int(soft["Max cpu time"]) < 10


def test_modules_beside_the_caller_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("random", "sitecustomize", "jinja2", "math"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    EVALUATOR.close()
    assert doubled(4) == 8
    assert not (tmp_path / "ran").exists()


@needs_proc
@pytest.mark.parametrize("text", [DOUBLED, ENDLESS])
def test_it_ends_with_its_parent_even_one_that_is_killed(text: str) -> None:
    program = (
        "import sys\n"
        "from agentmem.graphs.expressions import process, render\n"
        "process.SECONDS = 0.9\n"  # as the process knows it: alone, it gives up a second later
        "process.EVALUATOR._started()\n"
        "print(process.EVALUATOR._process.pid, flush=True)\n"
        "process.SECONDS = 60\n"
        "render(sys.argv[1], {'inputs': {'n': 1}})\n"
        "print('done', flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, text]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        if text == DOUBLED:
            assert parent.stdout.readline() == "done\n"
        else:
            time.sleep(0.3)
        parent.kill()
    wait_until(lambda: not is_running(child))


def test_threads_take_turns() -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(doubled, range(200))) == [2 * n for n in range(200)]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_has_one_of_its_own() -> None:
    doubled(1)
    mine = pid()
    child = os.fork()
    if not child:
        try:
            good = doubled(21) == 42 and pid() != mine
        finally:
            EVALUATOR.close()
            os._exit(0 if good else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert doubled(2) == 4
    assert pid() == mine


def test_an_interrupt_leaves_no_answer_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    doubled(1)

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(process, "receive", interrupted)
        with pytest.raises(KeyboardInterrupt):
            doubled(20)
    assert doubled(3) == 6


class Tattler:
    """Runs something where it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("tattled",)


def test_only_what_the_expression_names_travels() -> None:
    scope = {"inputs": {"n": 4, "other": Tattler()}, "steps": {"a": Tattler()}}
    assert render(DOUBLED, scope) == 8
    with pytest.raises(ExpressionError, match="no plain value"):
        render("{{ inputs.other * 2 }}", scope)
    with pytest.raises(ExpressionError, match="no plain value"):
        render("{{ [inputs, 1] * 2 }}", {"inputs": {"n": lambda: 1}})


def test_names_that_are_not_there_are_told_as_everywhere() -> None:
    scope = {"inputs": {"folder": "docs", "n": 1}, "run": "r1"}
    with pytest.raises(ExpressionError) as caught:
        render("{{ inputs.foldr * 2 }}", scope)
    assert "did you mean 'folder'?" in caught.value.message
    assert caught.value.hint == "In scope: inputs (folder, n), run."


def test_neither_side_makes_more_than_plain_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    message = packed(Tattler())
    pickle.loads(message[8:])  # the attack works elsewhere
    (tmp_path / "tattled").rmdir()
    with pytest.raises(Unsendable):
        receive(io.BytesIO(message))
    assert not (tmp_path / "tattled").exists()


def test_a_message_cut_off_is_the_end() -> None:
    with pytest.raises(EOFError):
        receive(io.BytesIO(packed({"a": 1})[:-1]))
    with pytest.raises(MemoryError):
        receive(io.BytesIO(b"\xff" * 8))
