"""What is wrong with a workflow file, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from agentmem.errors import WorkflowError

Key = tuple[str | int, ...]
"""A place in the file: ("plan", 2, "args", "text")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a workflow."""

    message: str
    """What is wrong, in one sentence."""
    hint: str = ""
    """What is allowed, or what was probably meant."""
    key: Key = ()
    """Which part of the workflow; empty for the whole."""
    line: int = 0
    """From 1; 0 where there is no file."""
    column: int = 0
    """From 1; 0 where there is no file."""

    @property
    def key_text(self) -> str:
        """The key as a person writes it: `plan[2].args.text`."""
        text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.key)
        return text.removeprefix(".")

    def where(self, name: str) -> str:
        """File, line, column and key, as far as they are known."""
        place = f"{name}:{self.line}:{self.column}" if self.line else name
        return f"{place} {self.key_text}".strip()


def workflow_error(problems: Sequence[Problem], name: str) -> WorkflowError:
    """One error that lists all problems by line; `name` is the file's.

    A single problem fills the error's own fields, several are listed in its message.
    """
    ordered = sorted(set(problems), key=lambda problem: (problem.line, problem.column, problem.key_text))
    if len(ordered) == 1:
        only = ordered[0]
        return WorkflowError(only.message, where=only.where(name), hint=only.hint)
    short = PurePath(name).name
    lines = [f"  {p.where(short)}: {p.message}{f' {p.hint}' if p.hint else ''}" for p in ordered]
    return WorkflowError("\n".join([f"{len(ordered)} problems:", *lines]), where=name)
