"""What goes wrong with a server that is up: said clearly, retried where that helps, and never half-written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import neo4j
import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.errors import (
    ConfigurationError,
    ConflictError,
    InputError,
    SchemaVersionError,
    StoreCorrupt,
    StoreUnavailable,
)
from agentmem.memory import Memory, Message
from agentmem.records import Guard, Kind, RelationshipType, Status, verify_chain
from agentmem.stores import KeySearch, TextSearch, VectorSearch, View
from agentmem.stores.neo4j import Neo4jStore
from agentmem.testing import BANK, START, TickingClock, adding, changeset, closed, make_fact, relation, unit_vectors

pytestmark = pytest.mark.neo4j

Open = Callable[..., Neo4jStore]
_VIEW = View(bank=BANK)


def test_a_store_of_a_newer_version_is_left_alone(open_neo4j: Open, driver: neo4j.Driver) -> None:
    open_neo4j()
    driver.execute_query("MATCH (s:Settings) SET s.schema = 99", database_="neo4j")
    with pytest.raises(SchemaVersionError, match="99"):
        open_neo4j()


def test_eight_writers_on_the_same_ground_keep_one_chain(open_neo4j: Open) -> None:
    stores = [open_neo4j() for _ in range(4)]
    vectors = unit_vectors(8)

    def write(worker: int) -> int:
        store, lost = stores[worker % 4], 0
        for number in range(15):
            (hits,) = store.search(_VIEW, [KeySearch(keys=("k",))])
            heads = list(store.fetch(BANK, [hit.id for hit in hits]).values())
            # A clock of its own, hours apart from the others': order comes from the chain, not from clocks.
            at = START + timedelta(hours=worker * 5, seconds=number)
            fact = make_fact(f"{worker}-{number}", key="k", created_at=at)
            states = [closed(head, Status.SUPERSEDED, at=at) for head in heads]
            guard = Guard(kind=Kind.FACT, key="k", heads=frozenset(head.id for head in heads))
            links = [relation(RelationshipType.SUPERSEDES, fact, head) for head in heads]
            change = adding(fact, terms="w", vector=vectors[worker], states=states, relationships=links)
            try:
                store.commit(changeset(change, guards=[guard]))
            except ConflictError:
                lost += 1
        return lost

    with ThreadPoolExecutor(8) as pool:
        lost = sum(pool.map(write, range(8)))
    operations = stores[0].operations(BANK)
    assert len(operations) == 8 * 15 - lost
    assert [operation.seq for operation in operations] == list(range(1, len(operations) + 1))
    assert verify_chain(operations) is None
    (hits,) = stores[1].search(_VIEW, [KeySearch(keys=("k",))])
    assert len(hits) == 1


def test_writers_that_lock_each_other_out_are_run_again(open_neo4j: Open, driver: neo4j.Driver) -> None:
    """Somebody else's transactions and ours take the same locks in opposite orders: the server kills one of the two."""
    store = open_neo4j()
    facts = [make_fact(f"{number}") for number in range(2)]
    store.commit(changeset(*map(adding, facts)))
    stop = threading.Event()

    def disturb() -> None:
        lock = "MATCH (n:Memory {id: $id}) SET n.bank = n.bank"
        head = "MATCH (b:Bank) SET b.name = b.name"
        while not stop.is_set():
            try:
                with driver.session(database="neo4j") as session, session.begin_transaction() as transaction:
                    transaction.run(lock, id="fact-1").consume()
                    stop.wait(0.03)
                    transaction.run(head).consume()
            except neo4j.exceptions.TransientError:
                continue  # it was the one of the two that had to give way

    disturber = threading.Thread(target=disturb)
    disturber.start()
    try:
        for number in range(20):
            link = relation(RelationshipType.CAUSES, facts[0], facts[1], strength=number)
            store.commit(changeset(adding(make_fact(f"new-{number}"), relationships=[link], terms="w")))
    finally:
        stop.set()
        disturber.join()
    operations = store.operations(BANK)
    assert len(operations) == 22
    assert verify_chain(operations) is None
    assert len(store.search(_VIEW, [TextSearch(terms=("w",), k=50)])[0]) == 20


def test_no_connection_left(open_neo4j: Open, driver: neo4j.Driver) -> None:
    store = open_neo4j(pool=1, timeout=1.0)
    store.commit(changeset(adding(make_fact("a"))))
    with driver.session(database="neo4j") as session, session.begin_transaction() as transaction:
        transaction.run("MATCH (b:Bank) SET b.name = b.name").consume()
        waiting = threading.Thread(target=lambda: store.commit(changeset(adding(make_fact("b")))))
        waiting.start()
        with pytest.raises(StoreUnavailable, match="connections"):
            _read_until_refused(store)
        transaction.rollback()
    waiting.join()
    assert store.head(BANK)[0] == 2


