"""verify: whether what a store holds is what its journal says."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from agentmem.cli import output
from agentmem.cli.exit_codes import FAILED
from agentmem.cli.learning import MEMORY_PANEL
from agentmem.cli.options import EmbedderOption, JsonOption, StoreOption, announce, chosen, require_bank, require_store
from agentmem.cli.transfer import counted, filler
from agentmem.cli.wording import count

if TYPE_CHECKING:
    from agentmem.memory.verifying.verification import Verification


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel=MEMORY_PANEL)(verify)


def verify(
    store: StoreOption = "",
    bank: Annotated[
        list[str] | None,
        typer.Option("--bank", metavar="NAME", help="Only this bank; repeat for several. Default: all."),
    ] = None,
    embedder: EmbedderOption = "",
    as_json: JsonOption = False,
) -> None:
    """Compare memory with its journal: nodes, relationships, search entries, reasons.

    Exit code 1 if something differs, which is named.
    """
    from agentmem.memory.verifying.verification import verify as compared
    from agentmem.workflow.opening import opened_store

    settings = chosen(store, embedder=embedder)
    announce(settings, as_json=as_json)
    require_store(settings)
    opened = opened_store(settings)
    try:
        for name in bank or ():
            require_bank(name, opened)
        model = partial(filler, opened, settings.embedder, settings.models)
        with counted(as_json) as progress:
            found = [
                compared(opened, name, embedder=model, progress=progress)
                for name in dict.fromkeys(bank or opened.banks() or ([settings.bank] if opened.faults() else []))
            ]
    finally:
        opened.close()
    if as_json:
        verified = all(each.verified for each in found)
        output.data({"verified": verified, "banks": [each.as_dict() for each in found]})
    else:
        _show(found)
    if not all(each.verified for each in found):
        raise typer.Exit(FAILED)


def _show(found: list[Verification]) -> None:
    for each in found:
        seq, hash_ = each.head
        output.say(f"{each.bank}: {'verified' if each.verified else 'differs from its journal'}.", "bold")
        rows = [
            ("head", f"Operation {seq:,}, {hash_}"),
            ("compared", ", ".join((count(each.nodes, "node"), count(each.relationships, "relationship"))) + ", "
             + ("1 search entry" if each.entries == 1 else f"{each.entries:,} search entries")),
        ]  # fmt: skip
        if each.unproved:
            rows.append(("not proved", f"{count(each.unproved, 'Operation')} of an earlier version hold no digests"))
        output.columns(rows, styles=("dim", ""))
        for difference in each.differences:
            output.say(str(difference), "red", indent=2)
    if not found:
        output.say("The store holds no banks: nothing to verify.")
