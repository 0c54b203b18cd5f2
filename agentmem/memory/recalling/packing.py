"""Packing: the context block of a recall, within a token budget.

Chosen by relevance, printed by time. What memory holds is data from elsewhere, so a line can never be forged from
inside a text: every memory is one line, which opens with an id and a date that the packer writes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from agentmem.display import one_line
from agentmem.memory.recalling.recalled import RecalledMemory
from agentmem.records import Status

CHARACTERS_PER_TOKEN = 4
"""What English text averages with the common tokenizers; counting exactly needs the tokenizer of the model in use."""

_CUT = "…"
_LONGEST_PART = 80
"""Characters of a part of a label."""
_NOT_IN_LABELS = re.compile(r"[\[\]|]")


def estimated_tokens(text: str) -> int:
    """Tokens of `text`, estimated: one for four characters, or for each character beyond Latin scripts, rounded up.

    An estimate on the high side for English prose; the same on every machine, with no tokenizer to download.
    """
    dense = sum(1 for character in text if character > "\u2e7f")
    return dense + -(-(len(text) - dense) // CHARACTERS_PER_TOKEN)


def line_of(memory: RecalledMemory) -> str:
    """How the context shows a memory: `[id | date | who] words`, with the status of a version that is past.

    Who said it stands in the label, or the document that says it: in the words anybody can write "Anna: ...".
    """
    label = [_label(memory.id), memory.at.date().isoformat() if memory.at else "undated"]
    if who := _label(memory.speaker or memory.source):
        label.append(who)
    if memory.status is Status.SUPERSEDED:
        until = f" until {memory.valid_to.date().isoformat()}" if memory.valid_to else ""
        label.append(f"superseded{until}")
    return f"[{' | '.join(label)}] {one_line(memory.shown)}"


def _label(text: str) -> str:
    """A part of a label, which ends none and makes no further part."""
    return _NOT_IN_LABELS.sub("", one_line(text))[:_LONGEST_PART]


def pack(memories: Sequence[RecalledMemory], token_budget: int) -> tuple[str, int]:
    """The context of `memories` (best first) and its estimated tokens, never above `token_budget`.

    A memory that does not fit is left out and the next one tried; if not even one fits, the best is cut. Undated
    memories come first, then by date; equal dates keep the order of relevance.

    Returns:
        The lines joined by line breaks, and their tokens; ("", 0) if there is nothing to show or no room at all.
    """
    chosen: list[tuple[RecalledMemory, str]] = []
    characters = 0  # tokens are counted on the whole block, so that line breaks and rounding are never forgotten
    dense = 0
    for memory in memories:
        line = line_of(memory)
        line_dense = sum(1 for character in line if character > "\u2e7f")
        total, total_dense = characters + len(line) + bool(chosen), dense + line_dense
        if total_dense + -(-(total - total_dense) // CHARACTERS_PER_TOKEN) <= token_budget:
            chosen.append((memory, line))
            characters, dense = total, total_dense
    if not chosen:
        cut = _cut_to(line_of(memories[0]), token_budget) if memories else ""
        return cut, estimated_tokens(cut)
    chosen.sort(key=lambda pair: pair[0].at or datetime.min.replace(tzinfo=UTC))
    context = "\n".join(line for _, line in chosen)
    return context, estimated_tokens(context)


def _cut_to(line: str, token_budget: int) -> str:
    """The longest beginning of `line` that fits with a mark of the cut; empty if not even the label fits."""
    low, high = 0, min(len(line), token_budget * CHARACTERS_PER_TOKEN)
    while low < high:
        middle = (low + high + 1) // 2
        fits = estimated_tokens(line[:middle] + _CUT) <= token_budget
        low, high = (middle, high) if fits else (low, middle - 1)
    label_end = line.find("] ") + 2
    return line[:low] + _CUT if low > label_end else ""
