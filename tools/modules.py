"""Finding modules without importing them: those of a workflow's folder, and what they import of it in turn."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Final

from agentmem.errors import InputError
from agentmem.regular_files import open_regular, read_beginning

MAX_BYTES: Final = 1024 * 1024
"""Longest module that is read."""


@dataclass(frozen=True, kw_only=True)
class CodeFile:
    """A module's file as it was when it was read; what runs is this content or nothing."""

    module: str
    """Its name, with dots."""
    path: Path
    """Absolute, links resolved."""
    content: bytes = field(repr=False)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def is_package(self) -> bool:
        """Whether modules may lie below it."""
        return self.path.name == "__init__.py"

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree.

        Raises:
            InputError: it is no Python.
        """
        try:
            return ast.parse(self.content, filename=str(self.path))
        except SyntaxError as error:
            where = f"{self.path.name}, line {error.lineno}"
            raise InputError(f"the module cannot be read ({where}), SyntaxError: {error.msg}.") from error
        except ValueError as error:
            raise InputError(f"the module cannot be read ({self.path.name}): {error}.") from error
        except (RecursionError, MemoryError) as error:
            raise InputError(f"the module is nested too deeply to be read ({self.path.name}).") from error

    def absolute(self, name: str, level: int) -> str:
        """What a relative import of this module names; empty if it leads out of the package."""
        if not level:
            return name
        parts = self.module.split(".") if self.is_package else self.module.split(".")[:-1]
        if level > len(parts):
            return ""
        return ".".join([*parts[: len(parts) - level + 1], *filter(None, [name])])


def in_folder(folder: Path, module: str) -> CodeFile | None:
    """The module of that name in the folder; None if there is none, or its file lies elsewhere behind a link.

    Raises:
        InputError: the file cannot be read.
    """
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    root = folder.resolve()
    base = root.joinpath(*parts)
    for candidate in (base / "__init__.py", base.parent / f"{base.name}.py"):
        path = candidate.resolve()
        if path.is_file() and path.is_relative_to(root):
            return _read(module, path)
    return None


def path_without(folder: Path) -> list[str]:
    """The import path without the folder: Python puts the one where a program starts first on it."""
    root = folder.resolve()
    return [entry for entry in sys.path if Path(entry or ".").resolve() != root]


def installed(module: str, places: Iterable[str] | None = None) -> ModuleSpec | None:
    """Where Python itself finds a module, in these places or on the import path.

    Nothing is imported, not even the packages above it.
    """
    name, found = "", None
    for part in module.split("."):
        name = f"{name}.{part}".lstrip(".")
        found = _spec(name, places)
        if found is None:
            return None
        places = found.submodule_search_locations or ()
    return found


def installed_file(module: str) -> CodeFile | None:
    """The source of an installed module; None if it is not there or has none.

    Raises:
        InputError: the file cannot be read.
    """
    spec = installed(module)
    path = Path(spec.origin) if spec is not None and spec.has_location and spec.origin else None
    return _read(module, path) if path is not None and path.suffix == ".py" and path.is_file() else None


def taken(folder: Path, module: str) -> str:
    """Where the module lies that comes before one of this name in the folder; empty if there is none.

    Standard and installed modules always do: a file beside a workflow never takes the place of one.
    """
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top.startswith("__"):
        return "the standard library"
    spec = installed(top, path_without(folder))
    if spec is None:
        return ""
    places = [spec.origin] if spec.has_location and spec.origin else list(spec.submodule_search_locations or ())
    root = folder.resolve()
    own = {root / f"{top}.py", root / top / "__init__.py", root / top}  # installed from here, to be developed
    return next((place for place in places if Path(place).resolve() not in own), "")


def with_imported(folder: Path, modules: Iterable[str]) -> tuple[CodeFile, ...]:
    """The files of the folder that importing these modules runs: they, and what they import in turn, by path.

    An import counts wherever it stands in a file. One that is put together while the code runs cannot be found; the
    folder's file is not importable then.

    Raises:
        InputError: a file cannot be read.
    """
    found: dict[str, CodeFile] = {}
    waiting = [name for module in modules for name in _with_parents(module)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        file = in_folder(folder, name)
        if file is not None and not taken(folder, name):
            found[name] = file
            waiting += _imports(file)
    return tuple(sorted(found.values(), key=lambda file: (str(file.path), file.module)))


def _imports(file: CodeFile) -> Iterator[str]:
    try:
        tree = file.tree
    except InputError:  # told where the module is used; it runs nothing
        return
    for node in ast.walk(tree):
        for name in _named(file, node):
            yield from _with_parents(name)


def _named(file: CodeFile, node: ast.AST) -> Iterator[str]:
    """Names of modules that a node may import."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = file.absolute(node.module or "", node.level)
        if base:
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")
    elif isinstance(node, ast.Call) and node.args:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = node.args[0]
        if called in ("import_module", "__import__") and isinstance(first, ast.Constant):
            name = str(first.value)
            bare = name.lstrip(".")
            yield file.absolute(bare, len(name) - len(bare))


def _with_parents(module: str) -> Iterator[str]:
    parts = module.split(".")
    yield from (".".join(parts[: end + 1]) for end in range(len(parts)))


def _spec(name: str, places: Iterable[str] | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        if getattr(finder, "finds_agreed_code", False):
            continue
        find = getattr(finder, "find_spec", None)
        spec = find(name, places) if find is not None else None
        if isinstance(spec, ModuleSpec):
            return spec
    return None


def _read(module: str, path: Path) -> CodeFile:
    try:
        content = read_beginning(open_regular(path), MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"the module cannot be read: {error.strerror}.", where=str(path)) from error
    if len(content) > MAX_BYTES:
        raise InputError(f"the module is longer than {MAX_BYTES:,} bytes.", where=str(path))
    return CodeFile(module=module, path=path, content=content)
