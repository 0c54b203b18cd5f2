"""Evidence in: turns and documents become Episodes, verbatim, with ids that a retry makes again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime

from agentmem.errors import InputError
from agentmem.language import normalise_name
from agentmem.memory.retaining.trust import PERSON, trust_of
from agentmem.records import Episode, Kind, Status, node_id

CHUNK_CHARACTERS = 1_000
"""Documents are cut at paragraphs into pieces of at most about this size: what the default embedder reads whole."""

_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}$")
_BRACKETS = re.compile(r"\s*\([^()]*\)")
_BLOCK = re.compile(r"\n\s*\n")
_SENTENCE_END = re.compile(r"(?<=[.!?\u3002\uff01\uff1f])\s+|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation, or one piece of text with its own origin."""

    text: str
    """What was said, verbatim."""
    speaker: str = ""
    """Who said it; "I" in the text means this person."""
    at: datetime | None = None
    """When it was said. A time without a zone is taken as UTC."""
    source: str = ""
    """The conversation or document that it belongs to; defaults to the `source` of the call."""
    id: str = ""
    """The caller's id of the turn; comes back as the episode's `source`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What the episodes of one call have in common."""

    bank: str
    source: str = ""
    at: datetime | None = None
    trust: float = PERSON
    agent: str = ""
    run_id: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no degree of trust."""
        trust_of(self.trust)


@dataclass(frozen=True, slots=True)
class Identity:
    """What evidence has in common with the same words at another time: an id needs also which occurrence it is."""

    bank: str
    origin: str
    caller_id: str
    speaker: str
    text: str
    stated_at: str

    def id(self, occurrence: int) -> str:
        """The id of the words where they stand for the `occurrence`-th time, from 0."""
        return node_id(Kind.EPISODE, *astuple(self), occurrence)


Place = Callable[[Identity, int, int], int]
"""From an identity, how often it stood before in the call, and the position in the call: which occurrence it is."""


def episodes_of(
    content: str | Message | Sequence[Message],
    about: Provenance,
    *,
    now: datetime,
    occurrence_of: Place = lambda _identity, before, _position: before,
) -> list[Episode]:
    """The episodes of a text or conversation, in order.

    A long text is cut into chunks. What has a source is undated unless a date is given; what has none is said now.
    An id depends on bank, origin, speaker, words, the caller's id and date, and on how often the same words stood there
    before, never on the position: an insertion into a document leaves the ids of the rest as they were.

    Args:
        content: A text, a turn, or turns in order.
        about: What they have in common.
        now: The present.
        occurrence_of: Where the same words count as said anew; default: where they stand again in this call.

    Raises:
        InputError: there is nothing to remember: no text at all; or it holds what cannot be stored.
    """
    drafts = list(_drafts(content, about))
    if not drafts:
        raise InputError(
            "there is nothing to remember: the text is empty.",
            where=about.source,
            hint="Give text with words in it.",
        )
    seen: Counter[Identity] = Counter()
    episodes = []
    for position, (message, headings) in enumerate(drafts):
        origin = message.source or about.source
        _require_storable(message.text, message.speaker, message.id, origin)
        stated_at = _utc(message.at)
        identity = Identity(about.bank, origin, message.id, message.speaker, message.text, str(stated_at or ""))
        occurrence = occurrence_of(identity, seen[identity], position)
        seen[identity] = occurrence + 1
        episodes.append(
            Episode(
                id=identity.id(occurrence),
                bank=about.bank,
                text=message.text,
                created_at=now,
                at=stated_at or (None if origin else now),
                status=Status.PENDING,
                trust=about.trust,
                source=message.id or origin,
                agent=about.agent,
                run_id=about.run_id,
                speaker=message.speaker,
                position=position,
                origin=origin,
                key="" if message.speaker else title_key(headings, origin),
                metadata={"headings": headings} if headings else {},
            )
        )
    return episodes


def title_key(headings: str, origin: str) -> str:
    """What a piece of a document is about, as names are compared: its last heading, else the document's name.

    What stands in brackets only tells namesakes apart: "Kestrel (ship)" is named Kestrel in a text.
    """
    title = headings.rsplit(" > ", 1)[-1] or _SUFFIX.sub("", origin.rsplit("/", 1)[-1])
    return normalise_name(_BRACKETS.sub("", title)) if title else ""


def _require_storable(*texts: str) -> None:
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InputError(
                f"character {error.start + 1} of the text is half of a surrogate pair, which no encoding can store.",
                where=text[:40].encode(errors="replace").decode(),
                hint="Decode it with errors='replace' first.",
            ) from error


def chunks(text: str, *, size: int = CHUNK_CHARACTERS) -> Iterator[tuple[str, str]]:
    """Pieces of a document with the path of Markdown headings above each ("Team > Anna"), in order.

    Pieces end at paragraphs; a paragraph over `size` characters is cut at sentences, a sentence over it at `size`.
    """
    path: list[tuple[int, str]] = []
    buffer: list[str] = []
    for block in _BLOCK.split(text.strip()):
        heading = _HEADING.match(block.strip().split("\n", 1)[0])
        if heading or sum(map(len, buffer)) + len(block) > size:
            yield from _flush(buffer, path)
        if heading:
            level = len(heading[1])
            path = [*(entry for entry in path if entry[0] < level), (level, heading[2])]
        for piece in _pieces(block.strip("\n"), size):
            if sum(map(len, buffer)) + len(piece) > size:
                yield from _flush(buffer, path)
            buffer.append(piece)
    yield from _flush(buffer, path)


def _flush(buffer: list[str], path: list[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    joined = "\n\n".join(buffer).strip()
    buffer.clear()
    if joined:
        yield joined, " > ".join(title for _, title in path)


def _pieces(block: str, size: int) -> Iterator[str]:
    if len(block) <= size:
        yield block
        return
    piece = ""
    for sentence in _cut(_SENTENCE_END.split(block), size):
        if piece and len(piece) + len(sentence) + 1 > size:
            yield piece
            piece = ""
        piece = f"{piece} {sentence}" if piece else sentence
    if piece:
        yield piece


def _cut(sentences: Iterable[str], size: int) -> Iterator[str]:
    for sentence in sentences:
        for start in range(0, len(sentence), size):
            yield sentence[start : start + size]


def _drafts(content: str | Message | Sequence[Message], about: Provenance) -> Iterator[tuple[Message, str]]:
    if isinstance(content, str):
        for text, headings in chunks(content):
            yield Message(text=text, at=about.at), headings
        return
    for message in [content] if isinstance(content, Message) else content:
        if message.text.strip():
            dated = message.at or about.at
            stated = Message(
                text=message.text,
                speaker=message.speaker.strip(),
                at=dated,
                source=message.source,
                id=message.id,
            )
            yield stated, ""


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise InputError(
            f"the time {moment.isoformat()} has no counterpart in UTC: the calendar ends before.",
            where="retain",
            hint="Times lie between the years 1 and 9999, UTC.",
        ) from error
