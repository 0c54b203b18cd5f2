"""The exact copy in a file: one line for each Operation with what it wrote, from which the same store is made again.

The first line names the format and the embedding model. Each bank ends with a line that holds its head and the hash of
everything in it, so a file that was cut off or altered is known for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

from agentmem.errors import InputError
from agentmem.records import GENESIS, Change, verify_chain
from agentmem.stores import EmbeddingStamp, Store
from agentmem.stores.base import DatedRelationship
from agentmem.transfer.contents import Contents
from agentmem.transfer.documents import change_document, document_change
from agentmem.transfer.replay import Progress, Replay

FORMAT = "agentmem-journal"
VERSION = 1
_PAGE = 500
_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Begin:
    """What the first line says."""

    embedding: EmbeddingStamp | None


@dataclass(frozen=True, slots=True)
class End:
    """What the line after a bank says."""

    bank: str
    operations: int
    head: str
    content_hash: str


Line = Begin | Change | End


def write_jsonl(store: Store, banks: Iterable[str], file: TextIO, progress: Progress) -> Contents:
    """Write banks as lines; returns what was written, counted over all of them."""
    written = Contents()
    stamp = store.embedding
    embedding = {"model": stamp.model, "dimension": stamp.dimension} if stamp else None
    _write(file, {"format": FORMAT, "version": VERSION, "embedding": embedding})
    for bank in banks:
        contents = Contents()
        with Replay(store, bank, after=0, progress=progress) as replay:
            for changes in replay.pages(after=0, size=_PAGE):
                for change in changes:
                    _write(file, change_document(change))
                    _take(contents, change)
                progress("writing", changes[-1].operation.seq, replay.head[0])
            seq, head = replay.head
        end = {"bank": bank, "operations": seq, "head": head, "content_hash": contents.content_hash()}
        _write(file, {"end": end})
        written.counts += contents.counts
    return written


def read_jsonl(lines: Iterable[str], where: str) -> Iterator[Line]:
    """The lines of a file, each checked against the chain.

    Args:
        lines: The file.
        where: Its name, for errors.

    Raises:
        InputError: no such file, cut off, or altered; the line is named.
    """
    heads: dict[str, tuple[int, str]] = {}
    open_bank = ""
    number = 0
    for number, text in enumerate(lines, start=1):
        place = f"{where}:{number}"
        if text[-1] not in "}\n":
            raise _cut_off(place)
        with _understood(place):
            line = _line(json.loads(text), first=number == 1)
        if isinstance(line, Change):
            open_bank = line.operation.bank
            _check_link(line, heads, place)
        elif isinstance(line, End):
            if (line.operations, line.head) != heads.get(line.bank, (0, GENESIS)):
                raise InputError(f"Operations of bank {line.bank!r} are missing before it.", where=place)
            open_bank = ""
        yield line
    if open_bank or number == 0:
        raise _cut_off(f"{where}:{number}")


def _cut_off(place: str) -> InputError:
    return InputError(
        "the file ends before its end: it was cut off.",
        where=place,
        hint="What came before is kept; import the whole file to go on.",
    )


def is_jsonl(first_line: str) -> bool:
    """Whether a file that begins so is one of ours."""
    return first_line.startswith('{"format":') and FORMAT in first_line


def _write(file: TextIO, document: Mapping[str, Any]) -> None:
    file.write(_encode(document) + "\n")


def _take(contents: Contents, change: Change) -> None:
    if change.add is not None:
        contents.take_node(change.add, change.index)
    for relationship in change.relationships:
        contents.take_relationship(DatedRelationship(relationship=relationship, created_at=change.operation.at))
    contents.take_operation(change.operation)


def _line(document: Mapping[str, Any], *, first: bool) -> Line:
    if first:
        if document["format"] != FORMAT or document["version"] > VERSION:
            raise ValueError(f"format {document['format']} {document['version']}; {FORMAT} {VERSION} is known")
        stamp = document["embedding"]
        return Begin(EmbeddingStamp(model=stamp["model"], dimension=stamp["dimension"]) if stamp else None)
    return End(**document["end"]) if "end" in document else document_change(document)


def _check_link(change: Change, heads: dict[str, tuple[int, str]], place: str) -> None:
    """See that an Operation follows the one before it in its bank, and that its hash is its own."""
    operation = change.operation
    seq, previous = heads.get(operation.bank, (0, GENESIS))
    if operation.seq != seq + 1 or verify_chain([operation], previous_hash=previous) is not None:
        raise InputError(
            f"Operation {operation.seq} of bank {operation.bank!r} does not follow from those before it: "
            "the file was altered.",
            where=place,
        )
    heads[operation.bank] = (operation.seq, operation.hash)


@contextmanager
def _understood(place: str) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"the line cannot be read ({type(error).__name__}: {error}).",
            where=place,
            hint="It is made by `agentmem export --format jsonl`.",
        ) from error
