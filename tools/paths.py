"""Confinement: tools touch files inside of the workflow's folder and of folders its owner allowed, and nowhere else."""

from __future__ import annotations

from pathlib import Path

from agentmem.errors import ToolError
from agentmem.tools.base import ToolContext


def confined(context: ToolContext, path: str) -> Path:
    """The absolute path, links and `..` resolved.

    Raises:
        ToolError: it is empty, or lies outside of the folders that may be touched.
    """
    if not path.strip() or "\0" in path:
        raise ToolError("a path is needed.", where=repr(path))
    try:
        resolved = (context.folder / Path(path).expanduser()).resolve()
    except (OSError, RuntimeError) as error:
        raise ToolError(f"the path cannot be followed: {error}.", where=path) from error
    if not any(resolved.is_relative_to(root.resolve()) for root in (context.folder, *context.allowed)):
        raise ToolError(
            "the path lies outside of the workflow's folder.",
            where=path,
            hint="Allow its folder: `folders: [...]` in the workflow, or `agentmem run --allow FOLDER`.",
        )
    return resolved


def shown(context: ToolContext, path: Path) -> str:
    """A path as results and sources show it: relative to the workflow's folder where it lies in it."""
    root = context.folder.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
