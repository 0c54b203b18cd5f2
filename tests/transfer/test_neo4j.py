"""Into a real Neo4j server and back, and what Cypher makes there."""

from __future__ import annotations

import io
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import neo4j
import networkx
import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.memory import Memory
from agentmem.neo4j_server import ServerAccess
from agentmem.records import EVERY_STATUS, NODE_TYPES, Kind, RelationshipType
from agentmem.stores import Store, View, open_store
from agentmem.testing import BANK, adding, changeset, make_node, relation
from agentmem.transfer import ExportFormat, export, import_file, migrate

if TYPE_CHECKING:
    from tests.transfer.conftest import Dies, Open

pytestmark = pytest.mark.neo4j

_EMPTY = "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS"
DEFAULT = "default"
ODD = (
    "",
    "plain",
    'it\'s "quoted" `so` ; // { } $p',
    "\\",
    "\\u0041 \\\\u0041 \\'u0027 u0041",
    "\\\x01\\\x00 \x7f\x85\u2028\u2029\ufeff",
    "a\r\nb\tc\x08\x0c",
    "漢字 🎈 e\u0301",
)


@pytest.fixture
def session(server: ServerAccess) -> Iterator[neo4j.Session]:
    """The database, emptied."""
    with (
        neo4j.GraphDatabase.driver(server.url, auth=(server.user, server.password)) as driver,
        driver.session(database="neo4j") as session,
    ):
        session.run(_EMPTY).consume()
        yield session


@pytest.fixture
def neo4j_store(server: ServerAccess, session: neo4j.Session) -> Iterator[Store]:
    with closing(open_store(server.url, user=server.user, password=server.password)) as store:
        yield store


def test_there_and_back(source: Store, neo4j_store: Store, target: Store, server: ServerAccess) -> None:
    there = migrate(source, neo4j_store, batch=100)
    assert there.proved, [bank.parity.differences for bank in there.banks]
    assert server.password not in str(there.as_dict())
    back = migrate(neo4j_store, target)
    assert back.proved, [bank.parity.differences for bank in back.banks]
    for bank in source.banks():
        assert target.operations(bank) == source.operations(bank)
        view = View(bank=bank, statuses=EVERY_STATUS)
        assert target.scan(view, limit=10_000) == source.scan(view, limit=10_000)


@pytest.fixture
def neo4j_url(server: ServerAccess, session: neo4j.Session) -> str:
    """The emptied database, password and all."""
    return server.url.replace("://", f"://{server.user}:{server.password}@")


@pytest.mark.parametrize("into_server", [True, False])
def test_kill_9_in_the_middle_and_on_again(
    source_path: Path, tmp_path: Path, neo4j_url: str, open_url: Open, migrate_and_die: Dies, into_server: bool
) -> None:
    urls = (f"sqlite:///{source_path}", neo4j_url) if into_server else (neo4j_url, f"sqlite:///{tmp_path}/back.db")
    if not into_server:
        stream = io.StringIO()
        export(open_url(f"sqlite:///{source_path}"), stream)
        import_file(open_url(neo4j_url), io.BytesIO(stream.getvalue().encode()), trust="person")
    assert migrate_and_die(*urls, at=30) == -signal.SIGKILL
    source, target = (open_url(url) for url in urls)
    stopped_at = target.head(DEFAULT)[0]
    assert 30 <= stopped_at < source.head(DEFAULT)[0]
    report = migrate(source, target)
    assert report.proved, [bank.parity.differences for bank in report.banks]
    assert report.banks[0].found == stopped_at
    assert report.banks[0].copied == source.head(DEFAULT)[0] - stopped_at


