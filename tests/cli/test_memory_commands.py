"""retain, recall, reflect, show, log, stats, banks: shapes, streams, exit codes."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agentmem import Memory
from agentmem.embeddings import HashingEmbedder
from agentmem.tools.documents import parse_conversation

if TYPE_CHECKING:
    from tests.conftest import Agentmem

CHAT = "".join(
    json.dumps(turn) + "\n"
    for turn in (
        {"id": "t1", "speaker": "Marta", "at": "2024-05-01T09:00:00Z", "text": "I live in Graz. I work at Kestrel."},
        {"id": "t2", "speaker": "Jonas", "at": "2024-05-02T09:00:00Z", "text": "The boiler was repaired on Monday."},
        {"id": "t3", "speaker": "Marta", "at": "2024-06-01T09:00:00Z", "text": "I live in Bergen now."},
    )
)
ANSI = re.compile(r"\x1b\[")


@pytest.fixture(scope="module")
def home_of_one_conversation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose store holds CHAT; made once and copied for each test."""
    home = tmp_path_factory.mktemp("filled")
    with Memory.open(f"sqlite:///{home}/memory.db", embedder=HashingEmbedder()) as memory:
        memory.retain(parse_conversation(CHAT, name="chat.jsonl"))
    return home


@pytest.fixture
def filled(inside: Agentmem, tmp_path: Path, clean_environment: Path, home_of_one_conversation: Path) -> Agentmem:
    """The command line over a default store that holds CHAT, which lies in the folder too."""
    (tmp_path / "chat.jsonl").write_text(CHAT, encoding="utf-8")
    shutil.copytree(home_of_one_conversation, clean_environment, dirs_exist_ok=True)
    return inside


def test_retain_has_its_stable_shape(tmp_path: Path, agentmem: Agentmem) -> None:
    (tmp_path / "chat.jsonl").write_text(CHAT, encoding="utf-8")
    ended = agentmem("retain", "chat.jsonl", "--store", "sqlite:///here.db", "--bank", "b", "--json")
    assert ended.code == 0
    assert set(ended.data) == {"episodes", "operations", "unread"}
    assert [episode["source"] for episode in ended.data["episodes"]] == ["t1", "t2", "t3"]
    assert all(set(episode) == {"id", "source"} for episode in ended.data["episodes"])
    assert ended.data["operations"]
    assert all(set(o) == {"op", "id", "kind", "text", "reason"} for o in ended.data["operations"])
    assert (tmp_path / "here.db").is_file()


def test_the_same_input_again_changes_nothing(filled: Agentmem) -> None:
    before = filled("stats", "--json").data
    again = filled("retain", "chat.jsonl", "--json")
    assert [episode["source"] for episode in again.data["episodes"]] == ["t1", "t2", "t3"]
    assert filled("stats", "--json").data == before


def test_standard_input_and_source_and_time(inside: Agentmem) -> None:
    ended = inside("retain", "-", "--source", "memo", "--at", "2024-02-03", "--json", stdin="Ines lives in Porto.\n")
    assert [episode["source"] for episode in ended.data["episodes"]] == ["memo"]
    found = inside("recall", "Where does Ines live?", "--json").data["memories"]
    assert found[0]["evidence"][0]["at"].startswith("2024-02-03T00:00:00")


def test_a_conversation_can_be_piped_in(agentmem: Agentmem) -> None:
    ended = agentmem("retain", "-", "--json", stdin=CHAT)
    assert [episode["source"] for episode in ended.data["episodes"]] == ["t1", "t2", "t3"]


def test_recall_has_its_stable_shape(filled: Agentmem) -> None:
    ended = filled("recall", "Where does Marta live?", "--k", "2", "--json")
    assert ended.code == 0
    assert ended.err == ""
    assert set(ended.data) == {"query", "memories", "context", "tokens"}
    assert ended.data["query"] == "Where does Marta live?"
    assert 1 <= len(ended.data["memories"]) <= 2
    for memory in ended.data["memories"]:
        assert set(memory) == {
            "id", "kind", "text", "score", "valid_from", "valid_to", "evidence", "source", "words", "speaker",
        }  # fmt: skip
        assert all(set(evidence) == {"id", "source", "at"} for evidence in memory["evidence"])
    assert any("Bergen" in memory["text"] for memory in ended.data["memories"])


