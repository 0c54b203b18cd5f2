"""Programs that behave as a Java of a given version does, run for real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agentmem.errors import ConfigurationError
from agentmem.neo4j_server import LTS, NEWEST, find_java, java

Script = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def only_what_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the machine's folders nor an installed wheel count."""
    monkeypatch.setattr(java, "_FOLDERS", ())
    monkeypatch.setattr(java, "_WHEEL", "no_such_wheel")


def _speaks(version: str) -> str:
    return f'echo "    java.specification.version = {version}" >&2\necho "    java.home = /opt/java-{version}" >&2'


def test_a_java_on_the_path_that_is_new_enough_is_taken(script: Script) -> None:
    path = script("java", _speaks("17"))
    found = find_java(LTS, {"PATH": str(path.parent)})
    assert (found.executable, found.version, found.found) == (path, 17, "PATH")
    assert found.home == Path("/opt/java-17")
    assert not found.vector_module


def test_one_that_the_release_was_tried_on_comes_before_one_that_it_was_not(script: Script, tmp_path: Path) -> None:
    newer = script("java", _speaks("99"))
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    script("java17", _speaks("17")).rename(home / "bin" / "java")
    assert find_java(LTS, {"PATH": str(newer.parent), "JAVA_HOME": str(home)}).version == 17
    assert find_java(LTS, {"PATH": str(newer.parent)}).version == 99


@pytest.mark.parametrize("version", ["1.8", "11", "17"])
def test_one_that_is_too_old_is_named_with_the_command_that_helps(script: Script, version: str) -> None:
    path = script("java", _speaks(version))
    with pytest.raises(ConfigurationError, match="needs Java 21 or later") as caught:
        find_java(NEWEST, {"PATH": str(path.parent)})
    assert f"{version.removeprefix('1.')} ({path})" in caught.value.message
    assert "pip install 'agentmem-graph[java]'" in caught.value.hint


@pytest.mark.parametrize("body", ["exit 1", "echo hello", 'echo "java.specification.version = x"', "kill -9 $$"])
def test_a_program_that_is_no_java_is_passed_over(script: Script, body: str) -> None:
    path = script("java", body)
    with pytest.raises(ConfigurationError, match="found none"):
        find_java(LTS, {"PATH": str(path.parent)})


def test_without_any_java(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="found none") as caught:
        find_java(LTS, {"PATH": str(tmp_path), "JAVA_HOME": str(tmp_path / "gone")})
    assert "install" in caught.value.hint
