"""The LoCoMo file: conversations over many sessions, and questions with the turns that answer them."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dateutil import parser

from agentmem.errors import InputError
from agentmem.memory import Message

CATEGORIES: Mapping[int, str] = {
    1: "multi-hop",
    2: "temporal",
    3: "open-domain",
    4: "single-hop",
    5: "adversarial",
}
"""LoCoMo's numbers and what they mean."""

_SESSION = re.compile(r"session_(\d+)")
_EVIDENCE = re.compile(r"D:?(\d+):(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question and its gold, which never reaches the memory."""

    text: str
    """As it is asked."""
    category: str
    """One of the values of CATEGORIES."""
    evidence: frozenset[str]
    """Ids of the turns that answer it, none of them unknown to the conversation."""
    answer: str = ""
    """The gold answer; empty for adversarial questions, which have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One conversation with its questions."""

    name: str
    """Its `sample_id`."""
    turns: tuple[Message, ...]
    """In order. A turn that shares a photo has its caption behind the text."""
    questions: tuple[Question, ...]
    """Those whose evidence names at least one turn of the conversation."""
    skipped: int
    """Questions left out because they name none."""


def load_locomo(path: Path, *, limit: int | None = None) -> list[Conversation]:
    """The first `limit` conversations of a LoCoMo file, `.json` or `.json.gz`; all by default.

    Raises:
        InputError: the file is missing, is not JSON or has another form.
    """
    records = _read(path)
    if not isinstance(records, list) or not records:
        raise InputError("no list of conversations.", where=str(path), hint="Give a LoCoMo file.")
    try:
        return [_conversation(record) for record in records[:limit]]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(
            f"not in LoCoMo's form: {type(error).__name__} {error}.", where=str(path), hint="Give a LoCoMo file."
        ) from error


def evidence_ids(evidence: object) -> frozenset[str]:
    """Turn ids in LoCoMo's field, whose entries may hold several ("D8:6; D9:17"), stray colons or leading zeros."""
    entries = evidence if isinstance(evidence, list) else [evidence]
    return frozenset(f"D{int(s)}:{int(t)}" for entry in entries for s, t in _EVIDENCE.findall(str(entry)))


def _read(path: Path) -> Any:
    try:
        content = path.read_bytes()
        return json.loads(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}.", where=str(path)) from error
    except (EOFError, zlib.error, ValueError) as error:
        raise InputError(f"is not JSON: {error}.", where=str(path), hint="Give a .json or .json.gz file.") from error


def _conversation(record: Mapping[str, Any]) -> Conversation:
    turns = tuple(_turns(record["sample_id"], record["conversation"]))
    known = {turn.id for turn in turns}
    questions = [
        Question(
            text=entry["question"],
            category=CATEGORIES.get(entry["category"], f"category {entry['category']}"),
            evidence=evidence_ids(entry.get("evidence", [])) & known,
            answer=str(entry.get("answer", "")),
        )
        for entry in record["qa"]
    ]
    answerable = tuple(question for question in questions if question.evidence)
    return Conversation(
        name=str(record["sample_id"]),
        turns=turns,
        questions=answerable,
        skipped=len(questions) - len(answerable),
    )


def _turns(name: str, conversation: Mapping[str, Any]) -> Iterator[Message]:
    sessions = sorted((int(match[1]), key) for key in conversation if (match := _SESSION.fullmatch(key)))
    for _, key in sessions:
        at = _moment(conversation[f"{key}_date_time"])
        for turn in conversation[key]:
            caption = turn.get("blip_caption")
            yield Message(
                text=f"{turn['text']} [shares a photo: {caption}]" if caption else turn["text"],
                speaker=turn["speaker"],
                at=at,
                source=f"{name} {key}",
                id=next(iter(evidence_ids(turn["dia_id"])), turn["dia_id"]),
            )


def _moment(text: str) -> datetime:
    """A date such as "1:56 pm on 8 May, 2023", as UTC: LoCoMo names no zone."""
    return parser.parse(text).replace(tzinfo=UTC)
