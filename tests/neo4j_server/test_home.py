from __future__ import annotations

import os
import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from agentmem.errors import ConfigurationError, InputError, StoreUnavailable
from agentmem.neo4j_server import LTS, NEWEST, Neo4jServer, ServerSettings
from agentmem.neo4j_server.home import ServerHome, ServerRecord, configuration_lines
from agentmem.neo4j_server.ports import free_ports
from agentmem.neo4j_server.process import identify

RECORD = ServerRecord(
    line="5", version=LTS.version, bolt_port=1, http_port=2, heap="1g", page_cache="256m", password_set=True
)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def home(tmp_path: Path) -> ServerHome:
    made = ServerHome(tmp_path / "home")
    made.prepare()
    return made


def test_only_the_owner_can_read_a_home_and_its_password(home: ServerHome) -> None:
    password = home.password(expected=False)
    assert _mode(home.path) == 0o700
    assert _mode(home.password_file) == 0o600
    assert len(password) >= 24
    assert home.password() == password
    home.password_file.chmod(0o644)
    home.password()
    assert _mode(home.password_file) == 0o600


def test_passwords_differ(tmp_path: Path) -> None:
    made = {_prepared(tmp_path / str(number)).password(expected=False) for number in range(5)}
    assert len(made) == 5


def _prepared(path: Path) -> ServerHome:
    home = ServerHome(path)
    home.prepare()
    return home


def test_a_lost_password_is_not_replaced_by_one_that_cannot_fit(home: ServerHome) -> None:
    with pytest.raises(ConfigurationError, match="missing or empty"):
        home.password()
    home.password_file.write_text("\n")
    with pytest.raises(ConfigurationError, match="missing or empty"):
        home.password()


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(InputError, match="something else"):
        ServerHome(tmp_path).prepare()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(InputError):
        ServerHome(tmp_path / "thesis.tex").prepare()
    with pytest.raises(InputError):
        ServerHome(tmp_path / "thesis.tex").record()


def test_the_configuration_keeps_to_loopback(home: ServerHome) -> None:
    home.configure(ServerSettings(bolt_port=1111, http_port=2222, extra={"db.tx_log.preallocate": "false"}))
    text = home.configuration.read_text()
    for protocol, port in (("bolt", 1111), ("http", 2222)):
        assert f"server.{protocol}.listen_address=127.0.0.1:{port}\n" in text
        assert f"server.{protocol}.advertised_address=127.0.0.1:{port}\n" in text
    assert "server.https.enabled=false\n" in text
    assert "dbms.usage_report.enabled=false\n" in text
    assert "client.allow_telemetry=false\n" in text
    assert "db.tx_log.preallocate=false\n" in text
    assert "password" not in text
    assert _mode(home.configuration) == 0o600


def test_in_a_container_the_server_listens_on_its_own_ports_and_advertises_those_outside() -> None:
    lines = configuration_lines(ServerSettings(bolt_port=1111, http_port=2222), listen="0.0.0.0")
    assert lines["server.bolt.listen_address"] == "0.0.0.0:7687"
    assert lines["server.bolt.advertised_address"] == "127.0.0.1:1111"


def test_a_home_without_a_server_says_so(tmp_path: Path) -> None:
    server = Neo4jServer(tmp_path / "home")
    status = server.status()
    assert (status.running, status.crashed, status.version) == (False, False, "")
    assert not server.stop()
    assert not (tmp_path / "home").exists(), "looking makes nothing"


def test_a_record_of_a_process_that_is_gone_or_another_now_counts_as_a_crash(home: ServerHome) -> None:
    for pid, started in ((os.getpid(), "long ago"), (2**22 - 1, "ever")):
        home.remember(replace(RECORD, how="java", pid=pid, started=started))
        server = Neo4jServer(home.path)
        assert not server.status().running
        assert server.status().crashed
    assert not server.stop(), "and nothing is ended in its place"
    assert not server.status().crashed


def test_a_process_that_runs_and_does_not_answer_is_starting(home: ServerHome) -> None:
    me = identify(os.getpid())
    assert me is not None
    port, _ = free_ports(2)
    home.remember(replace(RECORD, how="java", pid=me.pid, started=me.started, bolt_port=port))
    status = Neo4jServer(home.path).status()
    assert (status.running, status.answers, status.pid) == (True, False, os.getpid())


def test_a_damaged_record_is_named(home: ServerHome) -> None:
    (home.path / "server.json").write_text('{"line": "5"')
    with pytest.raises(ConfigurationError, match=r"server\.json"):
        home.record()


def test_data_of_one_line_is_not_opened_with_another(home: ServerHome) -> None:
    pytest.importorskip("neo4j")
    home.remember(RECORD)
    with pytest.raises(ConfigurationError, match="line 5") as caught:
        Neo4jServer(home.path).start(NEWEST)
    assert "--line 5" in caught.value.hint


def test_taken_ports_are_refused_before_anything_starts(home: ServerHome) -> None:
    pytest.importorskip("neo4j")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = ServerSettings(bolt_port=free_ports(1)[0], http_port=port)
        with pytest.raises(StoreUnavailable, match=rf"port {port} \(Browser\) is taken by another program"):
            Neo4jServer(home.path).start(LTS, settings, how="java")
    assert home.record() is None
