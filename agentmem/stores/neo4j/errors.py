"""The one place where errors of the Neo4j driver become errors of agentmem."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from neo4j import exceptions

from agentmem.errors import AgentmemError, ConfigurationError, InputError, StoreCorrupt, StoreError, StoreUnavailable

_TOO_LARGE = "too large to index"
_BY_CODE: tuple[tuple[str, type[AgentmemError], str, str], ...] = (
    (
        "Neo.ClientError.Security.AuthenticationRateLimit",
        StoreUnavailable,
        "the server refuses this user for a while: too many wrong passwords.",
        "Wait some seconds and try again with the right one.",
    ),
    (
        "Neo.ClientError.Security.CredentialsExpired",
        StoreUnavailable,
        "the server wants a new password for this user first.",
        "Change it: ALTER CURRENT USER SET PASSWORD FROM 'old' TO 'new'.",
    ),
    (
        "Neo.ClientError.Security.Forbidden",
        StoreUnavailable,
        "this user may not do that; nothing was written.",
        "Give the user the right to read and write the database and its indexes.",
    ),
    (
        "Neo.ClientError.Security",
        StoreUnavailable,
        "the server refused user or password.",
        "Give them in the URL, or in NEO4J_USERNAME and NEO4J_PASSWORD.",
    ),
    (
        "Neo.ClientError.Database.DatabaseNotFound",
        ConfigurationError,
        "the server has no database of that name.",
        "Community has one: neo4j.",
    ),
    (
        "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase",
        StoreUnavailable,
        "the database is read-only; nothing was written.",
        "Let the server write to it.",
    ),
    ("Neo.ClientError.General.WriteOnReadOnlyAccessDatabase", StoreUnavailable, "the database is read-only.", ""),
    *(
        (
            f"Neo.ClientError.Transaction.{name}",
            StoreUnavailable,
            "the server ended the transaction: by hand, or since it took longer than the server allows; "
            "nothing was written.",
            "Try again.",
        )
        for name in ("LockClientStopped", "Terminated", "TransactionTimedOut")
    ),
    ("Neo.TransientError.General.MemoryPoolOutOfMemoryError", StoreUnavailable, "the server is out of memory.", ""),
    ("Neo.TransientError", StoreUnavailable, "the server is too busy, or shutting down.", "Try again."),
    ("Neo.ClientError.Cluster", StoreUnavailable, "this server of the cluster does not write.", "Use neo4j://."),
    ("Neo.DatabaseError.General.IndexCorruptionDetected", StoreCorrupt, "an index of the database is damaged.", ""),
    (
        "Neo.DatabaseError.Schema.ConstraintCreationFailed",
        StoreCorrupt,
        "the database holds two nodes of one id, or a node without one: another program wrote into it.",
        "Remove what it wrote, or take another database.",
    ),
)
_NO_INDEX = ("There is no such fulltext schema index", "There is no such vector schema index", "is in FAILED state")
_HTTP = "looks like HTTP"
_OLD = "Notification filtering is not supported"
"""What the driver says of servers before 5.7, whose version it does not tell."""


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Raise what the driver raises inside as the exceptions that the Store protocol promises.

    Args:
        where: The store concerned, as errors show it; without password.
    """
    try:
        yield
    except exceptions.Neo4jError as error:
        raise _of_server(error, where) from error
    except exceptions.DriverError as error:
        raise _of_driver(error, where) from error
    except UnicodeEncodeError as error:
        raise InputError(
            "a text holds half of a surrogate pair, which no encoding can store.",
            where=where,
            hint="Decode it with errors='replace' first.",
        ) from error
    except OverflowError as error:
        raise InputError(f"a number or time is out of range: {error}.", where=where) from error


def _of_server(error: exceptions.Neo4jError, where: str) -> AgentmemError:
    code, message = error.code or "", error.message or ""
    if _TOO_LARGE in message:
        return InputError("a name, id or path is too long to be indexed.", where=where)
    if any(said in message for said in _NO_INDEX):
        return StoreUnavailable(
            "an index of the store is gone or has failed.",
            where=where,
            hint="Open the store again: that makes what is missing, and says what has failed.",
        )
    for prefix, kind, meaning, hint in _BY_CODE:
        if code.startswith(prefix):
            return kind(meaning, where=where, hint=hint)
    # The server's words may quote data, never credentials: those are no part of any statement.
    return StoreError(f"Neo4j refused ({code}): {message.splitlines()[0] if message else 'no reason'}", where=where)


def _of_driver(error: exceptions.DriverError, where: str) -> AgentmemError:
    if _OLD in str(error):
        return ConfigurationError(
            "the server is too old; agentmem needs Neo4j 5.26 or later.",
            where=where,
            hint="Upgrade the server, or start one of agentmem's own: agentmem neo4j start.",
        )
    if isinstance(error, exceptions.ConfigurationError):
        return ConfigurationError(f"the driver refused the URL: {error}.", where=where)
    if isinstance(error, exceptions.ConnectionAcquisitionTimeoutError):
        return StoreUnavailable("all connections to the server are in use.", where=where, hint="Try again.")
    if isinstance(error, (exceptions.ServiceUnavailable, exceptions.SessionExpired)):
        return _unreachable(error, where)
    return StoreUnavailable(f"the driver gave up: {error}.", where=where)


def _unreachable(error: exceptions.DriverError, where: str) -> StoreUnavailable:
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        hint = "Without encryption the scheme is neo4j:// or bolt://; for a certificate of its own, neo4j+ssc://."
        return StoreUnavailable(
            "the server cannot be reached: it does not encrypt, or its certificate is not trusted.",
            where=where,
            hint=hint,
        )
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return StoreUnavailable("the server cannot be reached: there is no host of that name.", where=where)
    if any(_HTTP in str(cause) for cause in causes):
        return StoreUnavailable(
            "the server cannot be reached: that is the port of a web page.",
            where=where,
            hint="Name the port of Bolt: 7687 unless the server is set up otherwise.",
        )
    return StoreUnavailable(
        "the server cannot be reached.",
        where=where,
        hint="Start it (agentmem neo4j start), or check host, port and scheme: neo4j://, or neo4j+s:// if it encrypts.",
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, what caused it, and what caused that; routing reports several at once."""
    yield error
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _causes(inner)
    cause = error.__cause__ or error.__context__
    if cause is not None:
        yield from _causes(cause)
