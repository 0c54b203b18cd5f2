"""migrate, export and import on the command line: shapes, words, exit codes, pipes."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Agentmem


def test_migrate_says_what_it_proved(inside: Agentmem, source_path: Path, tmp_path: Path) -> None:
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


def test_one_bank(inside: Agentmem, source_path: Path) -> None:
    ended = inside("migrate", "sqlite:///source.db", "sqlite:///target.db", "--bank", "default", "--json")
    assert [bank["bank"] for bank in ended.data["banks"]] == ["default"]


def test_there_and_back_through_files(agentmem: Agentmem, inside: Agentmem, source_path: Path, tmp_path: Path) -> None:
    written = inside("export", "--store", "sqlite:///source.db", "--out", "m.jsonl", "--json")
    assert set(written.data) == {"format", "file", "banks", "nodes", "relationships", "operations"}
    piped = agentmem("export", "--store", "sqlite:///source.db")
    assert piped.out == (tmp_path / "m.jsonl").read_text(encoding="utf-8")
    taken = inside("import", "m.jsonl", "--trust", "person", "--store", "sqlite:///there.db")
    assert taken.code == 0, taken.err
    assert "Proved: " in taken.out
    from_pipe = agentmem("import", "-", "--trust", "person", "--store", "sqlite:///pipe.db", "--json", stdin=piped.out)
    assert from_pipe.data["proved"] is True
    assert inside("export", "--store", "sqlite:///pipe.db").out == piped.out


def test_graphml_and_cypher(inside: Agentmem, source_path: Path) -> None:
    options = ("--store", "sqlite:///source.db", "--bank", "default")
    graphml = inside("export", "--format", "graphml", *options)
    assert graphml.out.startswith("<?xml")
    taken = inside("import", "-", "--store", "sqlite:///there.db", "--bank", "mine", "--json", stdin=graphml.out)
    assert [bank["bank"] for bank in taken.data["banks"]] == ["mine"]
    assert "CREATE (n:Memory:Fact {" in inside("export", "--format", "cypher", *options).out


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
def test_mistakes(inside: Agentmem, source_path: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = inside(*arguments)
    assert ended.code == 2
    assert said in ended.err
    assert not ended.out
    assert "Traceback" not in ended.err
