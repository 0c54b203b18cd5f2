"""A server that is there for a while: for tests, for CI, for trying something. It goes with those who use it."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from agentmem.errors import AgentmemError, ConfigurationError
from agentmem.neo4j_server import bolt
from agentmem.neo4j_server.home import USER, ServerSettings
from agentmem.neo4j_server.jars import FETCH_COMMAND, has_jars
from agentmem.neo4j_server.locking import held
from agentmem.neo4j_server.ports import free_ports
from agentmem.neo4j_server.process import ProcessIdentity, identify, start_detached
from agentmem.neo4j_server.releases import LTS, NEWEST, Release
from agentmem.neo4j_server.server import Neo4jServer

_NO_RESERVE: Final = {"db.tx_log.preallocate": "false", "db.tx_log.rotation.size": "16m"}
"""Neo4j would reserve half a gigabyte of disk for transaction logs."""

_SHORT_LIVED: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""A start takes half the processor time and 200 MB less; what runs for hours is quicker without."""

Notify = Callable[[str], None]


class NoTestServer(Exception):
    """Tests that need a real Neo4j have none, and nobody required one: skip them, with this as the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAccess:
    """What a client needs to use a server."""

    url: str
    """`bolt://HOST:PORT`, without user and password."""
    user: str
    """The user."""
    password: str = field(repr=False)
    """Their password; never shown."""
    version: str
    """Version of the server."""
    browser_url: str = ""
    """Opens Neo4j Browser on it; empty for a server that was not started here."""

    @property
    def line(self) -> str:
        """Its release line: what is not 5 has the abilities of the newest one."""
        return LTS.line if self.version.startswith(f"{LTS.line}.") else NEWEST.line


def short_lived() -> ServerSettings:
    """Settings of a small server on free ports that starts quickly: for tests, not for measuring."""
    bolt_port, http_port = free_ports(2)
    return ServerSettings(
        bolt_port=bolt_port,
        http_port=http_port,
        heap="512m",
        page_cache="64m",
        extra=_NO_RESERVE,
        jvm_flags=_SHORT_LIVED,
    )


@contextmanager
def throwaway_server(
    release: Release = LTS,
    *,
    settings: ServerSettings | None = None,
    shared: Path | None = None,
    cache: Path | None = None,
    notify: Notify = lambda _line: None,
) -> Iterator[ServerAccess]:
    """A new, empty server on free ports; it and all it wrote are gone afterwards, even if this process is killed.

    Args:
        release: What to run.
        settings: Ports and memory; by default `short_lived()`.
        shared: A folder, that need not exist yet, by which several processes share one server: the first starts it,
            the last one ends it.
        cache: Stands for the user's cache of agentmem.
        notify: Takes lines for the person who waits.

    Raises:
        ConfigurationError: Java, Maven or the driver is missing.
        StoreUnavailable: it does not start.
    """
    folder = shared or Path(tempfile.gettempdir()) / f"agentmem-neo4j-{uuid.uuid4().hex}"
    entry = _join(folder)
    try:
        with held(_lock(folder), doing="starting a Neo4j for tests", notify=notify):
            server = Neo4jServer(folder / "home", cache=cache, notify=notify)
            if not server.status().running:
                server.start(release, settings or short_lived(), how="java")
                _start_reaper(folder)
            status = server.status()
        yield ServerAccess(
            url=status.bolt_url,
            user=USER,
            password=server.password(),
            version=status.version,
            browser_url=status.browser_url,
        )
    finally:
        entry.unlink(missing_ok=True)
        end_if_unused(folder)


@contextmanager
def server_for_tests(
    release: Release = LTS, *, cache: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[ServerAccess]:
    """The server of a release for a test session, for a session-scoped fixture.

    AGENTMEM_NEO4J_URLS (or AGENTMEM_NEO4J_URL) names servers that run already, separated by spaces; user and password
    are those of the URL or NEO4J_USERNAME and NEO4J_PASSWORD. Otherwise a throw-away server is started, one for all
    workers of pytest-xdist. Nothing is downloaded unless AGENTMEM_REQUIRE_NEO4J=1, which also makes a missing server
    an error instead of a reason to skip.

    Raises:
        NoTestServer: there is none, and none was required.
        AgentmemError: there is none, and one was required.
    """
    given = os.environ if environment is None else environment
    required = given.get("AGENTMEM_REQUIRE_NEO4J", "") not in ("", "0")
    urls = (given.get("AGENTMEM_NEO4J_URLS") or given.get("AGENTMEM_NEO4J_URL") or "").split()
    if urls:
        yield _given_server(urls, release, given, required)
        return
    if not required and not has_jars(release, cache):
        raise NoTestServer(f"Neo4j {release.version} is not fetched: `{FETCH_COMMAND} --line {release.line}` does it.")
    server = throwaway_server(release, shared=_session_folder(release, given), cache=cache)
    try:
        access = server.__enter__()
    except AgentmemError as error:
        if required:
            raise
        raise NoTestServer(f"no Neo4j {release.version}: {error}") from error
    try:
        yield access
    finally:
        server.__exit__(None, None, None)


def end_if_unused(folder: Path) -> bool:
    """Stop the server of a folder and remove all of it, unless a living process uses it; whether it is gone."""
    lock = _lock(folder)
    with held(lock, doing="starting or ending a Neo4j for tests"):
        if folder.exists():
            if any(_uses(entry) for entry in (folder / "users").glob("*.json")):
                return False
            Neo4jServer(folder / "home").stop(seconds=0)  # nothing of it is kept
            shutil.rmtree(folder)
        lock.unlink(missing_ok=True)
    return True


def _join(folder: Path) -> Path:
    """Enter this process as a user of the folder, before it is started, so that nobody ends it meanwhile."""
    me = identify(os.getpid())
    if me is None:  # no /proc and no ps
        raise ConfigurationError("this system does not tell when a process started.")
    with held(_lock(folder), doing="starting or ending a Neo4j for tests"):
        users = folder / "users"
        users.mkdir(mode=0o700, parents=True, exist_ok=True)
        entry = users / f"{uuid.uuid4().hex}.json"
        entry.write_text(json.dumps(asdict(me)), encoding="utf-8")
    return entry


def _uses(entry: Path) -> bool:
    try:
        return ProcessIdentity(**json.loads(entry.read_text(encoding="utf-8"))).alive()
    except FileNotFoundError:  # it has just left
        return False


def _lock(folder: Path) -> Path:
    """Beside the folder, which comes and goes."""
    return folder.with_name(f"{folder.name}.lock")


def _start_reaper(folder: Path) -> None:
    """Start the process that ends the server when every user is gone, however they went."""
    package = Path(__file__).parent.parent.parent
    path = os.pathsep.join(filter(None, (str(package), os.environ.get("PYTHONPATH"))))
    start_detached(
        [sys.executable, "-m", "agentmem.neo4j_server.reaper", str(folder)],
        output=folder / "reaper.log",
        environment={**os.environ, "PYTHONPATH": path},
    )


def _session_folder(release: Release, environment: Mapping[str, str]) -> Path | None:
    """One folder for all workers of a pytest-xdist run; None without xdist."""
    run = environment.get("PYTEST_XDIST_TESTRUNUID")
    return Path(tempfile.gettempdir()) / f"agentmem-neo4j-{release.line}-{run}" if run else None


def _given_server(urls: list[str], release: Release, environment: Mapping[str, str], required: bool) -> ServerAccess:
    """The first of the servers that is of the release's line."""
    seen = []
    for url in urls:
        access = _access(url, environment)
        if access.line == release.line:
            return access
        seen.append(access.version)
    reason = f"AGENTMEM_NEO4J_URLS names no server of line {release.line}, only {', '.join(seen)}."
    if required:
        raise ConfigurationError(reason)
    raise NoTestServer(reason)


def _access(url: str, environment: Mapping[str, str]) -> ServerAccess:
    """Ask a server for its version.

    Raises:
        ConfigurationError: wrong password, or no such URL.
        StoreUnavailable: it does not answer.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 7687
    except ValueError:
        host, port = "", 0
    if not host:
        raise ConfigurationError("is no server's URL.", where="AGENTMEM_NEO4J_URLS", hint="Write bolt://HOST:PORT.")
    user = unquote(parts.username or "") or environment.get("NEO4J_USERNAME") or USER
    password = unquote(parts.password or "") or environment.get("NEO4J_PASSWORD", "")
    plain = f"{parts.scheme}://{host}:{port}"
    return ServerAccess(
        url=plain, user=user, password=password, version=bolt.ask_version(plain, user=user, password=password)
    )
