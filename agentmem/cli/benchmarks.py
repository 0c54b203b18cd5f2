"""bench: quality on public benchmarks, and speed beside what it could be."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentmem.cli import output
from agentmem.cli.embedder import SETUP_PANEL
from agentmem.cli.exit_codes import DONE, FAILED
from agentmem.cli.options import EmbedderOption, JsonOption, chosen
from agentmem.config import Settings
from agentmem.errors import InputError, MissingExtra

if TYPE_CHECKING:
    from agentmem.bench.locomo import LocomoReport
    from agentmem.bench.store import Access, Work

_group = typer.Typer(no_args_is_help=True, help="Measure memory: recall on public benchmarks, speed of stores.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (locomo, store):
        _group.command()(command)
    app.add_typer(_group, name="bench", rich_help_panel=SETUP_PANEL)


@_group.callback()
def _root() -> None:
    pass


def locomo(
    data: Annotated[Path, typer.Option("--data", metavar="FILE", help="A LoCoMo file, .json or .json.gz.")],
    store: Annotated[
        str,
        typer.Option("--store", metavar="URL", help="A new store to fill. Default: one in memory, gone afterwards."),
    ] = "",
    embedder: EmbedderOption = "",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="The first conversations only.")] = None,
    as_json: JsonOption = False,
) -> None:
    """LoCoMo: recall of the turns that hold the answers, by retain and recall alone."""
    from agentmem.bench.locomo import run_locomo
    from agentmem.embeddings import open_embedder

    settings = chosen(embedder=embedder)
    model = open_embedder(settings.embedder, folder=settings.models, notify=output.remark)
    with output.progress(not as_json) as tell:
        report = run_locomo(
            data,
            embedder=model,
            store_url=store,
            limit=limit,
            progress=lambda what, done, total: tell(f"{what} {output.bar(done, total)}"),
        )
    if as_json:
        output.data(report.as_dict())
    else:
        _show(report)


def store(
    url: Annotated[
        str,
        typer.Option("--store", metavar="URL", help="An empty Neo4j database. Default: a throw-away server."),
    ] = "",
    memories: Annotated[int, typer.Option("--memories", min=1, help="How many to write, about.")] = 50_000,
    workflow: Annotated[
        Path | None,
        typer.Option("--workflow", metavar="FILE", help="Also time this workflow on Neo4j and on SQLite."),
    ] = None,
    line: Annotated[
        str, typer.Option("--line", metavar="LINE", help="What the throw-away server runs: 5 (5.26 LTS) or 2026.")
    ] = "5",
    as_json: JsonOption = False,
) -> None:
    """The Neo4j store beside the bare driver: bulk retain, search, round trips.

    Exits with 1 if a target was missed. A database that is named is emptied again at the end; without one a server is
    started, for which Java is needed (see `agentmem neo4j fetch`).
    """
    try:
        from agentmem.bench.store import Access, Effort, run_store
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "neo4j":
            raise
        raise MissingExtra(
            "the Neo4j driver is not installed.", where="neo4j", hint="pip install 'agentmem-graph[neo4j]'."
        ) from error
    from agentmem.neo4j_server import find_release
    from agentmem.workflow.passwords import password_for

    release = find_release(line)
    settings = Settings.from_environment().overridden(store=url)
    access = Access(url=url, user=settings.user, password=password_for(settings)) if url else None
    with output.progress(not as_json) as tell, _work(workflow) as work:
        report = run_store(
            access,
            effort=Effort(memories=memories),
            work=work,
            release=release,
            notify=output.remark,
            progress=lambda what, done, total: tell(f"{what} {output.bar(done, total)}"),
        )
    if as_json:
        output.data(report.as_dict())
    else:
        _table(*report.table())
        output.say()
        for note in report.notes():
            output.say(note)
    raise typer.Exit(DONE if report.passed else FAILED)


@contextmanager
def _work(file: Path | None) -> Iterator[Work | None]:
    """The workflow of a file, to be run in a copy of its folder, with a registry that is gone afterwards."""
    if file is None:
        yield None
        return
    from agentmem.bench.store import Work
    from agentmem.workflow.consent import Consents
    from agentmem.workflow.workflow import Workflow

    original = Workflow.from_file(file)
    original.validate()
    may_run = Consents.of(Settings.from_environment()).hold(original.file, original.code())
    with tempfile.TemporaryDirectory(prefix="agentmem-bench-") as folder:
        copied = Path(folder) / "workflow"
        shutil.copytree(file.absolute().parent, copied)
        known = replace(Settings.from_environment(), home=Path(folder))

        def run(access: Access, bank: str) -> None:
            workflow = Workflow.from_file(copied / file.name)
            settings = replace(known, user=access.user, password=access.password)
            with workflow.begin(
                {}, settings=settings, store=access.url, bank=bank, allow_code=may_run, notify=_unheard
            ) as begun:
                result = begun.finish()
            if result.status != "done":
                raise InputError(f"the workflow ended as {result.status}, so its time says nothing.", where=str(file))

        yield Work(name=Workflow.from_file(file).spec.name, run=run)


def _unheard(_line: str) -> None:
    """For remarks that would be the same with every run."""


def _show(report: LocomoReport) -> None:
    _table(*report.table())
    output.say()
    for line in report.lines():
        output.say(line)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        cells = [
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        output.say("  ".join(cells), "bold" if row is header else "")
