"""YAML text to plain values that remember their lines. Small by intent: a workflow is data, and never large."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from agentmem.errors import InputError, NotFound
from agentmem.regular_files import open_regular, read_at_most
from agentmem.workflow.problems import Key, Problem

MAX_BYTES: Final = 256 * 1024
"""Longest workflow file."""
_MOST_READ: Final = 16_000_000
"""Up to here a file that is too long is told with its length."""
MAX_VALUES: Final = 20_000
"""Most values a file may stand for once its aliases are written out."""
MAX_DEPTH: Final = 100
_MAX_BITS: Final = 1_024
"""Largest whole number; what is larger fits no decimal number either."""


@dataclass(slots=True)
class Document:
    """A parsed workflow file."""

    name: str
    """The file as messages show it."""
    value: Any = None
    """Plain dicts, lists and scalars."""
    places: dict[Key, tuple[int, int]] = field(default_factory=dict)
    """Line and column, from 1, of every key and list item."""
    problems: list[Problem] = field(default_factory=list)
    """What the parser refused; if there are any, `value` may lack something."""

    def place(self, key: Key) -> tuple[int, int]:
        """Line and column of the nearest known place at or above `key`; (0, 0) if there is none."""
        while key and key not in self.places:
            key = key[:-1]
        return self.places.get(key, (0, 0))

    def problem(self, key: Key, message: str, hint: str = "") -> Problem:
        """A problem at the line of `key`."""
        line, column = self.place(key)
        return Problem(message=message, hint=hint, key=key, line=line, column=column)


def read_document(path: Path, name: str) -> Document:
    """Parse a file; what is wrong with its YAML is in `problems`.

    Raises:
        NotFound: there is no such file.
        InputError: it is no regular file, or cannot be read.
    """
    try:
        content = read_at_most(open_regular(path, name=name), _MOST_READ, name=name)
    except FileNotFoundError as error:
        raise NotFound("there is no such workflow file.", where=name) from error
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}.", where=name) from error
    except ValueError as error:  # NUL, or half of a surrogate pair
        raise InputError("this can be no file's name.", where=ascii(name)) from error
    return parse_document(content, name)


def parse_document(content: bytes, name: str) -> Document:
    """Parse the bytes of a workflow file."""
    document = Document(name=name)
    text = _decoded(content, document)
    root = _composed(text, document) if text is not None else None
    if root is not None:
        builder = _Builder(document)
        try:
            document.value = builder.build(root, (), 0)
        except _TooLarge as error:
            document.problems.append(Problem(message=str(error), line=1, column=1))
    return document


def _decoded(content: bytes, document: Document) -> str | None:
    complaint, hint, line = "", "", 1
    if len(content) > MAX_BYTES:
        complaint = f"the file is {len(content):,} bytes; a workflow has at most {MAX_BYTES:,}."
    elif b"\0" in content:
        complaint = "the file is binary, not YAML."
    else:
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            complaint = "the file is not UTF-8 text."
            line, hint = content.count(b"\n", 0, error.start) + 1, "Save it as UTF-8."
    document.problems.append(Problem(message=complaint, hint=hint, line=line, column=1))
    return None


def _composed(text: str, document: Document) -> yaml.Node | None:
    try:
        root = yaml.compose(text, Loader=_CoreLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = ", ".join(filter(None, [error.context, error.problem]))
        document.problems.append(
            Problem(message=f"not valid YAML: {said}.", hint=_yaml_hint(said), line=line, column=column)
        )
        return None
    except yaml.YAMLError as error:
        document.problems.append(Problem(message=f"not valid YAML: {error}.", line=1, column=1))
        return None
    except RecursionError:
        document.problems.append(Problem(message="the YAML is nested too deeply.", line=1, column=1))
        return None
    except (ValueError, OverflowError):  # PyYAML takes "\U99999999" and a version of 5,000 digits at their word
        message = "not valid YAML: a number in an escape or a directive is out of range."
        document.problems.append(Problem(message=message, line=1, column=1))
        return None
    if root is None:
        document.problems.append(
            Problem(message="the file is empty.", hint="A workflow has at least a task or a plan.", line=1, column=1)
        )
    elif not isinstance(root, yaml.MappingNode):
        line, column = _mark(root)
        document.problems.append(
            Problem(
                message="a workflow is a mapping of keys to values.",
                hint="For example: task: ...",
                line=line,
                column=column,
            )
        )
        return None
    return root


def _yaml_hint(said: str) -> str:
    if "\\t" in said:
        return "Indent with spaces, not tabs."
    if "mapping values are not allowed" in said:
        return 'Put text that holds a colon in quotes: "like: this".'
    if "expected <block end>" in said:
        return "Check the indentation: the keys of a mapping, and the dashes of a list, stand in one column."
    if "expected a single document" in said:
        return "A file holds one workflow: take the line --- away."
    if "undefined alias" in said:
        return "A name is given with & before * can use it: &name."
    if "flow mapping" in said or "unhashable" in said:
        return 'Put expressions in quotes: "{{ ... }}".'
    return ""


class _TooLarge(Exception):
    """The file stands for more than a workflow can hold."""


class _CoreLoader(yaml.SafeLoader):
    """YAML 1.2's scalars: `no` is text, `12:30` and `2026-01-01` are text, only true and false are booleans."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the name and shape are PyYAML's


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+0123456789."),
    ),
    ("merge", r"<<", ["<"]),
):
    _CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)


