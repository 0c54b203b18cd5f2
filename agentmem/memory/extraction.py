"""Extraction: what an episode says, as drafts of facts and notes. The rule-based form needs no model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from agentmem.language import names, sentences, terms
from agentmem.records import Episode


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityMention:
    """A name that a text mentions."""

    name: str
    """As written, without a possessive ending."""
    entity_type: str
    """person, organisation, place or thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactDraft:
    """A statement that may become a Fact."""

    text: str
    """Self-contained: speaker and pronouns resolved to names, relative dates followed by the absolute ones."""
    quote: str
    """The sentence, verbatim."""
    subject: str = ""
    """Name of the subject; empty where the sentence gives none."""
    predicate: str = ""
    """snake_case, present tense; empty where the sentence gives none."""
    object: str = ""
    """Name or value; empty where the sentence gives none."""
    object_type: str = ""
    """Entity type of the object; empty when it is a value (date, number, phrase)."""
    functional: bool = False
    """Whether the subject has one such value at a time (lives_in), so that a newer one takes its place."""
    corrects: bool = False
    """Whether the sentence corrects an earlier one ("actually ... not ...")."""
    ends: bool = False
    """Whether the sentence says that the relation ended without naming a new value ("no longer works at Acme")."""
    valid_from: datetime | None = None
    """Since when it is true, UTC; None for always or unknown."""
    valid_to: datetime | None = None
    """Until when, exclusive; None for still true."""
    mentions: tuple[EntityMention, ...] = ()
    """Names in the statement, the subject's and the object's among them."""
    experience: bool = False
    """True for what an agent did itself, False for a fact of the world."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteDraft:
    """A Zettelkasten note on an episode with substance."""

    text: str
    """The episode's content, condensed in its own words."""
    context: str = ""
    """One sentence: who or what source, what about, when."""
    keywords: tuple[str, ...] = ()
    """Most important first."""
    tags: tuple[str, ...] = ()
    """Broad labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetRequest:
    """A wish that something be forgotten."""

    about: str
    """What to forget, with names in place of pronouns ("Anna's phone number")."""
    quote: str
    """The sentence, verbatim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """All that one episode says."""

    episode_id: str
    """Which episode."""
    facts: tuple[FactDraft, ...] = ()
    """In the order of the text."""
    note: NoteDraft | None = None
    """None for an episode without a fact."""
    mentions: tuple[EntityMention, ...] = ()
    """Every name in the episode once, the speaker's among them."""
    forget: tuple[ForgetRequest, ...] = ()
    """Wishes to forget, in the order of the text."""


class Extractor(Protocol):
    """Reads episodes."""

    def extract(self, episodes: Sequence[Episode]) -> list[Extraction]:
        """One extraction for each episode, in order; earlier episodes of the same origin are context."""


_LIVES = re.compile(r"(?:live|lives|moved|am living) (?:in|to) ([A-Z]\w+)")


class RuleExtractor:
    """The rule-based form: local, free, deterministic."""

    def extract(self, episodes: Sequence[Episode]) -> list[Extraction]:
        """See `Extractor`."""
        return [self._one(episode) for episode in episodes]

    def _one(self, episode: Episode) -> Extraction:
        facts = []
        speaker = episode.speaker or "user"
        for unit in sentences(episode.text):
            if unit.kind == "code" or unit.text.endswith("?") or len(terms(unit.text)) < 2:
                continue
            found = tuple(EntityMention(name=n.text, entity_type=n.type) for n in names(unit.text))
            lives = _LIVES.search(unit.text)
            text = re.sub(r"\bI\b", speaker, unit.text)
            facts.append(
                FactDraft(
                    text=text, quote=unit.text, subject=speaker if lives else "", predicate="lives_in" if lives else "",
                    object=lives.group(1) if lives else "", object_type="place" if lives else "",
                    functional=bool(lives), valid_from=episode.at if lives else None, mentions=found,
                )
            )  # fmt: skip
        mentions = {m.name: m for f in facts for m in f.mentions}
        note = NoteDraft(text=episode.text) if facts else None
        return Extraction(episode_id=episode.id, facts=tuple(facts), note=note, mentions=tuple(mentions.values()))
