"""Every example runs as its README says, in a copy, without a network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))
PROMISED = {
    "remember_and_recall.py": r"(?=.*Bergen)(?=.*Oslo).*Not known\.",
    "learn_from_failure.py": r"\Afailed.*insight.*done:.*Amara Osei",
}
"""What the output of a script holds, as an expression."""


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def brief(tmp_path: Path) -> Path:
    copy = tmp_path / "team_brief"
    shutil.copytree(EXAMPLES / "team_brief", copy, ignore=shutil.ignore_patterns("*.db*", "report.md"))
    return copy


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_run_and_say_what_they_promise(script: Path, tmp_path: Path) -> None:
    done = run(script, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(PROMISED.get(script.name, r"\S"), done.stdout, re.DOTALL), done.stdout


def test_the_main_job_answers_with_sources_and_its_second_run_finds_the_first(brief: Path) -> None:
    command = ("-m", "agentmem", "run", "workflow.yaml", "--json")
    first = run(*command, folder=brief)
    assert first.returncode == 0, first.stderr
    result = json.loads(first.stdout)
    assert result["status"] == "done"
    assert all(check["passed"] for check in result["checks"])
    answers = {a["question"]: a for step in result["steps"] if step["id"] == "ask" for a in step["output"]}
    expected = {
        "Where does Anna live now?": "Lisbon",
        "Where did Anna live before?": "Boston",
        "Where is the main office?": "80 Canal Street",
        "When is the launch of Kestrel?": "7 July 2025",
        "Who is the project lead of Kestrel?": "Anna Kowalski",
        "What is the budget of Kestrel?": "1.4 million",
        "Where does Ravi work?": "Orbita",
        "What is Sofia allergic to?": "peanuts",
    }
    assert {q: a for q, a in expected.items() if a not in answers[q]["answer"]} == {}
    assert all(answers[question]["citations"] for question in expected)
    unknown = ("What is Tom's phone number?", "What is Tom's favourite colour?")
    assert [answers[question]["known"] for question in unknown] == [False, False]
    report = (brief / "report.md").read_text(encoding="utf-8")
    assert "12 Harbor Street" in report.split("## What changed")[1]

    second = run(*command, folder=brief)
    assert second.returncode == 0, second.stderr
    again = json.loads(second.stdout)
    assert not [learned for learned in again["learned"] if learned["kind"] == "Fact"]
    told = run("-m", "agentmem", "run", "workflow.yaml", folder=brief).stdout
    assert result["run"] in told
