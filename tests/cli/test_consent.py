"""What the command line runs of a workflow that a stranger sent."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Agentmem

FLOW = """\
memory: {store: "sqlite:///m.db"}
plan: [{id: a, tool: "gift:unwrap", args: {paper: red}}]
"""
GIFT = """\
from pathlib import Path
from agentmem import tool
Path(__file__).with_name("ran").touch()

@tool
def unwrap(paper: str) -> str:
    return paper + " paper"
"""


@pytest.fixture
def gift(tmp_path: Path) -> Path:
    """The code beside the workflow."""
    (tmp_path / "gift.yaml").write_text(FLOW)
    (tmp_path / "gift.py").write_text(GIFT)
    return tmp_path / "gift.py"


def on_terminal(folder: Path, *arguments: str, answer: str) -> tuple[int, str]:
    """The command on a terminal, at which somebody types."""
    here, there = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "agentmem", *arguments],
        cwd=folder, env={**os.environ, "COLUMNS": "200"}, stdin=there, stdout=there, stderr=there,
    ) as process:  # fmt: skip
        os.close(there)
        os.write(here, answer.encode())
        said = b""
        try:
            while piece := os.read(here, 4096):
                said += piece
        except OSError:  # how Linux tells that nobody holds the other end any more
            pass
        code = process.wait(timeout=120)
    os.close(here)
    return code, said.decode()


def test_validate_imports_nothing(gift: Path, inside: Agentmem) -> None:
    assert inside("validate", "gift.yaml").code == 0
    gift.with_suffix(".yaml").write_text(FLOW.replace("paper: red", "pepper: red"))
    ended = inside("validate", "gift.yaml", "--json")
    assert [problem["line"] for problem in ended.data["problems"]] == [2, 2]
    assert "gift" not in sys.modules
    assert not gift.with_name("ran").exists()


def test_elsewhere_than_on_a_terminal_an_option_is_wanted(gift: Path, inside: Agentmem) -> None:
    refused = inside("run", "gift.yaml")
    assert (refused.code, refused.out) == (2, "")
    assert "gift.py  " in refused.err
    assert "--allow-code" in refused.err
    assert inside("run", "gift.yaml", "--json").error["kind"] == "InputError"
    assert not gift.with_name("ran").exists()
    assert inside("run", "gift.yaml", "--allow-code", "--json").data["answer"] == "red paper"
    assert inside("run", "gift.yaml", "--json").data["answer"] == "red paper"
    gift.write_text(GIFT.replace(" paper", " box"))
    assert inside("run", "gift.yaml").code == 2


def test_on_a_terminal_it_is_asked_once(gift: Path, inside: Agentmem) -> None:
    code, said = on_terminal(gift.parent, "run", "gift.yaml", answer="\n")
    assert (code, "Run this code? [y/N]" in said, "gift.py" in said) == (2, True, True)
    assert not gift.with_name("ran").exists()
    code, said = on_terminal(gift.parent, "run", "gift.yaml", answer="y\n")
    assert (code, "Run this code?" in said, "red paper" in said) == (0, True, True)
    assert inside("run", "gift.yaml", "--json").data["answer"] == "red paper"


@pytest.mark.parametrize(
    "tool", ["click:edit", "shutil:rmtree", "subprocess:run", "json:loads", "typer:launch", "agentmem.cli.output:leave"]
)
def test_yaml_alone_runs_no_code(tmp_path: Path, inside: Agentmem, tool: str) -> None:
    (tmp_path / "bad.yaml").write_text(f"plan: [{{id: a, tool: '{tool}', args: {{editor: touch ran}}}}]\n")
    for command in (["validate"], ["run", "--allow-code"]):
        ended = inside(*command, "bad.yaml", "--json")
        assert (ended.code, ended.error["kind"]) == (2, "WorkflowError")
        assert ended.error["where"].startswith("bad.yaml:1:")
        assert f"--allow-module {tool.partition(':')[0]}" in ended.error["hint"]
        allowed = inside(*command, "bad.yaml", "--allow-module", tool.partition(":")[0], "--json")
        assert "not marked @tool" in allowed.error["message"]
    assert not (tmp_path / "ran").exists()


def test_files_with_the_names_of_modules_do_not_run(gift: Path, agentmem: Agentmem) -> None:
    for name in ("__future__", "typing", "json", "requests", "yaml", "numpy", "langsmith", "sqlite_vec", "readline"):
        gift.with_name(f"{name}.py").write_text(f"open({str(gift.with_name('trap'))!r}, 'a').write('{name} ')\n")
    ended = agentmem("run", "gift.yaml", "--allow-code", "--json")
    assert (ended.code, ended.data["answer"]) == (0, "red paper"), ended.err
    assert not gift.with_name("trap").exists()


def test_folders_need_the_word_of_whoever_runs_it(tmp_path: Path, inside: Agentmem) -> None:
    (tmp_path / "flow").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.md").write_text("Words.\n")
    (tmp_path / "flow" / "f.yaml").write_text(
        "memory: {store: 'sqlite:///m.db'}\nfolders: ../other\n"
        "plan: [{id: a, tool: read_files, args: {folder: ../other}}]\n"
    )
    for command in ("validate", "run"):
        ended = inside(command, "flow/f.yaml", "--json")
        assert (ended.code, ended.error["where"]) == (2, "flow/f.yaml:2:1 folders[0]")
        assert f"--allow {tmp_path / 'other'}" in ended.error["hint"]
        assert inside(command, "flow/f.yaml", "--allow", "other", "--json").code == 0
