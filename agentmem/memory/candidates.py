"""From extracted drafts to claims, each with the current memories that it competes with.

Only claims about the same subject and the same predicate compete, and a claim that names neither competes with its own
words alone. That is what keeps true facts from being retired by merely similar ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from agentmem.language import normalise_name
from agentmem.memory.extraction import Extraction, FactDraft
from agentmem.memory.resolution import Resolution
from agentmem.records import Episode, Fact, Kind
from agentmem.stores import KeySearch, Store, View

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Current facts by key, as the store held them when the decision was prepared."""

    heads: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)


def claims_of(readings: Iterable[tuple[Episode, Extraction]], resolution: Resolution) -> list[Claim]:
    """The claims of a batch, in order of the evidence."""
    return [
        Claim(draft=draft, episode=episode, ordinal=ordinal, key=claim_key(draft, resolution))
        for episode, extraction in readings
        for ordinal, draft in enumerate(extraction.facts)
    ]


def claim_key(draft: FactDraft, resolution: Resolution) -> str:
    """What a claim competes under."""
    if draft.subject and draft.predicate:
        return f"{resolution.key(draft.subject)}|{draft.predicate}"
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


def find_candidates(store: Store, bank: str, claims: Iterable[Claim]) -> Candidates:
    """The current facts under the keys of the claims: two reads for a whole batch."""
    own = dict.fromkeys(claim.key for claim in claims)
    keys = tuple(own | dict.fromkeys(filter(None, map(companion_key, own))))
    if not keys:
        return Candidates()
    hits = store.search(View(bank=bank, kinds=frozenset({Kind.FACT})), [KeySearch(keys=keys)])[0]
    nodes = store.fetch(bank, [hit.id for hit in hits])
    heads: dict[str, tuple[Fact, ...]] = {}
    for hit in hits:
        fact = nodes.get(hit.id)
        if isinstance(fact, Fact):
            heads[fact.key] = (*heads.get(fact.key, ()), fact)
    return Candidates(heads=heads)
