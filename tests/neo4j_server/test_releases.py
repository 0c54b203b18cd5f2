from __future__ import annotations

import pytest

from agentmem.errors import InputError
from agentmem.neo4j_server import LTS, NEWEST, RELEASES, find_release
from agentmem.neo4j_server.releases import VECTOR_MODULE, jvm_flags


@pytest.mark.parametrize("release", RELEASES.values(), ids=lambda r: r.line)
def test_versions_are_exact(release: object) -> None:
    assert release in (LTS, NEWEST)
    for artifact in (*LTS.artifacts, *NEWEST.artifacts):
        version = artifact.split(":")[2]
        assert all(part.isdigit() for part in version.split(".")), "a range makes Maven fetch every pom there is"


def test_a_line_or_a_full_version_names_a_release() -> None:
    assert find_release("5") is find_release(LTS.version) is LTS
    assert find_release("2026") is NEWEST


def test_an_unknown_line_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InputError, match="'4'") as caught:
        find_release("4")
    assert LTS.version in caught.value.hint


def test_flags_follow_the_java() -> None:
    assert "--sun-misc-unsafe-memory-access=allow" not in jvm_flags(21, vector_module=True)
    assert "--sun-misc-unsafe-memory-access=allow" in jvm_flags(25, vector_module=False)
    assert f"--add-modules={VECTOR_MODULE}" in jvm_flags(17, vector_module=True)
    assert f"--add-modules={VECTOR_MODULE}" not in jvm_flags(25, vector_module=False)
