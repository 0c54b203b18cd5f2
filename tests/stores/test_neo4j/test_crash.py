"""A server that is down at first, killed while it commits, comes back, and is then read-only: its own, as it dies."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import neo4j
import pytest

from agentmem.errors import StoreUnavailable
from agentmem.neo4j_server import LTS, Neo4jServer, ServerSettings, has_jars
from agentmem.neo4j_server.throwaway import short_lived
from agentmem.records import EVERY_STATUS, Operation, verify_chain
from agentmem.stores import TextSearch, View
from agentmem.stores.neo4j import Neo4jStore
from agentmem.testing import BANK, adding, changeset, make_fact, unit_vectors

pytestmark = pytest.mark.neo4j

_REQUIRED = os.environ.get("AGENTMEM_REQUIRE_NEO4J", "") not in ("", "0")
_SIZE = 25
"""Nodes of one changeset."""
_VECTORS = unit_vectors(_SIZE, 64)
_ALL = View(bank=BANK, statuses=EVERY_STATUS)
_BLOCKED = "blocked"
"""A bank whose lock somebody else holds."""


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Neo4jServer]:
    if not has_jars(LTS) and not _REQUIRED:
        pytest.skip(f"Neo4j {LTS.version} is not fetched: `agentmem neo4j fetch` does it")
    made = Neo4jServer(tmp_path / "home")
    try:
        yield made
    finally:
        made.stop(seconds=0)


def _until(true: Callable[[], bool]) -> None:
    while not true():
        time.sleep(0.01)


class _Writer(threading.Thread):
    """Commits one changeset after the other until it is refused or told to stop."""

    def __init__(self, name: str, store: Neo4jStore) -> None:
        super().__init__(name=name)
        self._store = store
        self.acknowledged = 0
        self.refused = ""
        self.stop = False

    def run(self) -> None:
        while not self.refused and not self.stop:
            names = [f"{self.name}-{self.acknowledged:04}-{number}" for number in range(_SIZE)]
            pairs = zip(names, _VECTORS, strict=True)
            changes = [adding(make_fact(name), terms="w", vector=vector) for name, vector in pairs]
            try:
                self._store.commit(changeset(*changes))
            except StoreUnavailable as error:
                self.refused = str(error)
            else:
                self.acknowledged += 1


def _assert_whole(store: Neo4jStore, hasty: int, patient: int) -> list[Operation]:
    """Graph, index and journal hold the same changesets, all that were acknowledged, each whole and once.

    Args:
        store: Where.
        hasty: Changesets of the writer that gave up; the one that it gave up on may be there or not.
        patient: Changesets of the writer that did not.
    """
    operations = store.operations(BANK)
    assert verify_chain(operations) is None
    assert [operation.seq for operation in operations] == list(range(1, len(operations) + 1))
    written = [operation.target.rpartition("-")[0] for operation in operations]
    assert set(Counter(written).values()) == {_SIZE}
    assert written == [name for name in dict.fromkeys(written) for _ in range(_SIZE)]  # none between another's
    counts = Counter(name.split("-")[1] for name in dict.fromkeys(written))
    assert counts["patient"] == patient
    assert counts["hasty"] in (hasty, hasty + 1)
    assert [node.id for node in store.scan(_ALL, limit=100_000)] == sorted(o.target for o in operations)
    (hits,) = store.search(_ALL, [TextSearch(terms=("w",), k=100_000)])
    assert len(hits) == len(operations)
    assert store.statistics(BANK).operations == len(operations)
    return operations


def test_down_killed_while_committing_and_back_as_read_only(own_server: Neo4jServer) -> None:
    settings = short_lived()
    plain = f"bolt://127.0.0.1:{settings.bolt_port}"
    with pytest.raises(StoreUnavailable, match="agentmem neo4j start"):
        Neo4jStore(plain, timeout=1.0)
    pid = own_server.start(LTS, settings, how="java").pid
    url = plain.replace("://", f"://neo4j:{own_server.password()}@")
    with Neo4jStore(url, timeout=1.0) as impatient, Neo4jStore(url, timeout=120.0) as store:
        hasty, patient = _Writer("hasty", impatient), _Writer("patient", store)
        hasty.start()
        patient.start()
        _until(lambda: min(hasty.acknowledged, patient.acknowledged) >= 5 or bool(hasty.refused + patient.refused))
        assert (hasty.refused, patient.refused) == ("", "")
        with neo4j.GraphDatabase.driver(plain, auth=("neo4j", own_server.password())) as driver:
            _kill_in_mid_commit(pid, driver, impatient)
        hasty.join()
        assert own_server.password() not in hasty.refused
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            impatient.head(BANK)
        before = patient.acknowledged
        own_server.start(how="java")
        _until(lambda: patient.acknowledged >= before + 3 or bool(patient.refused))
        patient.stop = True
        patient.join()
        assert patient.refused == ""  # it waited, and went on
        operations = _assert_whole(impatient, hasty.acknowledged, patient.acknowledged)  # which connects again
        assert impatient.head(_BLOCKED)[0] == 1
    _assert_read_only(own_server, settings, url, operations)


def _kill_in_mid_commit(pid: int, driver: neo4j.Driver, store: Neo4jStore) -> None:
    """Kill the server while a commit certainly runs in it: it waits for the lock of its bank."""
    store.commit(changeset(adding(make_fact("a", bank=_BLOCKED)), bank=_BLOCKED))
    with ThreadPoolExecutor(1) as pool, driver.session(database="neo4j") as session:
        holder = session.begin_transaction()
        holder.run("MATCH (b:Bank {name: $name}) SET b.name = b.name", name=_BLOCKED).consume()
        late = [adding(make_fact(name, bank=_BLOCKED)) for name in "bc"]
        waiting = pool.submit(store.commit, changeset(*late, bank=_BLOCKED))
        blocked = "SHOW TRANSACTIONS YIELD status WHERE status STARTS WITH 'Blocked' RETURN status"
        _until(lambda: bool(driver.execute_query(blocked, database_="neo4j").records))
        os.kill(pid, signal.SIGKILL)
        _assert_unknown(waiting)


def _assert_unknown(waiting: Future[tuple[Operation, ...]]) -> None:
    with pytest.raises(StoreUnavailable, match="whether it was written is not known"):
        waiting.result()


def _assert_read_only(own_server: Neo4jServer, settings: ServerSettings, url: str, operations: list[Operation]) -> None:
    """It is read as before, and refuses writers at once."""
    own_server.stop()
    read_only = {**settings.extra, "server.databases.default_to_read_only": "true"}
    own_server.start(LTS, replace(settings, extra=read_only), how="java")
    with Neo4jStore(url, timeout=60.0) as reader:
        assert reader.operations(BANK) == operations
        with pytest.raises(StoreUnavailable, match="read-only"):
            reader.commit(changeset(adding(make_fact("late"))))
        assert reader.head(BANK)[0] == len(operations)
