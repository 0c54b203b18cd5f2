"""The README says what the code does: its Python runs, its commands exist, and no command goes without a word."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import typer.main

from agentmem.cli.app import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


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


def test_links_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *ROOT.glob("docs/*.md"), ROOT / "examples/README.md", ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
