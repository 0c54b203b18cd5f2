"""migrate, export, import: memory on its way into another store, into files and back."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from agentmem.cli import output
from agentmem.cli.exit_codes import FAILED
from agentmem.cli.options import BankOption, EmbedderOption, JsonOption, StoreOption, announce, chosen, require_store
from agentmem.cli.wording import count
from agentmem.errors import InputError

if TYPE_CHECKING:
    from agentmem.embeddings import Embedder
    from agentmem.stores import Store
    from agentmem.transfer import BankMigration, MigrationReport

TRANSFER_PANEL = "Moving memory"

_BanksOption = Annotated[
    list[str] | None, typer.Option("--bank", metavar="NAME", help="Only this bank; repeat for several. Default: all.")
]
_STANDARD = "-"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel=TRANSFER_PANEL)(migrate)
    app.command(rich_help_panel=TRANSFER_PANEL)(export)
    app.command("import", rich_help_panel=TRANSFER_PANEL)(import_)


def migrate(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The store to copy, such as sqlite:///memory.db.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The store to fill, such as neo4j://localhost:7687.")],
    bank: _BanksOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy memory into another store, journal and all, and prove that the copy is the same.

    Broken off, it goes on where it was when it is started again. Done, it changes nothing.
    """
    from agentmem.transfer import migrate as copied

    require_store(chosen(source))
    with _going_on_later(), _opened(source) as read, _opened(target) as written, counted(as_json) as progress:
        report = copied(read, written, banks=bank or None, progress=progress)
    if as_json:
        output.data(report.as_dict())
    else:
        _show_migration(report)
    if not report.proved:
        raise typer.Exit(FAILED)


def export(
    format_: Annotated[str, typer.Option("--format", metavar="FORMAT", help="jsonl, graphml or cypher.")] = "jsonl",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The file. Default: standard output.")
    ] = None,
    store: StoreOption = "",
    bank: _BanksOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write memory into a file: jsonl holds everything, graphml and cypher hold the graph for other programs."""
    from agentmem.transfer import ExportFormat
    from agentmem.transfer import export as write

    if format_ not in list(ExportFormat):
        raise InputError(f"{format_!r} is no format.", where="--format", hint=f"Formats: {', '.join(ExportFormat)}.")
    if as_json and _is_standard(out):
        raise InputError("what is exported takes standard output.", where="--json", hint="Name a file with --out.")
    settings = chosen(store)
    announce(settings, as_json=as_json)
    require_store(settings)
    with _opened(settings.store_url) as opened, counted(as_json or _is_standard(out)) as progress, _sink(out) as sink:
        report = write(opened, sink, format=ExportFormat(format_), banks=bank or None, progress=progress)
    if as_json:
        output.data(report.as_dict())
        return
    what = [count(report.nodes, "node"), count(report.relationships, "relationship")]
    if report.operations:
        what.append(count(report.operations, "Operation"))
    said = f"{', '.join(what)} of {count(len(report.banks), 'bank')} written"
    if _is_standard(out):
        output.remark(f"{said}.")
    else:
        output.say(f"{said} to {report.file}.")


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file of `agentmem export`; - for standard input.")],
    store: StoreOption = "",
    bank: BankOption = "",
    embedder: EmbedderOption = "",
    trust: Annotated[
        str,
        typer.Option(
            "--trust",
            metavar="person|document|0..1",
            help="How far the file is trusted: person for an export of your own. Default: document.",
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Take in a file of `export`: jsonl makes the same memory again, graphml gives its nodes and relationships."""
    from agentmem.memory import DOCUMENT
    from agentmem.transfer import import_file

    settings = chosen(store, embedder=embedder)
    announce(settings, as_json=as_json)
    source: Path | BinaryIO = sys.stdin.buffer if file == _STANDARD else Path(file)
    with _going_on_later(), _opened(settings.store_url) as opened, counted(as_json) as progress:
        model = partial(filler, opened, settings.embedder, settings.models)
        report = import_file(opened, source, bank=bank, trust=trust or DOCUMENT, embedder=model, progress=progress)
    if as_json:
        output.data(report.as_dict())
    else:
        for each in report.banks:
            new = f"{count(each.copied, 'Operation')} written" if each.copied else "nothing new"
            output.say(f"{each.bank}: {new}, {each.operations:,} in all.")
            if not each.proved:
                output.say("It does not hold what the file says.", "red", indent=2)
        if report.format == "jsonl" and report.proved and report.banks:
            output.say("Proved: every bank has the head and the content hash that the file says.", "green")
    if not report.proved:
        raise typer.Exit(FAILED)


