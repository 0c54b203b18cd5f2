"""Reads files of `export` into a store."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from agentmem.embeddings import Embedder
from agentmem.errors import InputError, StoreError
from agentmem.memory import DOCUMENT, trust_of
from agentmem.records import Change, Changeset, Clock, SystemClock
from agentmem.regular_files import open_named
from agentmem.stores import Store
from agentmem.transfer.contents import contents_of
from agentmem.transfer.grafting import Grafted, graft
from agentmem.transfer.graphml import read_graphml
from agentmem.transfer.jsonl import Begin, End, is_jsonl, read_jsonl
from agentmem.transfer.migrate import silent, something_else
from agentmem.transfer.replay import Progress

_BATCH = 1_000
_BEGINNING = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class BankImport:
    """What became of one bank of a file."""

    bank: str
    operations: int
    """Operations of the bank now."""
    copied: int
    """Operations that this call wrote."""
    proved: bool
    """Whether the bank has the head and content hash that the file says. True for GraphML, which says neither."""

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape."""
        return {"bank": self.bank, "proved": self.proved, "operations": self.operations, "copied": self.copied}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did."""

    file: str
    format: str
    """jsonl or graphml."""
    banks: tuple[BankImport, ...]

    @property
    def proved(self) -> bool:
        """Whether every bank holds what the file says."""
        return all(bank.proved for bank in self.banks)

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape."""
        return {
            "file": self.file,
            "format": self.format,
            "proved": self.proved,
            "banks": [bank.as_dict() for bank in self.banks],
        }


def import_file(
    store: Store,
    file: Path | BinaryIO,
    *,
    bank: str = "",
    trust: float | str | None = None,
    embedder: Callable[[], Embedder] | None = None,
    clock: Clock | None = None,
    progress: Progress = silent,
) -> ImportReport:
    """Take in a file of `export`: jsonl makes the same banks again, GraphML gives nodes and relationships.

    An import that was broken off goes on where it was, and one that is done changes nothing.

    Args:
        store: Where to write.
        file: A regular file, `/dev/stdin` or `<(...)`, or a stream of it. Which format it is shows in its first line.
        bank: GraphML only: the bank to write; empty for the one that its nodes name.
        trust: GraphML only: how far its memories are trusted at most: `person`, `document` (the default) or a number.
        embedder: GraphML only: opens the model of the store, as such a file holds no vectors.
        clock: GraphML only: when it is taken in; default: now.
        progress: Hears what is done, how much, and of how much (0 if nobody knows).

    Raises:
        InputError: a file of another kind, cut off, or altered; the line is named.
        ConfigurationError: a bank of the store holds something else.
        EmbeddingMismatch: the store was filled by another embedding model.
        ConflictError: GraphML has a node that the store holds otherwise.
    """
    where = str(file) if isinstance(file, Path) else "-"
    with _opened(file) as (beginning, stream):
        if is_jsonl(beginning):
            if bank:
                raise InputError("the file says itself which banks it holds.", where=where, hint="Leave --bank out.")
            if trust is not None:
                raise InputError(
                    "the file says itself how far each memory is trusted.", where=where, hint="Leave --trust out."
                )
            return ImportReport(file=where, format="jsonl", banks=tuple(_import_jsonl(store, stream, where, progress)))
        if not beginning.lstrip("\ufeff \t\r\n").startswith("<"):
            raise InputError(
                "that is neither JSON lines nor GraphML of agentmem.",
                where=where,
                hint="Cypher is loaded by a Neo4j server: cypher-shell --file FILE. Texts are taken in by `retain`.",
            )
        graph = read_graphml(stream, where, bank=bank)
        if embedder is None:
            raise InputError("GraphML holds no vectors: an embedder is needed.", where=where)
        done = graft(
            store,
            graph,
            where=where,
            trust=DOCUMENT if trust is None else trust_of(trust),
            embedder=embedder(),
            clock=clock or SystemClock(),
            progress=progress,
        )
        return ImportReport(file=where, format="graphml", banks=(_grafted(done),))


def _grafted(done: Grafted) -> BankImport:
    return BankImport(bank=done.bank, operations=done.seq, copied=done.operations, proved=True)


@contextmanager
def _opened(file: Path | BinaryIO) -> Iterator[tuple[str, BinaryIO]]:
    """The beginning of a file as text, and the whole of it."""
    if not isinstance(file, Path):
        yield _peeked(file)
        return
    try:
        stream = os.fdopen(open_named(file), "rb")
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}.", where=str(file)) from error
    with stream:
        yield _peeked(stream)


def _peeked(stream: BinaryIO) -> tuple[str, BinaryIO]:
    if stream.seekable():
        place = stream.tell()
        beginning = stream.read(_BEGINNING)
        stream.seek(place)
        return beginning.decode(errors="replace"), stream
    # A pipe cannot be wound back.
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(cast("io.RawIOBase", stream))
    return buffered.peek(_BEGINNING)[:_BEGINNING].decode(errors="replace"), buffered


def _import_jsonl(store: Store, file: BinaryIO, where: str, progress: Progress) -> Iterator[BankImport]:
    lines = io.TextIOWrapper(file, encoding="utf-8", errors="strict")
    filling: _Filling | None = None
    for line in read_jsonl(_decoded(lines, where), where):
        if isinstance(line, Begin):
            if line.embedding is not None:
                store.stamp(line.embedding)
        elif isinstance(line, Change):
            filling = filling or _Filling(store, line.operation.bank, progress)
            filling.take(line)
        else:
            yield (filling or _Filling(store, line.bank, progress)).end(line)
            filling = None
    lines.detach()


def _decoded(lines: Iterable[str], where: str) -> Iterator[str]:
    try:
        yield from lines
    except UnicodeDecodeError as error:
        raise InputError(f"the file is not UTF-8 ({error}).", where=where) from error


@dataclass(slots=True)
class _Filling:
    """One bank on its way from a file into a store."""

    store: Store
    bank: str
    progress: Progress
    head: tuple[int, str] = field(init=False)
    copied: int = 0
    _waiting: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.head = self.store.head(self.bank)

    def take(self, change: Change) -> None:
        """Write a change, unless an earlier import did."""
        operation = change.operation
        if operation.seq == self.head[0] and operation.hash != self.head[1]:
            raise something_else(self.store, self.bank)
        if operation.seq > self.head[0]:
            self._waiting.append(change)
        if len(self._waiting) >= _BATCH:
            self._write()

    def end(self, end: End) -> BankImport:
        """Write what is left, and see whether the bank is what the file says."""
        if self.head[0] > end.operations:
            raise something_else(self.store, self.bank)
        self._write()
        self.progress("comparing", 0, 1)
        same = contents_of(self.store, self.bank).content_hash() == end.content_hash
        seq, hash_ = self.store.head(self.bank)
        return BankImport(bank=self.bank, operations=seq, copied=self.copied, proved=same and hash_ == end.head)

    def _write(self) -> None:
        if not self._waiting:
            return
        written = self.store.commit(Changeset(bank=self.bank, changes=tuple(self._waiting)))
        if written[-1].hash != self._waiting[-1].operation.hash:
            raise StoreError(
                f"somebody else writes to bank {self.bank!r}: it is not what the file holds any more.",
                where=self.store.url,
                hint="Import into another store.",
            )
        self.copied += len(written)
        self._waiting.clear()
        self.progress("importing", written[-1].seq, 0)
