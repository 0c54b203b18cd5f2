"""What a conversation or document has mentioned so far, to tell whom a pronoun means."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from datetime import datetime

from agentmem.language.gazetteer import FEMALE, KINSHIP, MALE
from agentmem.language.names import Name, normalise_name
from agentmem.language.phrases import attribute_of, gender, is_person
from agentmem.language.rewrite import Persons, possessive
from agentmem.language.scene import Claim
from agentmem.language.wordlists import word_set

_LEADING_PRONOUN = re.compile(
    r"^[\W_]*(?:(?:and|but|so|also|then|now|yesterday|today|later|recently|currently|there|"
    r"apparently|because|since|as)[,]?\s+)*"
    r"(?P<pronoun>he|she|they|it|his|her|their|its)(?=['\u2019]|\b)(?P<after>\s+\S+)?",
    re.IGNORECASE,
)
_SUBJECTS = {"he": "m", "his": "m", "she": "f", "her": "f"}
_NOUNLESS = word_set("and or but is was for to in at on with by from as if when because")
_MEMORY = 24


class Discourse:
    """The memory of one conversation or document while it is read; grows with every sentence."""

    def __init__(self) -> None:
        self.speaker = ""
        self.at: datetime | None = None
        self.participants: set[str] = set()
        self.people: set[str] = set()
        self.things: set[str] = set()
        self.owners: dict[str, str] = {}
        self.last_claims: dict[str, list[Claim]] = {}
        self.last_text = ""
        self._recent: deque[tuple[str, str]] = deque(maxlen=_MEMORY)
        self._last_subject = ""

    def turn(self, speaker: str, at: datetime | None) -> None:
        """A new turn or chunk begins."""
        self.last_text = ""
        self.at = at
        self._last_subject = "" if speaker or self.speaker else self._last_subject
        self.speaker = speaker
        if speaker:
            self.participants.add(normalise_name(speaker))
            self.people.add(normalise_name(speaker))

    def persons(self, sentence: str, name_of_speaker: str) -> Persons:
        """Whom the pronouns of the sentence mean, as far as that is clear."""
        match = _LEADING_PRONOUN.match(sentence)
        if match is None:
            return Persons(speaker=name_of_speaker)
        pronoun = match["pronoun"].lower()
        meant = self._meant(pronoun)
        if not meant:
            return Persons(speaker=name_of_speaker)
        following = (match["after"] or "").strip().lower()
        owning = pronoun in {"his", "their", "its"} or (
            pronoun == "her" and following not in _NOUNLESS and following[:1].isalpha()
        )
        return Persons(speaker=name_of_speaker, pronouns={pronoun: possessive(meant) if owning else meant})

    def _meant(self, pronoun: str) -> str:
        if pronoun in _SUBJECTS:
            wanted = _SUBJECTS[pronoun]
            speaking = normalise_name(self.speaker) if self.speaker else ""
            fitting = [n for n, g in reversed(self._recent) if g in {wanted, ""} and normalise_name(n) != speaking]
            absent = [n for n in fitting if normalise_name(n) not in self.participants]
            return (absent or fitting or [""])[0]
        if not self._last_subject or self.speaker:
            return ""  # in talk, "it" mostly points at a whole situation
        bare = normalise_name(self._last_subject)
        words = set(re.split(r"[\s'\u2019]+", self._last_subject.casefold()))
        person = bare not in self.things and (
            bare in self.people or bool(gender(self._last_subject)) or bool(words & KINSHIP)
        )
        plural = " and " in self._last_subject or (
            bare.endswith("s") and self._last_subject.lower().startswith(("the ", "our "))
        )
        if pronoun in {"they", "their"}:
            return self._last_subject if plural or bare in self.things else ""
        return "" if person or plural else self._last_subject

    def observe(self, found: Iterable[Name], claims: Iterable[Claim]) -> None:
        """Take note of a sentence's names and claims."""
        for name in found:
            bare = normalise_name(name.text)
            if name.type == "person":
                self.people.add(bare)
                self._mention(name.text)
            elif name.type in {"organisation", "place"} and bare not in self.people:
                self.things.add(bare)
            elif (bare in self.people or gender(name.text)) and bare not in self.things:
                self._mention(name.text)
        kept = list(claims)
        for claim in kept:
            if claim.object_type in {"organisation", "place"}:
                bare = normalise_name(claim.object)
                if bare not in self.participants:
                    self.things.add(bare)
                    self.people.discard(bare)
            self._subject(claim)
        if kept:
            self.last_claims[self.speaker] = kept

    def _subject(self, claim: Claim) -> None:
        subject = claim.subject
        if not subject:
            return
        whole = f"{possessive(subject)} {claim.predicate.removesuffix('_date').replace('_', ' ')}"
        owned = attribute_of(subject)
        if owned:
            self.owners[normalise_name(owned[1])] = subject
        elif claim.functional and not claim.predicate.startswith(
            ("lives", "works", "is", "name", "scheduled", "located")
        ):
            self.owners[normalise_name(claim.predicate.removesuffix("_date").replace("_", " "))] = whole
        if is_person(subject, frozenset(self.people)) and normalise_name(subject) not in self.things:
            self._mention(subject)
        elif subject.lower() not in {"we", "they", "it"}:
            self._last_subject = subject if subject[:1].isupper() else f"the {subject}"
            return
        self._last_subject = subject

    def _mention(self, name: str) -> None:
        words = set(re.split(r"[\s'\u2019]+", name.casefold()))
        kind = (
            "f" if words & FEMALE and not words & MALE else "m" if words & MALE and not words & FEMALE else gender(name)
        )
        if kind == "" and " " in name:
            kind = gender(name.split()[0].removeprefix("Dr.").strip() or name)
        entry = (name, kind)
        if entry in self._recent:
            self._recent.remove(entry)
        self._recent.append(entry)
