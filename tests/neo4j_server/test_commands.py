"""`agentmem neo4j` on homes without a server, and on one that pretends to run: what a person and a script are told."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import typer

from agentmem.cli import neo4j
from agentmem.errors import InputError, NotFound
from agentmem.neo4j_server import LTS, saved_queries
from agentmem.neo4j_server.home import ServerHome, ServerRecord
from agentmem.neo4j_server.ports import free_ports
from agentmem.neo4j_server.process import identify


def run(*arguments: str) -> None:
    app = typer.Typer()
    neo4j.register(app)

    @app.callback()
    def _root() -> None:
        pass

    app(["neo4j", *arguments], standalone_mode=False)


@pytest.fixture
def running(clean_environment: Path) -> ServerHome:
    """A home whose record names this very process as the server."""
    home = ServerHome(clean_environment / "neo4j")
    home.prepare()
    home.password(expected=False)
    me = identify(os.getpid())
    assert me is not None
    bolt_port, http_port = free_ports(2)
    home.remember(
        ServerRecord(
            line="5", version=LTS.version, bolt_port=bolt_port, http_port=http_port, heap="1g", page_cache="256m",
            password_set=True, how="java", pid=me.pid, started=me.started,
        )
    )  # fmt: skip
    return home


def test_status_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    run("status")
    assert "No server runs" in capsys.readouterr().out
    run("status", "--json")
    assert json.loads(capsys.readouterr().out)["running"] is False
    run("stop")
    assert "No Neo4j was running" in capsys.readouterr().out


def test_status_names_the_password_file_and_never_the_password(
    running: ServerHome, capsys: pytest.CaptureFixture[str]
) -> None:
    run("status")
    said = capsys.readouterr().out
    assert f"process {os.getpid()}" in said
    assert str(running.password_file) in said
    assert "does not answer yet" in said
    run("status", "--json")
    data = json.loads(capsys.readouterr().out)
    assert data["password_file"] == str(running.password_file)
    run("browser", "--print")
    said += capsys.readouterr().out + json.dumps(data)
    assert running.password() not in said


def test_browser_prints_an_address_with_the_query_and_lists_the_questions(
    running: ServerHome, capsys: pytest.CaptureFixture[str]
) -> None:
    run("browser", "--print", "--query", "know", "--about", "Anna", "--bank", "team")
    said = capsys.readouterr().out
    assert said.startswith("http://127.0.0.1:")
    assert "%27team%27" in said.splitlines()[0]
    assert "What do we know about Anna?" in said
    run("browser", "--print", "--days", "3")
    said = capsys.readouterr().out
    assert all(f"  {name} " in said for name in saved_queries())
    assert "What changed in the last 3 days?" in said
    assert str(running.saved_scripts) in said
    assert running.saved_scripts.read_bytes()[:2] == b"PK"
    run("browser", "--json")
    data = json.loads(capsys.readouterr().out)
    assert {query["name"] for query in data["queries"]} == set(saved_queries())
    assert (Path(data["content"]) / "style.grass").exists()


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (("start", "--line", "4"), "--line"),
        (("start", "--with", "podman"), "--with"),
        (("start", "--heap", "much"), "--heap"),
        (("start", "--bolt-port", "7474", "--http-port", "7474"), "--http-port"),
        (("fetch", "--line", "x"), "--line"),
        (("init", "--store", "sqlite:///x.db"), "--store"),
    ],
)
def test_a_mistake_is_named(arguments: tuple[str, ...], where: str) -> None:
    with pytest.raises(InputError) as caught:
        run(*arguments)
    assert caught.value.where == where


def test_the_guide_is_printed_without_a_server(capsys: pytest.CaptureFixture[str]) -> None:
    run("browser", "--guide")
    assert "What do we know about Anna?" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["init", "browser"])
def test_what_needs_a_server_says_how_to_start_one(command: str) -> None:
    with pytest.raises(NotFound, match="agentmem neo4j start"):
        run(command)


def test_a_query_that_lacks_a_value_or_does_not_exist(running: ServerHome) -> None:
    for arguments in (("--query", "know"), ("--query", "nope")):
        with pytest.raises(InputError) as caught:
            run("browser", "--print", *arguments)
        assert caught.value.where == "--query"
