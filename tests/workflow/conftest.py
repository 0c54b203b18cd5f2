"""A workflow of the whole language, with the texts that it reads, in a folder of the test's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parent / "brief"


@pytest.fixture
def brief(tmp_path: Path) -> Path:
    """The workflow file."""
    folder = tmp_path / "brief"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "brief.yaml"
