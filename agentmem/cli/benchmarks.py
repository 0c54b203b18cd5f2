"""bench: quality and speed on public benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentmem.cli import output
from agentmem.cli.embedder import SETUP_PANEL
from agentmem.cli.options import EmbedderOption, JsonOption, chosen

if TYPE_CHECKING:
    from agentmem.bench.locomo import LocomoReport

_group = typer.Typer(no_args_is_help=True, help="Measure memory on public benchmarks.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    _group.command()(locomo)
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


def _show(report: LocomoReport) -> None:
    header, rows = report.table()
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        cells = [
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        output.say("  ".join(cells), "bold" if row is header else "")
    output.say()
    for line in report.lines():
        output.say(line)
