"""`agentmem bench store`: what is wrong with its options is said before anything is prepared or started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Agentmem


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        (("--store", "sqlite:///memory.db"), "ConfigurationError", "not a Neo4j URL"),
        (("--line", "4"), "InputError", "no release line '4'"),
        (("--workflow", "missing.yaml"), "NotFound", "there is no"),
        (("--store", "bolt://127.0.0.1:1"), "StoreUnavailable", ""),
    ],
)
def test_a_wrong_option_is_an_error_with_a_reason(
    inside: Agentmem, options: tuple[str, ...], kind: str, said: str
) -> None:
    ended = inside("bench", "store", *options, "--json")
    assert ended.code == 2
    assert ended.out == ""
    assert ended.error["kind"] == kind
    assert said in ended.error["message"]


def test_a_password_is_never_shown(inside: Agentmem) -> None:
    ended = inside("bench", "store", "--store", "bolt://neo4j:very-secret@127.0.0.1:1")
    assert ended.code == 2
    assert "very-secret" not in ended.out + ended.err


def test_no_memories_are_no_benchmark(inside: Agentmem) -> None:
    assert inside("bench", "store", "--memories", "0").code == 2
