"""Reading files of text: documents as they are, and conversations in JSON lines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agentmem.errors import InputError, NotFound
from agentmem.memory import Message
from agentmem.regular_files import open_named, read_at_most
from agentmem.spelling import did_you_mean, nearest

MAX_BYTES = 64_000_000
"""Largest file that is read."""

CONVERSATION_SUFFIXES = frozenset({".jsonl", ".ndjson"})

_TYPES = {bool: "true or false", float: "a number", list: "a list", dict: "an object", str: "text", int: "a number"}

_KEYS = ("text", "speaker", "at", "source", "id")


def is_conversation(path: str | Path) -> bool:
    """Whether a file is a conversation, by its suffix."""
    return Path(path).suffix.lower() in CONVERSATION_SUFFIXES


def read_text(path: Path, *, name: str = "") -> str:
    """The text, in UTF-8 (or UTF-16 with a byte order mark), of a file that a person named.

    It may be what their shell opened for this process, too: `/dev/stdin` or `<(...)`.

    Raises:
        NotFound: there is no such file.
        InputError: it is no regular file, too large, cannot be read, or is not text.
    """
    where = name or str(path)
    try:
        return decode(read_at_most(open_named(path), MAX_BYTES, name=where), name=where)
    except FileNotFoundError:
        near = _siblings(path)
        raise NotFound("there is no such file.", where=where, hint=near) from None
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}.", where=where) from error


def decode(data: bytes, *, name: str) -> str:
    """Bytes as text.

    Raises:
        InputError: they are not text.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    hint = "Only text in UTF-8 is read; save it as UTF-8, or leave it out."
    if encoding == "utf-8-sig" and b"\0" in data:
        raise InputError("the file is binary, not text.", where=name, hint=hint)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"the file is not text: bytes on line {line} are not UTF-8.", where=name, hint=hint) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse_conversation(text: str, *, name: str) -> list[Message]:
    """The turns of a conversation: one JSON object with `text`, and maybe `speaker, at, source, id`, on each line.

    Other keys are left aside, unless one looks like a misspelt key. A turn without a `source` is given `name`.

    Raises:
        InputError: a line is not such an object, or there is none; `where` holds `name` and the line.
    """
    turns = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            message = "nested too deeply"
            if isinstance(error, ValueError):  # the second kind is a number of thousands of digits
                message = error.msg if isinstance(error, json.JSONDecodeError) else "a number in it is too long"
            raise InputError(
                f"this is not JSON: {message}.",
                where=where,
                hint='One object a line: {"text": "...", "speaker": "..."}',
            ) from error
        turns.append(parse_message(record, where=where, source=name))
    if not turns:
        raise InputError("the conversation is empty.", where=name, hint="Give at least one line with a text.")
    return turns


def parse_messages(records: Sequence[Any], *, where: str, source: str = "") -> list[Message]:
    """Turns that are given as mappings already.

    Raises:
        InputError: one of them is not a turn.
    """
    return [parse_message(record, where=f"{where}[{i}]", source=source) for i, record in enumerate(records)]


def parse_message(record: Any, *, where: str, source: str = "") -> Message:
    """One turn from its JSON object.

    Raises:
        InputError: it is not an object, has no text, or a value is of the wrong type.
    """
    if not isinstance(record, Mapping):
        raise InputError(f"a turn is an object, this is {_TYPES.get(type(record), 'nothing')}.", where=where)
    for key in record:
        near = nearest(str(key), _KEYS, likeness=0.8)
        if near and key not in _KEYS and near not in record:
            raise InputError(f"{key!r} is not a key of a turn.", where=where, hint=f"Did you mean {near!r}?")
    values = {key: _text_value(record, key, where) for key in ("text", "speaker", "source", "id")}
    if record.get("text") is None:
        raise InputError("the turn has no 'text'.", where=where, hint=f"Keys of a turn: {', '.join(_KEYS)}.")
    return Message(
        text=values["text"],
        speaker=values["speaker"],
        at=parse_time(record.get("at"), where=where),
        source=values["source"] or source,
        id=values["id"],
    )


def parse_time(value: Any, *, where: str) -> datetime | None:
    """A time from ISO 8601; without a zone it is taken as UTC.

    Raises:
        InputError: it is none.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # no time, or one that lies outside of the calendar in UTC
        pass
    raise InputError(
        f"{value!r} is not a time.",
        where=f"{where}, at",
        hint="Write ISO 8601: 2024-05-01 or 2024-05-01T09:30:00Z.",
    )


def _text_value(record: Mapping[Any, Any], key: str, where: str) -> str:
    value = record.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InputError(f"{key!r} is text, this is {_TYPES.get(type(value), type(value).__name__)}.", where=where)
    try:
        str(value).encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{key!r} holds half of a surrogate pair, which is no character.",
            where=where,
            hint=f"Take {value[error.start]!a} away, or write both halves." if isinstance(value, str) else "",
        ) from error
    return str(value)


def _siblings(path: Path) -> str:
    if not path.parent.is_dir():
        return f"The folder {path.parent.name!r} does not exist either."
    try:
        return did_you_mean(path.name, sorted(p.name for p in path.parent.iterdir()))
    except OSError:
        return ""  # it may be entered but not listed
