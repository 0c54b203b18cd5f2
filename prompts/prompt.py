"""Loads prompts from Markdown files, with strict variables.

A file has two sections, `## system` and `## user`; what stands before them is for the people who read the file.
`{{ name }}` is a variable. There is nothing else: no conditions, no loops, and a value is never read as a template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent
_SECTION = re.compile(r"^## (system|user)[ \t]*$", re.MULTILINE)
_VARIABLE = re.compile(r"\{\{ ([a-z][a-z0-9_]*) \}\}")
_BRACES = re.compile(r"\{\{|\}\}")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt with its variables filled in."""

    system: str
    user: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as its file says it."""

    name: str
    system: str
    user: str

    @property
    def variables(self) -> frozenset[str]:
        """The names that `render` wants."""
        return frozenset(_VARIABLE.findall(self.system) + _VARIABLE.findall(self.user))

    def render(self, **values: str) -> Rendered:
        """Fill in every variable.

        Raises:
            ValueError: a variable is missing, or unknown to the prompt.
        """
        if wrong := [
            *_named("misses", self.variables - values.keys()),
            *_named("has no", values.keys() - self.variables),
        ]:
            raise ValueError(f"the prompt `{self.name}` {' and '.join(wrong)}")
        return Rendered(*(_VARIABLE.sub(lambda found: values[found[1]], part) for part in (self.system, self.user)))


def load_prompt(name: str, folder: Path = _FOLDER) -> Prompt:
    """The prompt of that name.

    Args:
        name: The name of its file, without `.md`.
        folder: Where the file is; by default among those that ship.

    Raises:
        FileNotFoundError: there is no such prompt.
        ValueError: the file is not one section `## system` and then one `## user`, or has braces that are no variable.
    """
    return _load(folder / f"{name}.md")


@cache
def _load(path: Path) -> Prompt:
    _, *parts = _SECTION.split(path.read_text(encoding="utf-8"))
    if parts[::2] != ["system", "user"]:
        raise ValueError(f"{path.name}: a prompt has one section `## system` and then one `## user`")
    system, user = (part.strip() for part in parts[1::2])
    if left := _BRACES.search(_VARIABLE.sub("", f"{system}\n{user}")):
        raise ValueError(f"{path.name}: `{left[0]}` belongs to no variable; write {{{{ name }}}}")
    return Prompt(path.stem, system, user)


def _named(what: str, names: frozenset[str] | set[str]) -> Iterator[str]:
    if names:
        yield f"{what} {', '.join(f'`{name}`' for name in sorted(names))}"
