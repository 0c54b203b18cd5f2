"""One server of one home: started, stopped, looked at. What `agentmem neo4j` does, as a class."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, Protocol

from agentmem.errors import ConfigurationError, InputError, StoreUnavailable
from agentmem.neo4j_server import bolt
from agentmem.neo4j_server.content import browser_url, saved_scripts
from agentmem.neo4j_server.docker import DockerHost, find_engine
from agentmem.neo4j_server.home import USER, ServerHome, ServerRecord, ServerSettings
from agentmem.neo4j_server.locking import held
from agentmem.neo4j_server.native import JavaHost
from agentmem.neo4j_server.ports import LOOPBACK, holder, is_free, speaks_bolt
from agentmem.neo4j_server.releases import LTS, RELEASES, Release

How = Literal["auto", "docker", "java"]
"""What runs the server; auto takes Docker where an engine answers, else Java."""

Notify = Callable[[str], None]

_START_SECONDS: Final = 180.0
_STOP_SECONDS: Final = 60.0
_GONE_SECONDS: Final = 5.0  # a killed process is gone at once, its ports when the system has freed its memory
_POLL: Final = 0.1
_SHOWN: Final = 12  # lines of a log in an error
_SIZE: Final = re.compile(r"[1-9]\d*[kmg]", re.ASCII | re.IGNORECASE)
_TELLING: Final = re.compile(r"Invalid|ERROR|Error|Caused by|Exception|WARN|failed|Unrecognized", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """What a home's server is doing."""

    running: bool
    """Whether its process or container runs."""
    answers: bool
    """Whether Bolt answers; a server that runs and does not answer is starting or stopping."""
    home: Path
    """Its folder."""
    line: str = ""
    """Release line; empty if it was never started."""
    version: str = ""
    """Exact version."""
    how: str = ""
    """`java` or `docker`; empty if it does not run."""
    pid: int = 0
    """Process id of a server that Java runs; 0 otherwise."""
    container: str = ""
    """Name of the container of a server that Docker runs."""
    bolt_url: str = ""
    """For `--store`; without the password."""
    browser_url: str = ""
    """Opens Neo4j Browser on it; without the password."""
    user: str = USER
    """The server's user."""
    password_file: Path = Path()
    """Holds the password of the user; only its owner can read it."""
    crashed: bool = False
    """It was not stopped: it ended by itself, was killed, or the machine went down."""


class Host(Protocol):
    """What runs servers: this machine's Java, or a Docker engine."""

    @property
    def how(self) -> str:
        """`java` or `docker`."""

    def launch(
        self, home: ServerHome, release: Release, settings: ServerSettings, record: ServerRecord
    ) -> ServerRecord:
        """Start a server without waiting for it; the record with what it is found by later."""

    def alive(self, record: ServerRecord) -> bool:
        """Whether it runs."""

    def stop(self, record: ServerRecord, *, seconds: float) -> bool:
        """End it; False if it had to be killed."""

    def log(self, home: ServerHome, record: ServerRecord) -> str:
        """What it printed."""


