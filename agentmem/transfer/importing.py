"""Reads files of `export` into a store."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from agentmem.embeddings import Embedder
from agentmem.errors import InputError, StoreError
from agentmem.memory import DOCUMENT, trust_of
from agentmem.records import Change, Changeset, Clock, SystemClock
from agentmem.regular_files import open_named
from agentmem.stores import Store
from agentmem.transfer.checking import check_jsonl
from agentmem.transfer.contents import contents_of
from agentmem.transfer.filling import Outcome, command, filled
from agentmem.transfer.grafting import graft
from agentmem.transfer.graphml import Graph, banks_in, read_graphml
from agentmem.transfer.jsonl import End, is_jsonl, read_jsonl
from agentmem.transfer.migrate import silent, something_else
from agentmem.transfer.replay import Progress

_BATCH = 1_000
_BEGINNING = 4_096
_BLOCK = 1 << 20


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
    trust: float | str = DOCUMENT,
    embedder: Callable[[], Embedder] | None = None,
    clock: Clock | None = None,
    progress: Progress = silent,
) -> ImportReport:
    """Take in a file of `export`: jsonl makes the same banks again, GraphML gives nodes and relationships.

    A jsonl file is read through and checked before anything is written. An import that was broken off goes on where it
    was, and one that is done changes nothing; until a bank is proved it is marked as incomplete, and refused to others.

    Args:
        store: Where to write.
        file: A regular file, `/dev/stdin` or `<(...)`, or a stream of it. Which format it is shows in its first line.
        bank: GraphML only: the bank to write; empty for the one that its nodes name.
        trust: How far it is trusted: `person` for an export of one's own, `document` (the default) or a number. GraphML
            is trusted by so much at most; jsonl, an exact copy, is refused if a memory of it claims more.
        embedder: GraphML only: opens the model of the store, as such a file holds no vectors.
        clock: GraphML only: when it is taken in; default: now.
        progress: Hears what is done, how much, and of how much (0 if nobody knows).

    Raises:
        InputError: a file of another kind, cut off, altered, or that claims more trust than it is given; the line is
            named, and nothing was written.
        ConfigurationError: a bank of the store holds something else.
        EmbeddingMismatch: the store was filled by another embedding model.
        ConflictError: GraphML has a node that the store holds otherwise.
    """
    where = str(file) if isinstance(file, Path) else "-"
    limit = trust_of(trust)
    words = ["--bank", bank] if bank else []
    words += [] if limit == DOCUMENT else ["--trust", f"{limit:g}"]
    finish = command("import", where, "--store", store.url, *words)
    with _opened(file, progress) as (beginning, stream):
        if is_jsonl(beginning):
            if bank:
                raise InputError("the file says itself which banks it holds.", where=where, hint="Leave --bank out.")
            banks = tuple(_import_jsonl(store, stream, where, limit, finish, progress))
            return ImportReport(file=where, format="jsonl", banks=banks)
        if not beginning.lstrip("\ufeff \t\r\n").startswith("<"):
            raise InputError(
                "that is neither JSON lines nor GraphML of agentmem.",
                where=where,
                hint="Cypher is loaded by a Neo4j server: cypher-shell --file FILE. Texts are taken in by `retain`.",
            )
        if embedder is None:
            raise InputError("GraphML holds no vectors: an embedder is needed.", where=where)
        graph = read_graphml(stream, where, bank=bank)
        done = _import_graphml(store, graph, where, limit, finish, embedder, clock or SystemClock(), progress)
        return ImportReport(file=where, format="graphml", banks=(done,))


def _import_graphml(
    store: Store,
    graph: Graph,
    where: str,
    trust: float,
    finish: str,
    embedder: Callable[[], Embedder],
    clock: Clock,
    progress: Progress,
) -> BankImport:
    banks = banks_in(graph.nodes)
    begins = len(banks) == 1 and (store.head(banks[0])[0] == 0 or bool(store.unfinished(banks[0])))
    # To a bank that holds other memories a graph adds some: what is there of it is whole at any time.
    with filled(store, banks[0], finish) if begins else nullcontext(Outcome()) as outcome:
        done = graft(store, graph, where=where, trust=trust, embedder=embedder(), clock=clock, progress=progress)
        outcome.whole = True
    return BankImport(bank=done.bank, operations=done.seq, copied=done.operations, proved=True)


@contextmanager
def _opened(file: Path | BinaryIO, progress: Progress) -> Iterator[tuple[str, BinaryIO]]:
    """The beginning of a file as text, and the whole of it, which can be read twice."""
    with ExitStack() as opened:
        stream = file if not isinstance(file, Path) else opened.enter_context(_readable(file))
        if not stream.seekable():
            stream = opened.enter_context(_kept(stream, progress))
        place = stream.tell()
        beginning = stream.read(_BEGINNING)
        stream.seek(place)
        yield beginning.decode(errors="replace"), stream


def _readable(file: Path) -> BinaryIO:
    try:
        return os.fdopen(open_named(file), "rb")
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}.", where=str(file)) from error


@contextmanager
def _kept(stream: BinaryIO, progress: Progress) -> Iterator[BinaryIO]:
    """What a pipe gives, in a temporary file: it cannot be wound back, and nothing is written before all is checked."""
    with tempfile.TemporaryFile() as kept:
        while block := stream.read(_BLOCK):
            kept.write(block)
            progress("reading", kept.tell(), 0)
        kept.seek(0)
        yield cast("BinaryIO", kept)


def _import_jsonl(
    store: Store, file: BinaryIO, where: str, trust: float, finish: str, progress: Progress
) -> Iterator[BankImport]:
    place = file.tell()
    begin, ends = check_jsonl(file, where, trust, progress)
    file.seek(place)
    lines = (line for _, line in read_jsonl(file, where))
    next(lines, None)
    if begin.embedding is not None:
        store.stamp(begin.embedding)
    for end in ends:
        # What ends it is the line `end` itself.
        changes = (line for line in itertools.takewhile(lambda line: not isinstance(line, End), lines))
        done = _Filling(store, end, progress).fill(cast("Iterator[Change]", changes), finish)
        for _ in changes:  # its `end` too, where the bank was there already
            pass
        yield done


@dataclass(slots=True)
class _Filling:
    """One bank on its way from a file into a store."""

    store: Store
    end: End
    progress: Progress
    copied: int = 0

    def fill(self, changes: Iterator[Change], finish: str) -> BankImport:
        """Write what the store does not hold yet, and see whether the bank is what the file says.

        Raises:
            ConfigurationError: the bank holds something else.
        """
        store, bank = self.store, self.end.bank
        head = store.head(bank)
        self._require_beginning(head, changes)
        if head[0] == self.end.operations and not store.unfinished(bank):
            return self._compared()
        with filled(store, bank, finish) as outcome:
            for batch in _batches(changes):
                self._write(batch)
            done = self._compared()
            outcome.whole = done.proved
        return done

    def _require_beginning(self, head: tuple[int, str], changes: Iterator[Change]) -> None:
        """Pass over what the store holds already."""
        if head[0] > self.end.operations:
            raise something_else(self.store, self.end.bank)
        for change in itertools.islice(changes, head[0]):
            operation = change.operation
            if operation.seq == head[0] and operation.hash != head[1]:
                raise something_else(self.store, self.end.bank)

    def _compared(self) -> BankImport:
        bank, end = self.end.bank, self.end
        self.progress("comparing", 0, 1)
        same = contents_of(self.store, bank).content_hash() == end.content_hash
        seq, hash_ = self.store.head(bank)
        return BankImport(bank=bank, operations=seq, copied=self.copied, proved=same and hash_ == end.head)

    def _write(self, changes: tuple[Change, ...]) -> None:
        written = self.store.commit(Changeset(bank=self.end.bank, changes=changes))
        if written[-1].hash != changes[-1].operation.hash:
            raise StoreError(
                f"somebody else writes to bank {self.end.bank!r}: it is not what the file holds any more.",
                where=self.store.url,
                hint="Import into another store.",
            )
        self.copied += len(written)
        self.progress("importing", written[-1].seq, self.end.operations)


def _batches(changes: Iterator[Change]) -> Iterator[tuple[Change, ...]]:
    while batch := tuple(itertools.islice(changes, _BATCH)):
        yield batch
