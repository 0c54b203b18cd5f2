"""A file that was altered is refused before anything is written, and the line is named."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.errors import InputError
from agentmem.memory.reembedding import reembed_store
from agentmem.records import Change
from agentmem.stores import Store
from agentmem.transfer import ExportFormat, export, import_file
from agentmem.transfer.contents import Contents
from agentmem.transfer.jsonl import End, read_jsonl, take


def _text(store: Store) -> str:
    stream = io.StringIO()
    export(store, stream, format=ExportFormat.JSONL)
    return stream.getvalue()


def _stream(text: str) -> io.BytesIO:
    return io.BytesIO(text.encode())


def _altered(text: str, where: str, change: Callable[[dict[str, Any]], None]) -> tuple[str, int]:
    """The file with the first line that holds `where` changed, and the number of that line."""
    lines = text.splitlines(keepends=True)
    number = next(number for number, line in enumerate(lines) if where in line)
    document = json.loads(lines[number])
    change(document)
    lines[number] = json.dumps(document, separators=(",", ":")) + "\n"
    return "".join(lines), number + 1


_CHANGES: dict[str, tuple[str, Callable[[dict[str, Any]], None]]] = {
    "text": ('"kind":"Episode"', lambda line: line["add"].update(text="Another")),
    "trust": ('"kind":"Fact"', lambda line: line["add"].update(trust=0.25)),
    "status": ('"status":"superseded"', lambda line: line["add"].update(status="active")),
    "reason": ('"op":"UPDATE"', lambda line: line["operation"].update(reason="because")),
    "an edge": ('"EVIDENCED_BY"', lambda line: line["relationships"].pop()),
    "a property": ('"quote"', lambda line: line["relationships"][0][3].update(quote="x")),
    "no node": ('"kind":"Fact"', lambda line: line.pop("add")),
}


@pytest.mark.parametrize("part", _CHANGES)
@pytest.mark.parametrize("forged", [False, True], ids=["as it is", "with a content hash of its own"])
def test_an_altered_line_is_named_before_anything_is_written(
    source: Store, target: Store, part: str, forged: bool
) -> None:
    text, number = _altered(_text(source), *_CHANGES[part])
    if forged:
        contents = Contents()
        for _, line in read_jsonl(io.BytesIO(text.encode()), "-"):
            if isinstance(line, Change):
                take(contents, line)
            elif isinstance(line, End):
                text = text.replace(line.content_hash, contents.content_hash())
                break
    with pytest.raises(InputError, match="was altered") as raised:
        import_file(target, _stream(text), trust="person")
    if part not in ("an edge", "no node"):  # what is not there has no line
        assert raised.value.where == f"-:{number}"
    assert target.banks() == []
    assert target.embedding is None


def test_a_search_entry_that_was_altered_is_found_by_the_hash_of_all(source: Store, target: Store) -> None:
    text, _ = _altered(_text(source), '"index"', lambda line: line["index"].update(terms="x"))
    with pytest.raises(InputError, match="not what its last line says"):
        import_file(target, _stream(text), trust="person")
    assert target.banks() == []


def test_a_pipe_is_checked_before_anything_is_written(source: Store, target: Store) -> None:
    text = _text(source)
    for sent, whole in ((text.replace("Bergen now", "Berlin now"), False), (text, True)):
        reading, writing = os.pipe()
        writer = threading.Thread(target=_pour, args=(writing, sent.encode()))
        writer.start()
        with open(reading, "rb") as pipe:
            if whole:
                assert import_file(target, pipe, trust="person").proved
            else:
                with pytest.raises(InputError, match="was altered"):
                    import_file(target, pipe, trust="person")
                assert target.banks() == []
        writer.join()


def _pour(descriptor: int, data: bytes) -> None:
    with open(descriptor, "wb") as pipe:
        pipe.write(data)


def test_a_store_that_was_embedded_anew_comes_back(source: Store, target: Store) -> None:
    reembed_store(source, HashingEmbedder(dimension=64), lambda done: None)
    assert import_file(target, _stream(_text(source)), trust="person").proved
