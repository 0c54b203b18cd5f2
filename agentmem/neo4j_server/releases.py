"""The Neo4j releases that agentmem starts: exact versions, what they run on, and where Maven finds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agentmem.errors import InputError

BROWSER: Final = "org.neo4j.client:neo4j-browser:5.24.0"
"""Neo4j Browser: the newest that is published as an artifact, for every release line."""

_OPENED: Final = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
)
"""Parts of the Java library that the server's page cache reaches into."""

_SINCE_24: Final = ("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow")
"""From Java 24 on: allow what is otherwise warned about or refused."""

VECTOR_MODULE: Final = "jdk.incubator.vector"
"""Vector search is quicker with it where the runtime has it; the server runs without it too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of Neo4j Community, exact: a range would make Maven fetch the pom of every version there is."""

    line: str
    """What `--line` takes."""
    version: str
    """The version that is started."""
    title: str
    """How it is named to a person."""
    main_class: str
    """What Java runs."""
    java_minimum: int
    """The oldest Java that the version runs on."""
    java_tried: tuple[int, ...]
    """Java versions that it was run on, best first; others above the minimum are used if none of these is there."""

    @property
    def artifacts(self) -> tuple[str, ...]:
        """Maven coordinates of the server, its HTTP interface, its logging, and Neo4j Browser."""
        names = ("org.neo4j:neo4j", "org.neo4j.app:neo4j-server", "org.neo4j:neo4j-slf4j-provider")
        return (*(f"{name}:{self.version}" for name in names), BROWSER)

    @property
    def image(self) -> str:
        """The official image of the same version."""
        return f"neo4j:{self.version}-community"


LTS: Final = Release(
    line="5",
    version="5.26.30",
    title="5.26 LTS",
    main_class="org.neo4j.server.CommunityEntryPoint",
    java_minimum=17,
    java_tried=(17, 25),
)
"""The long-term line. It cannot filter inside a vector index."""

NEWEST: Final = Release(
    line="2026",
    version="2026.08.1",
    title="2026",
    main_class="org.neo4j.server.Neo4jCommunity",
    java_minimum=21,
    java_tried=(25,),
)
"""The newest calendar version. It filters inside a vector index."""

RELEASES: Final = {release.line: release for release in (LTS, NEWEST)}
"""Release by line."""


def find_release(line: str) -> Release:
    """The release of a line, `5` or `2026`; a full version such as `5.26.30` is understood too.

    Raises:
        InputError: there is no such line, with those that there are.
    """
    for release in RELEASES.values():
        if line in (release.line, release.version):
            return release
    known = " or ".join(f"{release.line} ({release.version})" for release in RELEASES.values())
    raise InputError(f"there is no release line {line!r}.", where="--line", hint=f"Write {known}.")


def jvm_flags(java_version: int, *, vector_module: bool) -> tuple[str, ...]:
    """The flags that Neo4j needs on a Java of that version.

    Args:
        java_version: The feature version: 17, 21, 25 ...
        vector_module: Whether this Java has `VECTOR_MODULE`.
    """
    flags: tuple[str, ...] = _OPENED
    if vector_module:
        flags += (f"--add-modules={VECTOR_MODULE}",)
    return flags + _SINCE_24 if java_version >= 24 else flags
