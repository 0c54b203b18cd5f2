"""The exact copy in a file: one line for each Operation with what it wrote, from which the same store is made again.

The first line names the format and the embedding model. Each bank ends with a line that holds its head and the hash of
everything in it, so a file that was cut off or altered is known for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

from agentmem.errors import InputError
from agentmem.records import GENESIS, Change, verify_chain
from agentmem.stores import EmbeddingStamp, Store
from agentmem.stores.base import DatedRelationship
from agentmem.transfer import shapes
from agentmem.transfer.contents import Contents
from agentmem.transfer.documents import UNREADABLE, change_document, document_change
from agentmem.transfer.replay import Progress, Replay

FORMAT = "agentmem-journal"
VERSION = 1
_PAGE = 500
_MOST_DIMENSIONS = 65_536
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
Head = tuple[str, int, str]
"""The bank that is being read, and seq and hash of its newest Operation; without a name between banks."""


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
                    take(contents, change)
                progress("writing", changes[-1].operation.seq, replay.head[0])
            seq, head = replay.head
        end = {"bank": bank, "operations": seq, "head": head, "content_hash": contents.content_hash()}
        _write(file, {"end": end})
        written.counts += contents.counts
    return written


def read_jsonl(lines: Iterable[bytes], where: str) -> Iterator[tuple[int, Line]]:
    """The lines of a file with their numbers, each checked against the chain; bank after bank.

    Args:
        lines: The file.
        where: Its name, for errors.

    Raises:
        InputError: no such file, cut off, or altered; the line is named.
    """
    banks: set[str] = set()
    head: Head = ("", 0, GENESIS)
    number = 0
    for number, raw in enumerate(lines, start=1):
        place = f"{where}:{number}"
        if raw[-1:] not in b"}\n":
            raise _cut_off(place)
        with _understood(place):
            line = _line(json.loads(raw.decode()), first=number == 1)
            if isinstance(line, Change):
                head = _followed(line, head, banks, place)
            elif isinstance(line, End):
                if (line.bank, line.operations, line.head) != (head if head[0] else (line.bank, 0, GENESIS)):
                    raise InputError(f"Operations of bank {line.bank!r} are missing before it.", where=place)
                banks.add(line.bank)
                head = ("", 0, GENESIS)
        yield number, line
    if head[0] or number == 0:
        raise _cut_off(f"{where}:{number}")


def _cut_off(place: str) -> InputError:
    return InputError(
        "the file ends before its end: it was cut off.", where=place, hint="Nothing was written; import the whole file."
    )


def is_jsonl(first_line: str) -> bool:
    """Whether a file that begins so is one of ours."""
    return first_line.startswith('{"format":') and FORMAT in first_line


def _write(file: TextIO, document: Mapping[str, Any]) -> None:
    file.write(_encode(document) + "\n")


def take(contents: Contents, change: Change) -> None:
    """Note everything that a change brings."""
    if change.add is not None:
        contents.take_node(change.add, change.index)
    for relationship in change.relationships:
        contents.take_relationship(DatedRelationship(relationship=relationship, created_at=change.operation.at))
    contents.take_operation(change.operation)


def _line(document: Any, *, first: bool) -> Line:
    document = shapes.mapping(document)
    if first:
        if document["format"] != FORMAT or shapes.whole(document["version"]) > VERSION:
            raise ValueError(f"format {document['format']} {document['version']}; {FORMAT} {VERSION} is known")
        return Begin(_stamp(document["embedding"]))
    if "end" not in document:
        return document_change(document)
    end = shapes.mapping(document["end"])
    return End(**end | shapes.shaped(End, end))


def _stamp(value: Any) -> EmbeddingStamp | None:
    if value is None:
        return None
    stamp = shapes.shaped(EmbeddingStamp, shapes.mapping(value))
    if not 0 < stamp["dimension"] <= _MOST_DIMENSIONS:
        raise ValueError(f"an embedding of dimension {stamp['dimension']}")
    return EmbeddingStamp(**stamp)


def _followed(change: Change, head: Head, banks: Set[str], place: str) -> Head:
    """See that an Operation follows the one before it in its bank and that its hash is its own; it is the new head."""
    operation = change.operation
    bank, seq, previous = head
    if operation.bank in banks or operation.bank != (bank or operation.bank):
        raise InputError(f"bank {operation.bank!r} begins before another one ended, or again.", where=place)
    if operation.seq != seq + 1 or verify_chain([operation], previous_hash=previous) is not None:
        raise InputError(
            f"Operation {operation.seq} of bank {operation.bank!r} does not follow from those before it: "
            "the file was altered.",
            where=place,
        )
    return operation.bank, operation.seq, operation.hash


@contextmanager
def _understood(place: str) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as error:
        raise InputError(
            f"the line cannot be read ({type(error).__name__}: {error}).",
            where=place,
            hint="It is made by `agentmem export --format jsonl`.",
        ) from error
