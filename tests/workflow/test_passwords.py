"""NEO4J_PASSWORD goes to servers that the user named, and no password goes in clear text to another machine unasked."""

from __future__ import annotations

import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agentmem.cli import main
from agentmem.config import Settings
from agentmem.errors import AgentmemError, ConfigurationError, StoreError
from agentmem.workflow import Workflow
from agentmem.workflow.opening import opened_store
from agentmem.workflow.passwords import password_for

SECRET = "s3cret-of-the-user"
HOME = Path("/data")
_LOGON = b"\xb1\x6a"
"""Begins Bolt's message that says who logs on, and by which password."""

pytest.importorskip("neo4j")


class Listener:
    """Speaks as much Bolt as it takes to be told a password, and keeps what it hears."""

    def __init__(self, host: str) -> None:
        self._server = socket.create_server((host, 0))
        self.address = f"{host}:{self._server.getsockname()[1]}"
        self.heard = b""

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                self.heard += connection.recv(1024)
                connection.sendall(b"\x00\x00\x04\x05")  # Bolt 5.4
                while not (_LOGON in self.heard and self.heard.endswith(b"\0\0")) and (said := connection.recv(4096)):
                    self.heard += said

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


@contextmanager
def listening(host: str) -> Iterator[Listener]:
    listener = Listener(host)
    thread = threading.Thread(target=listener.serve)
    thread.start()
    try:
        yield listener
    finally:
        listener.close()
        thread.join()


@pytest.fixture
def stranger() -> Iterator[Listener]:
    """A server that the user did not name."""
    with listening("127.0.0.1") as listener:
        yield listener


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder; the user has a password."""
    path = tmp_path / "home"
    path.mkdir()
    monkeypatch.setenv("AGENTMEM_HOME", str(path))
    monkeypatch.setenv("NEO4J_PASSWORD", SECRET)
    return path


def _workflow(folder: Path, url: str) -> Workflow:
    file = folder / "flow.yaml"
    file.write_text(f"task: Find out.\nmemory: {{store: '{url}'}}\nplan: [{{id: ask, goal: Who is it}}]\n")
    return Workflow.from_file(file)


@pytest.mark.parametrize("scheme", ["bolt", "neo4j", "bolt+s", "neo4j+ssc"])
@pytest.mark.usefixtures("home")
def test_a_strangers_workflow_is_told_no_password(tmp_path: Path, stranger: Listener, scheme: str) -> None:
    with pytest.raises(ConfigurationError, match="you have not named") as caught:
        _workflow(tmp_path, f"{scheme}://neo4j@{stranger.address}").run()
    for way in (stranger.address, "hosts:", "AGENTMEM_STORE", "--store"):
        assert way in str(caught.value)
    assert SECRET not in str(caught.value)
    assert stranger.heard == b""


@pytest.mark.parametrize(
    "url", ["bolt+s://u:theirs@db.example.org", "NEO4J+SSC://db.example.org.:7687", "bolt://[2001:db8::7]"]
)
def test_a_strangers_workflow_sends_nothing_to_another_machine(
    tmp_path: Path, home: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even with a password of its own: what is remembered goes there, too."""
    monkeypatch.delenv("NEO4J_PASSWORD")
    with pytest.raises(ConfigurationError, match="nothing is sent there"):
        _workflow(tmp_path, url).run()
    assert not (home / "runs.db").exists()


@pytest.mark.usefixtures("home")
def test_nor_is_it_when_its_run_is_resumed(tmp_path: Path, stranger: Listener) -> None:
    workflow = _workflow(tmp_path, "sqlite:///a.db")
    run = workflow.run().run
    with sqlite3.connect(tmp_path / "home" / "runs.db") as registry:
        registry.execute("update runs set store = ?", (f"bolt://neo4j@{stranger.address}/neo4j",))
    registry.close()
    with pytest.raises(ConfigurationError, match="you have not named"):
        workflow.resume(run)
    assert stranger.heard == b""


