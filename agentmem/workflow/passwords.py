"""Who is given a password, and over which lines.

NEO4J_PASSWORD is the user's, a workflow may be a stranger's. So the password goes only to a server that the user named:
in AGENTMEM_STORE, on the command line, or in the settings file (`hosts:`). That holds for this machine, too: whoever is
logged in here may listen on a port. A password in the URL itself is that of whoever wrote the URL.

Neither goes over a line that others may read, unless the user says so for that server (`plaintext:`): `bolt://` and
`neo4j://` are not encrypted, and do for this machine only. `+s` and `+ssc` do everywhere.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agentmem.config import Settings
from agentmem.errors import ConfigurationError

if TYPE_CHECKING:
    from agentmem.stores.neo4j.location import Location

_PORT = 7687
_HERE = "localhost"
_ITSELF = frozenset({_HERE, "127.0.0.1", "::1"})
"""Three names of one server."""

Endpoint = tuple[str, int]
"""A server: host and port."""


def password_for(settings: Settings) -> str:
    """The password that the store of the settings is opened with, if its URL holds none.

    Raises:
        ConfigurationError: the server is not one that the user named, or the password would go in clear text.
    """
    url = settings.store_url
    if url.partition("://")[0].lower().partition("+")[0] not in ("neo4j", "bolt"):
        return ""
    try:
        from agentmem.stores.neo4j.location import parse_location  # noqa: PLC0415 - its package needs the driver
    except ModuleNotFoundError:
        return ""  # to open the store tells what is missing
    location = parse_location(url)
    is_own = bool(location.credentials.password)
    if not is_own and not settings.password:
        return ""
    if not is_own and settings.proposed:
        _require_named(location, settings, "it is not given NEO4J_PASSWORD")
    _require_private(location, settings)
    return settings.password


def require_own_server(settings: Settings) -> None:
    """Refuse the store of a workflow on another machine that the user has not named: it would get what is remembered.

    Raises:
        ConfigurationError: it is such a store.
    """
    if settings.proposed.partition("://")[0].lower().partition("+")[0] not in ("neo4j", "bolt"):
        return
    try:
        from agentmem.stores.neo4j.location import parse_location  # noqa: PLC0415 - its package needs the driver
    except ModuleNotFoundError:
        return  # to open the store tells what is missing
    location = parse_location(settings.proposed)
    if not _is_here(location.host):
        _require_named(location, settings, "nothing is sent there")


def _require_named(location: Location, settings: Settings, consequence: str) -> None:
    from agentmem.stores.neo4j.location import parse_location  # noqa: PLC0415 - as above

    named = [_listed(host, settings) for host in settings.hosts]
    if settings.store.partition("://")[0].lower().partition("+")[0] in ("neo4j", "bolt"):
        named.append(_endpoint(parse_location(settings.store)))
    if _endpoint(location) not in named:
        shown = _shown(location)
        raise ConfigurationError(
            f"the workflow's store is on {shown}, a server that you have not named: {consequence}.",
            where=location.server,
            hint=f"If you trust it, write `hosts: [{shown!r}]` into {settings.settings_path}, "
            "or set AGENTMEM_STORE to its URL, or give it with --store.",
        )


def _require_private(location: Location, settings: Settings) -> None:
    if "+" in location.scheme or _is_here(location.host):
        return
    if _endpoint(location) not in [_listed(host, settings) for host in settings.plaintext]:
        shown = _shown(location)
        raise ConfigurationError(
            f"{location.scheme}:// is not encrypted: the password would go to {shown} in clear text.",
            where=location.server,
            hint=f"Write {location.scheme}+s://. If all who are on the way may read it, write `plaintext: [{shown!r}]` "
            f"into {settings.settings_path}.",
        )


def _endpoint(location: Location) -> Endpoint:
    return (_canonical(location.host), location.port)


def _listed(entry: str, settings: Settings) -> Endpoint:
    """The server that an entry of the settings file names, `host` or `host:port`; without a port it is Neo4j's own."""
    is_bare_ipv6 = entry.count(":") > 1 and not entry.startswith("[")
    try:
        parts = urlsplit(f"//[{entry}]" if is_bare_ipv6 else f"//{entry}")
        host, port = parts.hostname, parts.port or _PORT
    except ValueError:
        host, port, parts = None, _PORT, urlsplit("")
    if not host or parts.path or parts.query or parts.fragment or "@" in entry:
        raise ConfigurationError(
            f"{entry!r} is no server.",
            where=str(settings.settings_path),
            hint="Write host or host:port: db.example.org:7687.",
        )
    return (_canonical(host), port)


def _canonical(host: str) -> str:
    plain = host.lower().rstrip(".")
    try:
        address = ip_address(plain)
    except ValueError:
        return plain
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return _HERE if str(address) in _ITSELF else str(address)


def _is_here(host: str) -> bool:
    """Whether it is this machine, over its own loopback."""
    plain = _canonical(host)
    try:
        return plain == _HERE or ip_address(plain).is_loopback
    except ValueError:
        return False


def _shown(location: Location) -> str:
    return f"[{location.host}]:{location.port}" if ":" in location.host else f"{location.host}:{location.port}"
