"""What each kind of node is: one row for each, and what follows from the rows. Everything else derives from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from agentmem.records.nodes import Kind


class Layer(StrEnum):
    """Where a kind stands between what was said and what was made of it."""

    EVIDENCE = "evidence"
    """Verbatim and never changed."""
    CLAIM = "claim"
    """What evidence says, as the memory understood it."""
    DERIVED = "derived"
    """Concluded from claims or from past tasks."""
    TASK = "task"
    """What the team was asked and what it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """One kind."""

    layer: Layer
    recalled: bool = False
    """Whether a recall gives it back that did not ask for kinds."""
    answers: bool = False
    """Whether an answer may rest on it."""
    learned: bool = False
    """Whether a run lists it among what it learned."""
    rank: int = 9
    """Which comes first of what one piece of evidence gave and says equally much, from 0."""
    words: bool = False
    """Whether keyword search finds it."""
    meaning: bool = False
    """Whether vector search finds it."""


KINDS: Mapping[Kind, KindRow] = {
    Kind.EPISODE: KindRow(layer=Layer.EVIDENCE, recalled=True, answers=True, words=True, meaning=True),
    Kind.NOTE: KindRow(layer=Layer.CLAIM, recalled=True, answers=True, rank=3, words=True, meaning=True),
    Kind.ENTITY: KindRow(layer=Layer.CLAIM, words=True),
    Kind.FACT: KindRow(layer=Layer.CLAIM, recalled=True, answers=True, learned=True, rank=0, words=True),
    Kind.BELIEF: KindRow(layer=Layer.DERIVED, recalled=True, learned=True, rank=1),
    Kind.INSIGHT: KindRow(layer=Layer.DERIVED, learned=True, rank=2),
    Kind.QUERY: KindRow(layer=Layer.TASK, learned=True, words=True, meaning=True),
    Kind.STEP: KindRow(layer=Layer.TASK),
    Kind.INTERACTION: KindRow(layer=Layer.TASK),
}
"""The table. A new kind is a row here, its record in `nodes`, and its caption in Neo4j Browser."""


def kinds_that(holds: Callable[[KindRow], bool]) -> frozenset[Kind]:
    """The kinds whose row fits."""
    return frozenset(kind for kind, row in KINDS.items() if holds(row))


RECALLED = kinds_that(lambda row: row.recalled)
"""What a recall gives back unless it is told otherwise."""

SHOWN_FOR_EVIDENCE = RECALLED - {Kind.EPISODE}
"""What is made of Episodes and ranks with them."""

RETAINED = kinds_that(lambda row: row.layer in (Layer.EVIDENCE, Layer.CLAIM))
"""What `retain` writes."""

REFLECTED = kinds_that(lambda row: row.answers)
"""What `reflect` rests on."""

LEARNED = kinds_that(lambda row: row.learned)
"""What a run lists among what it learned."""

INDEXED = kinds_that(lambda row: row.words or row.meaning)
"""What has a search entry."""
