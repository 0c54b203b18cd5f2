"""The documents say what the code does: their Python runs, their settings are read, and every command has its word."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from agentmem.cli.app import app
from agentmem.config import Settings
from agentmem.graphs.expressions import process
from agentmem.tools.registry import BUILT_IN, Toolbox
from agentmem.workflow.runs import KEPT

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "docs/security.md").read_text(encoding="utf-8")


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def test_the_first_code_is_near_the_top() -> None:
    lines = README.splitlines()
    assert lines.index("```python") < 30


def test_the_python_of_the_readme_prints_what_it_shows(tmp_path: Path) -> None:
    code, shown = blocks("python")[0], blocks("text")[0]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == shown


def test_two_commands_are_two_lines() -> None:
    section = README.split("## Two commands")[1].split("\n## ")[0]
    commands = blocks("sh", section)
    assert [command.count("\n") for command in commands] == [1, 1]
    assert "agentmem run" in commands[0]
    assert "pytest" in commands[1]


def test_every_command_is_in_the_readme_and_every_command_there_exists() -> None:
    group = typer.main.get_command(app)
    commands = set(getattr(group, "commands", {}))
    mentioned = set(re.findall(r"`agentmem ([a-z0-9]+)", README))
    assert commands - mentioned == set()
    assert mentioned - commands == set()


def test_every_command_and_option_has_help() -> None:
    group = typer.main.get_command(app)
    for name, command in getattr(group, "commands", {}).items():
        assert command.help, name
        missing = [p.name for p in command.params if getattr(p, "help", "") in (None, "")]
        assert not missing, f"{name}: {missing}"


def test_the_shape_of_every_json_is_told() -> None:
    page = (ROOT / "docs/json.md").read_text(encoding="utf-8")
    told = {re.match(r"agentmem ((?: ?[a-z0-9]+)+)", said) for said in re.findall(r"`(agentmem [^`]*--json)`", page)}
    assert set(speaking_json(typer.main.get_command(app))) == {found[1] for found in told if found}


def speaking_json(command: Any, name: str = "") -> Iterator[str]:
    """Names of the commands that take --json."""
    for below, each in getattr(command, "commands", {}).items():
        yield from speaking_json(each, f"{name} {below}".strip())
    if any("--json" in parameter.opts for parameter in command.params):
        yield name


def test_links_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *ROOT.glob("docs/*.md"), ROOT / "examples/README.md", ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_settings_of_the_security_page_are_all_that_there_are(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(blocks("yaml", SECURITY)[0], encoding="utf-8")
    read = Settings.from_environment({"AGENTMEM_HOME": str(tmp_path)})
    assert read.tools == ("acme_tools",)
    assert read.hosts == ("db.example.org:7687",)
    assert read.plaintext == ("10.0.0.5:7687",)


def test_a_workflow_can_name_the_tool_of_the_security_page(tmp_path: Path) -> None:
    (tmp_path / "my_tools.py").write_text(blocks("python", SECURITY)[0], encoding="utf-8")
    made = Toolbox(folder=tmp_path).describe("my_tools:count")
    assert made.parameters == (("text", True),)
    assert made.description == "Count the words of a text."


def test_the_security_page_lists_the_built_in_tools_and_bounds() -> None:
    listed = SECURITY.split("runs these tools by name:")[1].split(".")[0]
    assert re.findall(r"`(\w+)`", listed) == list(BUILT_IN)
    assert f"ended after {process.SECONDS:g} seconds or {process.MEGABYTES} MB" in SECURITY
    assert f"removed but for the newest {KEPT}" in SECURITY
