"""Extraction: what an episode says, as drafts of facts and notes. The rule-based form needs no model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from agentmem.language import (
    Passage,
    Reader,
    Statement,
    clearly_person,
    day_label,
    keywords,
    normalise_name,
    speaker_name,
    tags,
)
from agentmem.records import Episode

_TAUTOLOGY = re.compile(r"(.+?)(?:['\u2019]s name)? is \1\.?$", re.IGNORECASE)
"""What is left of "I'm Priya" when the speaker is known to be Priya."""


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
    after: int = 0
    """How many facts of the extraction were said before it; those that follow are not what it means."""


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
    unread: str = ""
    """The type of error because of which it could not be read; empty if it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Evidence and what it says."""

    episode: Episode
    extraction: Extraction


class Extractor(Protocol):
    """Reads episodes."""

    def extract(self, episodes: Sequence[Episode]) -> list[Extraction]:
        """One extraction for each episode, in order; earlier episodes of the same origin are context."""


_AGENT_SPEAKERS = frozenset({"assistant", "agent", "ai", "bot", "system", "tool"})
_NOTE_SENTENCES = 5
_NOTE_LENGTH = 700


class RuleExtractor:
    """The rule-based form: local, free, deterministic. Safe to share between threads."""

    def extract(self, episodes: Sequence[Episode]) -> list[Extraction]:
        """See `Extractor`."""
        readers: dict[str, Reader] = {}
        return [self._one(episode, readers) for episode in episodes]

    def _one(self, episode: Episode, readers: dict[str, Reader]) -> Extraction:
        reader = readers.setdefault(episode.origin or episode.source or episode.id, Reader())
        # When an undated text was taken in says nothing about when it is true.
        passage = reader.read(episode.text, speaker=episode.speaker, at=episode.at)
        typed = _Types(episode, passage)
        acting = episode.speaker.casefold() in _AGENT_SPEAKERS or bool(
            episode.agent and episode.speaker == episode.agent
        )

        def drafted(statements: Sequence[Statement]) -> tuple[FactDraft, ...]:
            telling = (s for s in statements if not _TAUTOLOGY.match(s.text))
            return tuple(dict.fromkeys(_draft(s, typed, acting) for s in telling))

        facts = drafted(passage.statements)
        return Extraction(
            episode_id=episode.id,
            facts=facts,
            note=_note(episode, facts, passage) if facts else None,
            mentions=typed.all(facts),
            forget=tuple(
                ForgetRequest(about=about, quote=quote, after=len(drafted(passage.statements[:before])))
                for about, quote, before in passage.forget
            ),
        )


class _Types:
    """The entity types of one episode: the most telling context of a name decides."""

    def __init__(self, episode: Episode, passage: Passage) -> None:
        self._types: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._speaker = speaker_name(episode.speaker)
        self._spoken = bool(episode.speaker)
        self._learn(self._speaker, "person") if episode.speaker else None
        for statement in passage.statements:
            if statement.object_type:
                self._learn(statement.object, statement.object_type)
        for name in passage.names:
            self._learn(name.text, name.type)

    def _learn(self, name: str, entity_type: str) -> None:
        bare = normalise_name(name)
        if bare and (bare not in self._types or self._types[bare] == "thing"):
            self._types[bare] = entity_type
            self._shown.setdefault(bare, name)

    def mention(self, name: str, fallback: str = "thing") -> EntityMention:
        """A name with its type."""
        bare = normalise_name(name)
        return EntityMention(name=self._shown.get(bare, name), entity_type=self._types.get(bare, fallback))

    def of(self, statement: Statement) -> tuple[EntityMention, ...]:
        """The names of a statement once each: subject, object, then the others."""
        found: dict[str, EntityMention] = {}
        if statement.subject and statement.subject.casefold() != "we":
            person = clearly_person(statement.subject) and normalise_name(statement.subject) not in self._types
            found[normalise_name(statement.subject)] = self.mention(statement.subject, "person" if person else "thing")
        if statement.object_type:
            found.setdefault(normalise_name(statement.object), self.mention(statement.object, statement.object_type))
        for name in statement.names:
            found.setdefault(normalise_name(name.text), self.mention(name.text))
        return tuple(found.values())

    def all(self, facts: Sequence[FactDraft]) -> tuple[EntityMention, ...]:
        """Every name of the episode once, the speaker's first."""
        found: dict[str, EntityMention] = {}
        if self._spoken and facts:
            found[normalise_name(self._speaker)] = self.mention(self._speaker, "person")
        for fact in facts:
            for mention in fact.mentions:
                found.setdefault(normalise_name(mention.name), mention)
        return tuple(found.values())


def _draft(statement: Statement, typed: _Types, acting: bool) -> FactDraft:
    return FactDraft(
        text=statement.text,
        quote=statement.quote,
        subject=statement.subject,
        predicate=statement.predicate,
        object=statement.object,
        object_type=statement.object_type,
        functional=statement.functional,
        corrects=statement.corrects,
        ends=statement.ends,
        valid_from=statement.valid_from,
        valid_to=statement.valid_to,
        mentions=typed.of(statement),
        experience=acting and normalise_name(statement.subject) in {"assistant", "agent"},
    )


def _note(episode: Episode, facts: Sequence[FactDraft], passage: Passage) -> NoteDraft:
    texts = list(dict.fromkeys(fact.text for fact in facts))
    whole = " ".join(texts)
    planned = any(fact.predicate in {"plans_to", "wants_to"} for fact in facts)
    words = keywords(whole, found=passage.names, without=(speaker_name(episode.speaker),) if episode.speaker else ())
    return NoteDraft(
        text=_condensed(texts, words),
        context=_context(episode, passage, words),
        keywords=words,
        tags=tags(whole, planned=planned),
    )


def _condensed(texts: Sequence[str], words: Sequence[str]) -> str:
    """The statements that hold most keywords, in their order, within a note's length."""
    lowered = [word.casefold() for word in words]
    ranked = sorted(range(len(texts)), key=lambda i: (-sum(word in texts[i].casefold() for word in lowered), i))
    kept: list[int] = []
    length = 0
    for index in ranked[:_NOTE_SENTENCES]:
        if kept and length + len(texts[index]) > _NOTE_LENGTH:
            continue
        kept.append(index)
        length += len(texts[index])
    return " ".join(texts[index] for index in sorted(kept))


def _context(episode: Episode, passage: Passage, words: Sequence[str]) -> str:
    """One sentence: who or what source, when, about what."""
    about = f", about {', '.join(words[:3])}" if words else ""
    when = f" on {day_label(episode.at)}" if episode.at else ""
    if episode.speaker:
        who = speaker_name(episode.speaker)
        return f"{who[0].upper()}{who[1:]} said this{when}{about}."
    section = f", section {passage.path}" if passage.path else ""
    place = episode.origin or episode.source
    return f"From {place}{section}{when}{about}." if place else f"Noted{when}{section}{about}."
