"""embedder fetch, reembed: the model that makes vectors."""

from __future__ import annotations

import typer

from agentmem.cli import output
from agentmem.cli.options import EmbedderOption, JsonOption, StoreOption, announce, chosen, require_store
from agentmem.cli.wording import count

SETUP_PANEL = "Setting up and measuring"

_group = typer.Typer(no_args_is_help=True, help="The model that makes vectors of texts.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    _group.command()(fetch)
    app.add_typer(_group, name="embedder", rich_help_panel=SETUP_PANEL)
    app.command(rich_help_panel=SETUP_PANEL)(reembed)


@_group.callback()
def _root() -> None:
    pass


def fetch(as_json: JsonOption = False) -> None:
    """Fetch the weights of the default embedder ahead of time, so that nothing is downloaded later."""
    from agentmem.embeddings import fetch_weights

    folder = fetch_weights(notify=output.remark)
    if as_json:
        output.data({"folder": str(folder)})
    else:
        output.say(f"The weights are in {folder}.")


def reembed(
    store: StoreOption = "",
    embedder: EmbedderOption = "",
    as_json: JsonOption = False,
) -> None:
    """Embed a store anew with another embedder: all banks, in one transaction."""
    from agentmem.embeddings import open_embedder
    from agentmem.memory.reembedding import reembed_store
    from agentmem.workflow.opening import opened_store

    settings = chosen(store, embedder=embedder)
    announce(settings, as_json=as_json)
    require_store(settings)
    opened = opened_store(settings)
    try:
        model = open_embedder(settings.embedder, folder=settings.models, notify=output.remark)
        before = opened.embedding
        with output.progress(not as_json) as tell:
            embedded = reembed_store(opened, model, lambda done: tell(f"{done:,} memories"))
    finally:
        opened.close()
    was = before.model if before else "none"
    if as_json:
        output.data({"store": settings.store_url, "from": was, "to": model.model, "memories": embedded})
    else:
        output.say(f"{count(embedded, 'memory', 'memories')} embedded anew: {was} to {model.model}.")
