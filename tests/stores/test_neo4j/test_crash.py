"""A server that is killed while it commits, comes back, and comes back read-only: its own, since it dies."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentmem.errors import StoreUnavailable
from agentmem.neo4j_server import LTS, Neo4jServer, ServerSettings, has_jars
from agentmem.neo4j_server.ports import free_ports
from agentmem.records import Status, verify_chain
from agentmem.stores import TextSearch, View
from agentmem.stores.neo4j import Neo4jStore
from agentmem.testing import BANK, adding, changeset, make_fact, unit_vectors

pytestmark = pytest.mark.neo4j

_REQUIRED = os.environ.get("AGENTMEM_REQUIRE_NEO4J", "") not in ("", "0")
_BATCH = 25
_ALL = View(bank=BANK, statuses=frozenset(Status))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Neo4jServer]:
    if not has_jars(LTS) and not _REQUIRED:
        pytest.skip(f"Neo4j {LTS.version} is not fetched: `agentmem neo4j fetch` does it")
    made = Neo4jServer(tmp_path / "home")
    try:
        yield made
    finally:
        made.stop(seconds=0)


def _settings(ports: list[int], **extra: str) -> ServerSettings:
    return ServerSettings(
        bolt_port=ports[0],
        http_port=ports[1],
        heap="512m",
        page_cache="64m",
        extra={"db.tx_log.preallocate": "false", **extra},
    )


class _Writer(threading.Thread):
    """Commits batch after batch until the server is gone."""

    def __init__(self, store: Neo4jStore) -> None:
        super().__init__()
        self._store = store
        self.acknowledged = 0
        self.refused = ""

    def run(self) -> None:
        vectors = unit_vectors(_BATCH, 64)
        while not self.refused:
            names = [f"{self.acknowledged}-{number}" for number in range(_BATCH)]
            pairs = zip(names, vectors, strict=True)
            changes = [adding(make_fact(name), terms="w", vector=vector) for name, vector in pairs]
            try:
                self.acknowledged = self._store.commit(changeset(*changes))[-1].seq
            except StoreUnavailable as error:
                self.refused = str(error)


def _assert_whole(store: Neo4jStore, least: int) -> int:
    """Graph, index and journal hold the same changesets; how many nodes they are."""
    operations = store.operations(BANK)
    assert verify_chain(operations) is None
    assert len(operations) >= least
    assert len(operations) % _BATCH == 0
    assert [operation.seq for operation in operations] == list(range(1, len(operations) + 1))
    assert [node.id for node in store.scan(_ALL, limit=100_000)] == sorted(o.target for o in operations)
    (hits,) = store.search(_ALL, [TextSearch(terms=("w",), k=100_000)])
    assert len(hits) == len(operations)
    return len(operations)


def test_killed_while_committing_and_back_as_read_only(server: Neo4jServer) -> None:
    ports = list(free_ports(2))
    started = server.start(LTS, _settings(ports), how="java")
    url = f"bolt://neo4j:{server.password()}@127.0.0.1:{ports[0]}"
    store = Neo4jStore(url, timeout=2.0)
    writer = _Writer(store)
    writer.start()
    while writer.acknowledged < 10 * _BATCH:
        time.sleep(0.01)
    os.kill(started.pid, signal.SIGKILL)
    writer.join()
    assert server.password() not in writer.refused
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        store.head(BANK)

    server.start(how="java")
    size = _assert_whole(store, writer.acknowledged)  # the same object: it connects again
    more = [adding(make_fact(f"after-{number}"), terms="w") for number in range(_BATCH)]
    store.commit(changeset(*more))
    store.close()

    server.stop()
    server.start(LTS, _settings(ports, **{"server.databases.default_to_read_only": "true"}), how="java")
    with Neo4jStore(url, timeout=5.0) as reader:
        assert _assert_whole(reader, size + _BATCH) == size + _BATCH
        with pytest.raises(StoreUnavailable, match="read-only"):
            reader.commit(changeset(adding(make_fact("late"))))
        assert reader.head(BANK)[0] == size + _BATCH