def test_more_writers_than_connections_wait_for_one(open_neo4j: Open) -> None:
    store = open_neo4j(pool=2)

    def write(worker: int) -> None:
        for number in range(5):
            store.commit(changeset(adding(make_fact(f"{worker}-{number}"), terms="w")))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    operations = store.operations(BANK)
    assert len(operations) == 40
    assert verify_chain(operations) is None


def test_a_commit_that_the_server_ends(open_neo4j: Open, driver: neo4j.Driver) -> None:
    """An administrator, or a limit on time, ends transactions: ours waits for a lock and is ended in the middle."""
    store = open_neo4j()
    store.commit(changeset(adding(make_fact("a"))))
    more = changeset(adding(make_fact("b")), adding(make_fact("c")))
    with (
        ThreadPoolExecutor(1) as pool,
        driver.session(database="neo4j") as session,
        session.begin_transaction() as holder,
    ):
        holder.run("MATCH (b:Bank) SET b.name = b.name").consume()
        writing = pool.submit(store.commit, more)
        driver.execute_query("TERMINATE TRANSACTIONS $ids", ids=_await_blocked(driver), database_="neo4j")
        with pytest.raises(StoreUnavailable, match="nothing was written"):
            writing.result()
        holder.rollback()
    assert store.head(BANK)[0] == 1
    store.commit(more)
    operations = store.operations(BANK)
    assert [operation.target for operation in operations] == ["fact-a", "fact-b", "fact-c"]
    assert verify_chain(operations) is None


def _await_blocked(driver: neo4j.Driver) -> list[str]:
    """Wait for transactions that wait for a lock; their ids."""
    while True:
        query = "SHOW TRANSACTIONS YIELD transactionId AS id, status WHERE status STARTS WITH 'Blocked' RETURN id"
        found = [row["id"] for row in driver.execute_query(query, database_="neo4j").records]
        if found:
            return found


def _read_until_refused(store: Neo4jStore) -> None:
    for _ in range(1_000):  # until the other thread has the only connection
        store.head(BANK)


def test_an_index_that_fails_and_one_that_is_being_filled(open_neo4j: Open, driver: neo4j.Driver) -> None:
    store = open_neo4j()
    vectors = unit_vectors(1_500, 256)
    store.commit(changeset(*(adding(make_fact(f"{n}"), vector=vector) for n, vector in enumerate(vectors))))
    driver.execute_query("DROP INDEX agentmem_vectors", database_="neo4j")
    with pytest.raises(StoreUnavailable, match="still being filled"):
        open_neo4j(index_timeout=0.0)
    again = open_neo4j()
    assert again.search(_VIEW, [VectorSearch(vector=vectors[7], k=1)])[0][0].id == "fact-7"
    driver.execute_query("DROP INDEX agentmem_key", database_="neo4j")
    driver.execute_query("CREATE (:Memory {bank: 'x', key: $key})", key="long" * 10_000, database_="neo4j")
    try:
        with pytest.raises(StoreUnavailable, match="agentmem_key"):
            open_neo4j()
    finally:
        driver.execute_query("MATCH (n:Memory {bank: 'x'}) DELETE n", database_="neo4j")
        driver.execute_query("DROP INDEX agentmem_key", database_="neo4j")
    assert len(open_neo4j().banks()) == 1


def test_an_index_that_goes_while_the_store_is_open(open_neo4j: Open, driver: neo4j.Driver) -> None:
    store = open_neo4j()
    store.commit(changeset(*(adding(make_fact(f"{n}"), terms=f"w{n}") for n in range(10))))
    search = TextSearch(terms=("w7", "new"), k=5)
    driver.execute_query("DROP INDEX agentmem_terms", database_="neo4j")
    with pytest.raises(StoreUnavailable, match="an index of the store is gone"):
        store.search(_VIEW, [search])
    store.commit(changeset(adding(make_fact("new"), terms="new")))  # what is written meanwhile is found later
    for opened in (open_neo4j(), store):
        assert {hit.id for hit in opened.search(_VIEW, [search])[0]} == {"fact-7", "fact-new"}
    assert verify_chain(store.operations(BANK)) is None


