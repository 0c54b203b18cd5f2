"""A password stays where it was given: no output, log, error, file, journal or checkpoint holds it."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import subprocess
import sys
import traceback
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import neo4j
import pytest

from agentmem.cli import main
from agentmem.config import Settings
from agentmem.errors import StoreUnavailable
from agentmem.memory import Memory
from agentmem.neo4j_server import ServerAccess
from agentmem.stores import open_store
from agentmem.workflow.workflow import Workflow

pytestmark = pytest.mark.neo4j

_SECRET = "Tr0ub4dor&3/@:correct?#horse"
_FORMS = (_SECRET, quote(_SECRET, safe=""), quote(_SECRET), json.dumps(_SECRET)[1:-1], "Tr0ub4dor")
_USER = "agentmem_test"
_WORKFLOW = """\
name: secretive
memory: {{store: "{url}", bank: secretive}}
plan:
  - {{id: learn, tool: remember, args: {{text: "Ines lives in Porto.", source: a letter}}}}
  - {{id: ask, tool: answer, args: {{question: "Where does Ines live?"}}, needs: [learn]}}
checks:
  - {{name: known, that: "{{{{ steps.ask.output.known }}}}"}}
output: "{{{{ steps.ask.output.answer }}}}"
"""

Command = Callable[..., str]


def _shown(text: str | bytes) -> bool:
    """Whether a text holds the password in any form."""
    data = text.encode() if isinstance(text, str) else text
    return any(form.encode() in data for form in _FORMS)


@pytest.fixture(scope="module")
def host(server: ServerAccess, driver: neo4j.Driver) -> Iterator[str]:
    """Host and port of the server, on which a user has the password for a while."""
    drop = f"DROP USER {_USER} IF EXISTS"
    driver.execute_query(drop, database_="system")
    create = f"CREATE USER {_USER} SET PASSWORD $password CHANGE NOT REQUIRED"
    driver.execute_query(create, password=_SECRET, database_="system")
    yield urlsplit(server.url).netloc
    driver.execute_query(drop, database_="system")


@pytest.fixture
def url(host: str, store_url: str) -> str:
    """The emptied database with user and password in its URL."""
    assert store_url
    return f"bolt://{_USER}:{quote(_SECRET, safe='')}@{host}"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in a folder of its own; what it printed, which must not hold the password."""

    def run(*arguments: str, code: int = 0) -> str:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["agentmem", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert not _shown(out + err), arguments
        assert "Traceback" not in err, err
        assert int(ended.value.code or 0) == code, err
        return out + err

    return run


def _assert_nowhere(*folders: Path) -> None:
    """No file holds it, and no value of a database, compressed or not."""
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        assert not _shown(data), path
        if data.startswith(b"SQLite format 3"):
            assert not [cell for cell in _cells(path) if _shown(cell)], path


def _cells(path: Path) -> Iterator[bytes]:
    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        for row in connection.execute(f'SELECT * FROM "{table}"'):
            for value in row:
                cell = value if isinstance(value, bytes) else str(value).encode()
                yield cell
                if cell[:1] == b"\x78":  # checkpoints are compressed
                    yield zlib.decompress(cell)
    connection.close()


def _assert_not_in_graph(driver: neo4j.Driver) -> None:
    (row,) = driver.execute_query(
        "MATCH (n) OPTIONAL MATCH (n)-[r]->() RETURN collect(properties(n)) AS nodes, collect(properties(r)) AS links",
        database_="neo4j",
    ).records
    assert row["nodes"]
    assert not _shown(repr(row["nodes"]) + repr(row["links"]))


def test_commands_on_a_store_from_the_environment(
    command: Command, url: str, driver: neo4j.Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTMEM_STORE", url)
    (tmp_path / "note.md").write_text("Ines lives in Porto. Ines works at Orbita.", encoding="utf-8")
    home = Path(os.environ["AGENTMEM_HOME"])
    assert "Porto" in command("retain", "note.md")
    assert "Porto" in command("recall", "Where does Ines live?")
    assert "Porto" in command("reflect", "Where does Ines live?", "--json")
    assert command("log", "--json")
    assert f"bolt://{_USER}@" in command("recall", "x", "--bank", "none", code=2)
    for format_ in ("jsonl", "graphml", "cypher"):
        command("export", "--format", format_, "--out", f"memory.{format_}")
    assert "Proved" in command("migrate", url, "sqlite:///copy.db")
    monkeypatch.setenv("AGENTMEM_STORE", "sqlite:///copy.db")
    assert f"bolt://{_USER}@" in command("migrate", "sqlite:///copy.db", url, "--json")
    assert command("import", "memory.jsonl", "--trust", "person", "--store", url, "--json")
    _assert_nowhere(tmp_path, home)
    _assert_not_in_graph(driver)


def test_a_workflow_that_names_the_store(
    command: Command, url: str, host: str, driver: neo4j.Driver, tmp_path: Path
) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "flow.yaml").write_text(_WORKFLOW.format(url=url), encoding="utf-8")
    home = Path(os.environ["AGENTMEM_HOME"])
    assert json.loads(command("run", "given/flow.yaml", "--json"))["status"] == "done"
    (run,) = json.loads(command("runs", "--json"))
    assert run["store"].startswith(f"bolt://{_USER}@")
    assert "NEO4J_PASSWORD" in command("resume", run["run"], code=2)  # the registry does not know it
    os.environ["NEO4J_PASSWORD"] = _SECRET
    try:
        assert "hosts:" in command("resume", run["run"], code=2)  # the user has not named the server
        (home / "settings.yaml").write_text(f"hosts: ['{host}']\n", encoding="utf-8")
        assert "Porto" in command("resume", run["run"])
    finally:
        del os.environ["NEO4J_PASSWORD"]
    assert list((home / "runs").glob("*.db"))
    _assert_nowhere(home)
    _assert_not_in_graph(driver)


@pytest.mark.parametrize(
    "arguments",
    [
        ("recall", "x", "--store", "{}"),
        ("stats", "--json", "--store", "{}"),
        ("migrate", "{}", "sqlite:///copy.db"),
        ("migrate", "{}", "{}"),
        ("export", "--store", "{}"),
    ],
)
@pytest.mark.parametrize(
    "form", ["bolt://anna:{}@{}", "neo4j+s://anna:{}@{}", "http://anna:{}@{}", "bolt://anna:{}@{}:x"]
)
def test_what_cannot_be_opened(command: Command, host: str, form: str, arguments: tuple[str, ...]) -> None:
    url = form.format(quote(_SECRET, safe=""), host)
    command(*(argument.replace("{}", url) for argument in arguments), code=2)
    command(*(argument.replace("{}", form.format(_SECRET, host)) for argument in arguments), code=2)


def test_objects_and_errors(url: str, host: str) -> None:
    settings = Settings.from_environment({"AGENTMEM_STORE": url, "NEO4J_PASSWORD": _SECRET})
    with Memory.open(url) as memory:
        memory.retain("Ines lives in Porto.")
        for shown in (memory, memory.store, vars(memory.store), memory.store.url, memory.log(), settings):
            assert not _shown(repr(shown) + str(shown)), type(shown)
    workflow = Workflow(name="w", memory={"store": url, "bank": "b"})
    assert not _shown(repr(workflow))
    with pytest.raises(StoreUnavailable) as caught:
        open_store(f"bolt://anna:{quote(_SECRET, safe='')}@{host}")
    assert not _shown("".join(traceback.format_exception(caught.value)))


def test_the_driver_logs_it_masked(url: str, host: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Memory.open(url) as memory:
        memory.retain("Ines lives in Porto.")
        memory.recall("Where does Ines live?")
    with pytest.raises(StoreUnavailable):
        open_store(f"neo4j://{_USER}:{quote(_SECRET, safe='')}x@{host}")
    assert "credentials" in caplog.text
    assert not _shown(caplog.text)


def test_a_process_that_logs_everything(url: str, tmp_path: Path) -> None:
    script = "import logging; logging.basicConfig(level=logging.DEBUG)\nfrom agentmem.cli import main\nmain()"
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-c", script, "banks"],
        env={**os.environ, "AGENTMEM_STORE": url, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        cwd=tmp_path,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    assert b"LOGON" in ended.stderr
    assert not _shown(ended.stdout + ended.stderr)
