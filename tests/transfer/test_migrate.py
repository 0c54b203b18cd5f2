"""A migrated store is the same store; what is not, is found out."""

from __future__ import annotations

import signal
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.errors import ConfigurationError, EmbeddingMismatch, InputError, NotFound, StoreCorrupt
from agentmem.memory import Memory
from agentmem.records import EVERY_STATUS, Kind, Status, verify_chain
from agentmem.stores import EmbeddingStamp, Store, View
from agentmem.testing import adding, changeset, closing, days, make_episode, make_fact
from agentmem.transfer import compare, migrate
from agentmem.transfer.contents import contents_of
from agentmem.transfer.migrate import silent

if TYPE_CHECKING:
    from tests.transfer.conftest import Dies, Open

BANK = "default"


def _altered(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    changed = connection.execute(statement).rowcount
    connection.commit()
    connection.close()
    assert changed


def test_everything_comes_over(source: Store, target: Store) -> None:
    report = migrate(source, target)
    assert report.proved
    assert [bank.parity.bank for bank in report.banks] == source.banks() == target.banks()
    assert report.as_dict()["banks"][0]["copied"] == source.head(BANK)[0]
    for bank in source.banks():
        view = View(bank=bank, statuses=EVERY_STATUS)
        nodes = source.scan(view, limit=10_000)
        assert target.scan(view, limit=10_000) == nodes
        assert {node.status for node in nodes} >= ({Status.ACTIVE, Status.SUPERSEDED} if bank == BANK else set())
        ids = [node.id for node in nodes]
        assert target.relationships(bank, ids) == source.relationships(bank, ids)
        assert target.operations(bank) == source.operations(bank)
        assert verify_chain(target.operations(bank)) is None
        assert target.statistics(bank) == source.statistics(bank)
    assert target.embedding == source.embedding
    assert report.banks[0].parity.recalls[1] >= 10


@pytest.mark.parametrize("question", ["Where does Marta live?", "boiler", "Where did Marta work?", "漢字"])
def test_recalls_and_answers_are_the_same(source: Store, target: Store, question: str) -> None:
    migrate(source, target, batch=3)
    memories = [Memory(store=store, embedder=HashingEmbedder(), bank=BANK) for store in (source, target)]
    first, second = (memory.recall(question, valid_at=None).memories for memory in memories)
    assert first == second
    past = [memory.recall(question, known_at=days(125)).memories for memory in memories]
    assert past[0] == past[1]
    assert memories[0].reflect(question) == memories[1].reflect(question)


@pytest.mark.parametrize("batch", [1, 2, 1_000])
def test_how_much_is_committed_at_once_makes_no_difference(source: Store, target: Store, batch: int) -> None:
    assert migrate(source, target, banks=['odd "bank" é'], batch=batch).proved
    assert target.banks() == ['odd "bank" é']


def test_again_changes_nothing(source: Store, target: Store) -> None:
    migrate(source, target)
    before = contents_of(target, BANK).content_hash()
    report = migrate(source, target)
    assert report.proved
    assert [bank.copied for bank in report.banks] == [0, 0]
    assert contents_of(target, BANK).content_hash() == before


@pytest.mark.parametrize("dies_at", [7, 30])
def test_kill_9_in_the_middle_and_on_again(
    source_path: Path, tmp_path: Path, open_url: Open, migrate_and_die: Dies, dies_at: int
) -> None:
    urls = (f"sqlite:///{source_path}", f"sqlite:///{tmp_path}/target.db")
    assert migrate_and_die(*urls, at=dies_at) == -signal.SIGKILL
    source, target = (open_url(url) for url in urls)
    stopped_at = target.head(BANK)[0]
    assert dies_at <= stopped_at < source.head(BANK)[0]
    report = migrate(source, target)
    assert report.proved
    assert report.banks[0].found == stopped_at
    assert report.banks[0].copied == source.head(BANK)[0] - stopped_at


def test_a_source_that_went_on_is_caught_up_with(source: Store, target: Store) -> None:
    migrate(source, target)
    memory = Memory(store=source, embedder=HashingEmbedder(), bank=BANK, run_id="later")
    memory.retain("Marta lives in Porto.", source="a letter")
    memory.retain("Please forget my phone number. Jonas lives in Graz.", source="another")
    report = migrate(source, target)
    assert report.banks[0].copied > 0
    assert report.proved, report.banks[0].parity.differences


def test_a_source_that_is_written_to_meanwhile_is_followed(source: Store, target: Store) -> None:
    memory = Memory(store=source, embedder=HashingEmbedder(), bank=BANK)
    written: list[object] = []

    def progress(what: str, done: int, total: int) -> None:
        if what == "copying" and len(written) < 2:
            written.append(memory.retain(f"Marta lives in {('Porto', 'Oslo')[len(written)]}.", source=f"{done}"))

    report = migrate(source, target, progress=progress)
    assert len(written) == 2
    assert report.proved, report.banks[0].parity.differences
    assert target.head(BANK) == source.head(BANK)


_TAMPERED = {
    "UPDATE nodes SET text = text || '.' WHERE kind = 'Fact' AND status = 'active'": "text differs",
    "UPDATE nodes SET status = 'active' WHERE status = 'superseded'": "status differs",
    "UPDATE nodes SET valid_from = '2020-01-01T00:00:00.000000Z' WHERE kind = 'Fact'": "valid_from differ",
    "UPDATE nodes SET metadata = '{\"a\":1}' WHERE kind = 'Note'": "metadata differs",
    "UPDATE relationships SET properties = '{}' WHERE type = 'EVIDENCED_BY'": "properties differs",
    "UPDATE relationships SET created_at = '2020-01-01T00:00:00.000000Z' WHERE type = 'NEXT'": "created_at differs",
    "DELETE FROM relationships WHERE type = 'SUPERSEDES'": "missing in the copy",
    "UPDATE terms_1 SET terms = 'other' WHERE rowid = (SELECT node FROM nodes WHERE kind = 'Fact')": "search terms",
    "DELETE FROM vectors WHERE node = (SELECT min(node) FROM vectors)": "vector differs",
    "UPDATE operations SET reason = 'another' WHERE seq = 3 AND bank = 1": "Operation 3: reason differs",
    "UPDATE operations SET agent = 'another' WHERE seq = 3 AND bank = 1": "Operation 3: agent differs",
}


@pytest.mark.parametrize("statement", _TAMPERED)
def test_a_copy_that_was_tampered_with_is_found_out(
    source: Store, target: Store, tmp_path: Path, statement: str
) -> None:
    assert migrate(source, target).proved
    _altered(tmp_path / "target.db", statement)
    report = migrate(source, target)
    assert not report.proved
    parity = next(bank.parity for bank in report.banks if not bank.parity.proved)
    assert _TAMPERED[statement] in " ".join(parity.differences)
    assert parity.content_hash[0] != parity.content_hash[1]
    assert parity.chain == (True, "agent" not in statement)
    assert report.as_dict()["proved"] is False


def test_a_node_more_in_the_copy_is_found_out(source: Store, target: Store, tmp_path: Path) -> None:
    migrate(source, target)
    columns = ", ".join(row[1] for row in sqlite3.connect(tmp_path / "target.db").execute("PRAGMA table_info(nodes)"))
    picked = columns.replace("node,", "NULL,", 1).replace(" id,", " 'fact-more',", 1)
    _altered(
        tmp_path / "target.db", f"INSERT INTO nodes ({columns}) SELECT {picked} FROM nodes WHERE kind = 'Fact' LIMIT 1"
    )
    parity = migrate(source, target).banks[0].parity
    assert not parity.proved
    assert parity.nodes["Fact"][1] == parity.nodes["Fact"][0] + 1
    assert "fact-more: only in the copy" in parity.differences


def test_a_bank_that_holds_something_else_is_refused(source: Store, target: Store) -> None:
    foreign = make_fact("a", bank=BANK)
    target.commit(changeset(adding(foreign), bank=BANK))
    with pytest.raises(ConfigurationError, match="something else"):
        migrate(source, target)
    assert target.banks() == [BANK]
    assert target.head(BANK)[0] == 1
    assert target.embedding is None


def test_a_bank_that_went_on_by_itself_is_refused(source: Store, target: Store) -> None:
    migrate(source, target)
    target.commit(changeset(adding(make_fact("a", bank=BANK)), bank=BANK))
    with pytest.raises(ConfigurationError, match="something else"):
        migrate(source, target)


def test_a_bank_beside_others(source: Store, target: Store) -> None:
    target.commit(changeset(adding(make_fact("a"))))
    assert migrate(source, target).proved
    assert target.head("test")[0] == 1


def test_a_store_of_another_model_is_refused(source: Store, target: Store) -> None:
    target.stamp(EmbeddingStamp(model="other", dimension=3))
    with pytest.raises(EmbeddingMismatch):
        migrate(source, target)
    assert target.banks() == []


def test_a_broken_chain_is_not_copied(source: Store, target: Store, source_path: Path) -> None:
    _altered(source_path, "UPDATE operations SET agent = 'another' WHERE seq = 3 AND bank = 1")
    with pytest.raises(StoreCorrupt, match="at 3"):
        migrate(source, target)
    assert target.banks() == []


def test_a_node_that_no_operation_added_is_not_copied(source: Store, target: Store, source_path: Path) -> None:
    _altered(source_path, "UPDATE nodes SET id = 'fact-x' WHERE id = (SELECT min(id) FROM nodes WHERE kind = 'Fact')")
    with pytest.raises(StoreCorrupt, match="fact-x"):
        migrate(source, target)


def test_mistakes_in_what_is_given(source: Store, target: Store, source_path: Path, open_url: Open) -> None:
    with pytest.raises(InputError, match="same store"):
        migrate(source, open_url(f"sqlite:///{source_path}"))
    with pytest.raises(NotFound, match="nobody"):
        migrate(source, target, banks=["nobody"])
    with pytest.raises(InputError, match="batch"):
        migrate(source, target, batch=0)
    assert target.banks() == []


def test_an_empty_store(target: Store, open_url: Open) -> None:
    report = migrate(open_url("sqlite:///:memory:"), target)
    assert report.proved
    assert report.banks == ()


def test_states_and_versions_that_only_a_test_would_write(target: Store, open_url: Open) -> None:
    source = open_url("sqlite:///:memory:")
    a, b, episode = make_fact("a"), make_fact("b", status=Status.QUARANTINED), make_episode("e", status=Status.PENDING)
    source.commit(changeset(adding(a), adding(b), adding(episode)))
    migrate(source, target)
    gone = replace(a, text="", status=Status.ERASED)
    source.commit(changeset(closing(a, Status.RETIRED, at=days(1)), closing(episode, Status.ACTIVE, at=days(1))))
    source.commit(changeset(replace(closing(gone, Status.ERASED, at=days(2)), states=(), evolve=gone)))
    report = migrate(source, target)
    assert report.proved, report.banks[0].parity.differences
    assert target.fetch("test", [a.id])[a.id].status is Status.ERASED


def test_compare_reads_only(source: Store, target: Store) -> None:
    migrate(source, target)
    assert compare(source, target, BANK, silent).proved
    assert compare(source, target, BANK, silent).nodes[Kind.FACT.value][0] > 0
