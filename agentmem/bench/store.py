"""Stores: the Neo4j store beside the bare driver, in one run on one server, in turns so that noise hits both.

- Bulk retain: made-up memories as the write path commits them, through `Neo4jStore.commit`, and the same rows through
  the bare driver; see `store_bare` for what that does.
- Search: text and vector in one call, beside one hand-written statement that is as exact.
- Round trips: counted over the public `retain` and `recall` of a conversation.
- A workflow, if one is named: its time on Neo4j and on SQLite, warm.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agentmem.bench.store_bare import BareDriver, Rows
from agentmem.bench.store_data import Prepared, prepare
from agentmem.bench.store_report import RetainTimes, StoreReport, WorkflowTimes
from agentmem.bench.store_search import time_searches
from agentmem.bench.store_talk import count_round_trips
from agentmem.embeddings import HashingEmbedder
from agentmem.errors import InputError, StoreError
from agentmem.neo4j_server import LTS, Release, ServerSettings, throwaway_server
from agentmem.neo4j_server.ports import free_ports
from agentmem.records import Changeset
from agentmem.stores.neo4j import Neo4jStore
from agentmem.stores.neo4j.errors import translated
from agentmem.stores.neo4j.location import parse_location

BATCH = 1_000
"""Memories in one commit."""
_WARM, _WARM_LEAST = 10, 3
"""One batch of so many, and no fewer than three, is left out at the beginning: the server compiles while it works."""
_SMALL_LOGS = {"db.tx_log.preallocate": "false", "db.tx_log.rotation.size": "64m"}
"""Neo4j would reserve half a gigabyte of disk for transaction logs."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where a store is and who opens it."""

    url: str = field(repr=False)
    """May hold a password, so it is never shown."""
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is measured."""

    memories: int = 50_000
    """How many each side writes, about."""
    questions: int = 40
    """Different questions that are searched for."""
    rounds: int = 3
    """How often each is searched for."""
    calls: int = 30
    """Recalls, and retains of one turn, whose round trips are counted."""
    conversations: int = 4
    """Retains of one batch whose round trips are counted."""
    runs: int = 5
    """Runs of a workflow on each store, after one that warms up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A workflow that can be run on any store."""

    name: str
    run: Callable[[Access, str], None]
    """Runs it in the named bank of a store."""


def run_store(
    access: Access | None = None,
    *,
    effort: Effort | None = None,
    work: Work | None = None,
    release: Release = LTS,
    notify: Callable[[str], None] = lambda _line: None,
    progress: Progress = lambda what, done, total: None,
) -> StoreReport:
    """Run the benchmark.

    Args:
        access: An empty Neo4j database, which is emptied again afterwards; default: a throw-away server.
        effort: How much is measured; default: `Effort()`.
        work: A workflow to time; default: none.
        release: What the throw-away server runs.
        notify: Takes lines for the person who waits for that server.
        progress: Told how far it is.

    Raises:
        InputError: the database is not empty.
        ConfigurationError: not the URL of a Neo4j store; or Java or Maven is missing.
        StoreUnavailable: the server does not start or answer.
        StoreError: the two sides wrote different rows.
    """
    embedder = HashingEmbedder()
    much = effort or Effort()
    with ExitStack() as stack:
        found = access or stack.enter_context(_own_server(release, notify))
        bare = stack.enter_context(_bare_driver(found, kept=access is not None))
        store = stack.enter_context(Neo4jStore(found.url, user=found.user, password=found.password))
        prepared = prepare(
            memories=much.memories, batch=BATCH, questions=much.questions, embedder=embedder, progress=progress
        )
        bare.make_indexes()
        retain = _time_retain(store, bare, prepared, progress)
        counted, written = bare.counts()
        if counted != written:
            raise StoreError(f"the two sides wrote different rows: {counted} and {written}.", where=store.url)
        searches = time_searches(store, bare, prepared, embedder, rounds=much.rounds, progress=progress)
        trips = count_round_trips(
            store, embedder, calls=much.calls, conversations=much.conversations, progress=progress
        )
        times = _time_workflow(work, found, much.runs, progress) if work else None
        return StoreReport(
            server=bare.version(),
            memories=counted[0],
            relationships=counted[1],
            operations=counted[2],
            retain=retain,
            searches=tuple(searches),
            trips=trips,
            workflow=times,
        )


@contextmanager
def _own_server(release: Release, notify: Callable[[str], None]) -> Iterator[Access]:
    """A throw-away server with the memory that a server at work has."""
    bolt_port, http_port = free_ports(2)
    settings = ServerSettings(bolt_port=bolt_port, http_port=http_port, heap="2g", page_cache="512m", extra=_SMALL_LOGS)
    with throwaway_server(release, settings=settings, notify=notify) as server:
        yield Access(url=server.url, user=server.user, password=server.password)


@contextmanager
def _bare_driver(access: Access, *, kept: bool) -> Iterator[BareDriver]:
    """The driver, for an empty database; one that is kept is emptied afterwards."""
    location = parse_location(access.url, user=access.user, password=access.password)
    bare = BareDriver(
        location.server,
        user=location.credentials.user,
        password=location.credentials.password,
        database=location.database or "",
    )
    try:
        with translated(str(location)):
            nodes = bare.nodes()
        if nodes:
            raise InputError(
                f"the database is not empty: it holds {nodes} nodes.",
                where=location.url,
                hint="Name an empty one, or none: then a throw-away server is started.",
            )
        try:
            yield bare
        finally:
            if kept:
                bare.clear()
    finally:
        bare.close()


def _time_retain(store: Neo4jStore, bare: BareDriver, prepared: Prepared, progress: Progress) -> RetainTimes:
    """Write every batch with both, in turns; which goes first changes from batch to batch.

    The bare driver is one batch behind, since its rows are read back from what the store wrote.
    """
    ours: list[float] = []
    theirs: list[float] = []
    waiting: Rows | None = None
    written = 0
    for number, changeset in enumerate(prepared.batches):
        progress("writing", written, prepared.memories)
        if waiting is not None and number % 2:
            theirs.append(_bare_write(bare, waiting))
        seconds, rows = _store_write(store, bare, changeset)
        ours.append(seconds)
        if waiting is not None and not number % 2:
            theirs.append(_bare_write(bare, waiting))
        waiting = rows
        written += sum(change.add is not None for change in changeset.changes)
    if waiting is not None:
        theirs.append(_bare_write(bare, waiting))
    warm = min(max(-(-len(ours) // _WARM), _WARM_LEAST), len(ours) - 1)
    counted = prepared.batches[warm:]
    return RetainTimes(
        memories=sum(change.add is not None for changeset in counted for change in changeset.changes),
        batches=len(counted),
        ours_seconds=sum(ours[warm:]),
        bare_seconds=sum(theirs[warm:]),
    )


def _store_write(store: Neo4jStore, bare: BareDriver, changeset: Changeset) -> tuple[float, Rows]:
    started = time.perf_counter()
    operations = store.commit(changeset)
    seconds = time.perf_counter() - started
    return seconds, bare.rows_of(changeset, [operation.seq for operation in operations])


def _bare_write(bare: BareDriver, rows: Rows) -> float:
    started = time.perf_counter()
    bare.write(rows)
    return time.perf_counter() - started


def _time_workflow(work: Work, access: Access, runs: int, progress: Progress) -> WorkflowTimes:
    """Run it on both stores in turns, each time in a new bank; the first run of each is not counted."""
    seconds: dict[str, list[float]] = {"neo4j": [], "sqlite": []}
    with tempfile.TemporaryDirectory(prefix="agentmem-bench-") as folder:
        places = {"neo4j": access, "sqlite": Access(url=f"sqlite:///{Path(folder).as_posix()}/workflow.db")}
        for number in range(runs + 1):
            progress(f"running {work.name}", number, runs + 1)
            for name in sorted(places, reverse=bool(number % 2)):
                started = time.perf_counter()
                work.run(places[name], f"bench-run-{number}")
                seconds[name].append(time.perf_counter() - started)
    return WorkflowTimes(
        name=work.name,
        runs=runs,
        neo4j_seconds=statistics.median(seconds["neo4j"][1:]),
        sqlite_seconds=statistics.median(seconds["sqlite"][1:]),
    )
