"""What is said to a server while it starts: whether it answers, and its first password."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from agentmem.errors import ConfigurationError, MissingExtra, StoreUnavailable
from agentmem.neo4j_server.home import USER
from agentmem.neo4j_server.ports import LOOPBACK, speaks_bolt

try:
    import neo4j
    from neo4j.exceptions import AuthError, ClientError, DriverError, Neo4jError
except ImportError:  # the extra is not installed; said by `require_driver`
    neo4j = None  # type: ignore[assignment]

_INITIAL: Final = "neo4j"
"""The password of a new server, good for nothing but choosing another."""

Alive = Callable[[], bool]
"""Says whether the server that is waited for still runs."""

_POLL: Final = 0.2  # seconds
_CONNECT_SECONDS: Final = 10.0
_CHANGE: Final = "ALTER CURRENT USER SET PASSWORD FROM $old TO $new"
_VERSION: Final = (
    "CALL dbms.components() YIELD name, versions WHERE name = 'Neo4j Kernel' RETURN versions[0] AS version"
)


def require_driver() -> None:
    """Refuse to start what nobody could talk to.

    Raises:
        MissingExtra: the driver is not installed.
    """
    if neo4j is None:
        raise MissingExtra(
            "Neo4j needs its driver.", where="neo4j", hint="`pip install 'agentmem-graph[neo4j]'` installs it."
        )


def await_answer(port: int, *, alive: Alive, seconds: float) -> bool:
    """Wait until Bolt answers on loopback.

    Returns:
        Whether it does; False as soon as the server is not alive any more.

    Raises:
        StoreUnavailable: it is alive and did not answer in time.
    """
    end = time.monotonic() + seconds
    while not speaks_bolt(port):
        if not alive():
            return False
        if time.monotonic() > end:
            raise StoreUnavailable(f"Bolt did not answer within {seconds:.0f} seconds.", where=f"{LOOPBACK}:{port}")
        time.sleep(_POLL)
    return True


def set_first_password(port: int, password: str, *, alive: Alive, seconds: float) -> None:
    """Give a new server its password. It travels as a parameter, so no log holds it.

    Raises:
        ConfigurationError: the server has another one already.
        StoreUnavailable: it does not take one in time.
    """
    url = f"bolt://{LOOPBACK}:{port}"
    change = {"old": _INITIAL, "new": password}
    try:
        _run(url, (USER, _INITIAL), _CHANGE, change, database="system", alive=alive, seconds=seconds)
    except AuthError:  # it was given before, by a start that was cut off between the two
        log_in(port, password, alive=alive, seconds=seconds)


def log_in(port: int, password: str, *, alive: Alive, seconds: float) -> None:
    """Wait until the user database takes queries with the password.

    Raises:
        ConfigurationError: the password is not the server's.
        StoreUnavailable: the database does not answer in time.
    """
    try:
        url = f"bolt://{LOOPBACK}:{port}"
        _run(url, (USER, password), _VERSION, {}, database="neo4j", alive=alive, seconds=seconds)
    except AuthError as error:
        raise ConfigurationError(
            "the server has another password than the one in its file.",
            where=f"{LOOPBACK}:{port}",
            hint="Write the password of its user `neo4j` into the file `password` of the server's home.",
        ) from error


def ask_version(url: str, *, user: str, password: str, seconds: float = 30.0) -> str:
    """The version of a server anywhere.

    Raises:
        ConfigurationError: it does not take the user and password.
        StoreUnavailable: it does not answer in time.
    """
    require_driver()
    try:
        return _run(url, (user, password), _VERSION, {}, database=None, alive=lambda: True, seconds=seconds)
    except AuthError as error:
        raise ConfigurationError(
            "the server refuses this user and password.", where=url, hint="Set NEO4J_USERNAME and NEO4J_PASSWORD."
        ) from error


def _run(
    url: str,
    auth: tuple[str, str],
    query: str,
    parameters: dict[str, str],
    *,
    database: str | None,
    alive: Alive,
    seconds: float,
) -> str:
    """Run a query as soon as the database takes it; its first value as text."""
    end = time.monotonic() + seconds
    while True:
        try:
            return _run_once(url, auth, query, parameters, database)
        except AuthError:
            raise
        except (DriverError, Neo4jError) as error:
            refused = isinstance(error, ClientError) and "Database" not in (error.code or "")
            if refused or not alive() or time.monotonic() > end:
                # The server's own words name the query, never its parameters.
                raise StoreUnavailable(f"the server does not work: {error}", where=url) from error
        time.sleep(_POLL)


def _run_once(url: str, auth: tuple[str, str], query: str, parameters: dict[str, str], database: str | None) -> str:
    """Without the driver's own retries, which would wait for a server that is gone and log each try."""
    with (
        neo4j.GraphDatabase.driver(
            url,
            auth=auth,
            connection_timeout=_CONNECT_SECONDS,
            notifications_min_severity="OFF",
            telemetry_disabled=True,
        ) as driver,
        driver.session(database=database) as session,
    ):
        record = next(iter(session.run(query, parameters)), None)
        return str(record[0]) if record else ""
