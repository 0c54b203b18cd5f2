"""One real 5.26 LTS: started, looked at, killed, started again, stopped. It starts slowly, so a life is one test."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import neo4j
import pytest
import typer
from neo4j.exceptions import AuthError

from agentmem.cli import neo4j as cli
from agentmem.embeddings import HashingEmbedder
from agentmem.errors import AgentmemError, ConfigurationError, NotFound, StoreUnavailable
from agentmem.memory import Memory
from agentmem.neo4j_server import LTS, Neo4jServer, ServerSettings, ServerStatus, has_jars, saved_queries, short_lived
from agentmem.neo4j_server.ports import is_free
from agentmem.neo4j_server.process import identify
from agentmem.stores import open_store

pytestmark = pytest.mark.neo4j

REQUIRED = os.environ.get("AGENTMEM_REQUIRE_NEO4J", "") not in ("", "0")
VALUES = {"bank": "default", "about": "Anna", "agent": "planner", "days": "7"}


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Neo4jServer]:
    """A server that was not started yet; stopped afterwards."""
    if not has_jars(LTS) and not REQUIRED:
        pytest.skip(f"Neo4j {LTS.version} is not fetched: `agentmem neo4j fetch` does it")
    made = Neo4jServer(tmp_path / "home")
    try:
        yield made
    finally:
        made.stop(seconds=30)


def _count(url: str, password: str) -> int:
    with neo4j.GraphDatabase.driver(url, auth=("neo4j", password)) as driver:
        return int(driver.execute_query("MATCH (n:Thing) RETURN count(n) AS n", database_="neo4j").records[0]["n"])


def _write(url: str, password: str) -> None:
    with neo4j.GraphDatabase.driver(url, auth=("neo4j", password)) as driver:
        driver.execute_query("CREATE (:Thing)", database_="neo4j")


def test_a_life(own_server: Neo4jServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = short_lived()
    started = _start(own_server, settings)
    assert (started.running, started.answers, started.version) == (True, True, LTS.version)
    password = own_server.password()
    _write(started.bolt_url, password)
    _check_secrets(own_server, password, started.pid)
    with urllib.request.urlopen(started.browser_url) as page:
        assert b"Neo4j Browser" in page.read()

    assert own_server.start().pid == started.pid, "one that runs is left as it is"
    with pytest.raises(StoreUnavailable, match=r"taken by a Neo4j server"):
        Neo4jServer(tmp_path / "second").start(LTS, settings, how="java")

    os.kill(started.pid, signal.SIGKILL)
    again = own_server.start(settings=settings, how="java")  # at once, while the system still clears up
    assert again.pid != started.pid
    assert replace(own_server.settings(), extra={}, jvm_flags=()) == replace(settings, extra={}, jvm_flags=())
    assert _count(again.bolt_url, password) == 1, "what was committed survived"
    _check_saved_queries(again.bolt_url, password)
    _check_banks(own_server, again.bolt_url, password, capsys)

    status = own_server.status()
    status.password_file.write_text("not-the-right-one\n")
    with pytest.raises(ConfigurationError, match="another password") as caught:
        own_server.start()
    assert password not in str(caught.value)

    assert own_server.stop()
    assert not own_server.status().running
    assert not own_server.status().crashed
    assert is_free(settings.bolt_port)


def _start(own_server: Neo4jServer, settings: ServerSettings) -> ServerStatus:
    try:
        return own_server.start(LTS, settings, how="java")
    except AgentmemError as error:
        if REQUIRED:
            raise
        pytest.skip(f"no Neo4j: {error}")


def _check_secrets(own_server: Neo4jServer, password: str, pid: int) -> None:
    """The password is in its file and nowhere else, and the one that servers come with is gone."""
    status = own_server.status()
    assert stat.S_IMODE(status.password_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(status.home.stat().st_mode) == 0o700
    held = [path for path in status.home.rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
    assert held == [status.password_file]
    shown = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=True)
    assert password not in shown.stdout
    assert password not in repr(status)
    with (
        neo4j.GraphDatabase.driver(status.bolt_url, auth=("neo4j", "neo4j")) as driver,
        pytest.raises(AuthError),
    ):
        driver.verify_connectivity()


def _check_saved_queries(url: str, password: str) -> None:
    """Each one is Cypher that the server takes, with parameters and filled in."""
    with neo4j.GraphDatabase.driver(url, auth=("neo4j", password), notifications_min_severity="OFF") as driver:
        for query in saved_queries().values():
            parameters = {name: VALUES[name] for name in query.parameters}
            assert driver.execute_query(query.text, parameters, database_="neo4j").records == []
            assert driver.execute_query(query.filled(VALUES), database_="neo4j").records == []


def _check_banks(own_server: Neo4jServer, url: str, password: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Browser is opened on the bank that the server has; with several, on the one that is named."""
    assert _bank_shown(own_server, capsys) == "default"
    for bank in ("heron", "ibis"):
        with Memory(
            store=open_store(url, user="neo4j", password=password), embedder=HashingEmbedder(), bank=bank
        ) as one:
            one.retain("Anna lives in Lisbon.")
        assert _bank_shown(own_server, capsys, "--bank", bank) == bank
        if bank == "heron":
            assert _bank_shown(own_server, capsys) == bank
    for arguments in ((), ("--bank", "stork")):
        with pytest.raises(NotFound) as caught:
            _bank_shown(own_server, capsys, *arguments)
        assert "heron, ibis" in caught.value.hint


def _bank_shown(own_server: Neo4jServer, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    app = typer.Typer()
    cli.register(app)
    app.callback()(lambda: None)
    app(["neo4j", "browser", "--json", "--home", str(own_server.home), *arguments], standalone_mode=False)
    return str(json.loads(capsys.readouterr().out)["bank"])


def test_settings_that_neo4j_refuses_are_said_in_its_words(own_server: Neo4jServer) -> None:
    wrong = replace(short_lived(), extra={"server.no.such": "1"})
    with pytest.raises(AgentmemError) as caught:
        own_server.start(LTS, wrong, how="java")
    if not REQUIRED and not isinstance(caught.value, StoreUnavailable):
        pytest.skip(f"no Neo4j: {caught.value}")
    assert "ended while it was starting" in caught.value.message
    assert "No declared setting with name: server.no.such" in caught.value.hint
    assert not own_server.status().running


SHARES = """
import os, sys; from pathlib import Path; from agentmem.neo4j_server import LTS, throwaway_server
with throwaway_server(LTS, shared=Path(sys.argv[1])) as access:
    print(access.url, flush=True); sys.stdin.readline()
"""


def test_processes_share_one_throwaway_server_that_goes_when_they_are_killed(
    server: Neo4jServer, tmp_path: Path
) -> None:
    folder = tmp_path / "shared"
    users = [
        subprocess.Popen(
            [sys.executable, "-c", SHARES, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    try:
        urls = {user.stdout.readline().strip() for user in users if user.stdout is not None}
        if urls == {""} and not REQUIRED:
            pytest.skip("no Neo4j")
        assert len(urls) == 1
        pid = Neo4jServer(folder / "home").status().pid
        users[0].communicate("\n", timeout=30)  # leaves as it should: the other one still uses the server
        assert identify(pid) is not None
    finally:
        for user in users:
            user.kill()
            user.communicate()
    process = identify(pid)
    for _ in range(600):
        if not folder.exists():
            break
        time.sleep(0.05)
    assert not folder.exists(), "the reaper removed what the killed process left"
    assert process is None or not process.alive()
