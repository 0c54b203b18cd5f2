"""Writes memory into a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO

from agentmem.errors import InputError
from agentmem.records import Kind, RelationshipType
from agentmem.stores import Store
from agentmem.transfer.contents import JOURNAL, Contents
from agentmem.transfer.cypher import write_cypher
from agentmem.transfer.graphml import write_graphml
from agentmem.transfer.jsonl import write_jsonl
from agentmem.transfer.migrate import existing_banks, silent
from agentmem.transfer.replay import Progress


class ExportFormat(StrEnum):
    """What a file can be."""

    JSONL = "jsonl"
    """Everything, the journal too: `import` makes the same store of it."""
    GRAPHML = "graphml"
    """Nodes and relationships of one bank, for networkx and others; `import` takes them back."""
    CYPHER = "cypher"
    """Nodes and relationships, for an empty Neo4j server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What was written."""

    format: ExportFormat
    file: str
    """The path; `-` for a stream."""
    banks: tuple[str, ...]
    nodes: int
    relationships: int
    operations: int
    """0 in formats without a journal."""

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON shape."""
        return {
            "format": self.format.value,
            "file": self.file,
            "banks": list(self.banks),
            "nodes": self.nodes,
            "relationships": self.relationships,
            "operations": self.operations,
        }


def export(
    store: Store,
    out: Path | TextIO,
    *,
    format: ExportFormat = ExportFormat.JSONL,
    banks: Sequence[str] | None = None,
    progress: Progress = silent,
) -> ExportReport:
    """Write banks into a file, which appears only when it is complete.

    Args:
        store: Where to read.
        out: The file, replaced if it exists; or a stream, in UTF-8 and without translation of line ends.
        format: What to write.
        banks: Names; default: all.
        progress: Hears what is done, how much, and of how much.

    Raises:
        NotFound: no such bank.
        InputError: GraphML of several banks, or a file that cannot be written.
        StoreCorrupt: the journal is broken (jsonl).
    """
    names = existing_banks(store, banks)
    if format is ExportFormat.GRAPHML and len(names) != 1:
        raise InputError(
            f"GraphML holds one bank, and there are {len(names)}.",
            where=store.url,
            hint=f"Name one of them: {', '.join(names)}." if names else "The store is empty.",
        )
    with _opened(out) as file:
        written = _write(store, names, file, format, progress)
    counts = written.counts
    return ExportReport(
        format=format,
        file=str(out) if isinstance(out, Path) else "-",
        banks=tuple(names),
        nodes=sum(counts[kind.value] for kind in Kind),
        relationships=sum(counts[type_.value] for type_ in RelationshipType),
        operations=counts[JOURNAL],
    )


def _write(store: Store, names: list[str], file: TextIO, format_: ExportFormat, progress: Progress) -> Contents:
    if format_ is ExportFormat.GRAPHML:
        return write_graphml(store, names[0], file, progress)
    if format_ is ExportFormat.CYPHER:
        return write_cypher(store, names, file, progress)
    return write_jsonl(store, names, file, progress)


@contextmanager
def _opened(out: Path | TextIO) -> Iterator[TextIO]:
    if not isinstance(out, Path):
        yield out
        out.flush()
        return
    if out.is_dir():
        raise InputError("that is a folder.", where=str(out), hint="Name a file.")
    part = out.with_name(out.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        part.replace(out)
    except OSError as error:
        raise InputError(f"the file cannot be written: {error.strerror}.", where=str(out)) from error
    finally:
        part.unlink(missing_ok=True)
