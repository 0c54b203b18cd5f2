"""The inputs of a workflow: their types, and the values that a run is given."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from agentmem.errors import InputError
from agentmem.spelling import suggestion

InputType = Literal["text", "number", "boolean", "list", "path", "mapping"]

_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_LARGEST: Final = sys.float_info.max
_FALSE: Final = frozenset({"false", "no", "off", "0"})


class InputSpec(BaseModel):
    """What a run may be given under one name. A bare value stands for a default of its own type."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    type: InputType = "text"
    """text, number, boolean, list, path (relative to the workflow file) or mapping."""
    default: Any = None
    """The value when none is given; without a default the input is required."""
    description: str = ""
    """What it is for; shown when it is missing."""

    @model_validator(mode="before")
    @classmethod
    def _from_bare_value(cls, value: Any) -> Any:
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        return {"type": _type_of(value), "default": value}

    @property
    def required(self) -> bool:
        """Whether a run must be given a value."""
        return "default" not in self.model_fields_set


def _type_of(value: Any) -> InputType:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "list" if isinstance(value, list) else "text"


def complaint(value: Any, type_: InputType) -> str:
    """Why a value does not have a type, or nothing."""
    wanted, holds = _CHECKS[type_]
    return "" if holds(value) else f"expected {wanted}, got {_shown(value)}."


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value, default=str, ensure_ascii=False)
    except (ValueError, RecursionError):  # a number too long to be written, or a value that contains itself
        return f"a value of the type {type(value).__name__}"
    return text[:80].encode(errors="backslashreplace").decode()


_CHECKS: Final[Mapping[InputType, tuple[str, Callable[[Any], bool]]]] = {
    "text": ("text", lambda value: isinstance(value, str)),
    "number": (
        "a number",
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST,
    ),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "list": ("a list", lambda value: isinstance(value, list)),
    "path": ("a path", lambda value: isinstance(value, str) and bool(value.strip()) and "\0" not in value),
    "mapping": ("a mapping", lambda value: isinstance(value, dict)),
}


def parse_inputs(specs: Mapping[str, InputSpec], given: Sequence[str], *, folder: Path) -> dict[str, Any]:
    """What `--input key=value` gives, each value read as its input's type.

    A list is built from repeated options or from JSON; a mapping is JSON. A path that exists where the command was
    typed is taken from there, else it is relative to `folder`, the workflow's.

    Raises:
        InputError: no such input, a value of another type, or the same single value twice.
    """
    texts: dict[str, list[str]] = {}
    for item in given:
        name, equals, text = item.partition("=")
        if not equals:
            raise InputError(
                f"{item!r} is not key=value.", where="--input", hint="For example: --input folder=documents"
            )
        _require_known(name.strip(), specs)
        texts.setdefault(name.strip(), []).append(text)
    return {name: _parsed(name, values, specs[name].type, folder) for name, values in texts.items()}


def resolve_inputs(specs: Mapping[str, InputSpec], given: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults and given values together, every value of its input's type.

    Raises:
        InputError: no such input, a value of another type, or a required input without a value.
    """
    for name in given:
        _require_known(name, specs)
    resolved: dict[str, Any] = {}
    for name, spec in specs.items():
        if name in given:
            value = _plain(given[name])
            if wrong := complaint(value, spec.type):
                raise InputError(wrong, where=f"input {name}")
            resolved[name] = value
        elif spec.required:
            about = f" ({spec.description})" if spec.description else ""
            raise InputError(
                f"the input {name!r}{about} has no value.", where=f"input {name}", hint=f"Give it: --input {name}=..."
            )
        else:
            resolved[name] = spec.default
    return resolved


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _require_known(name: str, specs: Mapping[str, InputSpec]) -> None:
    if name not in specs:
        raise InputError(
            f"the workflow has no input {name!r}.", where="inputs", hint=suggestion(name, specs, label="Inputs")
        )


def _parsed(name: str, texts: list[str], type_: InputType, folder: Path) -> Any:
    if type_ == "list":
        return _parsed_list(name, texts)
    if len(texts) > 1:
        raise InputError(
            f"the input {name!r} is given {len(texts)} times.",
            where=f"input {name}",
            hint="Only a list can be repeated.",
        )
    text = texts[0]
    value = _SINGLE[type_](text) if type_ in _SINGLE else text
    if wrong := complaint(value, type_):
        raise InputError(wrong, where=f"input {name}")
    return _located(text, folder) if type_ == "path" else value


def _located(text: str, folder: Path) -> str:
    here = Path(text).expanduser()
    try:
        elsewhere = here.exists() and here.resolve() != (folder / here).resolve()
    except (OSError, ValueError):  # not a usable path; the type check or the tool that gets it says so
        return text
    return str(here.absolute()) if elsewhere else str(here)


def _parsed_list(name: str, texts: list[str]) -> list[Any]:
    if len(texts) > 1 or not texts[0].lstrip().startswith("["):
        return list(texts)
    value = _json(texts[0])
    if isinstance(value, list):
        return value
    raise InputError(
        f"{texts[0][:80]!r} begins like a JSON list and is none.",
        where=f"input {name}",
        hint=f"""Quote it for the shell: --input '{name}=["a", "b"]', or repeat --input {name}=...""",
    )


def _json(text: str) -> Any:
    """The value, or the text itself where it is not JSON: the type check then names what is wrong."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _boolean(text: str) -> Any:
    word = text.strip().lower()
    return True if word in _TRUE else False if word in _FALSE else text


_SINGLE: Final[Mapping[InputType, Callable[[str], Any]]] = {"number": _json, "boolean": _boolean, "mapping": _json}
