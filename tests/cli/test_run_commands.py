"""run, resume, runs, validate, schema: as processes where it matters that they are."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Agentmem

RESULT_KEYS = {"run", "status", "answer", "citations", "steps", "checks", "learned", "usage"}

NAPPING = """\
task: three steps, the second of which takes its time
memory: {store: "sqlite:///nap.db"}
agents: {executor: {tools: ["naps:nap"]}}
plan:
  - {id: one, tool: "naps:nap", args: {label: one}}
  - {id: two, tool: "naps:nap", args: {label: "{{ steps.one.output }}-two"}}
  - {id: three, tool: "naps:nap", args: {label: "{{ steps.two.output }}-three"}}
"""

FORGETTING = """\
task: take in what was said
memory: {store: "sqlite:///f.db"}
agents: {executor: {tools: [remember]}}
plan:
  - {id: told, tool: remember, args: {text: "Anna's phone number is 555 0199. Anna lives in Lisbon."}}
  - {id: asked, tool: remember, args: {text: "Please forget Anna's phone number."}}
  - {id: moved, tool: remember, args: {text: "Anna moved to Porto."}}
"""

NAPS = '''\
import time
from pathlib import Path

from agentmem import tool

HERE = Path(__file__).parent

@tool
def nap(label: str) -> str:
    """Note the call; wait in the second step as long as there is a file that says so."""
    with (HERE / "calls.txt").open("a") as calls:
        calls.write(label + "\\n")
    while label.endswith("two") and (HERE / "wait").exists():
        time.sleep(0.01)
    return label
'''


def test_a_run_has_its_stable_shape(brief: Path, agentmem: Agentmem) -> None:
    ended = agentmem("run", str(brief), "--json")
    assert (ended.code, ended.err) == (0, "")
    assert set(ended.data) == RESULT_KEYS
    assert ended.data["status"] == "done"
    assert [step["id"] for step in ended.data["steps"]] == ["read", "learn", "chat", "ask", "report"]
    assert all(set(step) == {"id", "status", "output", "attempts", "seconds"} for step in ended.data["steps"])
    assert all(set(check) == {"name", "passed", "detail"} for check in ended.data["checks"])
    assert all(set(learned) == {"op", "id", "kind", "text"} for learned in ended.data["learned"])
    assert set(ended.data["usage"]) == {"tokens", "usd", "seconds", "steps"}
    assert ended.data["answer"] == "report.md"
    assert all(set(cited) == {"id", "text", "source", "at"} for cited in ended.data["citations"])
    report = (brief.parent / "report.md").read_text()
    assert "Where does Marta work now?" in report
    assert "Lumen" in report
    assert (brief.parent / "brief.db").is_file()


def test_a_run_is_told_step_by_step_and_plainly_when_piped(brief: Path, agentmem: Agentmem) -> None:
    ended = agentmem("run", "brief/brief.yaml")
    assert ended.code == 0
    headings = [line for line in ended.out.splitlines() if line and not line.startswith(" ")]
    for heading in (
        "team-brief",
        "Plan: given by the workflow",
        "Steps",
        "Answer",
        "Sources",
        "Checks",
        "Learned",
        "done",
    ):
        assert heading in headings
    assert "\x1b" not in ended.out + ended.err
    for step in ("read", "learn", "chat", "ask", "report"):
        assert sum(line.split()[:2] == ["✓", step] for line in ended.out.splitlines()) == 1


def test_names_pose_as_no_lines_of_the_report(tmp_path: Path, inside: Agentmem) -> None:
    (tmp_path / "flow.yaml").write_text(
        'task: Tidy.\nname: "tidy\\n\\ndone\\n[1] all is well"\nmemory: {store: "sqlite:///m.db", bank: "b\\nother"}\n'
        "plan: [{id: a, tool: recall, args: {query: tea}}]\n"
        'checks: [{name: "honest\\n✓ safe", that: "{{ 1 < 2 }}"}]\n'
    )
    lines = [line.strip() for line in inside("run", "flow.yaml").out.splitlines()]
    assert (lines.count("done"), lines.count("other")) == (1, 0)
    assert not [line for line in lines if line.startswith(("[1]", "✓ safe"))]
    assert inside("banks", "--store", "sqlite:///m.db").out == "b other\n"


def test_what_was_asked_to_be_forgotten_is_not_told_again(tmp_path: Path, inside: Agentmem) -> None:
    (tmp_path / "forget.yaml").write_text(FORGETTING)
    ended = inside("run", "forget.yaml")
    assert ended.code == 0, ended.err
    learned = ended.out[ended.out.index("Learned") :]
    assert "asked to forget: Anna's phone number" in learned
    assert "before: Anna lives in Lisbon" in learned
    assert "555" not in learned


def test_a_second_run_tells_what_it_found_in_memory(brief: Path, inside: Agentmem) -> None:
    first = inside("run", str(brief), "--json").data["run"]
    ended = inside("run", str(brief))
    assert "From earlier runs" in ended.out
    assert first in ended.out


def test_without_a_plan_the_team_finds_one_and_takes_over_one_that_worked(brief: Path, inside: Agentmem) -> None:
    text = brief.read_text()
    bare = brief.with_name("bare.yaml")
    bare.write_text(text[: text.index("plan:")])
    alone = inside("run", str(bare), "--bank", "other", "--json").data
    assert alone["status"] == "done"
    inside("run", str(brief), "--json")
    reused = inside("run", str(bare), "--json").data
    assert [step["id"] for step in reused["steps"]] == ["read", "learn", "chat", "ask", "report"]


def test_inputs_come_from_the_command_line(brief: Path, inside: Agentmem) -> None:
    questions = ("--input", "questions=Where does Jonas live?", "--input", "questions=Who pays the rent?")
    asked = inside("run", str(brief), *questions, "--json").data
    answers = next(step for step in asked["steps"] if step["id"] == "ask")["output"]
    assert [answer["question"] for answer in answers] == ["Where does Jonas live?", "Who pays the rent?"]
    wrong = inside("run", str(brief), "--input", "question=x", "--json")
    assert wrong.code == 2
    assert "Did you mean 'questions'?" in wrong.error["hint"]


def test_a_check_that_fails_exits_with_1_and_says_so(brief: Path, inside: Agentmem) -> None:
    brief.write_text(brief.read_text().replace("length == 0", "length == 7"))
    ended = inside("run", str(brief), "--json")
    assert ended.code == 1
    assert ended.data["status"] == "failed"
    assert [check["passed"] for check in ended.data["checks"]] == [False]
    plain = inside("run", str(brief))
    assert plain.code == 1
    assert "✗  every answer has a source" in plain.out


def test_a_budget_stops_a_run_which_exits_with_1(brief: Path, inside: Agentmem) -> None:
    brief.write_text(brief.read_text().replace("steps: 50}", "steps: 3}"))
    ended = inside("run", str(brief), "--json")
    assert (ended.code, ended.data["status"]) == (1, "stopped")
    assert "stopped: budget.steps: the limit of 3 executions is reached." in ended.err
    (check,) = ended.data["checks"]
    assert (check["passed"], check["detail"]) == (False, "not made, since the run was stopped")


def test_a_run_that_a_budget_stopped_says_how_to_go_on_and_is_not_done_again(brief: Path, inside: Agentmem) -> None:
    brief.write_text(brief.read_text().replace("steps: 50}", "steps: 3}"))
    ended = inside("run", str(brief))
    assert ended.code == 1
    assert re.search(r"■  report +not begun", ended.out)
    assert f"To go on, raise budget.steps in {brief} and run it again." in ended.out
    (known,) = inside("runs", "--json").data
    again = inside("resume", known["run"])
    assert again.code == 1
    assert "this run has ended: nothing is done again" in again.out
    assert re.search(r"■  report +not begun", again.out)
    assert inside("runs", "--json").data == [known]


def test_store_and_bank_of_the_command_line_come_before_the_workflow(
    tmp_path: Path, brief: Path, inside: Agentmem
) -> None:
    inside("run", str(brief), "--store", "sqlite:///elsewhere.db", "--bank", "mine", "--json")
    assert not (brief.parent / "brief.db").exists()
    assert inside("banks", "--store", f"sqlite:///{tmp_path}/elsewhere.db", "--json").data == ["mine"]


def test_tools_stay_in_the_workflows_folder_unless_another_is_allowed(
    tmp_path: Path, brief: Path, inside: Agentmem
) -> None:
    outside = tmp_path / "outside"
    (brief.parent / "documents").rename(outside)
    arguments = ("run", str(brief), "--input", f"folder={outside}", "--json")
    refused = inside(*arguments)
    assert refused.code == 1
    assert "Hafenstrasse" not in refused.out
    assert inside(*arguments, "--allow", str(outside)).data["status"] == "done"


def test_validate_lists_all_problems(brief: Path, inside: Agentmem) -> None:
    good = inside("validate", str(brief), "--json")
    assert (good.code, good.data["valid"], good.data["problems"]) == (0, True, [])
    brief.write_text(brief.read_text().replace("steps.read", "steps.red").replace("task:", "tsk:"))
    bad = inside("validate", "brief/brief.yaml", "--json")
    assert bad.code == 2
    assert [(p["line"], p["key"]) for p in bad.data["problems"]] == [(8, "tsk"), (13, "plan[1].for_each")]
    assert bad.error["kind"] == "WorkflowError"
    plain = inside("validate", "brief/brief.yaml")
    assert (plain.code, plain.out) == (2, "")
    assert "brief.yaml:8:1 tsk: unknown key 'tsk'. Did you mean 'task'?" in plain.err


@pytest.mark.parametrize("command", ["run", "validate"])
def test_a_workflow_that_is_not_there_is_told(command: str, inside: Agentmem) -> None:
    ended = inside(command, "gone.yaml", "--json")
    assert (ended.code, ended.error["kind"]) == (2, "NotFound")


def test_the_schema_is_json(inside: Agentmem) -> None:
    schema = inside("schema").data
    assert {"memory", "inputs", "plan", "checks", "output"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["StepSpec"]["properties"]["for_each"]["description"]


def _wait_for(calls: Path, line: str, *, times: int = 1) -> None:
    for _ in range(3_000):
        if calls.exists() and calls.read_text().split().count(line) >= times:
            return
        time.sleep(0.01)
    raise AssertionError(f"the run never came to {line}")


def _napping(tmp_path: Path) -> Path:
    (tmp_path / "nap.yaml").write_text(NAPPING)
    (tmp_path / "naps.py").write_text(NAPS)
    (tmp_path / "wait").touch()
    return tmp_path / "calls.txt"


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_cut_off_is_continued_without_repeating_what_is_done(
    tmp_path: Path, agentmem: Agentmem, inside: Agentmem, end: signal.Signals
) -> None:
    calls = _napping(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-m", "agentmem", "run", "nap.yaml", "--allow-code"],
        cwd=tmp_path, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        _wait_for(calls, "one-two")
        (known,) = inside("runs", "--json").data
        assert known["status"] == "running"
        busy = inside("resume", known["run"], "--json")
        assert (busy.code, busy.error["message"]) == (2, "another process works on this run.")
        process.send_signal(end)
        (tmp_path / "wait").unlink()
        _, err = process.communicate()
    if end is signal.SIGINT:
        assert process.returncode == 130
        assert f"agentmem resume {known['run']}" in err.decode()
        assert "Traceback" not in err.decode()
    else:
        assert inside("runs", "--json").data[0]["status"] == "killed"
    resumed = agentmem("resume", known["run"][:-2], "--json")
    assert resumed.code == 0, resumed.err
    assert (resumed.code, resumed.data["status"]) == (0, "done"), resumed.err
    assert resumed.data["run"] == known["run"]
    assert resumed.data["answer"] == "one-two-three"
    assert calls.read_text().split().count("one") == 1
    assert inside("runs", "--json").data[0]["status"] == "done"
    again = inside("resume", known["run"], "--json")
    assert again.data["answer"] == "one-two-three"
    assert calls.read_text().split().count("one-two-three") == 1


def test_a_run_that_has_ended_tells_its_result_without_its_checkpoints(
    brief: Path, inside: Agentmem, clean_environment: Path
) -> None:
    first = inside("run", str(brief), "--json").data
    files = set((clean_environment / "runs").glob(f"{first['run']}.*"))
    assert {file.suffix for file in files} == {".db", ".lock"}
    for file in files:
        file.unlink()
    assert inside("resume", first["run"], "--json").data == first
    ended = inside("resume", first["run"])
    assert ended.code == 0
    assert "this run has ended: nothing is done again" in ended.out
    assert not list((clean_environment / "runs").iterdir())


def test_of_many_that_resume_a_run_one_does_it_and_the_others_are_told(tmp_path: Path, inside: Agentmem) -> None:
    calls = _napping(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-m", "agentmem", "run", "nap.yaml", "--json", "--allow-code"], cwd=tmp_path
    ) as process:
        _wait_for(calls, "one-two")
        process.kill()
    (known,) = inside("runs", "--json").data
    racing = [
        subprocess.Popen(
            [sys.executable, "-m", "agentmem", "resume", known["run"]],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    for _ in range(12_000):  # those who are told leave; the one that works waits for us
        working = [each for each in racing if each.poll() is None]
        if len(working) == 1:
            break
        time.sleep(0.01)
    _wait_for(calls, "one-two", times=2)
    (tmp_path / "wait").unlink()
    told = {each: each.communicate(timeout=60) for each in racing}
    assert sorted(each.returncode for each in racing) == [0, 2, 2]
    assert [each.returncode for each in working] == [0]
    for each in racing:
        out, err = told[each]
        if each in working:
            assert 'was in flight when the run was cut off, and is done again: naps:nap(label="one-two")' in out
        else:
            assert "another process works on this run." in err
            assert f"process {working[0].pid}, since 20" in err
            assert "Traceback" not in err
    assert calls.read_text().split() == ["one", "one-two", "one-two", "one-two-three"]


def test_an_unknown_run_is_told(inside: Agentmem) -> None:
    ended = inside("resume", "run-none", "--json")
    assert (ended.code, ended.error["kind"]) == (2, "NotFound")
    assert "agentmem runs" in ended.error["hint"]
    assert inside("runs", "--json").data == []


def test_a_reader_that_leaves_early_is_no_error(brief: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "agentmem", "run", str(brief)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait() == 0, err
    assert "Traceback" not in err
    assert "Exception ignored" not in err
