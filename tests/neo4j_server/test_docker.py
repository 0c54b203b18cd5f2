"""The Docker command line is a script here, that writes down what it is told: no engine runs where tests do."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from agentmem.errors import ConfigurationError, StoreUnavailable
from agentmem.neo4j_server import LTS, Neo4jServer, ServerSettings, find_engine
from agentmem.neo4j_server.docker import DockerHost, container_name, run_arguments
from agentmem.neo4j_server.home import ServerHome, ServerRecord
from agentmem.neo4j_server.ports import free_ports

Script = Callable[[str, str], Path]

ENGINE = """
printf '%s\\n' "$*" >>"$0.calls"
case "$1" in
  info) echo 28.2.2 ;;
  run) touch "$0.running"; echo 0123456789ab ;;
  inspect) [ -e "$0.running" ] && echo true || exit 1 ;;
  logs) echo 'ERROR it did not work' ;;
  stop) rm -f "$0.running" ;;
esac
"""
SETTINGS = ServerSettings(bolt_port=17001, http_port=17002)
RECORD = ServerRecord(
    line="5", version=LTS.version, bolt_port=17001, http_port=17002, heap="1g", page_cache="256m", password_set=False
)


def _calls(docker: Path) -> list[str]:
    return Path(f"{docker}.calls").read_text().splitlines()


def test_an_engine_that_answers_is_found(script: Script) -> None:
    docker = script("docker", ENGINE)
    assert find_engine({"PATH": f"{docker.parent}:/bin"}) == str(docker)
    assert _calls(docker) == ["info --format {{.ServerVersion}}"]


@pytest.mark.parametrize("body", ["echo 'Cannot connect to the Docker daemon' >&2; exit 1", "echo; exit 0"])
def test_a_client_without_an_engine_is_none(script: Script, body: str) -> None:
    docker = script("docker", body)
    assert find_engine({"PATH": f"{docker.parent}:/bin"}) is None


def test_without_docker_there_is_no_engine(tmp_path: Path) -> None:
    assert find_engine({"PATH": str(tmp_path)}) is None


def test_a_container_is_published_on_loopback_with_the_users_own_files_and_no_password(
    script: Script, tmp_path: Path
) -> None:
    docker = script("docker", ENGINE)
    home = ServerHome(tmp_path / "home")
    home.prepare()
    password = home.password(expected=False)
    host = DockerHost(str(docker))
    record = host.launch(home, LTS, SETTINGS, RECORD)
    assert (record.how, record.container) == ("docker", container_name(home))
    assert host.alive(record)
    arguments = run_arguments(home, LTS, SETTINGS)
    assert _calls(docker)[1] == " ".join(arguments)
    pairs = set(pairwise(arguments))
    assert ("--publish", "127.0.0.1:17001:7687") in pairs
    assert ("--publish", "127.0.0.1:17002:7474") in pairs
    assert ("--user", f"{os.getuid()}:{os.getgid()}") in pairs
    assert f"{home.path}/data:/data" in arguments
    assert arguments[-1] == f"neo4j:{LTS.version}-community"
    given = (home.path / "conf" / "docker.env").read_text()
    assert "NEO4J_server_bolt_advertised__address=127.0.0.1:17001\n" in given
    assert "NEO4J_server_bolt_listen__address=0.0.0.0:7687\n" in given
    assert "NEO4J_dbms_usage__report_enabled=false\n" in given
    assert password not in given + "".join(_calls(docker))
    assert "it did not work" in host.log(home, record)
    assert host.stop(record, seconds=5)
    assert not host.alive(record)
    assert f"rm --force {record.container}" in _calls(docker)[-2:]


def test_what_the_engine_refuses_is_said(script: Script, tmp_path: Path) -> None:
    docker = script("docker", 'case "$1" in run) echo "docker: no space left on device." >&2; exit 125 ;; esac')
    home = ServerHome(tmp_path / "home")
    home.prepare()
    with pytest.raises(StoreUnavailable, match="no space left on device"):
        DockerHost(str(docker)).launch(home, LTS, SETTINGS, RECORD)


def test_asking_for_docker_where_none_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    pytest.importorskip("neo4j")
    with pytest.raises(ConfigurationError, match="no Docker engine answers"):
        Neo4jServer(tmp_path / "home").start(LTS, SETTINGS, how="docker")


def test_a_container_that_dies_at_once_is_reported_with_its_log_and_removed(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("neo4j")
    docker = script("docker", ENGINE.replace('touch "$0.running";', ""))
    monkeypatch.setenv("PATH", f"{docker.parent}:/bin:/usr/bin")
    server = Neo4jServer(tmp_path / "home")
    bolt_port, http_port = free_ports(2)
    with pytest.raises(StoreUnavailable, match="ended while it was starting") as caught:
        server.start(LTS, ServerSettings(bolt_port=bolt_port, http_port=http_port))
    assert "ERROR it did not work" in caught.value.hint
    assert not server.status().running
    assert not server.status().crashed
    assert _calls(docker)[-1].startswith(("rm --force", "info"))