class _Builder:
    """Turns composed nodes into values, noting places, duplicate keys and unusable tags."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._scalars = _CoreLoader("")
        self._count = 0
        self._open: set[int] = set()

    def build(self, node: yaml.Node, key: Key, depth: int) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            raise _TooLarge(f"the file stands for more than {MAX_VALUES:,} values once its aliases are written out.")
        if depth > MAX_DEPTH:
            raise _TooLarge(f"the file is nested more than {MAX_DEPTH} levels deep.")
        if id(node) in self._open:
            raise _TooLarge("an alias stands inside the value that it names.")
        self._document.places.setdefault(key, _mark(node))
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, key, depth)
            if isinstance(node, yaml.SequenceNode):
                return [self.build(item, (*key, index), depth + 1) for index, item in enumerate(node.value)]
            return self._scalar(node, key)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, key: Key, depth: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged.update(self._merge(value_node, key, depth))
                continue
            name = self._name(key_node, key)
            if name is None:
                continue
            if name in own:
                first = self._document.places[(*key, name)][0]
                self._complain(key_node, (*key, name), f"the key {name!r} is given twice; first in line {first}.")
                continue
            self._document.places[(*key, name)] = _mark(key_node)
            own[name] = self.build(value_node, (*key, name), depth + 1)
        return {**merged, **own}

    def _merge(self, node: yaml.Node, key: Key, depth: int) -> dict[str, Any]:
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for part in reversed(parts):  # the first one wins, as YAML's merge says
            value = self.build(part, key, depth + 1)
            if isinstance(value, dict):
                merged.update(value)
            else:
                self._complain(part, key, "`<<` takes a mapping, or a list of mappings.")
        return merged

    def _name(self, node: yaml.Node, key: Key) -> str | None:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value) if self._is_text(node, key) else None
        hint = 'Put expressions in quotes: "{{ ... }}".'
        self._complain(node, key, "a key must be a word, not a list or a mapping.", hint)
        return None

    def _scalar(self, node: yaml.Node, key: Key) -> Any:
        if node.tag.removeprefix("tag:yaml.org,2002:") not in {"null", "bool", "int", "float", "str"}:
            self._complain(node, key, f"the tag {node.tag!r} has no meaning here.", "Write plain YAML without tags.")
            return None
        if not self._is_text(node, key):
            return None
        try:
            value = self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError, KeyError):
            self._complain(node, key, f"{node.value[:60]!r} is not a value of the type {node.tag!r}.")
            return None
        if isinstance(value, int) and value.bit_length() > _MAX_BITS:
            self._complain(node, key, f"the number has more than {_MAX_BITS:,} bits.", "Write it as text, in quotes.")
            return None
        return value

    def _is_text(self, node: yaml.Node, key: Key) -> bool:
        """Whether UTF-8 can write it; an escape of YAML can make half of a surrogate pair."""
        try:
            str(node.value).encode()
        except UnicodeEncodeError:
            self._complain(node, key, "the text holds half of a surrogate pair, which no encoding can store.")
            return False
        return True

    def _complain(self, node: yaml.Node, key: Key, message: str, hint: str = "") -> None:
        line, column = _mark(node)
        self._document.problems.append(Problem(message=message, hint=hint, key=key, line=line, column=column))


def _mark(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
