"""Servers that cannot be used: said at once, with what to do about it, and without the password."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import neo4j
import pytest

from agentmem.errors import ConfigurationError, StoreUnavailable
from agentmem.neo4j_server import ServerAccess
from agentmem.stores import open_store
from agentmem.stores.neo4j import Neo4jStore

pytestmark = pytest.mark.neo4j

_HTTP_PORT = "SHOW SETTINGS YIELD name, value WHERE name = 'server.http.listen_address' RETURN value"


def _url(server: ServerAccess, *, scheme: str = "bolt", password: str = "", port: int = 0) -> str:
    parts = urlsplit(server.url)
    return f"{scheme}://{server.user}:{password or server.password}@{parts.hostname}:{port or parts.port}"


def _refused(url: str, *, secret: str) -> str:
    with pytest.raises(StoreUnavailable) as caught:
        open_store(url)
    assert secret not in str(caught.value) + repr(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
def test_a_wrong_password(server: ServerAccess, scheme: str) -> None:
    said = _refused(_url(server, scheme=scheme, password="wr0ng-secret"), secret="wr0ng")
    assert "refused user or password" in said
    assert "NEO4J_PASSWORD" in said


def test_the_password_can_be_given_beside_the_url(server: ServerAccess) -> None:
    with Neo4jStore(server.url, user=server.user, password=server.password) as store:
        assert server.password not in store.url + repr(store) + repr(vars(store))
        assert store.banks() is not None


@pytest.mark.parametrize("scheme", ["bolt+s", "bolt+ssc", "neo4j+s", "neo4j+ssc"])
def test_an_encrypted_scheme_to_a_plain_server(server: ServerAccess, scheme: str) -> None:
    said = _refused(_url(server, scheme=scheme), secret=server.password)
    assert "it does not encrypt" in said
    assert "neo4j:// or bolt://" in said


@pytest.mark.parametrize("scheme", ["http", "https", "neo4js"])
def test_a_scheme_of_something_else(server: ServerAccess, scheme: str) -> None:
    with pytest.raises(ConfigurationError, match="no store has a URL like that") as caught:
        open_store(_url(server, scheme=scheme))
    assert server.password not in str(caught.value)


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
def test_the_port_of_the_browser(server: ServerAccess, driver: neo4j.Driver, scheme: str) -> None:
    address = driver.execute_query(_HTTP_PORT, database_="neo4j").records[0]["value"]
    said = _refused(_url(server, scheme=scheme, port=int(address.rpartition(":")[2])), secret=server.password)
    assert "port of a web page" in said


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
def test_nobody_there(server: ServerAccess, scheme: str) -> None:
    said = _refused(_url(server, scheme=scheme, port=1), secret=server.password)
    assert "agentmem neo4j start" in said


def test_no_such_host() -> None:
    assert "no host of that name" in _refused("bolt://anna:s3cret@nowhere.invalid", secret="s3cret")


def test_a_database_that_is_not_there(server: ServerAccess) -> None:
    with pytest.raises(ConfigurationError, match="no database of that name"):
        open_store(f"{_url(server)}/nowhere")


@pytest.mark.parametrize(
    ("agent", "bolt", "said"),
    [
        ("Neo4j/5.20.0", (5, 4), r"is Neo4j 5\.20; agentmem needs 5\.26"),
        ("Neo4j/4.4.30", (4, 4), r"is too old; agentmem needs Neo4j 5\.26"),
    ],
)
def test_a_server_that_is_too_old(agent: str, bolt: tuple[int, int], said: str) -> None:
    with _older_server(agent, bolt) as (port, heard):
        with pytest.raises(ConfigurationError, match=said) as caught:
            open_store(f"bolt://neo4j:s3cret@127.0.0.1:{port}")
        assert "s3cret" not in str(caught.value)
    assert [statement for statement in heard if "CREATE" in statement] == []


# Older servers in what the driver needs of them; it learns the version from the answer to its greeting. (A real 5.20.0
# is refused with the same words.)
_SUCCESS, _RECORD = b"\xb1\x70", b"\xb1\x71"
_HELLO, _RUN, _PULL, _GOODBYE = 0x01, 0x10, 0x3F, 0x02


def _packed(text: str) -> bytes:
    return b"\xd0" + bytes([len(text)]) + text.encode()


def _chunked(message: bytes) -> bytes:
    return struct.pack(">H", len(message)) + message + b"\0\0"


@contextmanager
def _older_server(agent: str, bolt: tuple[int, int]) -> Iterator[tuple[int, list[str]]]:
    """Its port, and what it is asked."""
    heard: list[str] = []
    answers = {
        _HELLO: _SUCCESS + b"\xa2" + _packed("server") + _packed(agent) + _packed("connection_id") + _packed("bolt-1"),
        _RUN: _SUCCESS + b"\xa1" + _packed("fields") + b"\x91" + _packed("1"),
        _PULL: _SUCCESS + b"\xa0",
    }

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as said:
            said.read(20)  # the magic number and four proposals of versions
            connection.sendall(bytes([0, 0, bolt[1], bolt[0]]))
            while header := said.read(2):
                if (size := struct.unpack(">H", header)[0]) == 0:
                    continue
                message = said.read(size)
                if message[1] == _GOODBYE:
                    return
                heard.append(message[2:].decode(errors="replace"))
                if message[1] == _PULL:
                    connection.sendall(_chunked(_RECORD + b"\x91\x01"))
                connection.sendall(_chunked(answers.get(message[1], _SUCCESS + b"\xa0")))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=serve, args=(listener,))
        serving.start()
        yield listener.getsockname()[1], heard
        serving.join()