@pytest.mark.parametrize("way", ["settings", "environment", "argument"])
def test_a_server_that_the_user_named_is(
    tmp_path: Path, home: Path, stranger: Listener, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"bolt://neo4j@{stranger.address}"
    if way == "settings":
        (home / "settings.yaml").write_text(f"hosts: ['{stranger.address}']\n")
    elif way == "environment":
        monkeypatch.setenv("AGENTMEM_STORE", f"{url}/other")
    with pytest.raises(StoreError), _workflow(tmp_path, url).begin(store=url if way == "argument" else ""):
        pass
    assert SECRET.encode() in stranger.heard


@pytest.mark.usefixtures("home")
def test_the_password_of_a_url_is_that_of_who_wrote_it(tmp_path: Path, stranger: Listener) -> None:
    with pytest.raises(StoreError):
        _workflow(tmp_path, f"bolt://neo4j:theirs@{stranger.address}").run()
    assert b"theirs" in stranger.heard
    assert SECRET.encode() not in stranger.heard


def test_without_a_password_a_workflows_server_is_opened(tmp_path: Path, stranger: Listener) -> None:
    with pytest.raises(StoreError):
        _workflow(tmp_path, f"bolt://{stranger.address}").run()
    assert stranger.heard


NAMED: list[tuple[str, tuple[str, ...], str]] = [
    ("neo4j+s://db.example.org", ("db.example.org",), ""),
    ("neo4j+s://DB.example.org.", ("db.Example.org:7687",), ""),
    ("neo4j+ssc://db.example.org:7688/notes", ("other", "db.example.org:7688"), ""),
    ("bolt+s://[2001:db8::1]:7688", ("[2001:db8:0::1]:7688",), ""),
    ("bolt+s://[2001:db8::1]", ("2001:db8::1",), ""),
    ("bolt://localhost", ("127.0.0.1",), ""),
    ("bolt://127.0.0.1:7688", ("[::1]:7688",), ""),
    ("bolt://[::ffff:127.0.0.1]", ("localhost",), ""),
    ("neo4j+s://db.example.org", (), "neo4j://db.example.org:7687"),
    ("neo4j+s://db.example.org", (), "neo4j+s://anna@db.example.org/other"),
]
UNNAMED: list[tuple[str, tuple[str, ...], str]] = [
    ("bolt://localhost", (), ""),
    ("bolt://localhost:7688", ("localhost",), ""),
    ("bolt://127.0.0.2", ("localhost",), ""),
    ("neo4j+s://db.example.org:7688", ("db.example.org",), ""),
    ("neo4j+s://db.example.org", ("db.example.org:7688",), "sqlite:///a.db"),
    ("neo4j+s://db.example.org.evil.test", ("db.example.org",), ""),
    ("neo4j+s://db.example.org@evil.test", ("db.example.org",), ""),
    ("NEO4J+S://evil.test/db.example.org", ("db.example.org",), "bolt://db.example.org"),
]


@pytest.mark.parametrize(("url", "hosts", "store"), NAMED)
def test_named(url: str, hosts: tuple[str, ...], store: str) -> None:
    settings = Settings(home=HOME, store=store, password=SECRET, hosts=hosts)
    assert password_for(settings.proposing(store=url)) == SECRET


@pytest.mark.parametrize(("url", "hosts", "store"), UNNAMED)
def test_unnamed(url: str, hosts: tuple[str, ...], store: str) -> None:
    settings = Settings(home=HOME, store=store, password=SECRET, hosts=hosts)
    with pytest.raises(ConfigurationError, match="you have not named"):
        password_for(settings.proposing(store=url))


PRIVATE = ["bolt+s://db", "neo4j+ssc://db", "bolt://localhost", "neo4j://127.0.0.2", "bolt://[::1]:1", "BOLT+S://db"]
CLEAR = ["bolt://db", "neo4j://10.0.0.1", "BOLT://db", "neo4j://localhost.evil.test", "bolt://0.0.0.0", "bolt://[::]"]


@pytest.mark.parametrize("password", ["", "own"])
@pytest.mark.parametrize("url", [*PRIVATE, *CLEAR])
def test_clear_text_is_for_this_machine(url: str, password: str) -> None:
    scheme, _, host = url.partition("://")
    mine = Settings(home=HOME, store=f"{scheme}://anna:{password}@{host}", password="" if password else SECRET)
    theirs = Settings(home=HOME, hosts=(host,), password=mine.password).proposing(store=mine.store)
    for settings in (mine, theirs):
        if url in PRIVATE:
            assert password_for(settings) == settings.password
            continue
        with pytest.raises(ConfigurationError, match="clear text") as caught:
            opened_store(settings)
        assert "plaintext:" in caught.value.hint
        assert "own" not in f"{caught.value.where} {caught.value.hint}".replace("unknown", "")


def test_clear_text_to_a_server_that_the_user_allows_it_for() -> None:
    settings = Settings(home=HOME, store="bolt://db:7688", password=SECRET, plaintext=("db:7688",))
    assert password_for(settings) == SECRET
    with pytest.raises(ConfigurationError, match="clear text"):
        password_for(settings.overridden(store="bolt://db"))
    with pytest.raises(ConfigurationError, match="not named"):
        password_for(settings.overridden(store="sqlite:///a.db").proposing(store="bolt://db:7688"))


@pytest.mark.parametrize("entry", ["neo4j+s://db", "db:x", "db/notes", "anna@db", "db?x", "[::1"])
def test_an_entry_that_names_no_server_is_refused(entry: str) -> None:
    settings = Settings(home=HOME, password=SECRET, hosts=(entry,)).proposing(store="neo4j+s://db")
    with pytest.raises(ConfigurationError, match="is no server") as caught:
        password_for(settings)
    assert caught.value.where == "/data/settings.yaml"


@pytest.mark.parametrize("url", ["sqlite:///a.db", "", "bolt://db", "neo4j+s://db"])
def test_where_there_is_no_password_nothing_is_asked(url: str) -> None:
    assert password_for(Settings(home=HOME).proposing(store=url)) == ""


COMMANDS: dict[str, Callable[[str], list[str]]] = {
    "stats": lambda url: ["stats", "--store", url],
    "banks": lambda url: ["banks", "--store", url],
    "migrate": lambda url: ["migrate", url, "sqlite:///copy.db"],
    "export": lambda url: ["export", "--store", url],
    "import": lambda url: ["import", "nothing", "--store", url],
    "init": lambda url: ["neo4j", "init", "--store", url],
    "bench": lambda url: ["bench", "store", "--store", url],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("home")
def test_every_command_that_opens_a_store_asks(
    command: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["agentmem", *COMMANDS[command]("bolt://db.example.org")])
    with pytest.raises((SystemExit, AgentmemError)) as ended:
        main()
    assert getattr(ended.value, "code", 2) == 2
    assert "in clear text" in capfd.readouterr().err
