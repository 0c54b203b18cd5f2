"""What a tool is: a typed function with a name, a description and a schema, and the context that it may use."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, ValidationError, create_model

from agentmem.errors import AgentmemError, InputError, ToolError
from agentmem.records import Kind
from agentmem.tools.access import MemoryAccess
from agentmem.tools.values import plain

_CONFIG = ConfigDict(
    extra="forbid", arbitrary_types_allowed=True, coerce_numbers_to_str=True, allow_inf_nan=True, frozen=True
)


def _free_of_charge(*, tokens: int = 0, usd: float = 0.0) -> None:
    """Counts nothing: outside of a run nobody keeps a budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """What a tool may use besides its arguments. A tool that wants it has a first parameter of this type."""

    memory: MemoryAccess
    """The team's memory, bound to the run and the agent, with what that agent may read and write."""
    folder: Path
    """The workflow's folder: relative paths start here, and nothing outside it and `allowed` is touched."""
    allowed: tuple[Path, ...] = ()
    """Further folders that the workflow's owner allowed."""
    charge: Callable[..., None] = _free_of_charge
    """`charge(tokens=..., usd=...)` reports what a call cost; raises BudgetExceeded when the run's budget is spent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolDescription:
    """What is known of a tool without its code having run."""

    name: str
    """What a plan calls it."""
    description: str
    """What it does, from the docstring's first paragraph."""
    arguments: type[BaseModel]
    """Validates arguments; unknown ones are refused."""

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments."""
        return self.arguments.model_json_schema()

    @property
    def parameters(self) -> tuple[tuple[str, bool], ...]:
        """Names of the arguments in order, each with whether it must be given."""
        return tuple((str(info.alias), info.is_required()) for info in self.arguments.model_fields.values())

    @property
    def usage(self) -> str:
        """The names of the arguments, those that may be left out in brackets."""
        return ", ".join(name if is_required else f"[{name}]" for name, is_required in self.parameters) or "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool(ToolDescription):
    """A function that an executor can call."""

    function: Callable[..., Any]
    """The function itself."""
    wants_context: bool
    """Whether the first parameter is a ToolContext."""
    one_by_one: bool = False
    """Whether calls of it in one run follow each other in order, never in parallel: it changes what others see."""
    side_effects: bool = True
    """Whether it does more than give a result: a plan from memory calls it only where a workflow names it."""
    reads: frozenset[Kind] = field(default_factory=frozenset)
    """Kinds of memories that it cannot do without reading."""
    writes: frozenset[Kind] = field(default_factory=frozenset)
    """Kinds of memories that it writes."""

    def __call__(self, context: ToolContext, arguments: Mapping[str, Any]) -> Any:
        """Validate the arguments, call the function and give its result as JSON-able values.

        Raises:
            ToolError: the arguments do not fit, the function failed, or its result is not JSON-able.
            AgentmemError: whatever of that tree the function raised by itself.
        """
        values = self.validated(arguments)
        try:
            result = self.function(context, **values) if self.wants_context else self.function(**values)
        except AgentmemError:
            raise
        except (Exception, SystemExit) as error:  # a user's function may raise anything; the step fails with its words
            said = f"{type(error).__name__}: {error}".removesuffix(": ")
            raise ToolError(said, where=f"tool {self.name}") from error
        return self._plain(result)

    def _plain(self, result: Any) -> Any:
        try:
            return plain(result)
        except ToolError as error:
            raise ToolError(error.message, where=f"tool {self.name}", hint=error.hint) from error
        except Exception as error:  # a generator or a model may fail when it is read
            raise ToolError(f"{type(error).__name__}: {error}", where=f"tool {self.name}") from error

    def validated(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as the function takes them.

        Raises:
            ToolError: they do not fit.
        """
        try:
            values = self.arguments.model_validate(dict(arguments))
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors(include_url=False)
            )
            raise ToolError(f"{problems}.", where=f"tool {self.name}", hint=f"Arguments: {self.usage}.") from error
        fields = type(values).model_fields
        return {str(info.alias): getattr(values, name) for name, info in fields.items()}


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    *,
    name: str = "",
    description: str = "",
    one_by_one: bool = False,
    side_effects: bool = True,
    reads: Iterable[Kind] = (),
    writes: Iterable[Kind] = (),
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str = "",
    description: str = "",
    one_by_one: bool = False,
    side_effects: bool = True,
    reads: Iterable[Kind] = (),
    writes: Iterable[Kind] = (),
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Make a Python function a tool; its schema comes from the signature and the docstring.

    Usable bare (`@tool`) or with arguments (`@tool(name="...")`), which are those of `Tool`.
    """

    def made(given: Callable[..., Any]) -> Tool:
        return as_tool(
            given,
            name=name,
            description=description,
            one_by_one=one_by_one,
            side_effects=side_effects,
            reads=frozenset(reads),
            writes=frozenset(writes),
        )

    return made if function is None else made(function)


def as_tool(
    function: Callable[..., Any] | Tool,
    *,
    name: str = "",
    description: str = "",
    one_by_one: bool = False,
    side_effects: bool = True,
    reads: frozenset[Kind] = frozenset(),
    writes: frozenset[Kind] = frozenset(),
) -> Tool:
    """The tool of a function; a Tool is returned as it is.

    Raises:
        InputError: the function cannot be described: a parameter has no type, is variadic, or it is asynchronous.
    """
    if isinstance(function, Tool):
        return function
    title = name or getattr(function, "__name__", type(function).__name__)
    where = f"tool {title}"
    if inspect.iscoroutinefunction(function):
        raise InputError("a tool is a plain function, this one is async.", where=where, hint="Wrap it in asyncio.run.")
    try:
        parameters = list(inspect.signature(function, eval_str=True).parameters.values())
    except (NameError, TypeError, ValueError) as error:
        raise InputError(f"its signature cannot be read: {error}.", where=where) from error
    wants_context = bool(parameters) and parameters[0].annotation is ToolContext
    docstring = inspect.cleandoc(function.__doc__ or "")
    described = describe(title, description, docstring, parameters[1 if wants_context else 0 :])
    return Tool(
        name=described.name,
        description=described.description,
        arguments=described.arguments,
        function=function,
        wants_context=wants_context,
        one_by_one=one_by_one,
        side_effects=side_effects,
        reads=reads,
        writes=writes,
    )


def describe(title: str, description: str, docstring: str, parameters: Iterable[inspect.Parameter]) -> ToolDescription:
    """What a function's name, docstring and parameters say; a description of its own comes before the docstring's.

    Raises:
        InputError: a parameter has no type, is variadic, or cannot be called by name.
    """
    return ToolDescription(
        name=title,
        description=description or re.sub(r"\s+", " ", docstring.split("\n\n", 1)[0]).strip(),
        arguments=_arguments(title, parameters, _documented(docstring)),
    )


def _arguments(title: str, parameters: Iterable[inspect.Parameter], documented: Mapping[str, str]) -> type[BaseModel]:
    """A model with a field for each parameter, under an alias so that any name of a parameter is possible."""
    fields: dict[str, Any] = {}
    for position, parameter in enumerate(parameters):
        variadic = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if variadic or parameter.kind is parameter.POSITIONAL_ONLY or parameter.annotation is parameter.empty:
            raise InputError(
                f"parameter {parameter.name!r} needs a type and a name to call it by.",
                where=f"tool {title}",
                hint="Annotate every parameter; *args, **kwargs and positional-only ones cannot be described.",
            )
        default = ... if parameter.default is parameter.empty else parameter.default
        description = documented.get(parameter.name)
        fields[f"argument{position}"] = (
            parameter.annotation,
            Field(default, alias=parameter.name, description=description, title=parameter.name),
        )
    try:
        return create_model(title, __config__=_CONFIG, **fields)
    except (PydanticUserError, TypeError, NameError) as error:
        raise InputError(f"its parameters cannot be described: {error}.", where=f"tool {title}") from error


def _documented(docstring: str) -> dict[str, str]:
    """Descriptions of the parameters in a Google docstring's `Args:` section."""
    section = re.search(r"^Args:\n((?:[ \t]+.*\n?|\n)+)", docstring, re.MULTILINE)
    if section is None:
        return {}
    entries = re.findall(r"^ {4}(\w+)(?: \([^)]*\))?: (.*(?:\n {8,}.*)*)", section[1], re.MULTILINE)
    return {name: re.sub(r"\s+", " ", text).strip() for name, text in entries}
