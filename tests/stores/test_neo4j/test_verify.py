"""Edits by Cypher that the journal does not tell of are named."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import neo4j
import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.memory import Memory
from agentmem.stores import open_store
from agentmem.stores.neo4j import Neo4jStore
from agentmem.transfer import migrate

pytestmark = pytest.mark.neo4j

EDITS = {
    "text": ("MATCH (n:Episode) WITH n ORDER BY n.id LIMIT 1 SET n.text = 'Rome' RETURN n.id AS what", "text"),
    "status": ("MATCH (n {status: 'superseded'}) WITH n LIMIT 1 SET n.status = 'active' RETURN n.id AS what", "status"),
    "trust": ("MATCH (n:Fact) WITH n LIMIT 1 SET n.trust = 0.5 RETURN n.id AS what", "trust"),
    "valid_to": (
        "MATCH (n:Fact {status: 'active'}) WITH n LIMIT 1 SET n.valid_to = datetime() RETURN n.id AS what", "valid_to"
    ),
    "reason": ("MATCH (o:Operation {seq: 2}) SET o.reason = 'x' RETURN 'Operation 2' AS what", "reason"),
    "actor": ("MATCH (o:Operation {seq: 2}) SET o.agent = 'x' RETURN 'Operation 2' AS what", "hash"),
    "an edge less": ("MATCH (a)-[r:EVIDENCED_BY]->(b) WITH a, r LIMIT 1 DELETE r RETURN a.id AS what", ""),
    "an edge more": (
        "MATCH (a:Entity) MATCH (b:Episode) WITH a, b LIMIT 1 CREATE (a)-[:SAME_AS {created_at: datetime()}]->(b) "
        "RETURN a.id + ' SAME_AS' AS what", "",
    ),
    "a property": (
        "MATCH (a)-[r:EVIDENCED_BY]->() WITH a, r LIMIT 1 SET r.quote = 'x' RETURN a.id AS what", "properties"
    ),
    "a vector": (
        "MATCH (n:Episode) WITH n LIMIT 1 SET n.embedding = [x IN n.embedding | 0.0 - x] RETURN n.id AS what", "vector"
    ),
    "terms": (
        "MATCH (n:Fact) WITH n LIMIT 1 SET n.terms = split(n.terms, ' ')[0] + ' rome' RETURN n.id AS what", "terms"
    ),
    "a node less": ("MATCH (n:Fact) WITH n, n.id AS what LIMIT 1 DETACH DELETE n RETURN what", ""),
    "the end of the journal": (
        "MATCH (o:Operation) WITH o ORDER BY o.seq DESC LIMIT 1 DELETE o RETURN 'the head of the journal' AS what", ""
    ),
}  # fmt: skip


@pytest.fixture
def memory(open_neo4j: Callable[..., Neo4jStore]) -> Memory:
    memory = Memory(store=open_neo4j(), embedder=HashingEmbedder())
    memory.retain("Anna lives in Lisbon. Anna works at Kestrel.", source="a letter")
    memory.retain("Anna lives in Oslo now.", source="another")
    memory.retain("Anna no longer works at Kestrel.", source="a third")
    return memory


@pytest.mark.parametrize("edit", EDITS)
def test_each_edit_is_named(memory: Memory, driver: neo4j.Driver, edit: str) -> None:
    assert memory.verify().verified
    statement, field = EDITS[edit]
    with driver.session(database="neo4j") as session:
        what = session.run(statement).single(strict=True)["what"]
    found = memory.verify()
    assert [d for d in found.differences if what in d.what and field in d.field], [str(d) for d in found.differences]


def test_a_copy_verifies_in_the_other_store(
    memory: Memory, tmp_path: Path, open_neo4j: Callable[..., Neo4jStore]
) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/copy.db")) as copy:
        assert migrate(memory.store, copy).proved
        found = Memory(store=copy, embedder=HashingEmbedder()).verify()
    assert found.verified, [str(difference) for difference in found.differences]
    assert (found.nodes, found.relationships) == (memory.verify().nodes, memory.verify().relationships)
