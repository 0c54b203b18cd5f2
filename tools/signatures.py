"""Tools of a module as its syntax tree says them: names, arguments, defaults, docstring. Nothing is imported or run."""

from __future__ import annotations

import ast
import builtins
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal, Optional, Union

from agentmem.errors import InputError, NotFound
from agentmem.spelling import did_you_mean
from agentmem.tools.base import ToolDescription, describe
from agentmem.tools.modules import CodeFile

Find = Callable[[str], CodeFile | None]
"""The file of a module, by the module's name."""

_HOPS: Final = 10
"""How many modules may hand a tool on."""
_DECORATORS: Final = frozenset({"agentmem.tool", "agentmem.tools.tool", "agentmem.tools.base.tool"})
_CONTEXTS: Final = frozenset({"agentmem.ToolContext", "agentmem.tools.ToolContext", "agentmem.tools.base.ToolContext"})
_TYPES: Final[Mapping[str, Any]] = {
    "datetime.date": date,
    "datetime.datetime": datetime,
    "pathlib.Path": Path,
    "typing.Any": Any,
    "typing.Dict": dict,
    "typing.List": list,
    "typing.Sequence": Sequence,
    "typing.Mapping": Mapping,
    "collections.abc.Sequence": Sequence,
    "collections.abc.Mapping": Mapping,
} | {f"builtins.{each.__name__}": each for each in (bool, dict, float, int, list, str)}
"""Annotations that are known without running anything; any other is checked when the tool is called."""

_NOT_LITERAL: Final = None
"""Stands for a default that only the running code knows: that there is one is all that matters."""


def described(file: CodeFile, name: str, find: Find, *, where: str) -> ToolDescription:
    """The tool that a module has under this name, defined there or imported from another module.

    Raises:
        NotFound: the module has nothing of that name.
        InputError: it is no Python, what it has is not marked `@tool`, or a parameter cannot be described.
    """
    try:
        return _followed(file, name, find, where)
    except RecursionError as error:
        raise InputError("the module is nested too deeply to be read.", where=where) from error


def _followed(file: CodeFile, name: str, find: Find, where: str) -> ToolDescription:
    for _ in range(_HOPS):
        scope = _Scope.of(file)
        if name in scope.functions:
            return _description(scope.functions[name], scope, where)
        module, _, name_there = scope.imported.get(name, "").rpartition(".")
        onward = find(module) if module and name not in scope.assigned else None
        if onward is None:
            raise _missing(file, scope, name, where)
        file, name = onward, name_there
    raise _unmarked(name, where)


def _missing(file: CodeFile, scope: _Scope, name: str, where: str) -> InputError | NotFound:
    if name in scope.assigned or name in scope.imported:
        return _unmarked(name, where)
    public = [known for known in scope.functions if not known.startswith("_")]
    return NotFound(f"module {file.module!r} has no {name!r}.", where=where, hint=did_you_mean(name, public))


