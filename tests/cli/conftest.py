"""A workflow of the whole language, with the texts that it reads, in a folder of the test's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agentmem.tools import Toolbox
from agentmem.workflow.consent import Consents

SAMPLE = Path(__file__).parent.parent / "workflow" / "brief"


@pytest.fixture
def brief(tmp_path: Path, clean_environment: Path) -> Path:
    """The workflow file; its user has agreed to its code."""
    folder = tmp_path / "brief"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    code = Toolbox(folder=folder).code(["my_tools:word_count"])
    for name in ("brief.yaml", "bare.yaml"):
        Consents(clean_environment / "consents.json").add(str(folder / name), code)
    return folder / "brief.yaml"
