"""Finding tools: the built-in ones by name, a user's own as `module:function`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from agentmem.errors import InputError, NotFound
from agentmem.tools.base import Tool, as_tool
from agentmem.tools.calculator import calculator
from agentmem.tools.files import read_files, write_file
from agentmem.tools.memory import answer, changes, recall, remember

BUILT_IN: Mapping[str, Tool] = {
    each.name: each for each in (read_files, write_file, remember, recall, answer, changes, calculator)
}
"""The tools that every team has."""

_importing = threading.Lock()


class Toolbox:
    """The tools of one team, by the names that its plans may use."""

    def __init__(self, tools: Iterable[Tool | Callable[..., Any]] = (), *, folder: Path | None = None) -> None:
        """The built-in tools and these; one of the same name takes the built-in one's place.

        Args:
            tools: Functions and Tools of the caller.
            folder: Where modules of `module:function` are looked for first; None for installed ones only.

        Raises:
            InputError: a function cannot be described.
        """
        self._folder = folder
        self._tools = dict(BUILT_IN) | {made.name: made for made in map(as_tool, tools)}

    def __iter__(self) -> Iterator[Tool]:
        return iter(dict.fromkeys(self._tools.values()))

    def names(self) -> tuple[str, ...]:
        """The names known so far."""
        return tuple(self._tools)

    def get(self, name: str) -> Tool:
        """The tool of that name; `module:function` is imported at first use and known by the function's name after.

        Raises:
            NotFound: there is no such tool, module or function.
            InputError: the module fails to import, or the function cannot be described.
        """
        if name in self._tools:
            return self._tools[name]
        if ":" not in name:
            near = get_close_matches(name, self._tools, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(self._tools)}; or module:function."
            raise NotFound(f"there is no tool {name!r}.", hint=hint)
        made = load_tool(name, folder=self._folder)
        self._tools[name] = made
        self._tools.setdefault(made.name, made)
        return made


def load_tool(name: str, *, folder: Path | None = None) -> Tool:
    """The tool that `module:function` names, looked for in `folder` first.

    Raises:
        NotFound: there is no such module or function.
        InputError: the module fails to import, or the function cannot be described.
    """
    module_name, _, function_name = name.partition(":")
    where = f"tool {name}"
    if not module_name or not function_name:
        raise NotFound("a tool of your own is named module:function.", where=where, hint="For example: my_tools:count")
    with _importing, _on_path(folder, module_name):
        module = _import(module_name, where, folder)
        function = getattr(module, function_name, None)
        if function is None:
            public = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
            near = get_close_matches(function_name, public, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else ""
            raise NotFound(f"module {module_name!r} has no {function_name!r}.", where=where, hint=hint)
        if not isinstance(function, Tool) and not callable(function):
            raise InputError(
                f"{function_name!r} is of the type {type(function).__name__}, not a function.", where=where
            )
        return as_tool(function)


def _import(module_name: str, where: str, folder: Path | None) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and module_name.split(".")[0] == error.name.split(".")[0]:
            looked = f"Looked in {folder}, then among the installed packages." if folder else ""
            raise NotFound(f"there is no module {module_name!r}.", where=where, hint=looked) from error
        raise InputError(f"the module needs {error.name!r}, which is not installed.", where=where) from error
    except (Exception, SystemExit) as error:  # importing runs a user's code, which may raise anything
        line = _line_of(error)
        problem = f"{type(error).__name__}: {error}"
        raise InputError(f"the module fails to import{line}, {problem}.", where=where) from error


def _line_of(error: BaseException) -> str:
    """The innermost place in the traceback, or the place of a syntax error."""
    if isinstance(error, SyntaxError):
        return f" ({Path(error.filename or '').name}, line {error.lineno})"
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f" ({Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno})" if trace else ""


@contextmanager
def _on_path(folder: Path | None, module_name: str) -> Iterator[None]:
    """Put a folder on the import path for the time of one import.

    A module of the same name that came from another folder (another workflow's `my_tools`) makes room first.
    """
    if folder is None:
        yield
        return
    root = folder.resolve()
    top = module_name.split(".")[0]
    if (root / f"{top}.py").is_file() or (root / top / "__init__.py").is_file():
        for loaded in [name for name in sys.modules if name == top or name.startswith(f"{top}.")]:
            origin = getattr(sys.modules[loaded], "__file__", None)
            if origin is None or not Path(origin).resolve().is_relative_to(root):
                del sys.modules[loaded]
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(root))