def test_recall_explains_itself(filled: Agentmem) -> None:
    told = filled("recall", "Where does Marta live?", "--k", "1", "--explain")
    assert "keyword 1.00 (rank 1, " in told.out
    assert "Found and not shown" in told.out
    shape = filled("recall", "Where does Marta live?", "--k", "1", "--explain", "--json").data
    assert list(shape["memories"][0]["by"]["keyword"]) == ["rank", "score", "share"]
    assert list(shape["left_out"][0]) == ["id", "kind", "text", "score", "reason"]


def test_reflect_has_its_stable_shape(filled: Agentmem) -> None:
    known = filled("reflect", "Where does Marta live now?", "--json").data
    assert set(known) == {"question", "answer", "known", "confidence", "citations"}
    assert known["known"] is True
    assert "Bergen" in known["answer"]
    assert known["citations"]
    assert all(set(cited) == {"id", "text", "source", "at"} for cited in known["citations"])
    unknown = filled("reflect", "What is the name of Marta's dentist?", "--json")
    assert unknown.code == 0
    assert unknown.data["known"] is False
    assert unknown.data["citations"] == []


def test_log_and_stats_have_their_stable_shapes(filled: Agentmem) -> None:
    entries = filled("log", "--json").data
    keys = {"seq", "op", "id", "kind", "text", "reason", "agent", "run", "at", "supersedes"}
    assert all(set(entry) == keys for entry in entries)
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry["seq"] for entry in filled("log", "--limit", "2", "--json").data] == [len(entries) - 1, len(entries)]
    updates = filled("log", "--op", "update", "--json").data
    assert [entry["op"] for entry in updates] == ["UPDATE"] * len(updates)
    assert any(entry["supersedes"] for entry in updates)
    stats = filled("stats", "--json").data
    assert set(stats) == {"bank", "nodes", "relationships", "operations"}
    assert stats["operations"] == len(entries)
    assert stats["nodes"]["Episode"] == 3


def test_show_tells_everything_about_a_memory(filled: Agentmem) -> None:
    newer = next(e for e in filled("log", "--json").data if e["op"] == "UPDATE" and e["supersedes"])
    shown = filled("show", newer["id"][:-4], "--json").data
    assert shown["id"] == newer["id"]
    assert [version["status"] for version in shown["versions"]] == ["superseded", "active"]
    assert shown["evidence"][0]["source"] == "t3"
    assert {"EVIDENCED_BY", "SUPERSEDES"} <= {r["type"] for r in shown["relationships"]}
    assert [operation["op"] for operation in shown["operations"]] == ["UPDATE"]
    plain = filled("show", newer["id"])
    for heading in ("Rests on", "Versions", "Relationships", "History"):
        assert heading in plain.out


def test_words_are_plain_when_piped(filled: Agentmem) -> None:
    for command in (
        ("recall", "Where does Marta live?"),
        ("reflect", "Where does Marta live now?"),
        ("log",),
        ("stats",),
        ("banks",),
    ):
        ended = filled(*command, env={"COLUMNS": "40"})
        assert ended.code == 0
        assert ended.out.strip()
        assert not ANSI.search(ended.out + ended.err)
    log = filled("log", env={"COLUMNS": "40"})
    assert len(log.out.splitlines()) == len(filled("log", "--json").data)


def test_the_default_store_is_told_and_lies_in_the_data_folder(filled: Agentmem, clean_environment: Path) -> None:
    assert (clean_environment / "memory.db").is_file()
    assert f"sqlite:///{clean_environment}/memory.db" in filled("stats").err


def test_store_and_bank_come_from_options_before_the_environment(tmp_path: Path, inside: Agentmem) -> None:
    env = {"AGENTMEM_STORE": f"sqlite:///{tmp_path}/env.db", "AGENTMEM_BANK": "env"}
    inside("retain", "-", stdin="Rain fell on Tuesday.", env=env)
    assert inside("banks", "--json", env=env).data == ["env"]
    inside("retain", "-", "--bank", "other", stdin="Snow fell on Friday.", env=env)
    assert inside("banks", "--json", env=env).data == ["env", "other"]
    assert inside("banks", "--store", f"sqlite:///{tmp_path}/env.db").out == "env\nother\n"


