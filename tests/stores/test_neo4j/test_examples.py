"""Every example does on a real server what it does on SQLite: the same words, and the same Operations."""

from __future__ import annotations

import itertools
import re
import runpy
import secrets
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.memory import Memory
from agentmem.records import EVERY_STATUS, SystemClock, verify_chain
from agentmem.stores import Store, View, open_store
from agentmem.workflow.workflow import Workflow

pytestmark = pytest.mark.neo4j

_EXAMPLES = Path(__file__).parents[3] / "examples"
_SCRIPTS = sorted(_EXAMPLES.glob("*.py"))
_STORE = re.compile(r'"sqlite:///[^"]*"')


def _begin_anew(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """No runs yet, a clock that stands, and ids of runs in a row: what is random or of the time differs otherwise."""
    numbers = itertools.count()
    monkeypatch.setenv("AGENTMEM_HOME", str(home))
    monkeypatch.setattr(SystemClock, "now", lambda _self: datetime(2025, 9, 1, 12, tzinfo=UTC))
    monkeypatch.setattr(secrets, "token_hex", lambda _size: f"{next(numbers):04x}")


def _run_script(script: Path, url: str, folder: Path) -> None:
    """Run a script as it is, but for the URL of its store."""
    text, replaced = _STORE.subn(repr(url), script.read_text(encoding="utf-8"))
    assert replaced == 1
    copy = folder / script.name
    copy.write_text(text, encoding="utf-8")
    runpy.run_path(str(copy), run_name="__main__")


def _assert_same(ours: Store, reference: Store) -> None:
    assert ours.banks() == reference.banks() != []
    for bank in reference.banks():
        operations = ours.operations(bank)
        assert operations == reference.operations(bank)
        assert verify_chain(operations) is None
        every = View(bank=bank, statuses=EVERY_STATUS)
        nodes = ours.scan(every, limit=10_000)
        assert nodes == reference.scan(every, limit=10_000)
        ids = [node.id for node in nodes]
        assert ours.relationships(bank, ids) == reference.relationships(bank, ids)
        assert ours.statistics(bank) == reference.statistics(bank)


@pytest.mark.parametrize("script", _SCRIPTS, ids=lambda path: path.name)
def test_scripts(
    script: Path,
    store_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed = []
    urls = (store_url, f"sqlite:///{tmp_path}/example.db")
    for number, url in enumerate(urls):
        _begin_anew(monkeypatch, tmp_path / f"home-{number}")
        _run_script(script, url, tmp_path)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] != ""
    with closing(open_store(urls[0])) as ours, closing(open_store(urls[1])) as reference:
        _assert_same(ours, reference)


def test_the_main_example(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    urls = (store_url, f"sqlite:///{tmp_path}/example.db")
    results = []
    for number, url in enumerate(urls):
        folder = tmp_path / f"{number}" / "team_brief"
        shutil.copytree(_EXAMPLES / "team_brief", folder, ignore=shutil.ignore_patterns("*.db*", "report.md"))
        _begin_anew(monkeypatch, tmp_path / f"home-{number}")
        for name in ("first", "second"):
            with Workflow.from_file(folder / "workflow.yaml").begin(store=url, run_id=name) as run:
                results.append((run.finish().answer, (folder / "report.md").read_text(encoding="utf-8")))
    assert results[:2] == results[2:]
    with closing(open_store(urls[0])) as store, closing(open_store(urls[1])) as reference:
        _assert_same(store, reference)
        memories = [Memory(store=each, embedder=HashingEmbedder(), bank="heron") for each in (store, reference)]
        for question in Workflow.from_file(_EXAMPLES / "team_brief" / "workflow.yaml").spec.inputs["questions"].default:
            ours, theirs = (memory.recall(question) for memory in memories)
            assert (ours.context, ours.tokens) == (theirs.context, theirs.tokens)
            for mine, other in zip(ours.memories, theirs.memories, strict=True):
                # A server's index counts in single precision.
                assert replace(mine, score=0.0) == replace(other, score=0.0)
                assert mine.score == pytest.approx(other.score, abs=2e-6)
            assert memories[0].reflect(question) == memories[1].reflect(question)
