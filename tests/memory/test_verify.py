"""Every edit of a store that its journal does not tell of is named, and nothing else is."""

from __future__ import annotations

import shutil
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.errors import StoreCorrupt
from agentmem.memory import Memory, Message
from agentmem.memory.experience import Lesson, StepTrace, TaskTrace
from agentmem.memory.recording import record
from agentmem.memory.reembedding import reembed_store
from agentmem.memory.retaining.changes import Grounds
from agentmem.memory.verifying.verification import Verification, verify
from agentmem.records import GENESIS, Changeset, Kind, Node, OperationType, Relationship, RelationshipType, sealed
from agentmem.stores import View, open_store
from agentmem.testing import TickingClock

START = datetime(2024, 5, 1, 9, tzinfo=UTC)
SAID = (
    "I live in Graz. I work at Kestrel.",
    "The boiler was repaired on Monday.",
    "I live in Bergen now. My sister Ana likes tea.",
    "I no longer work at Kestrel.",
    "Please forget that the boiler was repaired.",
    "I live in Bergen now.",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small memory that holds every kind of Operation that something produces."""
    path = tmp_path_factory.mktemp("verified") / "memory.db"
    with Memory.open(f"sqlite:///{path}", embedder=HashingEmbedder(), clock=TickingClock(START)) as memory:
        for number, text in enumerate(SAID):
            memory.retain([Message(text=text, speaker="Marta", at=START + timedelta(days=number))], source="chat")
        for number in range(5):
            lesson = Lesson(topic="lookup", text="Look it up first.", applies_when="asked where", avoid=False)
            outcome = "done" if number == 0 else "failed"
            applied = tuple(e.id for e in memory.log() if e.kind == "Insight" and e.op == "ADD")
            trace = TaskTrace(
                text="Where does Marta live?",
                outcome=outcome,
                reward=1.0,
                steps=(StepTrace(name="look", text="look it up", outcome="done", output="Bergen"),),
                lessons=(lesson,) if number == 0 else (),
                applied=applied,
            )
            record(memory.bound(agent="team", run_id=f"run-{number}"), trace)
        builder, (one, other) = memory.write_path().builder(), _facts(memory)
        joined = Relationship(type=RelationshipType.CAUSES, source_id=one.id, target_id=other.id)
        link = builder.link(one, [joined], Grounds(reason="one came of the other"))
        memory.write_path().commit(Changeset(bank=memory.bank, changes=(link,)))
    return path


def _facts(memory: Memory) -> list[Node]:
    return memory.store.scan(View(bank=memory.bank, kinds=frozenset({Kind.FACT})), limit=2)


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    """A copy, to be altered freely."""
    return Path(shutil.copy(made, tmp_path / "memory.db"))


@pytest.fixture
def memory(path: Path) -> Iterator[Memory]:
    with Memory.open(f"sqlite:///{path}", embedder=HashingEmbedder()) as memory:
        yield memory


def _altered(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        changed = [connection.execute(statement).rowcount for statement in statements]
    assert all(changed), "an edit that changes nothing is none"


def _verified(path: Path) -> Verification:
    with Memory.open(f"sqlite:///{path}", embedder=HashingEmbedder()) as memory:
        return memory.verify()


def _one(path: Path, query: str) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute(query).fetchone()[0])


def test_a_memory_as_it_was_written_verifies(memory: Memory) -> None:
    found = memory.verify()
    assert found.verified, [str(difference) for difference in found.differences]
    counted = memory.statistics()
    assert found.nodes == sum(counted.nodes.values())
    assert found.relationships == sum(counted.relationships.values())
    assert found.head == memory.store.head(memory.bank)
    assert found.entries > 0
    assert found.unproved == 0
    never = {OperationType.MERGE, OperationType.REVERT, OperationType.ERASE}  # nothing produces them yet
    assert {entry.op for entry in memory.log()} == set(OperationType) - never


_EPISODE = "(SELECT min(id) FROM nodes WHERE kind = 'Episode')"
_FACT = "(SELECT min(id) FROM nodes WHERE kind = 'Fact' AND status = 'active')"
_OLD = "(SELECT min(id) FROM nodes WHERE status = 'superseded')"
_EDGE = "WHERE (source, type, target) = (SELECT source, type, target FROM relationships WHERE type = 'EVIDENCED_BY')"
_NODE_OF = "(SELECT node FROM nodes WHERE id = {})"

EDITS: dict[str, tuple[str, str, str]] = {
    # what is altered: (statement, query for what must be named, field)
    "text of an episode": (f"UPDATE nodes SET text = 'I live in Rome.' WHERE id = {_EPISODE}", _EPISODE, "text"),
    "text of a fact": (f"UPDATE nodes SET text = text || '!' WHERE id = {_FACT}", _FACT, "text"),
    "trust": (f"UPDATE nodes SET trust = 0.5 WHERE id = {_FACT}", _FACT, "trust"),
    "key": (f"UPDATE nodes SET key = 'other' WHERE id = {_FACT}", _FACT, "content"),
    "status back": (f"UPDATE nodes SET status = 'active' WHERE id = {_OLD}", _OLD, "status"),
    "status retired": (f"UPDATE nodes SET status = 'retired' WHERE id = {_FACT}", _FACT, "status"),
    "valid_to": (f"UPDATE nodes SET valid_to = '2030-01-01T00:00:00.000000Z' WHERE id = {_OLD}", _OLD, "valid_to"),
    "valid_to of what is current": (
        f"UPDATE nodes SET valid_to = '2030-01-01T00:00:00.000000Z' WHERE id = {_FACT}", _FACT, "valid_to"
    ),
    "closed_at": (f"UPDATE nodes SET closed_at = '2030-01-01T00:00:00.000000Z' WHERE id = {_OLD}", _OLD, "closed_at"),
    "created_at": (
        f"UPDATE nodes SET created_at = '2020-01-01T00:00:00.000000Z' WHERE id = {_FACT}", _FACT, "created_at"
    ),
    "agent of a node": (f"UPDATE nodes SET agent = 'boss' WHERE id = {_FACT}", _FACT, "agent"),
    "reason": ("UPDATE operations SET reason = 'because' WHERE seq = 3", "'Operation 3'", "reason"),
    "changes": (
        "UPDATE operations SET changes = '{}' WHERE op = 'EVOLVE'",
        "(SELECT 'Operation ' || min(seq) FROM operations WHERE op = 'EVOLVE')", "changes",
    ),
    "actor": ("UPDATE operations SET agent = 'boss' WHERE seq = 3", "'Operation 3'", "hash"),
    "evidence": ("UPDATE operations SET evidence = '[]' WHERE seq = 3", "'Operation 3'", "hash"),
    "a deleted edge": (f"DELETE FROM relationships {_EDGE}", "'EVIDENCED_BY'", ""),
    "an added edge": (
        "INSERT INTO relationships SELECT target, 'SAME_AS', source, created_at, '{}' FROM relationships LIMIT 1",
        "'SAME_AS'", "",
    ),
    "an edge's property": (
        f"UPDATE relationships SET properties = '{{\"quote\":\"x\"}}' {_EDGE}", "'EVIDENCED_BY'", "properties"
    ),
    "an edge's time": (
        f"UPDATE relationships SET created_at = '2020-01-01T00:00:00.000000Z' {_EDGE}", "'EVIDENCED_BY'", "created_at"
    ),
    "an edge's end": (
        f"UPDATE relationships SET target = (SELECT node FROM nodes WHERE kind = 'Query' LIMIT 1) {_EDGE}",
        "'EVIDENCED_BY'", "",
    ),
    "a vector": (
        "UPDATE vectors SET vector = (SELECT vector FROM vectors ORDER BY node DESC LIMIT 1) "
        f"WHERE node = {_NODE_OF.format(_EPISODE)}",
        _EPISODE, "vector",
    ),
    "a vector gone": (f"DELETE FROM vectors WHERE node = {_NODE_OF.format(_EPISODE)}", _EPISODE, "vector"),
    "terms": (f"UPDATE terms_1 SET terms = 'rome' WHERE rowid = {_NODE_OF.format(_FACT)}", _FACT, "search terms"),
    "terms gone": (f"DELETE FROM terms_1 WHERE rowid = {_NODE_OF.format(_FACT)}", _FACT, "search terms"),
    "the end of the chain": (
        "DELETE FROM operations WHERE seq = (SELECT max(seq) FROM operations)", "'the head of the journal'", ""
    ),
    "a hole in the chain": ("DELETE FROM operations WHERE seq = 4", "'Operation 4'", ""),
    "the head": ("UPDATE banks SET seq = seq - 1", "'the head of the journal'", ""),
}  # fmt: skip


_TERMS_GO = (
    "CREATE TEMP TABLE kept AS SELECT * FROM terms_1_content LIMIT 1",
    "DELETE FROM terms_1 WHERE rowid = (SELECT id FROM kept)",
    "INSERT INTO terms_1_content SELECT * FROM kept",
)
_OTHER_TERMS = (
    "CREATE TEMP TABLE kept AS SELECT * FROM terms_1_content LIMIT 1",
    "UPDATE terms_1 SET terms = 'rome' WHERE rowid = (SELECT id FROM kept)",
    "UPDATE terms_1_content SET c0 = (SELECT c0 FROM kept) WHERE id = (SELECT id FROM kept)",
)
_OPERATION = "bank, {}, op, target, kind, at, payload_hash, changes, reason, evidence, candidates, agent, run_id, model"
_REST = "tokens, cost_usd, previous_hash, hash"
_MORE = (
    f"INSERT INTO operations ({_OPERATION.format('seq')}, {_REST}) "
    f"SELECT {_OPERATION.format('{}')}, {_REST} FROM operations WHERE seq = 9"
)
FAULTS: dict[str, tuple[tuple[str, ...], str]] = {
    # what is altered below the records: (statements, what must be named)
    "an entry that no term leads to": (_TERMS_GO, "the text index of bank 'default'"),
    "an entry that other terms lead to": (_OTHER_TERMS, "the text index of bank 'default'"),
    "lengths that texts are ranked by": (
        ("UPDATE terms_1_docsize SET sz = x'0101'",), "the text index of bank 'default'"
    ),
    "an entry of no node": (("INSERT INTO terms_1 (rowid, terms) VALUES (9999, 'a')",), "the text index of bank"),
    "a vector of no node": (("INSERT INTO vectors SELECT 9999, vector FROM vectors LIMIT 1",), "table vectors"),
    "an edge to no node": (
        ("INSERT INTO relationships SELECT 1, 'SAME_AS', 9999, created_at, '{}' FROM nodes LIMIT 1",),
        "table relationships",
    ),
    "a bank that is gone": (("DELETE FROM banks WHERE name = 'other'",), "table nodes"),
    "a bank said to be empty": (("UPDATE banks SET seq = 0 WHERE name = 'other'",), "bank 'other'"),
    "an Operation behind the head": ((_MORE.format("seq + 100"),), "the journal"),
    "an Operation before the first": ((_MORE.format("0"),), "the journal"),
    "a trigger": (
        ("CREATE TRIGGER eats AFTER INSERT ON nodes BEGIN DELETE FROM vectors WHERE node = new.node; END",),
        "trigger eats",
    ),
    "an index that is gone": (("DROP INDEX nodes_id",), "index nodes_id"),
    "an index of other rows": (
        ("DROP INDEX nodes_key", "CREATE INDEX nodes_key ON nodes (bank, key, kind) WHERE key <> 'anna'"),
        "index nodes_key",
    ),
    "the stamp's dimension": (
        ("UPDATE settings SET value = '7' WHERE name = 'embedding_dimension'",), "the embedding stamp"
    ),
    "no stamp": (("DELETE FROM settings",), "the embedding stamp"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_below_the_records_is_named(path: Path, fault: str) -> None:
    with Memory.open(f"sqlite:///{path}", bank="other", embedder=HashingEmbedder()) as other:
        other.retain("Ines lives in Porto.")
        assert other.verify().verified
    statements, what = FAULTS[fault]
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    with closing(open_store(f"sqlite:///{path}")) as store:
        found = verify(store, "default", embedder=HashingEmbedder)
    assert any(difference.what.startswith(what) for difference in found.differences), found.differences


def test_what_somebody_keeps_beside_the_tables_is_no_fault(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in ("CREATE TABLE mine (x)", "CREATE VIEW texts AS SELECT text FROM nodes", "ANALYZE"):
            connection.execute(statement)
    assert _verified(path).verified


def test_a_number_and_a_stamp_that_are_none_are_damage(path: Path) -> None:
    _altered(path, f"UPDATE nodes SET trust = 'much' WHERE id = {_FACT}")
    with pytest.raises(StoreCorrupt, match="a node cannot be read"):
        _verified(path)
    _altered(path, "DELETE FROM settings WHERE name = 'embedding_dimension'")
    with pytest.raises(StoreCorrupt, match="the embedding stamp"):
        _verified(path)


@pytest.mark.parametrize("edit", EDITS)
def test_each_edit_is_named(path: Path, edit: str) -> None:
    statement, what, field = EDITS[edit]
    wanted = _one(path, f"SELECT {what}")
    _altered(path, statement)
    found = _verified(path)
    named = [d for d in found.differences if wanted in d.what and field in d.field]
    assert named, [str(difference) for difference in found.differences]
    assert all(difference.expected != difference.found for difference in found.differences)
    assert len(found.differences) <= 3, [str(difference) for difference in found.differences]
    assert not found.verified
    assert found.as_dict()["verified"] is False


def test_a_status_is_named_with_what_it_was(path: Path) -> None:
    _altered(path, f"UPDATE nodes SET status = 'active' WHERE id = {_OLD}")
    (difference,) = _verified(path).differences
    assert (difference.expected, difference.found) == ("superseded", "active")


def test_a_node_more_and_a_node_less(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        columns = ", ".join(row[1] for row in connection.execute("PRAGMA table_info(nodes)"))
    picked = columns.replace("node,", "NULL,", 1).replace(" id,", " 'fact-more',", 1)
    gone = _one(path, f"SELECT {_FACT}")
    _altered(path, f"INSERT INTO nodes ({columns}) SELECT {picked} FROM nodes WHERE id = {_FACT}")
    assert {d.what for d in _verified(path).differences} == {"fact-more"}
    _altered(path, f"DELETE FROM nodes WHERE id = '{gone}'")
    named = [str(d) for d in _verified(path).differences]
    assert f"{gone}: expected to be there, found nothing" in named
    assert any("EVIDENCED_BY" in line and gone in line for line in named)


def test_swapped_operations(path: Path) -> None:
    _altered(
        path,
        "UPDATE operations SET seq = 1000 WHERE seq = 3",
        "UPDATE operations SET seq = 3 WHERE seq = 4",
        "UPDATE operations SET seq = 4 WHERE seq = 1000",
    )
    assert {"Operation 3", "Operation 4"} <= {difference.what for difference in _verified(path).differences}


def test_an_operation_made_anew_with_a_hash_of_its_own_does_not_fit(path: Path) -> None:
    with closing(open_store(f"sqlite:///{path}")) as store:
        third = store.operations("default")[2]
    forged = sealed(replace(third, agent="boss"), seq=3, previous_hash=third.previous_hash)
    _altered(path, f"UPDATE operations SET agent = 'boss', hash = '{forged.hash}' WHERE seq = 3")
    (difference,) = _verified(path).differences
    assert (difference.what, difference.field) == ("Operation 4", "previous_hash")


def test_a_vector_is_not_proved_without_the_model_that_made_it(path: Path) -> None:
    blob = struct.pack("<f", 0.5) * (int(_one(path, "SELECT length(vector) FROM vectors")) // 4)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE vectors SET vector = ? WHERE node = {_NODE_OF.format(_EPISODE)}", (blob,))
    with closing(open_store(f"sqlite:///{path}")) as store:
        (difference,) = verify(store, "default").differences
    assert difference.field == "vector"


def test_a_store_that_was_embedded_anew_verifies_with_its_model(memory: Memory) -> None:
    other = HashingEmbedder(dimension=64)
    reembed_store(memory.store, other, lambda done: None)
    assert verify(memory.store, memory.bank, embedder=lambda: other).verified
    assert not verify(memory.store, memory.bank).verified


def test_a_journal_of_an_earlier_version_is_proved_as_far_as_it_goes(path: Path) -> None:
    """Such a journal has no digests; its seals do not cover them either."""
    with closing(open_store(f"sqlite:///{path}")) as store:
        operations = store.operations("default")
    previous = GENESIS
    with closing(sqlite3.connect(path)) as connection, connection:
        for operation in operations:
            old = sealed(replace(operation, writes=""), seq=operation.seq, previous_hash=previous)
            previous = old.hash
            connection.execute(
                "UPDATE operations SET writes = '', previous_hash = ?, hash = ? WHERE seq = ?",
                (old.previous_hash, old.hash, old.seq),
            )
        connection.execute("UPDATE banks SET hash = ?", (previous,))
    found = _verified(path)
    assert found.verified, [str(difference) for difference in found.differences]
    assert found.unproved == len(operations)
    with Memory.open(f"sqlite:///{path}", embedder=HashingEmbedder()) as memory:
        memory.retain("Ines lives in Porto.")
    later = _verified(path)
    assert later.verified, [str(difference) for difference in later.differences]
    assert later.unproved == len(operations)
    _altered(path, f"UPDATE nodes SET text = 'I live in Rome.' WHERE id = {_EPISODE}")
    assert len(_verified(path).differences) == 1


def test_what_somebody_writes_meanwhile_is_no_difference(memory: Memory) -> None:
    written: list[object] = []

    def progress(what: str, done: int, total: int) -> None:
        if what == "comparing" and not written:
            written.append(memory.retain("Ines lives in Porto."))

    assert verify(memory.store, memory.bank, progress=progress).verified


def test_a_bank_without_anything_verifies(memory: Memory) -> None:
    found = verify(memory.store, "nobody")
    assert found.verified
    assert (found.nodes, found.head[0]) == (0, 0)
