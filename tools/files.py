"""Tools that read and write files, confined to the workflow's folder."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import stat
import uuid
from collections.abc import Iterator
from pathlib import PurePath

from agentmem.errors import InputError, ToolError
from agentmem.regular_files import kind_of
from agentmem.tools.base import ToolContext, tool
from agentmem.tools.folders import Folder
from agentmem.tools.paths import Place, located
from agentmem.tools.protected import refuse_protected

TEXT_SUFFIXES = frozenset({".md", ".markdown", ".txt", ".text", ".rst"})
"""What a pattern that names no suffix (`*`, `**/*`) finds."""

MAX_FILE_BYTES = 10_000_000
MAX_FILES = 10_000
MAX_TOTAL_CHARACTERS = 100_000_000


@tool(side_effects=False)
def read_files(context: ToolContext, folder: str, pattern: str = "*") -> list[dict[str, str]]:
    """Read the text and Markdown files of a folder, in order of their paths.

    Hidden files are left out. A file that is not text is an error if the pattern names its suffix.

    Args:
        context: Given by the executor.
        folder: The folder, or one file.
        pattern: Which files: `*.md`, or `**/*.txt` for all folders below.
    """
    with located(context, folder) as place:
        if place.is_missing:
            raise ToolError("there is no such folder.", where=folder, hint=place.near(folders=True))
        if not place.is_folder and not place.is_file:
            raise ToolError(f"this is {kind_of(place.mode)}, not a file or a folder.", where=folder)
        paths = _matching(context, place, pattern) if place.is_folder else [folder]
    files = []
    total = 0
    for path in paths:
        with located(context, path) as place:
            text = _text(place)
        total += len(text)
        if total > MAX_TOTAL_CHARACTERS:
            raise ToolError(f"the files have over {MAX_TOTAL_CHARACTERS:,} characters.", where=folder)
        files.append({"path": place.name, "text": text})
    return files


@tool(one_by_one=True)
def write_file(context: ToolContext, path: str, text: str) -> str:
    """Write a text file, whole or not at all, replacing what was there; gives its path.

    Never written are databases with their `-wal`, `-shm` and `-journal`; what is hidden or lies in a hidden folder,
    such as `.git/` or `.envrc`; Python modules in the workflow's folder, where its tools are imported from; a workflow
    that is there; what agentmem keeps in its data folder; and whatever is no plain file.

    Args:
        context: Given by the executor.
        path: The file; folders that it needs are made.
        text: What to write, in UTF-8.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise ToolError(f"the text cannot be written as UTF-8: {error.reason}.", where=path) from error
    with located(context, path) as place:
        try:
            refuse_protected(place)
            if place.is_missing:
                place.walk.make()
            _replace(place.walk.folder, place.walk.leaf, data)
        except OSError as error:
            raise ToolError(f"the file cannot be written: {error.strerror or error}.", where=path) from error
        return place.name


def _text(place: Place) -> str:
    try:
        return place.text(max_bytes=MAX_FILE_BYTES)
    except InputError as error:
        raise ToolError(error.message, where=error.where, hint=error.hint) from error


def _matching(context: ToolContext, place: Place, pattern: str) -> list[str]:
    """The files of a folder that a pattern means, in order; each may still be anything when it is opened."""
    parts = PurePath(pattern).parts
    if not pattern.strip() or not parts or PurePath(pattern).is_absolute() or ".." in parts:
        raise ToolError("the pattern must stay within the folder.", where=pattern, hint="For example: *.md")
    if any("**" in part and part != "**" for part in parts):
        raise ToolError("the pattern cannot be read: `**` stands for folders by itself.", where=pattern)
    suffixes = frozenset() if PurePath(pattern).suffix else TEXT_SUFFIXES
    found: set[str] = set()
    for path in _glob(context, str(place.walk.path), parts, suffixes):
        found.add(path)
        if len(found) > MAX_FILES:
            raise ToolError(f"more than {MAX_FILES:,} files match, which is the most that is read.", where=place.name)
    return sorted(found, key=lambda path: PurePath(path).as_posix())


def _glob(context: ToolContext, folder: str, pattern: tuple[str, ...], suffixes: frozenset[str]) -> Iterator[str]:
    """The regular files, of these suffixes if there are any, that a pattern leads to. `**` follows no links."""
    hidden_wanted = any(part.startswith(".") for part in pattern)
    pending = [(folder, pattern)]
    while pending:
        path, (part, *rest) = pending.pop()
        if part == "**" and rest:
            pending.append((path, tuple(rest)))
        for name, kind in _entries(context, path):
            below = str(PurePath(path, name))
            if name.startswith(".") and not hidden_wanted:
                continue
            if part == "**":
                if kind == stat.S_IFDIR:
                    pending.append((below, (part, *rest)))
            elif fnmatch.fnmatch(name, part):
                if rest and _leads_to(context, below, kind) == stat.S_IFDIR:
                    pending.append((below, tuple(rest)))
                is_wanted = not rest and (not suffixes or PurePath(name).suffix.lower() in suffixes)
                if is_wanted and _leads_to(context, below, kind) == stat.S_IFREG:
                    yield below


def _entries(context: ToolContext, path: str) -> list[tuple[str, int]]:
    with located(context, path) as place:
        try:
            return place.walk.folder.entries() if place.is_folder else []
        except OSError as error:
            raise ToolError(f"the folder cannot be listed: {error.strerror}.", where=place.name) from error


def _leads_to(context: ToolContext, path: str, kind: int) -> int:
    """What lies there, behind a link if it is one; 0 for nothing."""
    if kind != stat.S_IFLNK:
        return kind
    with located(context, path) as place:
        return 0 if place.is_missing else stat.S_IFMT(place.mode)


def _replace(folder: Folder, name: str, data: bytes) -> None:
    """Write beside the target, bring it to the disk, then rename: a crash leaves the old file or the new one."""
    with _beside(folder) as temporary:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        descriptor = os.open(folder.at(temporary), flags, 0o666, dir_fd=folder.descriptor)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if folder.has(name) and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), folder.stat(name).st_mode & 0o777)
            os.fsync(file.fileno())
        os.replace(folder.at(temporary), folder.at(name), src_dir_fd=folder.descriptor, dst_dir_fd=folder.descriptor)
    folder.sync()


@contextlib.contextmanager
def _beside(folder: Folder) -> Iterator[str]:
    temporary = f".{uuid.uuid4().hex}.tmp"
    try:
        yield temporary
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(folder.at(temporary), dir_fd=folder.descriptor)
