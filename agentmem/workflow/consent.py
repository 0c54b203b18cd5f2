"""Consent to the code that a workflow runs: asked for once, and again when the code has changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from agentmem.config import Settings
from agentmem.display import one_line
from agentmem.errors import InputError, StoreCorrupt, StoreUnavailable
from agentmem.private_files import write_private
from agentmem.tools.modules import CodeFile
from agentmem.workflow.grants import Grants

SHOWN: Final = 12
"""How many hexadecimal digits of a file's SHA-256 are shown."""

Ask = Callable[[Sequence[str]], bool]
"""Shows the files that would run, a line for each, and says whether the person agrees."""


class Consents:
    """The code that the user agreed to, by workflow, path and SHA-256; a file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def of(cls, settings: Settings) -> Consents:
        """Those of a user."""
        return cls(settings.home / "consents.json")

    def hold(self, workflow: str, code: Iterable[CodeFile]) -> bool:
        """Whether the user agreed to all of this code for this workflow, as it is now.

        Raises:
            StoreCorrupt: the file is damaged.
            StoreUnavailable: it cannot be read.
        """
        agreed = self._read().get(workflow, {})
        return all(agreed.get(str(file.path)) == file.digest for file in code)

    def add(self, workflow: str, code: Iterable[CodeFile]) -> None:
        """Keep that the user agreed to this code.

        Raises:
            StoreCorrupt: the file is damaged.
            StoreUnavailable: it cannot be read or written.
        """
        known = self._read()
        known[workflow] = {str(file.path): file.digest for file in code}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_private(self._path, json.dumps(known, indent=1, sort_keys=True))
        except OSError as error:
            raise StoreUnavailable(
                f"what was agreed to cannot be kept: {error.strerror}.",
                where=str(self._path),
                hint="Set AGENTMEM_HOME to a folder that can be written.",
            ) from error

    def _read(self) -> dict[str, Mapping[str, str]]:
        damaged = StoreCorrupt(
            "the file of consents is damaged.", where=str(self._path), hint="Move it away; you are asked again."
        )
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StoreUnavailable(f"it cannot be read: {error.strerror}.", where=str(self._path)) from error
        except ValueError as error:
            raise damaged from error
        if not isinstance(known, dict) or not all(isinstance(each, dict) for each in known.values()):
            raise damaged
        return known


def agreed(
    grants: Grants,
    code: Sequence[CodeFile],
    *,
    workflow: str,
    folder: Path,
    allow_code: bool | Ask,
    consents: Consents,
) -> Grants:
    """These grants with this code among them, if the person agrees or agreed before.

    Args:
        grants: What is allowed so far.
        code: What the workflow would import.
        workflow: Its file.
        folder: Its folder: paths are shown relative to it.
        allow_code: Whether the caller agrees, or a function that asks; what it is told is kept.
        consents: What the user agreed to before.

    Raises:
        InputError: nobody agreed. Nothing was imported.
    """
    if not code or grants.holds(code) or consents.hold(workflow, code):
        return _with(grants, code)
    listed = listing(code, folder)
    if callable(allow_code):
        if allow_code(listed):
            consents.add(workflow, code)
            return _with(grants, code)
    elif allow_code:
        return _with(grants, code)
    raise InputError(
        "\n  ".join(["this workflow runs code of its folder that you have not agreed to:", *listed]),
        where=workflow,
        hint="Look at it, then run it with --allow-code (allow_code=True in Python).",
    )


def listing(code: Iterable[CodeFile], folder: Path) -> list[str]:
    """A line for each file: its path within the folder, and how its SHA-256 begins."""
    root = folder.resolve()
    return [f"{one_line(file.path.relative_to(root).as_posix())}  {file.digest[:SHOWN]}" for file in code]


def _with(grants: Grants, code: Iterable[CodeFile]) -> Grants:
    return replace(grants, code={file.path: file.digest for file in code})