def test_what_a_server_holds_is_a_graph_of_networkx(source: Store, neo4j_store: Store, tmp_path: Path) -> None:
    stream = io.StringIO()
    export(source, stream)
    import_file(neo4j_store, io.BytesIO(stream.getvalue().encode()), trust="person")
    files = [tmp_path / f"{number}.graphml" for number in range(2)]
    for store, file in zip((source, neo4j_store), files, strict=True):
        export(store, file, format=ExportFormat.GRAPHML, banks=[DEFAULT])
    graphs = [networkx.read_graphml(file, force_multigraph=True) for file in files]
    assert networkx.utils.graphs_equal(*graphs)
    assert graphs[0].number_of_nodes() == sum(source.statistics(DEFAULT).nodes.values())


def test_a_source_that_went_on_is_caught_up_with(source: Store, neo4j_store: Store) -> None:
    migrate(source, neo4j_store)
    Memory(store=source, embedder=HashingEmbedder(), bank=DEFAULT).retain("Marta lives in Porto.", source="later")
    report = migrate(source, neo4j_store)
    assert report.banks[0].copied > 0
    assert report.proved, report.banks[0].parity.differences


def test_a_file_of_sqlite_fills_neo4j(source: Store, neo4j_store: Store) -> None:
    stream = io.StringIO()
    export(source, stream)
    assert import_file(neo4j_store, io.BytesIO(stream.getvalue().encode()), trust="person").proved
    again = io.StringIO()
    export(neo4j_store, again)
    assert again.getvalue().count("\n") == stream.getvalue().count("\n")


def _loaded(session: neo4j.Session, store: Store) -> None:
    stream = io.StringIO()
    export(store, stream, format=ExportFormat.CYPHER)
    for line in stream.getvalue().splitlines():
        if not line.startswith("//"):
            session.run(line.removesuffix(";")).consume()


def test_cypher_loads_into_an_empty_server(source: Store, session: neo4j.Session) -> None:
    _loaded(session, source)
    for bank in source.banks():
        counts = source.statistics(bank)
        for kind, number in counts.nodes.items():
            assert (
                session.run(f"MATCH (n:{kind.value} {{bank: $b}}) RETURN count(n) AS n", b=bank).single(strict=True)[
                    "n"
                ]
                == number
            )
        for type_, number in counts.relationships.items():
            found = session.run(f"MATCH (:Memory {{bank: $b}})-[r:{type_.value}]->() RETURN count(r) AS n", b=bank)
            assert found.single(strict=True)["n"] == number
    texts = {row["id"]: row["text"] for row in session.run("MATCH (n:Episode) RETURN n.id AS id, n.text AS text")}
    episodes = source.scan(View(bank=DEFAULT, kinds=frozenset({Kind.EPISODE}), statuses=EVERY_STATUS))
    assert {episode.id: texts.get(episode.id) for episode in episodes} == {e.id: e.text for e in episodes}


def test_any_text_loads(session: neo4j.Session, open_url: Open) -> None:
    store = open_url("sqlite:///:memory:")
    nodes = [
        make_node(kind, f"{number}", text=text, source=text, metadata={"m": text, "n": 1.5, "b": True, "i": 2})
        for number, (kind, text) in enumerate(zip([*NODE_TYPES][: len(ODD)], ODD, strict=True))
    ]
    links = [relation(RelationshipType.SIMILAR_TO, nodes[0], node, reason=node.text, weight=0.5) for node in nodes[1:]]
    store.commit(changeset(*map(adding, nodes[1:]), adding(nodes[0], relationships=links)))
    _loaded(session, store)
    rows = session.run("MATCH (n:Memory {bank: $b}) RETURN n.id AS id, n.text AS text, n.metadata_m AS m", b=BANK)
    assert {row["id"]: (row["text"], row["m"]) for row in rows} == {
        node.id: (node.text or None, node.text or None) for node in nodes
    }
    reasons = session.run("MATCH ()-[r:SIMILAR_TO]->(t) RETURN t.id AS id, r.reason AS reason")
    assert {row["id"]: row["reason"] for row in reasons} == {node.id: node.text for node in nodes[1:]}
