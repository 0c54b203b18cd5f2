"""Where a Neo4j store lies: its URL, and who opens it. A password is never part of anything that is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from agentmem.errors import ConfigurationError

SCHEMES = frozenset({"neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc"})
"""Schemes of the driver's URLs: with routing or to one server; plain, encrypted, encrypted and self-signed."""
_FORMS = "Write neo4j://[user[:password]@]host[:port][/database]."
_DATABASE = re.compile(r"[A-Za-z][A-Za-z0-9.-]{2,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who opens a server."""

    user: str = "neo4j"
    password: str = field(default="", repr=False)
    """Empty for a server without authentication."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A database of a server."""

    scheme: str
    host: str
    port: int
    database: str
    credentials: Credentials

    @property
    def server(self) -> str:
        """The URL that the driver opens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL of the store with its user and without any password."""
        scheme, _, rest = self.server.partition("://")
        return f"{scheme}://{quote(self.credentials.user, safe='')}@{rest}/{self.database}"

    def __str__(self) -> str:
        return f"{self.server}/{self.database}"


def parse_location(url: str, *, user: str = "", password: str = "") -> Location:
    """The location that a URL names.

    Args:
        url: `neo4j://[user[:password]@]host[:port][/database]` or another of `SCHEMES`; user and password in per cent
            encoding. Without port 7687, without database `neo4j`.
        user: Used if the URL names none.
        password: Used if the URL holds none.

    Raises:
        ConfigurationError: not such a URL; the message repeats nothing of it.
    """
    scheme = url.partition("://")[0].lower()
    if scheme not in SCHEMES:
        raise ConfigurationError("not a Neo4j URL.", hint=_FORMS)
    try:
        parts = urlsplit(url)
        port = parts.port or 7687
    except ValueError:
        # Not the reason, which may quote the password, and so no chained traceback either.
        raise ConfigurationError("the URL is malformed.", where=f"{scheme}://", hint=_FORMS) from None
    if parts.query or parts.fragment:
        hint = f"{_FORMS} A '?' or '#' in a password is written %3F or %23."
        raise ConfigurationError("options after '?' or '#' are not supported.", where=f"{scheme}://", hint=hint)
    if not parts.hostname:
        raise ConfigurationError("the URL names no host.", where=f"{scheme}://", hint=_FORMS)
    database = unquote(parts.path).strip("/") or "neo4j"
    if not _DATABASE.fullmatch(database) or database.lower() == "system":
        raise ConfigurationError("that is no name of a database.", where=f"{scheme}://{parts.hostname}", hint=_FORMS)
    credentials = Credentials(
        user=unquote(parts.username or "") or user or "neo4j",
        password=unquote(parts.password or "") or password,
    )
    return Location(scheme=scheme, host=parts.hostname, port=port, database=database.lower(), credentials=credentials)
