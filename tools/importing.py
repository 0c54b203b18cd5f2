"""Importing code that was agreed to: exactly these files, with exactly this content, and no other of their folder."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterable, Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from agentmem.errors import AgentmemError, InputError, NotFound
from agentmem.tools.modules import CodeFile, path_without

_importing = threading.RLock()


class _Agreed(Loader):
    """Runs the content that was agreed to; nothing is taken from compiled files beside it."""

    def __init__(self, file: CodeFile) -> None:
        self.file = file

    def exec_module(self, module: ModuleType) -> None:
        try:
            unchanged = self.file.path.read_bytes() == self.file.content
        except OSError:
            unchanged = False
        if not unchanged:
            raise InputError(
                "the file has changed since it was agreed to, so it is not run.",
                where=str(self.file.path),
                hint="Look at it and run the workflow again.",
            )
        exec(compile(self.file.content, str(self.file.path), "exec", dont_inherit=True), module.__dict__)


class _Finder:
    """Finds the files that were agreed to, none of which has the name of a standard or installed module."""

    finds_agreed_code = True

    def __init__(self) -> None:
        self.files: dict[str, CodeFile] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        file = self.files.get(name)
        if file is not None:
            spec = ModuleSpec(name, _Agreed(file), origin=str(file.path), is_package=file.is_package)
            spec.has_location = True
            return spec
        if any(known.startswith(f"{name}.") for known in self.files):  # a folder of modules without an __init__.py
            return ModuleSpec(name, None, is_package=True)
        return None


_finder = _Finder()


def import_agreed(module: str, files: Iterable[CodeFile], *, folder: Path, where: str) -> ModuleType:
    """Import a module of a folder, of which only `files` can be imported, even if it is on the import path.

    Modules of the same names that came from another folder, or from files as they were before, make room first.

    Raises:
        InputError: a file changed since it was read, or the module fails to import.
        NotFound: the module is not among the files.
    """
    with _importing:
        named = {file.module: file for file in files}
        tops = {_top(name) for name in named}
        if any(not _is_loaded(file) for name, file in named.items() if name in sys.modules):
            for loaded in [name for name in sys.modules if _top(name) in tops]:
                del sys.modules[loaded]
        _finder.files = {name: file for name, file in _finder.files.items() if _top(name) not in tops} | named
        if _finder not in sys.meta_path:
            sys.meta_path.insert(0, _finder)  # its names are no one else's
        kept = path_without(folder)
        hidden = [(place, entry) for place, entry in enumerate(sys.path) if entry not in kept]
        sys.path[:] = kept
        try:
            return import_installed(module, where=where)
        finally:
            for place, entry in hidden:  # what the module itself added to the path stays
                sys.path.insert(place, entry)


def import_installed(module: str, *, where: str) -> ModuleType:
    """Import a module by the usual way.

    Raises:
        NotFound: there is no such module.
        InputError: it fails to import, or needs one that is not there.
    """
    with _importing:
        try:
            return importlib.import_module(module)
        except AgentmemError:
            raise
        except ModuleNotFoundError as error:
            if error.name and module.split(".")[0] == error.name.split(".")[0]:
                raise NotFound(f"there is no module {module!r}.", where=where) from error
            raise InputError(f"the module needs {error.name!r}, which is not installed.", where=where) from error
        except (Exception, SystemExit) as error:  # importing runs a user's code, which may raise anything
            problem = f"{type(error).__name__}: {error}"
            raise InputError(f"the module fails to import{_line_of(error)}, {problem}.", where=where) from error


def _top(name: str) -> str:
    return name.partition(".")[0]


def _is_loaded(file: CodeFile) -> bool:
    """Whether what is imported under the name is this file: by us with this content, or by the user's own program."""
    module = sys.modules[file.module]
    loader = getattr(module.__spec__, "loader", None)
    if isinstance(loader, _Agreed):
        return loader.file.path == file.path and loader.file.content == file.content
    origin = getattr(module, "__file__", None)
    return origin is not None and Path(origin).resolve() == file.path


def _line_of(error: BaseException) -> str:
    """The innermost place in the traceback, or the place of a syntax error."""
    if isinstance(error, SyntaxError):
        return f" ({Path(error.filename or '').name}, line {error.lineno})"
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f" ({Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno})" if trace else ""
