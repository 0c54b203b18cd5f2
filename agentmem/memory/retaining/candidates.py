"""From extracted drafts to claims, and what they compete under.

Only claims about the same subject and the same predicate compete, and a claim that names neither competes with its own
words alone. That is what keeps true facts from being retired by merely similar ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agentmem.language import normalise_name
from agentmem.memory.retaining.extraction import Extraction, FactDraft
from agentmem.memory.retaining.resolution import Resolution
from agentmem.records import Episode, Fact

_STATED_WITH = {"works_at": "works_as"}
"""A role ends with the employment that it was stated with: "a nurse at St James" is over when St James is."""

_NOT_WORD = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One draft on its way to a decision."""

    draft: FactDraft
    """What the evidence says."""
    episode: Episode
    """The evidence."""
    ordinal: int
    """Place within the episode, from 0."""
    key: str
    """What it competes under: "subject|predicate", or "=" and the words."""


def claims_of(readings: Iterable[tuple[Episode, Extraction]], resolution: Resolution) -> list[Claim]:
    """The claims of a batch, in order of the evidence."""
    return [
        Claim(draft=draft, episode=episode, ordinal=ordinal, key=claim_key(draft, resolution.key))
        for episode, extraction in readings
        for ordinal, draft in enumerate(extraction.facts)
    ]


def claim_key(draft: FactDraft, key_of: Callable[[str], str]) -> str:
    """What a claim competes under; `key_of` gives the canonical key of a name."""
    if draft.subject and draft.predicate:
        return f"{key_of(draft.subject)}|{draft.predicate}"
    return "=" + same_words(draft.text)


def companion_key(key: str) -> str:
    """The key of what was stated together with the claims of a key and ends with them; empty if nothing is."""
    subject, _, predicate = key.partition("|")
    companion = _STATED_WITH.get(predicate)
    return f"{subject}|{companion}" if companion else ""


def same_words(text: str) -> str:
    """Text with case, punctuation and spacing levelled: equal for statements that say the same in the same words."""
    return _NOT_WORD.sub(" ", text.casefold()).strip()


def same_value(draft: FactDraft, fact: Fact) -> bool:
    """Whether a draft and a fact give the same value."""
    if draft.object and fact.object:
        return normalise_name(draft.object) == normalise_name(fact.object)
    return same_words(draft.text) == same_words(fact.text)
