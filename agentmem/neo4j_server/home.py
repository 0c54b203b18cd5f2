"""The folder of one server: its configuration, data, logs, password and what is known of its last start."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from agentmem.errors import ConfigurationError, InputError
from agentmem.neo4j_server.content import style_command
from agentmem.neo4j_server.ports import LOOPBACK
from agentmem.private_files import private_folder, write_private

_FOLDERS: Final = ("conf", "logs", "data", "plugins", "import", "run")
_RECORD: Final = "server.json"
_PASSWORD_BYTES: Final = 16  # 32 hexadecimal digits: nothing that a URL or a shell would need quoted

USER: Final = "neo4j"
"""The one user of a Community server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What a server is started with."""

    bolt_port: int = 7687
    """Port of the Bolt protocol: what `bolt://` and `neo4j://` connect to."""
    http_port: int = 7474
    """Port of Neo4j Browser."""
    heap: str = "1g"
    """Java heap, such as 512m or 2g."""
    page_cache: str = "256m"
    """Memory for the graph's files, beside the heap."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further lines of neo4j.conf; for this start only."""
    jvm_flags: tuple[str, ...] = ()
    """Further flags of Java; for this start only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRecord:
    """What is remembered of a home between commands."""

    line: str
    """Release line that the data was written by."""
    version: str
    """Version of the last start."""
    bolt_port: int
    """Port of Bolt."""
    http_port: int
    """Port of Browser."""
    heap: str
    """Java heap."""
    page_cache: str
    """Memory beside the heap."""
    password_set: bool = False
    """Whether the server has taken the password of the file."""
    how: str = ""
    """`java` or `docker` while a server is started or starting, else empty."""
    pid: int = 0
    """Process id of a server that Java runs."""
    started: str = ""
    """When that process started, as the system counts it: a later process of the same id is not taken for it."""
    container: str = ""
    """Name of the container of a server that Docker runs."""

    @property
    def settings(self) -> ServerSettings:
        """What it was started with."""
        return ServerSettings(
            bolt_port=self.bolt_port, http_port=self.http_port, heap=self.heap, page_cache=self.page_cache
        )


class ServerHome:
    """The paths of a home, and what is written there. Only its owner can read any of it."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.configuration = self.path / "conf" / "neo4j.conf"
        self.password_file = self.path / "password"
        self.console_log = self.path / "logs" / "console.log"
        self.server_log = self.path / "logs" / "neo4j.log"
        self.saved_scripts = self.path / "saved-queries.zip"
        self.lock_file = self.path / ".lock"

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            InputError: the folder holds something else, or cannot be made.
        """
        try:
            foreign = self.path.is_dir() and any(self.path.iterdir()) and not self._is_ours()
            if foreign or self.path.is_file():
                raise InputError(
                    "there is something else in this place.", where=str(self.path), hint="Name another with --home."
                )
            private_folder(self.path)
            self.lock_file.touch(mode=0o600)  # from here on the folder is known as ours
            for name in _FOLDERS:
                (self.path / name).mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot be used: {error.strerror}.", where=str(self.path)) from error

    def _is_ours(self) -> bool:
        return self.lock_file.exists() or (self.path / _RECORD).exists()

    def record(self) -> ServerRecord | None:
        """What is known of the last start; None if there was none.

        Raises:
            ConfigurationError: the file is damaged.
            InputError: the folder cannot be read, or is none.
        """
        path = self.path / _RECORD
        try:
            return ServerRecord(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"cannot be used: {error.strerror}.", where=str(self.path)) from error
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"is damaged: {error}.", where=str(path), hint="Remove it.") from error

    def remember(self, record: ServerRecord) -> None:
        """Write what is known, whole or not at all."""
        write_private(self.path / _RECORD, json.dumps(asdict(record), indent=2) + "\n")

    def password(self, *, expected: bool = True) -> str:
        """The password, from its file.

        Args:
            expected: The server has taken a password already, so a new one would be of no use.

        Raises:
            ConfigurationError: the file is missing or empty though a password is expected.
        """
        try:
            password = self.password_file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            password = ""
        if password:
            self.password_file.chmod(0o600)
            return password
        if expected:
            raise ConfigurationError(
                "the password file is missing or empty.",
                where=str(self.password_file),
                hint="Write the password of the server's user `neo4j` into it.",
            )
        password = secrets.token_hex(_PASSWORD_BYTES)
        write_private(self.password_file, password + "\n")
        return password

    def configure(self, settings: ServerSettings, *, listen: str = LOOPBACK) -> None:
        """Write neo4j.conf.

        Args:
            settings: Ports and memory.
            listen: Where the server listens: loopback, or every address of a container's own network.
        """
        write_private(self.configuration, configuration_text(settings, listen=listen))

    def keep_scripts(self, content: bytes) -> Path:
        """Write the saved queries, for Browser to take in; the path of the file."""
        self.saved_scripts.write_bytes(content)
        return self.saved_scripts

    @property
    def start_logs(self) -> tuple[Path, Path]:
        """Where a server says what goes wrong: on the console until it has read its settings, then in its log."""
        return (self.console_log, self.server_log)

    def begin_logs(self) -> None:
        """Let both logs begin with the next start; the ones before are kept once, as `.1`."""
        for path in self.start_logs:
            if path.exists():
                path.replace(path.with_name(f"{path.name}.1"))


def configuration_lines(settings: ServerSettings, *, listen: str = LOOPBACK) -> dict[str, str]:
    """The lines of neo4j.conf. Browser and `neo4j://` use the advertised address: it is always loopback."""
    inside = listen == LOOPBACK
    bolt_port, http_port = (settings.bolt_port, settings.http_port) if inside else (7687, 7474)
    lines: dict[str, Any] = {
        "server.default_listen_address": listen,
        "server.bolt.listen_address": f"{listen}:{bolt_port}",
        "server.bolt.advertised_address": f"{LOOPBACK}:{settings.bolt_port}",
        "server.http.listen_address": f"{listen}:{http_port}",
        "server.http.advertised_address": f"{LOOPBACK}:{settings.http_port}",
        "server.https.enabled": "false",
        "dbms.usage_report.enabled": "false",
        "client.allow_telemetry": "false",  # Browser's
        "server.memory.heap.initial_size": settings.heap,
        "server.memory.heap.max_size": settings.heap,
        "server.memory.pagecache.size": settings.page_cache,
        "browser.post_connect_cmd": style_command(),
    }
    return {**lines, **settings.extra}


def configuration_text(settings: ServerSettings, *, listen: str = LOOPBACK) -> str:
    """neo4j.conf as text."""
    head = "# Written by `agentmem neo4j start`, anew at each start.\n"
    return head + "".join(f"{name}={value}\n" for name, value in configuration_lines(settings, listen=listen).items())
