"""Files of `export`, mutated: each is taken in, or refused with one error that says where."""

from __future__ import annotations

import io
import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.errors import AgentmemError, ConflictError, InputError, UserError
from agentmem.memory import Memory
from agentmem.stores import open_store
from agentmem.testing import TickingClock
from agentmem.transfer import ExportFormat, export, import_file

Draws = Callable[[int], Iterator[random.Random]]

_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, -5, 2**63, 10**400, 1.5, -0.0, 1e308, "", " ", "x", "\ud800", "\0", "\u202e", "漢" * 50,
    "9" * 5_000, "NaN", "2024-13-45", "0001-01-01T00:00:00+14:00", [], {}, [[]], {"a": {"b": []}}, ["\0"], [1, 2, 3],
)  # fmt: skip
_RAW = ("1e999", "NaN", "-Infinity", "[" * 100_000, '{"a":' * 20_000, '"\\ud800"', "1" * 10_000, "tru", "")


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """A small memory as a file of each kind that can be taken in."""
    written = {}
    with Memory.open("sqlite:///:memory:", embedder=HashingEmbedder(dimension=64), clock=TickingClock()) as memory:
        memory.retain("Anna lives in Lisbon. Anna works at Kestrel.", source="a letter")
        memory.retain("Anna lives in Oslo now.", source="another")
        for format_ in (ExportFormat.JSONL, ExportFormat.GRAPHML):
            out = io.StringIO()
            export(memory.store, out, format=format_)
            written[format_.value] = out.getvalue()
    return written


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a document something stands."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in _places(each, (*path, key)))]


def _put(document: Any, path: tuple[Any, ...], chance: random.Random) -> None:
    for key in path[:-1]:
        document = document[key]
    match chance.randrange(4):
        case 0:
            del document[path[-1]]
        case 1 if isinstance(document, dict):
            document[chance.choice(("end", "add", "more", ""))] = document.pop(path[-1])
        case _:
            document[path[-1]] = chance.choice(_ODD)


def _json_line(line: str, chance: random.Random) -> str:
    document = json.loads(line)
    path = chance.choice(_places(document)[1:])
    if chance.random() < 0.2:
        return re.sub(r'(?<=:)("[^"]*"|\d+|null)', lambda _: chance.choice(_RAW), line, count=1)
    _put(document, path, chance)
    return json.dumps(document) + "\n"


def _xml_line(line: str, chance: random.Random) -> str:
    value = str(chance.choice((*_ODD, "&bomb;", "<node/>", "</graph>"))).encode("utf-8", "replace").decode()
    return re.sub(r'(?<=[>"])[^<>"]+(?=[<"])', lambda found: value if chance.random() < 0.3 else found[0], line)


def _mutated(text: str, chance: random.Random) -> bytes:
    lines = text.splitlines(keepends=True)
    place = chance.randrange(len(lines))
    match chance.randrange(8):
        case 0:
            del lines[place]
        case 1:
            lines.insert(chance.randrange(len(lines)), lines[place])
        case 2:
            return "".join(lines).encode()[: chance.randrange(len(text))]
        case 3:
            data = bytearray("".join(lines).encode())
            data[chance.randrange(len(data))] = chance.randrange(256)
            return bytes(data)
        case _:
            lines[place] = (_json_line if text.startswith("{") else _xml_line)(lines[place], chance)
    return "".join(lines).encode("utf-8", "surrogatepass")


def _taken_in(data: bytes) -> AgentmemError | None:
    with closing(open_store("sqlite:///:memory:")) as store:
        try:
            import_file(store, io.BytesIO(data), trust="person", embedder=lambda: HashingEmbedder(dimension=64))
        except (UserError, ConflictError) as error:
            if data.startswith(b'{"format"'):
                assert store.banks() == [], "nothing is written before all is checked"
            return error
    return None


@pytest.mark.parametrize("kind", ["jsonl", "graphml"])
def test_a_mutated_file_is_taken_in_or_refused(texts: dict[str, str], kind: str, draws: Draws) -> None:
    refused = [_taken_in(_mutated(texts[kind], chance)) is not None for chance in draws(60)]
    assert len(refused) < 20 or sum(refused) > len(refused) / 4, "mutations that change nothing find nothing"


@pytest.mark.parametrize("value", _ODD, ids=range(len(_ODD)))
def test_a_value_of_another_type_is_refused_with_its_line(texts: dict[str, str], value: Any) -> None:
    lines = texts["jsonl"].splitlines(keepends=True)
    for number, field in enumerate(("trust", "text", "created_at", "version", "metadata", "status")):
        document = json.loads(lines[1])
        document["add"][field] = value
        broken = "".join([lines[0], json.dumps(document) + "\n", *lines[2:]])
        error = _taken_in(broken.encode())
        if error is not None:
            assert isinstance(error, InputError), number
            assert re.fullmatch(r"-:\d+", error.where), error


@pytest.mark.parametrize(
    "stamp", [{"model": "m", "dimension": -5}, {"model": "m", "dimension": 0}, {"model": 3, "dimension": 8}, [], "m"]
)
def test_an_embedding_that_cannot_be_is_refused(texts: dict[str, str], stamp: Any) -> None:
    lines = texts["jsonl"].splitlines(keepends=True)
    first = json.dumps({**json.loads(lines[0]), "embedding": stamp}, separators=(",", ":")) + "\n"
    error = _taken_in("".join([first, *lines[1:]]).encode())
    assert isinstance(error, InputError)
    assert error.where == "-:1"


def test_the_files_themselves_are_taken_in(texts: dict[str, str], tmp_path: Path) -> None:
    for kind, text in texts.items():
        assert _taken_in(text.encode()) is None, kind
