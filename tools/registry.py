"""Finding tools: the built-in ones by name, a user's own as `module:function`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from agentmem.errors import InputError, NotFound
from agentmem.spelling import did_you_mean
from agentmem.tools.base import Tool, ToolDescription, as_tool
from agentmem.tools.calculator import calculator
from agentmem.tools.files import read_files, write_file
from agentmem.tools.importing import import_agreed, import_installed
from agentmem.tools.memory import answer, changes, recall, remember
from agentmem.tools.modules import CodeFile, in_folder, installed_file, taken, with_imported
from agentmem.tools.signatures import described

BUILT_IN: Mapping[str, Tool] = {
    each.name: each for each in (read_files, write_file, remember, recall, answer, changes, calculator)
}
"""The tools that every team has."""


class Toolbox:
    """The tools of one team, by the names that its plans may use.

    `module:function` names a function that is marked `@tool`, in a module of the workflow's folder or in a module
    that was allowed by name. `describe` reads it, `load` imports it; `get` does neither.
    """

    def __init__(
        self,
        tools: Iterable[Tool | Callable[..., Any]] = (),
        *,
        folder: Path | None = None,
        modules: Iterable[str] = (),
        agreed: Mapping[Path, str] | None = None,
    ) -> None:
        """The built-in tools and these; one of the same name takes the built-in one's place.

        Args:
            tools: Functions and Tools of the caller.
            folder: The workflow's folder, whose modules may be named; None for none.
            modules: Installed modules that may be named; what lies below one is allowed with it.
            agreed: Files of the folder that may be imported, with SHA-256 of their content; None for any.

        Raises:
            InputError: a function cannot be described.
        """
        self._folder = folder
        self._modules = tuple(modules)
        self._agreed = agreed
        made = {each.name: each for each in map(as_tool, tools)}
        self._given = frozenset(made)
        self._tools = dict(BUILT_IN) | made
        self._described: dict[str, ToolDescription] = {}
        self._files: dict[str, CodeFile] = {}

    def __iter__(self) -> Iterator[Tool]:
        return iter(dict.fromkeys(self._tools.values()))

    @property
    def given(self) -> frozenset[str]:
        """Names of the functions that the caller gave."""
        return self._given

    def names(self) -> tuple[str, ...]:
        """The names known so far."""
        return tuple(self._tools)

    def get(self, name: str) -> Tool:
        """The tool of that name, if it is known by now: built in, given or loaded.

        Raises:
            NotFound: there is no such tool.
        """
        if name in self._tools:
            return self._tools[name]
        if ":" in name:
            hint = "module:function is known where agents.executor.tools or the workflow's own plan names it."
            raise NotFound(f"there is no tool {name!r}.", hint=hint)
        raise _unknown(name, self._tools)

    def load(self, name: str) -> Tool:
        """The tool of that name; `module:function` is imported at first use and known by the tool's name after.

        Raises:
            NotFound: there is no such tool, module or function.
            InputError: it is not allowed or agreed to, fails to import, or is no Tool.
        """
        if name in self._tools or ":" not in name:
            return self.get(name)
        self.describe(name)  # what is no tool is not even imported
        where = f"tool {name}"
        module, _, function = name.partition(":")
        if self._folder is not None and self._in_folder(module):
            self._files |= {file.module: file for file in self._agreed_files(module)}
            imported = import_agreed(module, self._files.values(), folder=self._folder, where=where)
        else:
            imported = import_installed(module, where=where)
        made = getattr(imported, function, None)
        if not isinstance(made, Tool):
            raise InputError(
                f"{function!r} of {module!r} is not marked @tool, so a workflow cannot call it.",
                where=where,
                hint="Write @tool above the function: from agentmem import tool.",
            )
        self._tools[name] = made
        self._tools.setdefault(made.name, made)
        return made

    def describe(self, name: str) -> ToolDescription:
        """What is known of the tool of that name without importing anything.

        Raises:
            NotFound: there is no such tool, module or function.
            InputError: it is not allowed, cannot be read, or is not marked `@tool`.
        """
        known = self._tools.get(name) or self._described.get(name)
        if known is not None:
            return known
        if ":" not in name:
            raise _unknown(name, [*self._tools, *self._described])
        function = name.partition(":")[2]
        made = described(self._located(name), function, self._file, where=f"tool {name}")
        self._described[name] = made
        self._described.setdefault(made.name, made)
        return made

    def code(self, names: Iterable[str]) -> tuple[CodeFile, ...]:
        """The files of the folder that loading these tools imports, by path.

        Raises:
            InputError: a file cannot be read.
        """
        modules = [name.partition(":")[0] for name in names if ":" in name and name not in self._tools]
        return with_imported(self._folder, modules) if self._folder is not None else ()

    def _located(self, name: str) -> CodeFile:
        """The file of the module that a name names.

        Raises:
            NotFound: there is no such module.
            InputError: it is not the folder's and not allowed.
        """
        module, _, function = name.partition(":")
        where = f"tool {name}"
        if not all(part.isidentifier() for part in (*module.split("."), function)):
            raise NotFound(
                "a tool of your own is named module:function.", where=where, hint="For example: my_tools:count"
            )
        file = self._file(module)
        if self._in_folder(module):
            if file is not None:
                return file
            raise NotFound(f"there is no module {module!r}.", where=where, hint=f"Looked in {self._folder}.")
        if not any(module == each or module.startswith(f"{each}.") for each in self._modules):
            raise self._foreign(module, where)
        if file is None:
            raise NotFound(f"the module {module!r} is not there, or has no Python source.", where=where)
        return file

    def _foreign(self, module: str, where: str) -> InputError:
        """A standard or installed module that nobody allowed."""
        allow = f"--allow-module {module}"
        if self._folder is not None and in_folder(self._folder, module.partition(".")[0]):
            return InputError(
                f"{module!r} is also an installed module, which comes before the file in the workflow's folder.",
                where=where,
                hint=f"Rename the file, or allow the installed one with {allow} (allow_modules= in Python).",
            )
        return InputError(
            f"the module {module!r} is not of the workflow's folder, and nobody has allowed it.",
            where=where,
            hint=f"Whoever runs the workflow can allow it with {allow} (allow_modules= in Python).",
        )

    def _in_folder(self, module: str) -> bool:
        return self._folder is not None and not taken(self._folder, module)

    def _file(self, module: str) -> CodeFile | None:
        """A module's file: the folder's, unless an installed one comes first."""
        if self._folder is not None and not taken(self._folder, module):
            return in_folder(self._folder, module)
        return installed_file(module)

    def _agreed_files(self, module: str) -> tuple[CodeFile, ...]:
        files = self.code([f"{module}:"])
        for file in files:
            if self._agreed is not None and self._agreed.get(file.path) != file.digest:
                raise InputError(
                    "nobody has agreed to run this code as it is now.",
                    where=str(file.path),
                    hint="Look at it and run the workflow again.",
                )
        return files


def _unknown(name: str, known: Iterable[str]) -> NotFound:
    listed = list(known)
    otherwise = f"Known: {', '.join(listed)}; or module:function."
    return NotFound(f"there is no tool {name!r}.", hint=did_you_mean(name, listed, otherwise=otherwise))
