"""Chooses the embedder by name, by what the store was filled with, and by what can be had."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from agentmem.embeddings.base import Embedder
from agentmem.embeddings.hashing import HASHING_PREFIX, HashingEmbedder
from agentmem.embeddings.sources import MINILM
from agentmem.embeddings.weights import FETCH_COMMAND, Notify, model_folder, obtain_weights
from agentmem.errors import ConfigurationError
from agentmem.spelling import nearest

EMBEDDERS = ("auto", "minilm", "hashing")
"""The names that settings take."""

REEMBED_COMMAND = "agentmem reembed"
"""What messages tell a user to run for a store of another model."""

_HASHING = re.compile(rf"{HASHING_PREFIX}(\d{{1,6}})")
_logger = logging.getLogger("agentmem.embeddings")


def _log(line: str) -> None:
    """Where messages go that nobody asked for: a warning, which Python shows on stderr unless told otherwise."""
    _logger.warning("%s", line)


def open_embedder(
    name: str = "auto",
    *,
    folder: Path | None = None,
    cache: Path | None = None,
    stamped: str | None = None,
    notify: Notify = _log,
) -> Embedder:
    """The embedder of that name.

    Args:
        name: `minilm`, `hashing`, or a model name such as `hashing-256`. `auto` takes the store's own model if it has
            one; otherwise MiniLM if its files are at hand or can be fetched, else hashing, which it says.
        folder: MiniLM's files; by default those in the cache, fetched once.
        cache: Stands for the user's cache of agentmem.
        stamped: The model that the store was filled with, or None for a new store. Only `auto` looks at it.
        notify: Takes lines for the person who waits: what is fetched, and what is used instead. A logger's warning by
            default.

    Raises:
        ConfigurationError: the name is unknown, or MiniLM is needed and cannot be had.
    """
    if name != "auto":
        return _named(name, folder=folder, cache=cache, notify=notify)
    if stamped:
        return _stamped(stamped, folder=folder, cache=cache, notify=notify)
    try:
        return _open_minilm(folder=folder, cache=cache, notify=notify)
    except ConfigurationError as error:
        if folder is not None:  # somebody named these files: another model in their place would be a surprise
            raise
        notify(
            f"Using the hashing embedder. {error.where}{': ' if error.where else ''}{error.message} "
            "Recall then finds shared words and spellings, not meanings. To have MiniLM instead, run "
            f"`{FETCH_COMMAND}` with a connection, and `{REEMBED_COMMAND}` for a store filled meanwhile."
        )
        return HashingEmbedder()


def _named(name: str, *, folder: Path | None, cache: Path | None, notify: Notify) -> Embedder:
    """The embedder of a setting's name or of a model's name."""
    plain = name.strip().lower()
    if plain in ("minilm", MINILM.model.lower()):
        return _open_minilm(folder=folder, cache=cache, notify=notify)
    if plain == "hashing":
        return HashingEmbedder()
    if sized := _HASHING.fullmatch(plain):
        return HashingEmbedder(int(sized[1]))
    known = [*EMBEDDERS, MINILM.model.lower()]
    near = nearest(plain, known, likeness=0.5)
    guess = f"Did you mean `{near}`? " if near else ""
    raise ConfigurationError(
        f"There is no embedder `{name}`.", where="embedder", hint=f"{guess}Known are {', '.join(EMBEDDERS)}."
    )


def _stamped(model: str, *, folder: Path | None, cache: Path | None, notify: Notify) -> Embedder:
    """The embedder of the model that a store was filled with; no other would find anything in it."""
    if model == MINILM.model or _HASHING.fullmatch(model):
        return _named(model, folder=folder, cache=cache, notify=notify)
    raise ConfigurationError(
        f"The store was filled by the embedding model `{model}`, which this version of agentmem does not have.",
        where="embedder",
        hint=f"Give that embedder when opening the memory, or embed the store anew with `{REEMBED_COMMAND}`.",
    )


def _open_minilm(*, folder: Path | None, cache: Path | None, notify: Notify) -> Embedder:
    from agentmem.embeddings.minilm import MiniLMEmbedder  # noqa: PLC0415 - hashing alone needs none of it

    found = obtain_weights(folder=folder, cache=cache, notify=notify)
    return MiniLMEmbedder(found, graphs=model_folder(cache), notify=notify)
