"""Runs a server in a container of the official image, where a Docker engine answers."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from agentmem.errors import StoreUnavailable
from agentmem.neo4j_server.home import ServerHome, ServerRecord, ServerSettings, configuration_lines
from agentmem.neo4j_server.ports import LOOPBACK
from agentmem.neo4j_server.releases import Release

_SECONDS: Final = 20.0
"""How long the engine may take for a small question."""

_START_SECONDS: Final = 1800.0
"""How long a start may take: the image is fetched first."""

_EVERYWHERE: Final = "0.0.0.0"  # inside the container; what the machine sees is published on loopback
_BOLT: Final = 7687
_HTTP: Final = 7474


def find_engine(environment: Mapping[str, str] | None = None) -> str | None:
    """The path of `docker` if an engine answers it, else None: the client alone runs nothing."""
    given = os.environ if environment is None else environment
    docker = shutil.which("docker", path=given.get("PATH", ""))
    if docker is None:
        return None
    try:
        done = _call([docker, "info", "--format", "{{.ServerVersion}}"], seconds=_SECONDS)
    except StoreUnavailable:
        return None
    # Some clients exit with 0 though no engine answered; then there is no version either.
    return docker if done.returncode == 0 and done.stdout.strip() else None


class DockerHost:
    """Starts and ends a server as a container."""

    how = "docker"

    def __init__(self, docker: str, *, notify: Callable[[str], None] = lambda _line: None) -> None:
        self._docker = docker
        self._notify = notify

    def launch(
        self, home: ServerHome, release: Release, settings: ServerSettings, record: ServerRecord
    ) -> ServerRecord:
        """Start it, without waiting for it to answer; the engine fetches the image if it lacks it.

        Raises:
            StoreUnavailable: the engine refused.
        """
        name = container_name(home)
        self._docker_call("rm", "--force", name)  # one that ended; a running one was seen before
        write_settings(home, settings)
        self._notify(f"Starting the container {name} of {release.image} ...")
        done = _call([self._docker, *run_arguments(home, release, settings)], seconds=_START_SECONDS)
        if done.returncode != 0:
            raise StoreUnavailable(f"docker could not start it: {_last_line(done.stderr)}", where=release.image)
        return replace(record, how=self.how, container=name)

    def alive(self, record: ServerRecord) -> bool:
        """Whether the container runs."""
        done = self._docker_call("inspect", "--format", "{{.State.Running}}", record.container)
        return done.returncode == 0 and done.stdout.strip() == "true"

    def stop(self, record: ServerRecord, *, seconds: float) -> bool:
        """End it and remove the container; the data stays in the home. Whether the engine did it."""
        done = _call([self._docker, "stop", "-t", f"{seconds:.0f}", record.container], seconds=seconds + _SECONDS)
        self._docker_call("rm", "--force", record.container)
        return done.returncode == 0

    def log(self, _home: ServerHome, record: ServerRecord) -> str:
        """The last lines that it printed."""
        done = self._docker_call("logs", "--tail", "60", record.container)
        return done.stdout + done.stderr

    def _docker_call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _call([self._docker, *arguments], seconds=_SECONDS)


def container_name(home: ServerHome) -> str:
    """One name for each home."""
    return f"agentmem-neo4j-{hashlib.sha256(os.fsencode(home.path)).hexdigest()[:12]}"


def settings_file_lines(settings: ServerSettings) -> list[str]:
    """neo4j.conf as the image takes it: variables, dots as underscores, underscores doubled."""
    lines = configuration_lines(settings, listen=_EVERYWHERE)
    return [f"NEO4J_{name.replace('_', '__').replace('.', '_')}={value}" for name, value in lines.items()]


def write_settings(home: ServerHome, settings: ServerSettings) -> None:
    """Write the variables of the container into a file. No password is among them."""
    (home.path / "conf" / "docker.env").write_text("\n".join(settings_file_lines(settings)) + "\n", encoding="utf-8")


def run_arguments(home: ServerHome, release: Release, settings: ServerSettings) -> tuple[str, ...]:
    """The arguments of `docker` that start a server.

    It runs as the user who calls, so that data and logs are theirs, and is published on loopback only. The password
    is set over Bolt as it is for a server that Java runs, so it is on no command line and in no environment.
    """
    return (
        "run",
        "--detach",
        "--name", container_name(home),
        "--label", f"agentmem.home={home.path}",
        "--user", f"{os.getuid()}:{os.getgid()}",
        "--publish", f"{LOOPBACK}:{settings.bolt_port}:{_BOLT}",
        "--publish", f"{LOOPBACK}:{settings.http_port}:{_HTTP}",
        "--volume", f"{home.path / 'data'}:/data",
        "--volume", f"{home.path / 'logs'}:/logs",
        "--env-file", str(home.path / "conf" / "docker.env"),
        release.image,
    )  # fmt: skip


def _call(command: Sequence[str], *, seconds: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StoreUnavailable(f"docker did not answer: {error}.", where=command[0]) from error


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing."
