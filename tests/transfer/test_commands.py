"""migrate, export and import on the command line: shapes, words, exit codes, pipes."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agentmem.cli import app, transfer

_COMMAND = "from agentmem.cli import app, transfer\ntransfer.register(app.app)\napp.main()"
transfer.register(app.app)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def agentmem(tmp_path: Path) -> Any:
    """The command line as a process of its own, piped."""

    def run(*arguments: object, stdin: str = "", env: Mapping[str, str] | None = None) -> Ended:
        ended = subprocess.run(
            [sys.executable, "-c", _COMMAND, *map(str, arguments)],
            input=stdin.encode(),
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **(env or {})},
            check=False,
            timeout=120,
        )
        return Ended(code=ended.returncode, out=ended.stdout.decode(), err=ended.stderr.decode())

    return run


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    """The command line within this process: the same, and sooner."""

    def run(*arguments: str) -> Ended:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["agentmem", *arguments])
        with pytest.raises(SystemExit) as ended:
            app.main()
        out, err = capfd.readouterr()
        return Ended(code=int(ended.value.code or 0), out=out, err=err)

    return run


def test_migrate_says_what_it_proved(inside: Any, source_path: Path, tmp_path: Path) -> None:
    urls = ("sqlite:///source.db", "sqlite:///target.db")
    ended = inside("migrate", *urls)
    assert ended.code == 0, ended.err
    assert "Proved: " in ended.out
    assert "verified on both sides" in ended.out
    again = inside("migrate", *urls, "--json")
    assert set(again.data) == {"source", "target", "embedding", "proved", "banks"}
    assert set(again.data["banks"][0]) == {
        "bank", "proved", "operations", "head", "chain_verified", "nodes", "relationships", "content_hash", "recalls",
        "differences", "copied", "found",
    }  # fmt: skip
    assert again.data["proved"] is True
    connection = sqlite3.connect(tmp_path / "target.db")
    connection.execute("UPDATE nodes SET text = 'x' WHERE kind = 'Note'")
    connection.commit()
    connection.close()
    failed = inside("migrate", *urls)
    assert failed.code == 1
    assert "Not proved: " in failed.out
    assert "text differs" in failed.out


def test_one_bank(inside: Any, source_path: Path) -> None:
    ended = inside("migrate", "sqlite:///source.db", "sqlite:///target.db", "--bank", "default", "--json")
    assert [bank["bank"] for bank in ended.data["banks"]] == ["default"]


def test_there_and_back_through_files(agentmem: Any, source_path: Path, tmp_path: Path) -> None:
    written = agentmem("export", "--store", "sqlite:///source.db", "--out", "m.jsonl", "--json")
    assert set(written.data) == {"format", "file", "banks", "nodes", "relationships", "operations"}
    piped = agentmem("export", "--store", "sqlite:///source.db")
    assert piped.out == (tmp_path / "m.jsonl").read_text(encoding="utf-8")
    taken = agentmem("import", "m.jsonl", "--trust", "person", "--store", "sqlite:///there.db")
    assert taken.code == 0, taken.err
    assert "Proved: " in taken.out
    from_pipe = agentmem("import", "-", "--trust", "person", "--store", "sqlite:///pipe.db", "--json", stdin=piped.out)
    assert from_pipe.data["proved"] is True
    assert agentmem("export", "--store", "sqlite:///pipe.db").out == piped.out


def test_graphml_and_cypher(agentmem: Any, source_path: Path) -> None:
    options = ("--store", "sqlite:///source.db", "--bank", "default")
    graphml = agentmem("export", "--format", "graphml", *options)
    assert graphml.out.startswith("<?xml")
    taken = agentmem("import", "-", "--store", "sqlite:///there.db", "--bank", "mine", "--json", stdin=graphml.out)
    assert [bank["bank"] for bank in taken.data["banks"]] == ["mine"]
    assert "CREATE (n:Memory:Fact {" in agentmem("export", "--format", "cypher", *options).out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("migrate", "sqlite:///none.db", "sqlite:///target.db"), "there is no store"),
        (("migrate", "sqlite:///source.db", "sqlite:///source.db"), "same store"),
        (("migrate", "sqlite:///source.db", "sqlite:///t.db", "--bank", "x"), "no bank 'x'"),
        (("migrate", "source.db", "sqlite:///t.db"), "no store has a URL"),
        (("export", "--store", "sqlite:///source.db", "--format", "xml"), "no format"),
        (("export", "--store", "sqlite:///source.db", "--format", "graphml"), "one bank"),
        (("export", "--store", "sqlite:///source.db", "--json"), "--out"),
        (("import", "nothing.jsonl", "--store", "sqlite:///t.db"), "cannot be read"),
        (("import", "source.db", "--store", "sqlite:///t.db"), "neither"),
    ],
)
def test_mistakes(inside: Any, source_path: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = inside(*arguments)
    assert ended.code == 2
    assert said in ended.err
    assert not ended.out
    assert "Traceback" not in ended.err