def _unmarked(name: str, where: str) -> InputError:
    return InputError(
        f"{name!r} is not marked @tool, so a workflow cannot call it.",
        where=where,
        hint="Write @tool above the function: from agentmem import tool.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """The names that a module defines when it is imported, as far as its outermost statements tell."""

    functions: Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef]
    imported: Mapping[str, str]
    """Names that come from elsewhere, with their full names."""
    assigned: frozenset[str]
    """Classes and variables."""

    @classmethod
    def of(cls, file: CodeFile) -> _Scope:
        functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        imported: dict[str, str] = {}
        assigned: set[str] = set()
        for node in _statements(file.tree.body):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions[node.name] = node
            elif isinstance(node, ast.ClassDef):
                assigned.add(node.name)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    imported[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom):
                base = file.absolute(node.module or "", node.level)
                imported |= {a.asname or a.name: f"{base}.{a.name}" for a in node.names}
            else:
                assigned |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        return cls(functions=functions, imported=imported, assigned=frozenset(assigned))

    def full_name(self, node: ast.expr) -> str:
        """The full name that an expression such as `tools.tool` stands for; empty if it is none."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id in self.assigned or node.id in self.functions:
            return ""
        root = self.imported.get(node.id) or (f"builtins.{node.id}" if hasattr(builtins, node.id) else node.id)
        return ".".join([root, *parts])


def _statements(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements of a module, those under `if` and `try` included."""
    found: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            handlers = [inner for handler in getattr(node, "handlers", []) for inner in handler.body]
            found += _statements([*node.body, *handlers, *node.orelse, *getattr(node, "finalbody", [])])
        else:
            found.append(node)
    return found


def _description(function: ast.FunctionDef | ast.AsyncFunctionDef, scope: _Scope, where: str) -> ToolDescription:
    marks = [node for node in function.decorator_list[:1] if scope.full_name(_called(node)) in _DECORATORS]
    if not marks:
        raise _unmarked(function.name, where)
    if isinstance(function, ast.AsyncFunctionDef):
        raise InputError("a tool is a plain function, this one is async.", where=where, hint="Wrap it in asyncio.run.")
    options = {key.arg: _literal(key.value) for key in getattr(marks[0], "keywords", [])}
    parameters = _parameters(function.args, scope)
    first = [*function.args.posonlyargs, *function.args.args][:1]
    if first and first[0].annotation is not None and scope.full_name(_unquoted(first[0].annotation)) in _CONTEXTS:
        parameters = parameters[1:]
    name, description = options.get("name"), options.get("description")
    return describe(
        name if isinstance(name, str) and name else function.name,
        description if isinstance(description, str) else "",
        ast.get_docstring(function) or "",
        parameters,
    )


def _parameters(args: ast.arguments, scope: _Scope) -> list[inspect.Parameter]:
    positional = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [*[None] * (len(positional) - len(args.defaults)), *args.defaults]
    kinds: list[Any] = [inspect.Parameter.POSITIONAL_ONLY] * len(args.posonlyargs)
    kinds += [inspect.Parameter.POSITIONAL_OR_KEYWORD] * len(args.args)
    listed: list[tuple[ast.arg, Any, ast.expr | None]] = list(zip(positional, kinds, defaults, strict=True))
    if args.vararg:
        listed.append((args.vararg, inspect.Parameter.VAR_POSITIONAL, None))
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        listed.append((arg, inspect.Parameter.KEYWORD_ONLY, default))
    if args.kwarg:
        listed.append((args.kwarg, inspect.Parameter.VAR_KEYWORD, None))
    return [
        inspect.Parameter(
            arg.arg,
            kind,
            default=inspect.Parameter.empty if default is None else _literal(default),
            annotation=inspect.Parameter.empty if arg.annotation is None else _type(arg.annotation, scope),
        )
        for arg, kind, default in listed
    ]


def _called(node: ast.expr) -> ast.expr:
    """`tool` of `@tool` and of `@tool(...)`."""
    return node.func if isinstance(node, ast.Call) else node


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _NOT_LITERAL


def _unquoted(node: ast.expr) -> ast.expr:
    """The annotation that a string holds."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return ast.parse(node.value, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return node
    return node


def _type(annotation: ast.expr, scope: _Scope) -> Any:
    """The type that an annotation names, Any where only the running code knows."""
    node = _unquoted(annotation)
    if isinstance(node, ast.Constant):
        return type(None) if node.value is None else Any
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return Union[_type(node.left, scope), _type(node.right, scope)]  # noqa: UP007 - made of values
    if isinstance(node, ast.Subscript):
        return _of_parts(node, scope)
    return _TYPES.get(scope.full_name(node), Any)


def _of_parts(node: ast.Subscript, scope: _Scope) -> Any:
    """`list[str]`, `Optional[int]`, `Literal["a"]` and the like."""
    name = scope.full_name(node.value)
    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name in ("typing.Literal", "typing_extensions.Literal"):
        values = [each.value for each in inner if isinstance(each, ast.Constant)]
        return Literal[tuple(values)] if len(values) == len(inner) else Any
    parts = [_type(each, scope) for each in inner]
    if name == "typing.Annotated":
        return parts[0]
    if name == "typing.Optional":
        return Optional[parts[0]]  # noqa: UP045 - made of values
    if name == "typing.Union":
        return Union[tuple(parts)]  # noqa: UP007 - made of values
    base = _TYPES.get(name, Any)
    wanted = {list: 1, Sequence: 1, dict: 2, Mapping: 2}.get(base)
    return types.GenericAlias(base, tuple(parts)) if wanted == len(parts) else base