@contextmanager
def _going_on_later() -> Iterator[None]:
    """Tell who interrupts it that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        output.remark("Interrupted. The same command goes on where it was.")
        raise


def filler(store: Store, name: str, folder: Path | None) -> Embedder:
    """The model that filled a store, or the one that is named for it."""
    from agentmem.embeddings import open_embedder

    stamp = store.embedding
    return open_embedder(name, folder=folder, stamped=stamp.model if stamp else None, notify=output.remark)


@contextmanager
def _opened(url: str) -> Iterator[Store]:
    from agentmem.workflow.opening import opened_store

    store = opened_store(chosen(url))
    try:
        yield store
    finally:
        store.close()


def _is_standard(out: Path | None) -> bool:
    return out is None or str(out) == _STANDARD


@contextmanager
def _sink(out: Path | None) -> Iterator[Path | io.TextIOWrapper]:
    if out is not None and not _is_standard(out):
        yield out
        return
    sys.stdout.flush()
    stream = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="\n")
    try:
        yield stream
    finally:
        stream.detach()


@contextmanager
def counted(quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Shows how far the work is, unless it is to be quiet: takes what is done, how much, and of how much."""
    with output.progress(not quiet) as tell:
        yield lambda what, done, total: tell(f"{what} {output.bar(done, total)}" if total else f"{what} {done:,}")


def _show_migration(report: MigrationReport) -> None:
    for bank in report.banks:
        new = f"{count(bank.copied, 'Operation')} copied" if bank.copied else "nothing new to copy"
        went_on = f", {bank.found:,} were there" if bank.found else ""
        output.say(f"{bank.parity.bank}: {new}{went_on}.")
        output.columns(_proof(bank), styles=("dim", ""))
        for difference in bank.parity.differences:
            output.say(f"differs: {difference}", "red", indent=2)
    if not report.banks:
        output.say("The source holds no banks: nothing to copy.")
    elif report.proved:
        output.say(f"Proved: {report.target} holds the same as {report.source}.", "green")
    else:
        output.say(f"Not proved: {report.target} does not hold the same as {report.source}.", "red")


def _proof(bank: BankMigration) -> list[tuple[str, str]]:
    parity = bank.parity
    same, tried = parity.recalls
    rows = [("chain", "verified on both sides" if all(parity.chain) else "does not verify in " + _broken(parity.chain))]
    for title, counts in (("nodes", parity.nodes), ("relationships", parity.relationships)):
        totals = [sum(pair[side] for pair in counts.values()) for side in (0, 1)]
        unlike = [
            f"{name}: {ours:,} here, {theirs:,} there" for name, (ours, theirs) in counts.items() if ours != theirs
        ]
        rows.append((title, "; ".join(unlike) or f"{totals[0]:,}, the same number of each of {len(counts)} kinds"))
    ours, theirs = parity.content_hash
    rows.append(
        (
            "content",
            f"same hash, {ours[:16]}" if ours == theirs else f"{ours[:16]} in the source, {theirs[:16]} in the target",
        )
    )
    rows.append(("recalls", f"{same} of {tried} samples give the same memories"))
    return rows


def _broken(chain: tuple[bool, bool]) -> str:
    return " and ".join(name for name, whole in zip(("the source", "the target"), chain, strict=True) if not whole)
