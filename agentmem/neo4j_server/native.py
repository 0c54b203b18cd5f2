"""Runs a server with the Java of this machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from agentmem.neo4j_server.home import ServerHome, ServerRecord, ServerSettings
from agentmem.neo4j_server.jars import resolve_jars
from agentmem.neo4j_server.java import Java, find_java
from agentmem.neo4j_server.process import ProcessIdentity, start_detached, terminate
from agentmem.neo4j_server.releases import Release, jvm_flags

_KEPT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "JAVA_TOOL_OPTIONS")
"""What a server sees of the environment: nothing that may hold a secret."""

Notify = Callable[[str], None]


class JavaHost:
    """Starts and ends a server as a process of its own."""

    how = "java"

    def __init__(
        self, *, cache: Path | None = None, notify: Notify = lambda _line: None, progress: Notify = lambda _text: None
    ) -> None:
        self._cache = cache
        self._notify = notify
        self._progress = progress

    def launch(
        self, home: ServerHome, release: Release, settings: ServerSettings, record: ServerRecord
    ) -> ServerRecord:
        """Start it, without waiting for it to answer.

        Raises:
            ConfigurationError: no Java, no Maven, or the jars cannot be had.
            StoreUnavailable: it could not be started.
        """
        java = find_java(release)
        jars = resolve_jars(release, java, cache=self._cache, notify=self._notify, progress=self._progress)
        home.configure(settings)
        home.begin_logs()
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        process = start_detached(
            command_line(java, jars, release, home, settings), output=home.console_log, environment=environment
        )
        return replace(
            record, how=self.how, pid=process.pid if process else 0, started=process.started if process else ""
        )

    def alive(self, record: ServerRecord) -> bool:
        """Whether the process that was started still runs."""
        return ProcessIdentity(pid=record.pid, started=record.started).alive()

    def stop(self, record: ServerRecord, *, seconds: float) -> bool:
        """End it; whether it ended when asked."""
        return terminate(ProcessIdentity(pid=record.pid, started=record.started), seconds=seconds)

    def log(self, home: ServerHome, _record: ServerRecord) -> str:
        """What it said since it was started: Java on the console, the server in its own log."""
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in home.start_logs if path.exists())


def command_line(
    java: Java, jars: Path, release: Release, home: ServerHome, settings: ServerSettings
) -> tuple[str, ...]:
    """The command that runs a server. It holds no password."""
    return (
        str(java.executable),
        f"-Xms{settings.heap}",
        f"-Xmx{settings.heap}",
        *jvm_flags(java.version, vector_module=java.vector_module),
        *settings.jvm_flags,
        "-cp",
        f"{jars}/*",
        release.main_class,
        f"--home-dir={home.path}",
        f"--config-dir={home.configuration.parent}",
    )