def test_an_index_of_ours_that_lacks_a_property_is_made_anew(open_neo4j: Open, driver: neo4j.Driver) -> None:
    store = open_neo4j()
    driver.execute_query("DROP INDEX agentmem_terms", database_="neo4j")
    driver.execute_query("CREATE FULLTEXT INDEX agentmem_terms FOR (n:Memory) ON EACH [n.terms]", database_="neo4j")
    store.commit(changeset(adding(make_fact("a"), terms="x", context_terms="around")))
    assert [hit.id for hit in open_neo4j().search(_VIEW, [TextSearch(terms=("around",), k=5)])[0]] == ["fact-a"]


def test_an_index_of_our_name_that_is_another_program_s(open_neo4j: Open, driver: neo4j.Driver) -> None:
    open_neo4j()
    driver.execute_query("DROP INDEX agentmem_at", database_="neo4j")
    driver.execute_query("CREATE INDEX agentmem_at FOR (n:Other) ON (n.at)", database_="neo4j")
    try:
        with pytest.raises(ConfigurationError, match=r"agentmem_at .* is not agentmem's: it is for \['Other'\]"):
            open_neo4j()
    finally:
        driver.execute_query("DROP INDEX agentmem_at", database_="neo4j")
        open_neo4j()


def test_nodes_that_another_program_doubled_are_damage(open_neo4j: Open, driver: neo4j.Driver) -> None:
    open_neo4j().commit(changeset(adding(make_fact("a"))))
    driver.execute_query("DROP CONSTRAINT agentmem_id", database_="neo4j")
    double = "MATCH (n:Memory {id: 'fact-a'}) CREATE (m:Memory:Fact) SET m = properties(n)"
    driver.execute_query(double, database_="neo4j")
    try:
        with pytest.raises(StoreCorrupt, match="two nodes of one id"):
            open_neo4j()
    finally:
        driver.execute_query("MATCH (n:Memory) DETACH DELETE n", database_="neo4j")
        open_neo4j()


def test_clocks_that_differ_by_hours_change_nothing_about_order(open_neo4j: Open) -> None:
    places = ("Oslo", "Bergen", "Graz", "Porto", "Lima", "Turin")
    hours = (0, 5)
    clients = [
        Memory(store=open_neo4j(), embedder=HashingEmbedder(), clock=TickingClock(START + timedelta(hours=ahead)))
        for ahead in hours
    ]
    for number, place in enumerate(places):
        said = Message(text=f"I live in {place}.", speaker="Maya", at=START + timedelta(days=number))
        clients[number % 2].retain([said], source="chat")
    operations = clients[0].store.operations(clients[0].bank)
    assert verify_chain(operations) is None
    assert [operation.seq for operation in operations] == list(range(1, len(operations) + 1))
    assert len({operation.at.hour for operation in operations}) == len(hours)  # they do write in turn
    for client in clients:
        facts = client.store.scan(View(bank=client.bank, kinds=frozenset({Kind.FACT})))
        assert [fact.text for fact in facts] == ["Maya lives in Turin."]
        for number, place in enumerate(places):
            view = View(bank=client.bank, kinds=frozenset({Kind.FACT}), valid_at=START + timedelta(days=number))
            assert [fact.text for fact in client.store.scan(view)] == [f"Maya lives in {place}."]
        for moment in sorted({operation.at for operation in operations}):
            known = View(bank=client.bank, kinds=frozenset({Kind.FACT}), known_at=moment)
            assert len(client.store.scan(known)) <= 1
        assert "Turin" in client.reflect("Where does Maya live?").answer
        assert "Lima" in client.reflect("Where did Maya live before?").answer


def test_what_no_index_takes_is_refused_whole(open_neo4j: Open) -> None:
    store = open_neo4j()
    with pytest.raises(InputError):
        store.commit(changeset(adding(make_fact("a")), adding(make_fact("b" * 40_000))))
    assert store.banks() == []


def test_another_program_in_the_same_database_is_not_seen(open_neo4j: Open, driver: neo4j.Driver) -> None:
    store = open_neo4j()
    fact = make_fact("a", key="k")
    store.commit(changeset(adding(fact, terms="x")))
    driver.execute_query(
        "MATCH (n:Memory {id: $id}) CREATE (n)-[:CAUSES]->(:Fact {bank: $bank, id: 'o', key: 'k', status: 'active'})",
        id=fact.id,
        bank=BANK,
        database_="neo4j",
    )
    assert store.neighbourhood(_VIEW, [fact.id]).relationships == ()
    assert [node.id for node in store.scan(_VIEW)] == [fact.id]
    assert sum(store.statistics(BANK).nodes.values()) == 1
