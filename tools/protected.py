"""What no workflow writes: what would run later unasked, what says what may run, and what keeps memory."""

from __future__ import annotations

import re
import stat
import unicodedata
from importlib.machinery import all_suffixes
from typing import Final

from agentmem.errors import InputError, ToolError
from agentmem.regular_files import open_regular, read_beginning, require_regular
from agentmem.tools.folders import Folder
from agentmem.tools.paths import Place

_BESIDE: Final = ("-wal", "-shm", "-journal")
"""Endings of the files that SQLite keeps beside a database, and believes."""
_DATABASE: Final = (
    b"SQLite format 3\0",
    bytes.fromhex("377f0682"),  # a write-ahead log, in either order of bytes
    bytes.fromhex("377f0683"),
    bytes.fromhex("d9d505f920a163d7"),  # a rollback journal
)
"""How such files begin."""
_CODE: Final = (*all_suffixes(), ".pth")
_WORKFLOW: Final = re.compile(rb"""(?:^|[{,])\s*["']?(?:task|plan)["']?\s*:""", re.MULTILINE)
_SAMPLE: Final = 256 * 1024
"""No workflow is longer."""
_DATA_FOLDER: Final = frozenset({"settings.yaml", "consents.json", "runs", "neo4j"})
"""What agentmem keeps in its data folder besides databases."""
_SHORT: Final = re.compile(r"git~\d+")
"""What Windows may call `.git`, too."""


def refuse_protected(place: Place) -> None:
    """Refuse a path that `write_file` may not write.

    Raises:
        ToolError: it is no plain file; hidden, or in a hidden folder; a Python module or a workflow in the workflow's
            folder; a database or one of its files; or agentmem's own.
    """
    if not place.is_missing:
        _require_plain(place)
    hidden = next((part for part in place.inner if _is_hidden(part)), None)
    if hidden is not None:
        raise ToolError(
            f"{hidden!r} is hidden, and hidden files are not written: they tell other programs what to run.",
            where=place.name,
            hint="Choose a name that does not begin with a dot.",
        )
    name = _plain(place.inner[-1])
    if place.in_workflow and name.endswith(_CODE):
        raise ToolError(
            "Python modules in the workflow's folder are not written: its tools are imported from there.",
            where=place.name,
            hint="Write it into another folder that is allowed.",
        )
    if _is_own(place):
        raise ToolError("this belongs to agentmem's data folder and is not written.", where=place.name)
    if name.endswith(_BESIDE) or (not place.is_missing and _is_database(place)):
        raise ToolError("this is a database, or belongs to one, and is not overwritten.", where=place.name)
    if name.endswith((".yaml", ".yml")) and not place.is_missing and _WORKFLOW.search(_beginning(place)):
        raise ToolError("this is a workflow, and workflows are not overwritten.", where=place.name)


def _require_plain(place: Place) -> None:
    try:
        require_regular(place.mode, place.name)
    except InputError as error:
        raise ToolError(error.message, where=error.where) from error


def _beginning(place: Place) -> bytes:
    folder = place.walk.folder
    descriptor = open_regular(folder.at(place.walk.leaf), name=place.name, folder=folder.descriptor)
    return read_beginning(descriptor, _SAMPLE)


def _is_own(place: Place) -> bool:
    """Whether it is what agentmem keeps in its data folder, which is known by its registry of runs."""
    for folder in place.walk.chain:
        below = place.walk.path.relative_to(folder.path).parts
        if below and _plain(below[0]) in _DATA_FOLDER and folder.has("runs.db"):
            return True
    return False


def _is_database(place: Place) -> bool:
    folder, name = place.walk.folder, place.walk.leaf
    if any(folder.has(name + ending) for ending in _BESIDE):
        return True  # even if it is empty: what it holds is still in the file beside it
    return _beginning(place).startswith(_DATABASE) or (folder.stat(name).st_nlink > 1 and _is_twin(folder, name))


def _is_twin(folder: Folder, name: str) -> bool:
    """Whether a file is another name (a hard link) of one that SQLite keeps beside a database."""
    same = folder.stat(name)
    for other, kind in folder.entries():
        if kind == stat.S_IFREG and _plain(other).endswith(_BESIDE):
            found = folder.stat(other)
            if (found.st_dev, found.st_ino) == (same.st_dev, same.st_ino):
                return True
    return False


def _plain(name: str) -> str:
    """A name as file systems compare it that know no case, no invisible characters, no dots and spaces at the end."""
    seen = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) not in ("Cf", "Cc"))
    return seen.casefold().rstrip(". ")


def _is_hidden(part: str) -> bool:
    plain = _plain(part)
    return not plain or plain.startswith(".") or bool(_SHORT.fullmatch(plain))
