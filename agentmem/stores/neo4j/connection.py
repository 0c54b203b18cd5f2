"""The driver: pooled connections, retries, and a count of round trips."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import neo4j
from neo4j import exceptions

from agentmem.errors import StoreUnavailable
from agentmem.stores.neo4j.errors import translated
from agentmem.stores.neo4j.location import Location

_Result = TypeVar("_Result")
_READ_ONLY = "Let the server write to it."
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_TOO_LARGE = "MemoryPoolOutOfMemoryError"
"""The server calls it passing. A statement that did not fit will not fit the next time either."""
logging.getLogger("neo4j").addHandler(logging.NullHandler())  # else what the driver logs reaches people's terminals


def _passes(error: exceptions.Neo4jError | exceptions.DriverError) -> bool:
    """Whether an error may be gone when the call is made again."""
    if isinstance(error, exceptions.Neo4jError) and (error.code or "").endswith(_TOO_LARGE):
        return False
    return error.is_retryable() and not isinstance(error, exceptions.ForbiddenOnReadOnlyDatabase)


class Transaction:
    """A write transaction: runs statements and counts their round trips."""

    def __init__(self, transaction: neo4j.ManagedTransaction, count: Callable[[], None]) -> None:
        self._transaction = transaction
        self._count = count

    def run(self, query: str, **parameters: Any) -> list[neo4j.Record]:
        """Run one statement and read all of its rows: one round trip."""
        self._count()
        try:
            return list(self._transaction.run(query, {"p": parameters}))
        except exceptions.ForbiddenOnReadOnlyDatabase as error:
            # The driver would try again for as long as it retries what passes by itself.
            raise StoreUnavailable("the database is read-only; nothing was written.", hint=_READ_ONLY) from error


class Connection:
    """A driver for one database of a server. Safe to use from several threads.

    Args:
        location: Server, database and who opens it.
        timeout: How long a call retries what may pass by itself, and waits for a free connection, in seconds.
        pool: Most connections at once.
    """

    def __init__(self, location: Location, *, timeout: float, pool: int) -> None:
        self.where = str(location)
        self._timeout = timeout
        self._closed = False
        self._trips = 0
        self._guard = threading.Lock()
        self._database = location.database
        credentials = location.credentials
        with translated(self.where):
            self._driver = neo4j.GraphDatabase.driver(
                location.server,
                auth=(credentials.user, credentials.password) if credentials.password else None,
                connection_acquisition_timeout=timeout,
                connection_timeout=timeout,
                max_connection_pool_size=pool,
                max_transaction_retry_time=timeout,
                notifications_min_severity=neo4j.NotificationMinimumSeverity.OFF,
                user_agent="agentmem",
            )

    @property
    def round_trips(self) -> int:
        """How often the server was asked and answered since the opening; routing tables not counted."""
        return self._trips

    def agent(self) -> str:
        """The server's name and version; fails at once if there is none."""
        self._count()
        with translated(self.where), self._session(neo4j.READ_ACCESS) as session:
            return session.run("RETURN 1").consume().server.agent

    def read(self, query: str, **parameters: Any) -> list[neo4j.Record]:
        """Run one reading statement by itself, again if it fails for a passing reason: one round trip.

        A statement by itself sees one answer and needs no COMMIT, which a transaction would have to wait for.
        """
        return self._retried(lambda: self._read(query, parameters))

    def _read(self, query: str, parameters: dict[str, Any]) -> list[neo4j.Record]:
        with self._session(neo4j.READ_ACCESS) as session:
            self._count()
            return list(session.run(query, {"p": parameters}))

    def alone(self, query: str, *, again_if_broken: bool = True, **parameters: Any) -> list[neo4j.Record]:
        """Run one writing or locking statement by itself, which is a transaction: one round trip.

        Args:
            query: The statement.
            again_if_broken: Run it again if the connection breaks, when nobody knows whether it had its effect.
            parameters: Its parameters.
        """

        def run() -> list[neo4j.Record]:
            with self._session(neo4j.WRITE_ACCESS) as session:
                self._count()
                return list(session.run(query, {"p": parameters}))

        return self._retried(run, again_if_broken=again_if_broken)

    def write(self, work: Callable[[Transaction], _Result]) -> _Result:
        """Run a managed write transaction: again if it fails for a passing reason, and rolled back if `work` raises.

        If the connection breaks while the server commits, whether it was written is not known.
        """
        self._refuse_if_closed()
        with translated(self.where), self._session(neo4j.WRITE_ACCESS) as session:
            result = session.execute_write(lambda transaction: work(Transaction(transaction, self._count)))
            self._count()
            return result

    def _retried(self, work: Callable[[], _Result], *, again_if_broken: bool = True) -> _Result:
        deadline, pause = time.monotonic() + self._timeout, _FIRST_PAUSE
        self._refuse_if_closed()
        with translated(self.where):
            while True:
                try:
                    return work()
                except (exceptions.Neo4jError, exceptions.DriverError) as error:
                    known = again_if_broken or isinstance(error, exceptions.Neo4jError)
                    if not (known and _passes(error)) or time.monotonic() + pause > deadline:
                        raise
                time.sleep(pause * random.uniform(0.5, 1.5))
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _session(self, access: str) -> neo4j.Session:
        return self._driver.session(
            database=self._database,
            default_access_mode=access,
            fetch_size=-1,
            bookmark_manager=self._driver.execute_query_bookmark_manager,
        )

    def _count(self) -> None:
        with self._guard:
            self._trips += 1

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed.", where=self.where, hint="Open it again.")

    def close(self) -> None:
        """Close all connections. Closing twice is harmless."""
        self._closed = True
        self._driver.close()
