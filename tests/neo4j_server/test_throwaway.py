from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from agentmem.errors import ConfigurationError, StoreUnavailable
from agentmem.neo4j_server import LTS, NoTestServer, ServerAccess, bolt, java, server_for_tests
from agentmem.neo4j_server.jars import jar_folder
from agentmem.neo4j_server.ports import free_ports
from agentmem.neo4j_server.process import identify
from agentmem.neo4j_server.reaper import reap
from agentmem.neo4j_server.throwaway import end_if_unused

pytest.importorskip("neo4j")


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which no Java is found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(java, "_FOLDERS", ())
    monkeypatch.setattr(java, "_WHEEL", "no_such_wheel")


def _fetched(cache: Path) -> Path:
    folder = jar_folder(LTS, cache)
    folder.mkdir(parents=True)
    (folder / "a.jar").write_text("x")
    (folder / "complete.json").write_text(json.dumps({"a.jar": 1}))
    return cache


def test_tests_download_nothing_unless_a_server_is_required(tmp_path: Path) -> None:
    with (
        pytest.raises(NoTestServer, match=r"agentmem neo4j fetch --line 5"),
        server_for_tests(LTS, cache=tmp_path, environment={}),
    ):
        pass


@pytest.mark.usefixtures("no_java")
def test_a_server_that_cannot_start_is_a_reason_to_skip_or_a_failure(tmp_path: Path) -> None:
    cache = _fetched(tmp_path)
    with pytest.raises(NoTestServer, match="needs Java 17"), server_for_tests(LTS, cache=cache, environment={}):
        pass
    required = {"AGENTMEM_REQUIRE_NEO4J": "1"}
    with (
        pytest.raises(ConfigurationError, match="needs Java 17"),
        server_for_tests(LTS, cache=cache, environment=required),
    ):
        pass


@pytest.mark.parametrize("url", ["nonsense", "bolt://", "bolt://h:port"])
def test_a_url_that_is_none_is_named(url: str) -> None:
    with (
        pytest.raises(ConfigurationError, match="AGENTMEM_NEO4J_URLS"),
        server_for_tests(LTS, environment={"AGENTMEM_NEO4J_URL": url}),
    ):
        pass


def test_a_password_is_not_shown() -> None:
    access = ServerAccess(url="bolt://h:1", user="u", password="geheim", version="5.26.30")
    assert "geheim" not in repr(access)
    assert access.line == "5"
    assert ServerAccess(url="bolt://h:1", user="u", password="", version="2026.08.1").line == "2026"


def test_a_folder_is_ended_when_nobody_alive_uses_it(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    (folder / "users").mkdir(parents=True)
    me = identify(os.getpid())
    assert me is not None
    mine = folder / "users" / "me.json"
    mine.write_text(json.dumps(asdict(me)))
    (folder / "users" / "killed.json").write_text(json.dumps({"pid": os.getpid(), "started": "before"}))
    assert not end_if_unused(folder)
    assert folder.exists()
    mine.unlink()
    reap(folder)
    assert list(tmp_path.iterdir()) == []


def test_a_given_server_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = bolt.ask_version
    monkeypatch.setattr(bolt, "ask_version", lambda *args, **named: ask(*args, **{**named, "seconds": 0.0}))
    url = f"bolt://127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(StoreUnavailable), server_for_tests(LTS, environment={"AGENTMEM_NEO4J_URLS": url}):
        pass
