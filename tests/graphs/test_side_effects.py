"""A killed run does nothing twice that it had finished, and says what it may have done twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver

from agentmem.errors import StoreUnavailable
from agentmem.graphs.checkpoints import open_checkpoints
from agentmem.graphs.events import Repeated, Task
from agentmem.graphs.ledger import Ledger
from agentmem.graphs.plan import Plan
from agentmem.graphs.state import UnitResult
from agentmem.graphs.team import Team
from agentmem.memory import Memory
from agentmem.tools import tool

SLOTS = 8
NAMES = [*(f"wide{n}" for n in range(24)), *(f"side{n}" for n in range(8)), *(f"turn{n}" for n in range(4)), "b", "c"]

ROUNDS = """
import json, os, shutil, signal, sys, time
from pathlib import Path
from agentmem.embeddings import HashingEmbedder
from agentmem.graphs.checkpoints import open_checkpoints
from agentmem.graphs.events import Finished, ItemFinished, Repeated, Task
from agentmem.graphs.plan import Plan
from agentmem.graphs.team import Team
from agentmem.memory import Memory
from agentmem.tools import tool

plan = Plan.model_validate({"steps": [
    {"id": "wide", "tool": "work", "for_each": "{{ range(24) | list }}", "args": {"name": "wide{{ item }}"}},
    {"id": "side", "tool": "work", "for_each": "{{ range(8) | list }}", "args": {"name": "side{{ item }}"}},
    {"id": "turn", "tool": "in_turn", "for_each": "{{ range(4) | list }}", "args": {"name": "turn{{ item }}"}},
    {"id": "b", "tool": "work", "args": {"name": "b"}},
    {"id": "c", "tool": "work", "args": {"name": "c"}, "needs": ["wide", "b"]},
]})

def note(file, line):
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, (line + "\\n").encode())
    os.close(handle)

def lines(file):
    return file.read_text().splitlines() if file.exists() else []

def work_in(folder, resume):
    def work(name: str) -> str:
        "The side effect is a line."
        note(folder / "effects", name)
        time.sleep(0.01)
        return name + " and much more" * 400

    def in_turn(name: str) -> str:
        "One after the other."
        return work(name)

    with (
        Memory.open(f"sqlite:///{folder}/memory.db", bank="b", embedder=HashingEmbedder()) as memory,
        open_checkpoints(folder / "runs.db") as saver,
    ):
        tools = [work, tool(one_by_one=True)(in_turn)]
        team = Team(memory=memory, folder=folder, tools=tools, checkpointer=saver)
        for event in team.stream(None if resume else Task(text="Work.", plan=plan), run_id="r", resume=resume):
            name = f"{event.id}{event.index}" if getattr(event, "index", None) is not None else getattr(event, "id", "")
            if isinstance(event, ItemFinished):
                note(folder / "finished", name)
            elif isinstance(event, Repeated):
                note(folder / "told", name)
            elif isinstance(event, Finished):
                assert event.result.status == "done", event.result.reason
                note(folder / "steps", str(event.result.usage.steps))

def start(folder, resume):
    child = os.fork()
    if not child:
        try:
            work_in(folder, resume)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return child