class Neo4jServer:
    """A server of Neo4j Community that listens on loopback and keeps everything in one folder.

    Args:
        home: The folder; made at the first start. What it holds, only its owner can read.
        cache: Stands for the user's cache of agentmem, where the jars lie.
        notify: Takes lines for the person who waits.
        progress: Takes the state of what takes long, again and again.
    """

    def __init__(
        self,
        home: Path,
        *,
        cache: Path | None = None,
        notify: Notify = lambda _line: None,
        progress: Notify = lambda _text: None,
    ) -> None:
        self._home = ServerHome(home)
        self._cache = cache
        self._notify = notify
        self._progress = progress

    @property
    def home(self) -> Path:
        """The folder."""
        return self._home.path

    def password(self) -> str:
        """The password of the user `neo4j`.

        Raises:
            ConfigurationError: there is none yet, or its file is gone.
        """
        return self._home.password()

    def keep_saved_scripts(self, values: Mapping[str, str]) -> Path:
        """Write the saved queries with these values as a file that Browser takes in; its path."""
        return self._home.keep_scripts(saved_scripts(values))

    def settings(self) -> ServerSettings:
        """Ports and memory of the last start, the defaults before the first one."""
        record = self._home.record()
        return ServerSettings() if record is None else record.settings

    def status(self) -> ServerStatus:
        """What the server is doing now."""
        record = self._home.record()
        return ServerStatus(running=False, answers=False, home=self.home) if record is None else self._status(record)

    def start(
        self,
        release: Release | None = None,
        settings: ServerSettings | None = None,
        *,
        how: How = "auto",
        seconds: float = _START_SECONDS,
    ) -> ServerStatus:
        """Start the server and wait until Bolt takes queries with the password; one that runs already is left as it is.

        Args:
            release: What to run; by default what the home was filled by, 5.26 LTS for a new one.
            settings: Ports and memory; by default those of the last start.
            how: What to run it with.
            seconds: How long it may take to answer.

        Raises:
            InputError: ports or memory are none that a server can have.
            ConfigurationError: Java, Maven or the password is missing, or the home belongs to another line.
            StoreUnavailable: a port is taken, or the server died or does not answer; it is not left running.
        """
        bolt.require_driver()
        self._home.prepare()
        with held(self._home.lock_file, doing="starting or stopping this server", notify=self._notify):
            known = self._home.record()
            chosen = _fitting(release, known, self.home)
            if known is not None and self._runs(known) and self._answers(known, seconds):
                return self._status(known)
            given = settings or self.settings()
            _require_sound(given)
            _require_free(given, patience=_GONE_SECONDS if known is not None and known.how else 0.0)
            record = ServerRecord(
                line=chosen.line,
                version=chosen.version,
                bolt_port=given.bolt_port,
                http_port=given.http_port,
                heap=given.heap,
                page_cache=given.page_cache,
                password_set=known is not None and known.password_set,
            )
            return self._status(self._launch(self._host(how), chosen, given, record, seconds))

    def stop(self, *, seconds: float = _STOP_SECONDS) -> bool:
        """Stop the server, and kill it if it does not end in time.

        Returns:
            Whether there was one running.
        """
        if self._home.record() is None:
            return False
        with held(self._home.lock_file, doing="starting or stopping this server", notify=self._notify):
            record = self._home.record()
            if record is None:
                return False
            runs = self._runs(record)
            if runs and not self._host_of(record).stop(record, seconds=seconds):
                self._notify(f"Neo4j did not end within {seconds:.0f} seconds and was killed.")
            self._home.remember(_ended(record))
            return runs

    def _answers(self, record: ServerRecord, seconds: float) -> bool:
        """Wait until a server that runs takes queries; False if it ends instead."""
        host = self._host_of(record)

        def alive() -> bool:
            return host.alive(record)

        if not bolt.await_answer(record.bolt_port, alive=alive, seconds=seconds):
            return False
        bolt.log_in(record.bolt_port, self._home.password(), alive=alive, seconds=seconds)
        return True

    def _launch(
        self, host: Host, release: Release, settings: ServerSettings, record: ServerRecord, seconds: float
    ) -> ServerRecord:
        self._home.password(expected=record.password_set)  # refuse before anything runs
        started = host.launch(self._home, release, settings, record)
        self._home.remember(started)
        self._progress(f"Neo4j {release.version} is starting")
        try:
            return self._await_use(host, started, seconds)
        except BaseException as error:
            said = _telling_lines(host.log(self._home, started))
            host.stop(started, seconds=_STOP_SECONDS)
            self._home.remember(_ended(started))
            if isinstance(error, StoreUnavailable):
                error.hint = f"Its logs are in {self._home.console_log.parent}{' and say:' if said else '.'}\n{said}"
            raise

    def _await_use(self, host: Host, record: ServerRecord, seconds: float) -> ServerRecord:
        """Wait until Bolt takes queries with the password of the home, and give a new server that password."""

        def alive() -> bool:
            return host.alive(record)

        if not bolt.await_answer(record.bolt_port, alive=alive, seconds=seconds):
            raise StoreUnavailable(f"Neo4j {record.version} ended while it was starting.", where=str(self.home))
        password = self._home.password()
        if not record.password_set:
            bolt.set_first_password(record.bolt_port, password, alive=alive, seconds=seconds)
            self._home.remember(replace(record, password_set=True))
        bolt.log_in(record.bolt_port, password, alive=alive, seconds=seconds)
        _await_http(record.http_port, alive, seconds)
        return replace(record, password_set=True)

    def _host(self, how: How) -> Host:
        docker = find_engine() if how in ("auto", "docker") else None
        if docker is not None:
            return DockerHost(docker, notify=self._notify)
        if how == "docker":
            raise ConfigurationError(
                "no Docker engine answers.",
                where="docker",
                hint="`docker info` says why; `--with java` runs Neo4j without it.",
            )
        return JavaHost(cache=self._cache, notify=self._notify, progress=self._progress)

    def _host_of(self, record: ServerRecord) -> Host:
        return self._host("docker" if record.how == "docker" else "java")

    def _runs(self, record: ServerRecord) -> bool:
        if not record.how or (record.how == "docker" and find_engine() is None):
            return False
        return self._host_of(record).alive(record)

    def _status(self, record: ServerRecord) -> ServerStatus:
        running = self._runs(record)
        return ServerStatus(
            running=running,
            answers=running and speaks_bolt(record.bolt_port),
            home=self.home,
            line=record.line,
            version=record.version,
            how=record.how if running else "",
            pid=record.pid if running else 0,
            container=record.container if running else "",
            bolt_url=f"bolt://{LOOPBACK}:{record.bolt_port}",
            browser_url=browser_url(record.http_port, record.bolt_port),
            password_file=self._home.password_file,
            crashed=bool(record.how) and not running,
        )


