from __future__ import annotations

from pathlib import Path

import pytest

from agentmem import Memory, Workflow
from agentmem.embeddings import HashingEmbedder
from agentmem.errors import ConfigurationError
from agentmem.stores import SQLiteStore, open_store, require_scheme

STORE = """
from agentmem.stores import SQLiteStore

def opened(url, *, user, password):
    return SQLiteStore(url.replace("shelf://", "sqlite:///"))
"""


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package that brings a store for shelf:// URLs."""
    (tmp_path / "shelf_store.py").write_text(STORE)
    metadata = tmp_path / "shelf_store-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf-store\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[agentmem.stores]\nshelf = shelf_store:opened\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_a_package_brings_a_store_by_its_scheme(shelf: Path) -> None:
    with Memory.open(f"shelf://{shelf}/m.db", embedder=HashingEmbedder()) as memory:
        memory.retain("Anna lives in Porto.")
    assert (shelf / "m.db").exists()
    with SQLiteStore(f"sqlite:///{shelf}/m.db") as store:
        assert store.banks() == ["default"]


def test_schemes_are_told_without_opening_anything(shelf: Path) -> None:
    assert require_scheme("SHELF://x") == "shelf"
    assert require_scheme("neo4j+s://host") == "neo4j+s"
    with pytest.raises(ConfigurationError, match="no store has a URL like that") as caught:
        open_store("pg://somebody:secret@host")
    assert "shelf://" in caught.value.hint
    assert "secret" not in str(caught.value)
    assert caught.value.where == "pg://"


def test_a_workflow_with_a_store_of_an_unknown_scheme_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text("task: Say it.\nmemory:\n  store: pg://somebody:secret@host\n")
    (problem,) = Workflow.from_file(file).problems()
    assert (problem.line, "no store has a URL" in problem.message, "pg://" in problem.message) == (3, True, True)
    assert "secret" not in problem.message
