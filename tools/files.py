"""Tools that read and write files, confined to the workflow's folder."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from agentmem.errors import InputError, ToolError
from agentmem.tools.base import ToolContext, tool
from agentmem.tools.documents import read_text
from agentmem.tools.paths import confined, shown

TEXT_SUFFIXES = frozenset({".md", ".markdown", ".txt", ".text", ".rst"})
"""What a pattern that names no suffix (`*`, `**/*`) finds."""

MAX_FILE_BYTES = 10_000_000
MAX_FILES = 10_000
MAX_TOTAL_CHARACTERS = 100_000_000

_SQLITE = b"SQLite format 3\0"


@tool(side_effects=False)
def read_files(context: ToolContext, folder: str, pattern: str = "*") -> list[dict[str, str]]:
    """Read the text and Markdown files of a folder, in order of their paths.

    Hidden files are left out. A file that is not text is an error if the pattern names its suffix.

    Args:
        context: Given by the executor.
        folder: The folder, or one file.
        pattern: Which files: `*.md`, or `**/*.txt` for all folders below.
    """
    root = confined(context, folder)
    if not root.exists():
        raise ToolError("there is no such folder.", where=folder, hint=_near(root))
    paths = [root] if root.is_file() else _matching(context, root, pattern)
    if len(paths) > MAX_FILES:
        raise ToolError(f"{len(paths):,} files match; at most {MAX_FILES:,} are read.", where=folder)
    files = []
    total = 0
    for path in paths:
        name = shown(context, path)
        text = _read(path, name)
        total += len(text)
        if total > MAX_TOTAL_CHARACTERS:
            raise ToolError(f"the files have over {MAX_TOTAL_CHARACTERS:,} characters.", where=folder)
        files.append({"path": name, "text": text})
    return files


@tool(one_by_one=True)
def write_file(context: ToolContext, path: str, text: str) -> str:
    """Write a text file, whole or not at all, replacing what was there; gives its path.

    Args:
        context: Given by the executor.
        path: The file; folders that it needs are made.
        text: What to write, in UTF-8.
    """
    target = confined(context, path)
    if target.is_dir():
        raise ToolError("this is a folder, not a file.", where=path)
    try:
        if target.exists() and _is_database(target):
            raise ToolError("this file is a database and is not overwritten.", where=path)
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, text.encode())
    except UnicodeEncodeError as error:
        raise ToolError(f"the text cannot be written as UTF-8: {error.reason}.", where=path) from error
    except OSError as error:
        raise ToolError(f"the file cannot be written: {error.strerror or error}.", where=path) from error
    return shown(context, target)


def _matching(context: ToolContext, root: Path, pattern: str) -> list[Path]:
    if not pattern.strip() or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise ToolError("the pattern must stay within the folder.", where=pattern, hint="For example: *.md")
    any_suffix = not Path(pattern).suffix
    hidden_wanted = any(part.startswith(".") for part in Path(pattern).parts)
    found = []
    try:
        for path in root.glob(pattern):
            hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
            is_wanted = not any_suffix or path.suffix.lower() in TEXT_SUFFIXES
            if path.is_file() and is_wanted and (hidden_wanted or not hidden):
                confined(context, str(path))  # a link may lead out of the folder
                found.append(path)
    except (ValueError, NotImplementedError) as error:
        raise ToolError(f"the pattern cannot be read: {error}.", where=pattern) from error
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())


def _read(path: Path, name: str) -> str:
    try:
        return read_text(path, name=name, max_bytes=MAX_FILE_BYTES)
    except InputError as error:
        raise ToolError(error.message, where=error.where, hint=error.hint) from error


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _replace(target: Path, data: bytes) -> None:
    """Write beside the target, bring it to the disk, then rename: a crash leaves the old file or the new one."""
    with _beside(target) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o777)
        temporary.replace(target)
    if hasattr(os, "O_DIRECTORY"):  # Windows has no directories to sync
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    temporary = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex}.tmp")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    near = get_close_matches(path.name, sorted(p.name for p in path.parent.iterdir() if p.is_dir()), n=1)
    return f"Did you mean {near[0]!r}?" if near else ""
