"""The command that compares a store with its journal."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.memory import Memory

if TYPE_CHECKING:
    from tests.conftest import Agentmem

pytestmark = pytest.mark.usefixtures("clean_environment")


@pytest.fixture
def store(tmp_path: Path) -> str:
    """The URL of a store with two banks."""
    url = f"sqlite:///{tmp_path}/memory.db"
    for bank in ("one", "two"):
        with Memory.open(url, embedder=HashingEmbedder(), bank=bank) as memory:
            memory.retain("Anna lives in Lisbon.")
    return url


def _alter(store: str, statement: str) -> None:
    with closing(sqlite3.connect(store.removeprefix("sqlite:///"))) as connection, connection:
        assert connection.execute(statement).rowcount == 1


def test_a_store_that_is_as_written(inside: Agentmem, store: str) -> None:
    ended = inside("verify", "--store", store)
    assert ended.code == 0, ended.err
    assert "one: verified." in ended.out
    assert "two: verified." in ended.out
    data = inside("verify", "--store", store, "--bank", "two", "--json").data
    assert data["verified"] is True
    (bank,) = data["banks"]
    assert (bank["bank"], bank["differences"], bank["nodes"] > 3, bank["relationships"] > 3) == ("two", [], True, True)


def test_what_differs_is_named_and_the_code_is_1(inside: Agentmem, store: str) -> None:
    _alter(store, "UPDATE nodes SET text = 'Anna lives in Rome.' WHERE kind = 'Episode' AND bank = 2")
    ended = inside("verify", "--store", store)
    assert ended.code == 1
    assert "one: verified." in ended.out
    assert "two: differs" in ended.out
    assert "episode-" in ended.out
    ended = inside("verify", "--store", store, "--json")
    assert ended.code == 1
    (difference,) = ended.data["banks"][1]["differences"]
    assert set(difference) == {"what", "field", "expected", "found"}
    assert difference["what"].startswith("episode-")
    assert inside("verify", "--store", store, "--bank", "one").code == 0


def test_a_bank_or_a_store_that_is_not_there(inside: Agentmem, store: str, tmp_path: Path) -> None:
    assert inside("verify", "--store", store, "--bank", "three").code == 2
    assert inside("verify", "--store", f"sqlite:///{tmp_path}/none.db").code == 2
