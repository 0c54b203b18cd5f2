"""The words that a memory rests on, as they were said: a turn whole, of a long one the sentences around the claim."""

from __future__ import annotations

from collections.abc import Sequence

from agentmem.language import sentences, terms

WHOLE = 400
"""Evidence of up to so many characters is shown whole; of longer evidence, about as much."""

_GAP = " … "


def words_around(
    text: str, *, quote: str = "", hidden: Sequence[str] = (), wanted: frozenset[str] = frozenset()
) -> str:
    """The part of a piece of evidence that is worth showing, verbatim; gaps are marked.

    Args:
        text: The evidence.
        quote: The sentence that matters; empty for the one that holds most of `wanted`.
        hidden: Sentences whose claims left the view: what was superseded or forgotten is not shown by its words.
        wanted: Stemmed terms of the query.
    """
    if len(text) <= WHOLE and not hidden:
        return text
    units = [unit for unit in sentences(text) if not any(unit.text in words or words in unit.text for words in hidden)]
    if not units:
        return ""
    spans = [(unit.start, unit.end) for unit in units]
    best = _place_of(quote, text, spans) if quote else -1
    if best < 0:
        said = [len(wanted.intersection(terms(unit.text))) for unit in units]
        best = said.index(max(said))
    first, last = _grown(spans, best)
    return _joined(text, spans[first : last + 1])


def _place_of(quote: str, text: str, spans: Sequence[tuple[int, int]]) -> int:
    """Which span the quote begins in; -1 if it stands in none."""
    at = text.find(quote)
    return next((place for place, (start, end) in enumerate(spans) if start <= at < end), -1) if at >= 0 else -1


def _grown(spans: Sequence[tuple[int, int]], best: int) -> tuple[int, int]:
    """First and last span of the largest run around the best one that is not too long, what follows first."""
    first = last = best
    size = spans[best][1] - spans[best][0]
    grows = True
    while grows:
        grows = False
        for step in (last + 1, first - 1):
            if 0 <= step < len(spans) and size + (more := spans[step][1] - spans[step][0]) <= WHOLE:
                first, last, size, grows = min(first, step), max(last, step), size + more, True
    return first, last


def _joined(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The spans as they stand in the text, with a mark where something between them is left out."""
    pieces: list[str] = []
    end = spans[0][0]
    for start, stop in spans:
        between = text[end:start]
        pieces.append(between if not between.strip() else _GAP)
        pieces.append(text[start:stop])
        end = stop
    return "".join(pieces)