MISTAKES = [
    (("recall", "x", "--bank", "nope"), "NotFound", "no bank 'nope'", "Banks: default"),
    (("reflect", "x", "--bank", "nope"), "NotFound", "no bank 'nope'", "Banks: default"),
    (("log", "--bank", "nope"), "NotFound", "no bank 'nope'", "Banks: default"),
    (("recall", "x", "--store", "sqlite:///gone.db"), "NotFound", "there is no store", "retain"),
    (("recall", "x", "--store", "pg://x"), "ConfigurationError", "no store has a URL like that", "sqlite:///"),
    (("recall", "x", "--embedder", "minilml"), "ConfigurationError", "no embedder", "minilm"),
    (("recall", "x", "--k", "0"), "InputError", "k is 0", ""),
    (("recall", "x", "--k", "many"), "InputError", "--k", "--help"),
    (("recall", " "), "InputError", "", ""),
    (("recall",), "InputError", "Missing argument", "--help"),
    (("recall", "x", "--valid-at", "soon"), "InputError", "'soon' is no date", "2024-05-31"),
    (("show", "fact-none"), "NotFound", "fact-none", "log"),
    (("log", "--op", "CHANGE"), "InputError", "no operation 'CHANGE'", "UPDATE"),
    (("retain", "gone.txt"), "NotFound", "no such file", ""),
    (("retain", "."), "InputError", "folder", ""),
    (("retain", "empty.txt"), "InputError", "empty", ""),
    (("retain", "binary.txt"), "InputError", "binary", "UTF-8"),
    (("retain", "broken.jsonl"), "InputError", "not JSON", "One object a line"),
    (("retain", "chat.jsonl", "--at", "yesterday"), "InputError", "'yesterday' is no date", ""),
    (("nonsense",), "InputError", "nonsense", "--help"),
    (("recall", "x", "--storr", "y"), "InputError", "--storr", "--help"),
]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(("arguments", "kind", "said", "hint"), MISTAKES, ids=[" ".join(m[0]) for m in MISTAKES])
def test_mistakes_exit_with_2_and_say_how_to_mend_them(
    tmp_path: Path, inside: Agentmem, arguments: tuple[str, ...], kind: str, said: str, hint: str
) -> None:
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "binary.txt").write_bytes(b"\x7fELF\x00\x01\x02")
    (tmp_path / "broken.jsonl").write_text('{"text": "hello"}\n{"text": \n')
    ended = inside(*arguments, "--json")
    assert (ended.code, ended.out) == (2, "")
    assert ended.error["kind"] == kind
    assert said in ended.error["message"]
    assert hint in ended.error["hint"]


def test_a_mistake_without_json_is_one_sentence_without_traceback(filled: Agentmem) -> None:
    ended = filled("recall", "x", "--bank", "nope")
    assert (ended.code, ended.out) == (2, "")
    assert "there is no bank 'nope'." in ended.err
    assert "Traceback" not in ended.err


def test_the_line_of_a_broken_turn_is_told(tmp_path: Path, inside: Agentmem) -> None:
    (tmp_path / "broken.jsonl").write_text('{"text": "hello"}\n\n{"text": \n')
    assert inside("retain", "broken.jsonl", "--json").error["where"] == "broken.jsonl, line 3"


def test_a_damaged_store_is_told_without_traceback(tmp_path: Path, inside: Agentmem) -> None:
    (tmp_path / "bad.db").write_bytes(b"no database at all " * 300)
    ended = inside("stats", "--store", "sqlite:///bad.db", "--json")
    assert ended.code == 2
    assert ended.error["kind"] == "StoreCorrupt"


def test_another_embedder_is_refused_with_the_command_that_mends_it(filled: Agentmem) -> None:
    ended = filled("recall", "x", "--embedder", "hashing-64", "--json")
    assert ended.error["kind"] == "EmbeddingMismatch"
    assert "agentmem reembed" in ended.error["hint"]
    mended = filled("reembed", "--embedder", "hashing-64", "--json")
    assert mended.code == 0, mended.err
    assert (mended.data["from"], mended.data["to"]) == ("hashing-384", "hashing-64")
    found = filled("recall", "Where does Marta live?", "--embedder", "hashing-64", "--json").data["memories"]
    assert any("Bergen" in memory["text"] for memory in found)
