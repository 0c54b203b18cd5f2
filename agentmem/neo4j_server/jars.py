"""The jars of a release: resolved with Maven once into the user's cache, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import platformdirs

from agentmem.errors import ConfigurationError
from agentmem.neo4j_server.java import Java
from agentmem.neo4j_server.locking import held
from agentmem.neo4j_server.releases import Release

FETCH_COMMAND: Final = "agentmem neo4j fetch"
"""The command that resolves the jars ahead of time."""

_MARKER: Final = "complete.json"
_PLUGIN: Final = "3.8.1"
"""Version of Maven's dependency plugin: exact, so that the same files come every time."""

_POM: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>agentmem</groupId>
  <artifactId>neo4j-server</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
{dependencies}
  </dependencies>
</project>
"""

Notify = Callable[[str], None]


def default_cache() -> Path:
    """The user's cache of agentmem."""
    return Path(platformdirs.user_cache_dir("agentmem", appauthor=False))


def jar_folder(release: Release, cache: Path | None = None) -> Path:
    """Where the jars of a release lie once they are resolved."""
    return (cache or default_cache()) / "neo4j" / release.version


def has_jars(release: Release, cache: Path | None = None) -> bool:
    """Whether every jar that was resolved is there at its size; nothing is downloaded to find out."""
    folder = jar_folder(release, cache)
    try:
        sizes = json.loads((folder / _MARKER).read_text(encoding="utf-8"))
        return bool(sizes) and all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False


def resolve_jars(
    release: Release,
    java: Java,
    *,
    cache: Path | None = None,
    notify: Notify = lambda _line: None,
    progress: Notify = lambda _text: None,
    environment: Mapping[str, str] | None = None,
) -> Path:
    """The folder of a release's jars; Maven is run if they are not there yet.

    Args:
        release: The release.
        java: What Maven runs on where JAVA_HOME names no other.
        cache: Stands for the user's cache of agentmem.
        notify: Told when it takes long, once at the beginning and once at the end.
        progress: Told again and again how far it is.
        environment: Stands for the environment of this process.

    Raises:
        ConfigurationError: Maven is missing or failed, with the command that helps.
        StoreUnavailable: another process resolves them and does not finish.
    """
    folder = jar_folder(release, cache)
    if has_jars(release, cache):
        return folder
    with held(folder.parent / f".{release.version}.lock", doing=f"fetching Neo4j {release.version}", notify=notify):
        if has_jars(release, cache):  # by the process that was waited for
            return folder
        maven = _maven(environment)
        notify(f"Fetching Neo4j {release.version} Community with Maven, once (about 150 MB) ...")
        with tempfile.TemporaryDirectory(prefix=f".{release.version}-", dir=folder.parent) as temporary:
            jars = Path(temporary) / "jars"
            _run_maven(maven, release, java, Path(temporary), progress, environment)
            sizes = {path.name: path.stat().st_size for path in sorted(jars.glob("*.jar"))}
            _check(release, sizes)
            (jars / _MARKER).write_text(json.dumps(sizes, indent=0), encoding="utf-8")
            shutil.rmtree(folder, ignore_errors=True)  # an earlier one that lost a file
            jars.rename(folder)
        notify(f"{len(sizes)} jars, {sum(sizes.values()) // 1_000_000} MB, are in {folder}.")
    return folder


def _maven(environment: Mapping[str, str] | None) -> str:
    given = os.environ if environment is None else environment
    maven = shutil.which("mvn", path=given.get("PATH", ""))
    if maven is None:
        command = "brew install maven" if sys.platform == "darwin" else "sudo apt install maven"
        raise ConfigurationError(
            "Neo4j is fetched with Maven, and there is no `mvn`.",
            where="mvn",
            hint=f"`{command}` installs it. With a Docker engine running, neither Maven nor Java is needed.",
        )
    return maven


def _run_maven(
    maven: str,
    release: Release,
    java: Java,
    folder: Path,
    progress: Notify,
    environment: Mapping[str, str] | None,
) -> None:
    (folder / "pom.xml").write_text(_pom(release), encoding="utf-8")
    command = [
        maven, "--batch-mode", "--strict-checksums", "--file", str(folder / "pom.xml"),
        f"org.apache.maven.plugins:maven-dependency-plugin:{_PLUGIN}:copy-dependencies",
        "-DincludeScope=runtime", f"-DoutputDirectory={folder / 'jars'}",
    ]  # fmt: skip
    given = dict(os.environ if environment is None else environment)
    given.setdefault("JAVA_HOME", str(java.home))
    said: list[str] = []
    fetched = 0
    try:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=given,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if "Downloaded from" in line:
                    fetched += 1
                    progress(f"Neo4j {release.version}: {fetched} files fetched")
                elif "Downloading from" not in line:
                    said.append(line)
    except OSError as error:
        raise ConfigurationError(f"Maven could not be started: {error.strerror or error}.", where=maven) from error
    if process.returncode != 0:
        raise ConfigurationError(
            f"Maven could not fetch Neo4j {release.version}: {_last_words(said)}",
            where="mvn",
            hint=f"With a connection (Maven's own settings.xml says which mirror), `{FETCH_COMMAND}` tries again.",
        )


def _pom(release: Release) -> str:
    lines = []
    for artifact in release.artifacts:
        group, name, version = map(escape, artifact.split(":"))
        lines.append(
            f"    <dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>"
            f"<version>{version}</version></dependency>"
        )
    return _POM.format(dependencies="\n".join(lines))


def _check(release: Release, sizes: Mapping[str, int]) -> None:
    """Refuse a folder that lacks what was asked for."""
    for artifact in release.artifacts:
        _, name, version = artifact.split(":")
        if not sizes.get(f"{name}-{version}.jar"):
            raise ConfigurationError(f"Maven did not deliver {artifact}.", where="mvn")


def _last_words(lines: list[str]) -> str:
    """The line in which Maven says what went wrong."""
    errors = [line.partition("[ERROR]")[2].strip() for line in lines if "[ERROR]" in line]
    plain = [line.strip() for line in lines if line.strip()]
    said = next(filter(None, errors), plain[-1] if plain else "it said nothing.")
    return said.replace(" -> [Help 1]", "")
