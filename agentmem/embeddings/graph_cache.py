"""Keeps a built ONNX graph beside the weights, under a name that proves its content."""

from __future__ import annotations

import hashlib
import re
import uuid
from pathlib import Path

GRAPH_VERSION = 1
"""Raised whenever the builder makes another graph of the same weights; older files are then left alone."""

_NAME = re.compile(rf"graph-v{GRAPH_VERSION}-([0-9a-f]{{64}})\.onnx")
_PATTERN = f"graph-v{GRAPH_VERSION}-*.onnx"


def has_graph(folder: Path) -> bool:
    """Whether a graph of this version lies in the folder; it may still turn out to be damaged."""
    return any(_NAME.fullmatch(path.name) for path in folder.glob(_PATTERN))


def load_graph(folder: Path) -> bytes | None:
    """The graph of this version, or None if there is none; a damaged one is removed.

    Raises:
        OSError: the folder cannot be read.
    """
    for path in sorted(folder.glob(_PATTERN)):
        name = _NAME.fullmatch(path.name)
        if name is None:
            continue
        try:
            graph = path.read_bytes()
        except FileNotFoundError:  # another process found it damaged first
            continue
        if hashlib.sha256(graph).hexdigest() == name[1]:
            return graph
        path.unlink(missing_ok=True)
    return None


def save_graph(folder: Path, graph: bytes) -> Path:
    """Write a graph; it appears whole or not at all.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"graph-v{GRAPH_VERSION}-{hashlib.sha256(graph).hexdigest()}.onnx"
    unfinished = folder / f".graph-{uuid.uuid4().hex}"
    try:
        unfinished.write_bytes(graph)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path
