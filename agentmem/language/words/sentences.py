"""Sentences with their places in the text; headings, list items, table rows and code are units of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from agentmem.language.words.wordlists import word_set

UnitKind = Literal["sentence", "heading", "item", "row", "code"]

_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_ITEM = re.compile(r"\s*(?:[-*+\u2022\u2013]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?")
_RULE = re.compile(r"\s*(?:[-=*_]\s*){3,}$")
_ROW = re.compile(r"\s*\|.*\|\s*$")
_ROW_RULE = re.compile(r"\s*\|[\s:|-]+\|\s*$")
_QUOTED = re.compile(r"\s*>+\s?")

# An end of sentence is punctuation (with closing quotes or brackets), then a space and something that can begin one.
_BREAK = re.compile(r"[.!?\u2026\u3002\uff01\uff1f]+[\"'\u201d\u2019)\]*_]*(?=\s|$)|[\u3002\uff01\uff1f]+")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'\u201c])(?:(?:mr|mrs|ms|dr|prof|st|sr|jr|rev|gen|col|capt|lt|sgt|hon|messrs|"
    r"mt|ft|no|nos|vs|etc|approx|"
    r"dept|est|fig|figs|eq|vol|pp|ed|eds|inc|ltd|co|corp|ave|blvd|rd|jan|feb|mar|apr|jun|jul|"
    r"aug|sep|sept|oct|nov|"
    r"dec|mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun|e\.g|i\.e|cf|al|a\.m|p\.m|ph\.d|m\.sc|b\.sc)|"
    r"[a-z]|(?:[a-z]\.)+[a-z])$",
    re.IGNORECASE,
)
# These may also end a sentence: what follows decides.
_OPEN_ENDED = re.compile(
    r"(?:\b(?:etc|inc|ltd|co|corp|jr|sr|ave|blvd|rd|st)|\b[ap]\.m|ph\.d|\b(?:[a-z]\.)+[a-z])$", re.IGNORECASE
)
_PRONOUN_I = re.compile(r"(?:^|\s)I$")
_STARTERS = word_set(
    """
    the a an i we he she they it this that these those my our his her their its there but and so then now in on at
    after before when if you your what how why where who did do does is are was were
    """
)
_CHAT_STARTERS = frozenset(
    {
        "i",
        "she",
        "he",
        "we",
        "they",
        "it",
        "my",
        "our",
        "his",
        "her",
        "im",
        "also",
        "but",
        "and",
        "so",
        "sorry",
        "actually",
    }
)
_CHAT_END = re.compile(r"(?:^|[\s'\u2019-])[^\W\d_]{2,}$|\d{2,}$|\d\s?[ap]m$")
_NEXT_WORD = re.compile(r"\s*[\"'\u201c\u2018(\[*_]*([^\s\"'.,;:!?)]+)")


LONGEST = 1_000
"""Characters of a unit that are read: nobody says a longer sentence, and rules need not be quick on what is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A piece of text that is read by itself."""

    text: str
    """The piece without surrounding space or Markdown signs; always `source[start:end]`."""
    start: int
    """Where it begins in the source, in characters."""
    end: int
    """Where it ends, exclusive."""
    kind: UnitKind = "sentence"
    """What it is in its document."""
    level: int = 0
    """1 to 6 for a heading, 0 otherwise."""


def sentences(text: str) -> list[Unit]:
    """Split a text into units, in order; together they hold everything but white space and Markdown signs.

    Only code is longer than `LONGEST`: what goes beyond in any other unit is left out.

    Abbreviations, initials, decimals, addresses and dotted names do not end a sentence. A line break ends one where
    the next line is a heading, an item, a row, a code fence or empty, or where the line is short and stands for itself.
    """
    found: list[Unit] = []
    for kind, level, start, end in _blocks(text):
        if kind == "sentence" or kind == "item":
            found.extend(_split(text, start, end, kind))
        elif unit := _unit(text, start, end, kind, level):
            found.append(unit)
    return found


def _unit(text: str, start: int, end: int, kind: UnitKind, level: int = 0) -> Unit | None:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    stripped = piece.strip()
    if not stripped:
        return None
    stripped = stripped if kind == "code" else stripped[:LONGEST].rstrip()
    return Unit(text=stripped, start=start, end=start + len(stripped), kind=kind, level=level)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        if end < 0:
            end = len(text)
        yield start, end
        start = end + 1


def _blocks(text: str) -> Iterator[tuple[UnitKind, int, int, int]]:
    """Headings, rows, code blocks, items and paragraphs as (kind, level, start, end)."""
    block: _Block | None = None
    for start, end in _lines(text):
        line = text[start:end]
        if block is not None and block.takes(text, line):
            block.end = end
            continue
        if block is not None:
            yield block.kind, 0, block.start, end if block.closed else block.end
            closed, block = block.closed, None
            if closed:
                continue
        shape = _shape(line)
        if shape in {"heading", "row"}:
            yield _single(shape, line, start, end)
        elif shape != "blank":
            block = _opened(shape, line, start, end)
    if block is not None:
        yield block.kind, 0, block.start, block.end


class _Block:
    """A run of lines that belong together: a paragraph, an item with its continuation, or code."""

    def __init__(self, kind: UnitKind, start: int, end: int, fence: str = "") -> None:
        self.kind, self.start, self.end = kind, start, end
        self.closed = False
        self._fence = fence

    def takes(self, text: str, line: str) -> bool:
        """Whether a line goes on with the block."""
        if self._fence:
            self.closed = line.strip().startswith(self._fence)
            return not self.closed
        return _shape(line) is None and not _stands_alone(text[self.start : self.end], line)


def _opened(shape: str | None, line: str, start: int, end: int) -> _Block:
    if shape == "fence" and (opening := _FENCE.match(line)):
        return _Block("code", start, end, opening.group(1))
    if shape == "item" and (marker := _ITEM.match(line)):
        return _Block("item", start + marker.end(), end)
    return _Block("sentence", start + _prefix(line), end)


def _single(shape: str | None, line: str, start: int, end: int) -> tuple[UnitKind, int, int, int]:
    heading = _HEADING.match(line) if shape == "heading" else None
    if heading:
        return "heading", len(heading.group(1)), start + heading.start(2), start + heading.end(2)
    return "row", 0, start, end


def _prefix(line: str) -> int:
    quoted = _QUOTED.match(line)
    return quoted.end() if quoted else 0


def _shape(line: str) -> str | None:
    """What a line opens: fence, item, heading, row; "blank" for one that only separates; None for running text."""
    stripped = line.strip()
    if not stripped:
        return "blank"
    first = stripped[0]
    if first.isalpha():
        return None
    if first in "`~" and _FENCE.match(line):
        return "fence"
    if first == "#" and _HEADING.match(line):
        return "heading"
    if first == "|" and _ROW.match(line):
        return "blank" if _ROW_RULE.match(line) else "row"
    if _RULE.match(line):
        return "blank"
    return "item" if _ITEM.match(line) else None


def _stands_alone(block: str, next_line: str) -> bool:
    """Whether a line break ends the block: it was short (not wrapped by an editor), or the next is a chat line."""
    last = block[block.rfind("\n") + 1 :].rstrip()
    beginning = next_line.lstrip()[:1]
    return len(last) < 50 and not last.endswith((",", ";", "-", "and", "or", "the")) and not beginning.islower()


def _split(text: str, start: int, end: int, kind: UnitKind) -> Iterator[Unit]:
    piece_start = start
    for stop in _BREAK.finditer(text, start, end):
        if stop.end() < end and not _ends_sentence(text, piece_start, stop, end):
            continue
        if unit := _unit(text, piece_start, stop.end(), kind):
            yield unit
        piece_start = stop.end()
    if unit := _unit(text, piece_start, end, kind):
        yield unit


def _ends_sentence(text: str, start: int, stop: re.Match[str], end: int) -> bool:
    mark = stop.group()
    if mark[0] in "\u3002\uff01\uff1f":
        return True
    after = _NEXT_WORD.match(text, stop.end(), end)
    following = after.group(1) if after else ""
    if mark.startswith(("..", "\u2026")):
        return not following[:1].islower()
    if mark[0] in "!?":
        # "Really?" she asked - a small letter goes on with the sentence.
        return not (following[:1].islower() and mark[-1] in "\"'\u201d\u2019")
    before = text[max(start, stop.start() - 12) : stop.start()]
    if before.strip().isdigit() and text[start : stop.start()].strip().isdigit():
        return False  # "3. Buy milk": the number of an item
    if _PRONOUN_I.search(before) and following.lower() in _STARTERS:
        return True
    if _OPEN_ENDED.search(before):
        return following[:1].isupper() and following.lower() in _STARTERS
    if _ABBREVIATION.search(before):
        return False
    if following in _CHAT_STARTERS:  # "i live in graz. my wife is mira": all in small letters
        return _CHAT_END.search(before) is not None
    return not following[:1].islower()