def _fitting(release: Release | None, known: ServerRecord | None, home: Path) -> Release:
    """The release to run on a home.

    Raises:
        ConfigurationError: its data was written by another line.
    """
    if known is None or not known.password_set:  # no start has succeeded: nothing was written yet
        return release or LTS
    if release is not None and release.line != known.line:
        raise ConfigurationError(
            f"this home holds data of line {known.line} (Neo4j {known.version}), not of {release.line}.",
            where=str(home),
            hint=f"`--line {known.line}` starts it; `--home` names another place for line {release.line}.",
        )
    return RELEASES[known.line]


def _require_sound(settings: ServerSettings) -> None:
    """Refuse settings with which no server can start.

    Raises:
        InputError: names the setting.
    """
    for option, size in (("--heap", settings.heap), ("page cache", settings.page_cache)):
        if not _SIZE.fullmatch(size):
            raise InputError(f"{size!r} is no size.", where=option, hint="Write it like 512m or 2g.")
    if settings.bolt_port == settings.http_port:
        raise InputError(
            f"Bolt and Neo4j Browser cannot both have port {settings.http_port}.",
            where="--http-port",
            hint="Name two different ports.",
        )


def _require_free(settings: ServerSettings, *, patience: float) -> None:
    """Refuse ports that another program has, before anything is started.

    Args:
        settings: Names the ports.
        patience: How long to wait, in seconds, for a server that was killed to give them back.

    Raises:
        StoreUnavailable: names the ports and who has them.
    """
    wanted = (("Bolt", settings.bolt_port), ("Browser", settings.http_port))
    end = time.monotonic() + patience
    while time.monotonic() < end and not all(is_free(port) for _, port in wanted):
        time.sleep(_POLL)
    taken = [f"port {port} ({name}) is taken by {holder(port)}" for name, port in wanted if not is_free(port)]
    if taken:
        raise StoreUnavailable(
            f"{'; '.join(taken)}.",
            hint="`agentmem neo4j start --bolt-port N --http-port N` takes others; "
            "`--store bolt://HOST:PORT` uses a server that runs already.",
        )


def _await_http(port: int, alive: Callable[[], bool], seconds: float) -> None:
    """Wait until Browser's port is open: it opens a moment after Bolt's."""
    end = time.monotonic() + seconds
    while is_free(port):
        if not alive() or time.monotonic() > end:
            raise StoreUnavailable("the port of Neo4j Browser did not open.", where=f"{LOOPBACK}:{port}")
        time.sleep(_POLL)


def _ended(record: ServerRecord) -> ServerRecord:
    return replace(record, how="", pid=0, started="", container="")


def _telling_lines(log: str) -> str:
    """The lines of a log that say what went wrong, the last ones if none does."""
    lines = [line.rstrip() for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.search(line) and not line.startswith("\tat ")]
    return "\n".join(line[:300] for line in (telling or lines)[-_SHOWN:])
