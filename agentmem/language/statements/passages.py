"""Reading a turn or a chunk of a document: its units one after the other, in the light of what came before."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from agentmem.language.grammar.clauses import Clause
from agentmem.language.grammar.phrases import is_person, trimmed
from agentmem.language.grammar.rewrite import possessive
from agentmem.language.grammar.scene import Scene
from agentmem.language.naming.names import Name, names, normalise_name
from agentmem.language.statements.copulas import value_claim
from agentmem.language.statements.discourse import Discourse
from agentmem.language.statements.documents import Outline, Pair, described, pair, plain
from agentmem.language.statements.reading import Statement, read
from agentmem.language.statements.roles import clearly_person
from agentmem.language.times.dates import dated
from agentmem.language.words.sentences import Unit, sentences
from agentmem.language.words.verbs import verb_forms

_LABEL = re.compile(r"^(?:\[[^\]]{1,30}\]\s*)?(?P<who>[A-Z][\w.'\u2019-]*(?:\s[A-Z][\w.'\u2019-]*){0,2})\s*:\s+(?=\S)")
_TALK = re.compile(r"\b(?:I|I'm|I've|I'll|I\u2019m|I\u2019ve|[Mm]y|me|we|We|you|You|your)\b|[?!]$")
_ROLES = {
    "user": "the user",
    "assistant": "the assistant",
    "human": "the user",
    "ai": "the assistant",
    "bot": "the assistant",
    "": "the user",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What a turn or a chunk says."""

    statements: tuple[Statement, ...] = ()
    """In the order of the text."""
    forget: tuple[tuple[str, str, int], ...] = ()
    """What is to be forgotten, the sentence that asks it, and how many statements stand before it."""
    names: tuple[Name, ...] = ()
    """Every name once."""
    path: str = ""
    """The headings above it, outermost first."""


def speaker_name(speaker: str) -> str:
    """How a text calls a speaker: roles get an article, nobody is the user."""
    return _ROLES.get(speaker.casefold(), speaker)


class Reader:
    """Reads the turns of one conversation, or the chunks of one document, in order."""

    def __init__(self) -> None:
        self._discourse = Discourse()
        self._outline = Outline()
        self._speaker = self._given = ""
        self._found: dict[str, Name] = {}

    def read(self, text: str, *, speaker: str, at: datetime | None) -> Passage:
        """Read the next turn or chunk.

        Args:
            text: Verbatim.
            speaker: Who said it; empty for documents.
            at: When; relative dates count from it.
        """
        self._discourse.turn(speaker, at)
        self._speaker = self._given = speaker
        self._found = {}
        statements: list[Statement] = []
        forget: list[tuple[str, str, int]] = []
        label_line = -1
        for unit in sentences(text):
            if label_line >= 0 and "\n" in text[label_line : unit.start]:
                self._speak(speaker, at)
                label_line = -1
            if self._labelled(unit, at):
                label_line = unit.start
            if label_line < 0 or not speaker:  # what a speaker quotes somebody else with is neither's word to us
                self._unit(unit, statements, forget)
        typed = self._discourse.typed
        return Passage(
            statements=tuple(replace(s, names=tuple(map(typed, s.names))) for s in statements),
            forget=tuple(forget),
            names=tuple(map(typed, self._found.values())),
            path=self._outline.path,
        )

    def _speak(self, speaker: str, at: datetime | None) -> None:
        self._discourse.turn(speaker, at)
        self._speaker = speaker

    def _labelled(self, unit: Unit, at: datetime | None) -> bool:
        """Whether a line of a document is a turn of a chat log: "Anna: I moved"."""
        match = _LABEL.match(unit.text)
        if (
            match is None
            or unit.kind != "sentence"
            or not (
                _TALK.search(unit.text[match.end() :]) or normalise_name(match["who"]) in self._discourse.participants
            )
            or not is_person(match["who"])
        ):
            return False
        who = normalise_name(match["who"])
        if self._given:
            known = clearly_person(match["who"]) or who in self._discourse.participants
            return known and who != normalise_name(self._given)
        self._speak(match["who"], at)
        return True

    def _unit(self, unit: Unit, statements: list[Statement], forget: list[tuple[str, str, int]]) -> None:
        self._outline.feed(unit)
        if unit.kind in {"code", "heading"}:
            return
        if unit.kind == "row":
            statements.extend(s for p in self._outline.row(unit) if (s := self._pair(p, unit.text)))
            return
        words = plain(unit.text)
        label = _LABEL.match(words)
        if label and self._speaker and normalise_name(label["who"]) == normalise_name(self._speaker):
            words = words[label.end() :]
        elif (given := pair(words, self._owner())) and (stated := self._pair(given, unit.text)):
            statements.append(stated)
            return
        topic = "" if self._speaker else self._outline.owner
        reading = read(words, self._discourse, speaker=self._self(), context=topic)
        for statement in reading.statements:
            for name in statement.names:
                self._found.setdefault(normalise_name(name.text), name)
        statements.extend(replace(s, quote=unit.text) for s in reading.statements)
        if reading.forget and self._speaker == self._given:  # in a dialogue that a document prints nobody asks us
            del statements[len(statements) - reading.drops_last :]
            forget.append((reading.forget, unit.text, len(statements)))

    def _self(self) -> str:
        """Whom "I" means."""
        return speaker_name(self._speaker)

    def _owner(self) -> str:
        return "" if self._speaker else self._outline.topic

    def _pair(self, given: Pair, quote: str) -> Statement | None:
        """A key and its value as a statement; None if the key reads like the beginning of a sentence."""
        key, value, subject = trimmed(given.key), given.value, given.subject
        if (
            not key
            or (self._speaker and not subject)
            or any(v.form == "past" for v in verb_forms(key.split()[0].lower()))
        ):
            return None
        at = self._discourse.at
        moments = tuple(self._discourse.dates(value))
        only_date = bool(moments) and moments[0].end - moments[0].start > len(value) - 8
        scene = Scene(text=value, moments=moments, at=at, people=frozenset(self._discourse.people))
        shown = scene.label(moments[0]) if only_date else trimmed(value)
        found = tuple(names(f"{subject}; {value}", opening=False)) if subject else tuple(names(value, opening=False))
        if not shown:
            return None
        text = described(subject, key, dated(value, moments))
        whole = f"{possessive(subject)} {key}" if subject else key
        clause = Clause(subject=whole, lemma="be")
        kind = next((n.type for n in found if n.text == shown), "")
        claim = value_claim(clause, scene, shown, kind="" if kind == "thing" else kind, dated=only_date)
        self._discourse.observe(found, [claim])
        for name in found:
            self._found.setdefault(normalise_name(name.text), name)
        return Statement(
            text=text.rstrip(".") + ".",
            quote=quote,
            subject=claim.subject,
            predicate=claim.predicate,
            object=claim.object,
            object_type=claim.object_type,
            functional=claim.functional,
            valid_from=at,
            names=found,
        )