def killed(child, effects, count):
    for _ in range(20_000):
        if len(lines(effects)) >= count:
            break
        assert not os.waitpid(child, os.WNOHANG)[0], "it ended before it was killed"
        time.sleep(0.0005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

for number, kills in enumerate(json.loads(sys.argv[2])):
    folder = Path(sys.argv[1]) / str(number)
    folder.mkdir()
    for nth, count in enumerate(kills):
        killed(start(folder, nth > 0), folder / "effects", count)
    before, finished = lines(folder / "effects"), lines(folder / "finished")
    (folder / "told").unlink(missing_ok=True)
    assert os.waitpid(start(folder, True), 0)[1] == 0
    print(json.dumps({
        "kills": kills, "before": before, "finished": finished, "after": lines(folder / "effects")[len(before):],
        "told": lines(folder / "told"), "steps": lines(folder / "steps"),
    }), flush=True)
"""


def test_no_effect_that_was_finished_is_repeated_after_a_kill_and_those_in_flight_are_told(tmp_path: Path) -> None:
    kills = [[1], [9], [24], [36], [4, 13, 21, 29], [6, 12, 20, 31]]
    ended = subprocess.run(
        [sys.executable, "-c", ROUNDS, str(tmp_path), json.dumps(kills)],
        cwd=Path(__file__).parent.parent.parent,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    )
    rounds = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [each["kills"] for each in rounds] == kills
    for each in rounds:
        before, after, told = set(each["before"]), Counter(each["after"]), Counter(each["told"])
        assert before | set(after) == set(NAMES), each
        assert not set(each["finished"]) & (set(after) | set(told)), each
        assert set(told.values()) <= {1}, each
        assert before & set(after) <= set(told) <= set(after), each
        assert len(told) <= SLOTS, each
        assert max(after.values(), default=1) == 1, each
        assert max(Counter(each["before"]).values()) <= len(each["kills"]), each
        assert each["steps"] == [str(len(NAMES))], each
    assert any(each["finished"] for each in rounds)
    assert any(each["told"] for each in rounds)


def an_end(output: str) -> UnitResult:
    return UnitResult(
        step="s", index=0, attempt=1, status="done", output=output, detail="", final=False, call="s()", seconds=0.1,
        tokens=0, usd=0.0, steps=1,
    )  # fmt: skip


@pytest.fixture(params=["ours", "in memory", "one that cannot delete"])
def saver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BaseCheckpointSaver[Any]]:
    if request.param == "ours":
        with open_checkpoints(tmp_path / "runs.db") as opened:
            yield opened
    else:
        yield InMemorySaver() if request.param == "in memory" else Keeping()


class Keeping(InMemorySaver):
    def delete_thread(self, thread_id: str) -> None:
        raise NotImplementedError


def test_a_ledger_tells_what_was_begun_and_what_came_of_it(saver: BaseCheckpointSaver[Any]) -> None:
    first = Ledger(saver, "r")
    first.begin("a/0")
    first.finish("a/0", an_end("x"))
    first.begin("a/1")
    first.begin("a 1/finished")
    second = Ledger(saver, "r")
    assert [second.result(key) for key in ("a/0", "a/1", "a 1/finished")] == [an_end("x"), None, None]
    assert [second.is_begun(key) for key in ("a/0", "a/1", "a 1/finished", "a/2")] == [True, True, True, False]
    assert not Ledger(saver, "another").is_begun("a/0")
    second.clear()
    assert not second.is_begun("a/0")
    second.begin("b/0")
    assert Ledger(saver, "r").is_begun("b/0")


def test_a_run_leaves_no_entries_behind(memory: Memory, tmp_path: Path) -> None:
    def work(n: int) -> int:
        """Work."""
        return n

    plan = Plan.model_validate(
        {"steps": [{"id": "a", "tool": "work", "for_each": [1, 2, 3], "args": {"n": "{{ item }}"}}]}
    )
    with open_checkpoints(tmp_path / "runs.db") as opened:
        Team(memory=memory, folder=tmp_path, tools=[work], checkpointer=opened).run(
            Task(text="Work.", plan=plan), run_id="r"
        )
        threads = opened.conn.execute("select thread_id from writes union select thread_id from checkpoints").fetchall()
    assert threads == [("r",)]


def test_a_unit_whose_beginning_cannot_be_noted_is_not_done(memory: Memory, tmp_path: Path) -> None:
    with open_checkpoints(tmp_path / "runs.db") as opened:
        done: list[int] = []

        @tool(one_by_one=True)
        def work(n: int) -> str:
            """Work, and fill the disk at last."""
            done.append(n)
            if done == [1, 2]:
                opened.conn.execute("PRAGMA max_page_count = 1")
            return "x" * 20_000 + os.urandom(20_000).hex()

        plan = Plan.model_validate(
            {"steps": [{"id": "a", "tool": "work", "for_each": [1, 2, 3], "args": {"n": "{{ item }}"}}]}
        )
        team = Team(memory=memory, folder=tmp_path, tools=[work], checkpointer=opened)
        with pytest.raises(StoreUnavailable, match="full"):
            team.run(Task(text="Work.", plan=plan), run_id="r")
        assert done == [1, 2]
        opened.conn.execute("PRAGMA max_page_count = 1000000")
        events = list(team.stream(run_id="r", resume=True))
    assert done == [1, 2, 2, 3]
    assert [(each.id, each.index) for each in events if isinstance(each, Repeated)] == [("a", 1)]
