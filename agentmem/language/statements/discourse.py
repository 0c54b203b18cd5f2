"""What a conversation or document has mentioned so far, to tell whom a pronoun means."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from datetime import datetime

from agentmem.language.grammar.phrases import attribute_of, gender, is_person
from agentmem.language.grammar.rewrite import Persons, possessive
from agentmem.language.grammar.scene import Claim
from agentmem.language.naming.gazetteer import FEMALE, KINSHIP, MALE
from agentmem.language.naming.names import EntityType, Name, normalise_name
from agentmem.language.statements.possessions import ANIMALS
from agentmem.language.statements.roles import retyped, told_types
from agentmem.language.times.dates import Moment, find_dates
from agentmem.language.words.wordlists import word_set

_LEADING_PRONOUN = re.compile(
    r"^[\W_]*(?:(?:and|but|so|also|then|now|yesterday|today|later|recently|currently|there|"
    r"apparently|because|since|as)[,]?\s+)*"
    r"(?P<pronoun>he|she|they|it|his|her|their|its)(?=['\u2019]|\b)(?P<after>\s+\S+)?",
    re.IGNORECASE,
)
_SUBJECTS = {"he": "m", "his": "m", "she": "f", "her": "f"}
_NOUNLESS = word_set("and or but is was for to in at on with by from as if when because")
_MEMORY = 24
_IDENTIFIED = re.compile(
    r"^\W*[Ii]t(?:'s|\u2019s| is| was)\s+(?:(?:called|named)\s+)?(?:(?:an?|"
    r"the)\s+(?:[a-z]+\s+){0,2})?[A-Z]|^\W*[Ii]ts name\b",
)
"""As in "It is Lyra Telecom", "It's called Kiki": says which one that is."""
_GROUPS = word_set(
    "we they i you it team people family couple everyone everybody crew company group parents kids children"
)
_OBTAINED = word_set(
    "finds buys gets adopts owns has builds starts opens hires chooses picks rents launches uses joins"
)


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
        self._animal = ""
        self._new_thing = ""
        self._told: dict[str, EntityType] = {}
        self._given: set[str] = set()

    def typed(self, name: Name) -> Name:
        """A name with all that is known of it by now."""
        return retyped(name, self._told, frozenset(self._given))

    def turn(self, speaker: str, at: datetime | None) -> None:
        """A new turn or chunk begins."""
        self.last_text = ""
        self.at = at
        self._last_subject = "" if speaker or self.speaker else self._last_subject
        self.speaker = speaker
        if speaker:
            self.participants.add(normalise_name(speaker))
            self.people.add(normalise_name(speaker))

    def dates(self, text: str) -> list[Moment]:
        """The times in a text of this turn."""
        return find_dates(text, self.at, any_year=self.at is None)

    def persons(self, sentence: str, name_of_speaker: str) -> Persons:
        """Whom the pronouns of the sentence mean, as far as that is clear."""
        match = _LEADING_PRONOUN.match(sentence)
        if match is None:
            return Persons(speaker=name_of_speaker)
        pronoun = match["pronoun"].lower()
        following = (match["after"] or "").strip().lower()
        meant = self._meant(pronoun, following, sentence)
        if not meant:
            return Persons(speaker=name_of_speaker)
        owning = pronoun in {"his", "their", "its"} or (
            pronoun == "her" and following not in _NOUNLESS and following[:1].isalpha()
        )
        return Persons(speaker=name_of_speaker, pronouns={pronoun: possessive(meant) if owning else meant})

    def _meant(self, pronoun: str, following: str, sentence: str) -> str:
        if self._animal and (pronoun in {"it", "its"} or pronoun in _SUBJECTS or following.startswith("name")):
            # What was just got is named next ("Her name is ..."); else a person of that sex may be meant as well.
            if following.startswith("name") or " called " in sentence or " named " in sentence:
                return self._animal
            rival = pronoun in _SUBJECTS and any(g == _SUBJECTS[pronoun] for _, g in self._recent)
            return "" if rival or pronoun in {"they", "their"} else self._animal
        if pronoun in _SUBJECTS:
            wanted = _SUBJECTS[pronoun]
            speaking = normalise_name(self.speaker) if self.speaker else ""
            fitting = [n for n, g in reversed(self._recent) if g in {wanted, ""} and normalise_name(n) != speaking]
            absent = [n for n in fitting if normalise_name(n) not in self.participants]
            return "" if following == "name" else (absent or fitting or [""])[0]
        if self._new_thing and pronoun in {"it", "its"} and _IDENTIFIED.match(sentence):
            return self._new_thing
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
        claims = list(claims)
        for bare, kind in told_types(claims).items():
            self._told[bare] = kind
            if kind == "person" and bare not in self.things:
                self.people.add(bare)
        for name in map(self.typed, found):
            self._observe_name(name)
        for claim in claims:
            self._observe_claim(claim)
        self._gained(claims)
        if claims:
            self.last_claims[self.speaker] = claims

    def _observe_name(self, name: Name) -> None:
        bare = normalise_name(name.text)
        if name.type == "person":
            if " " in bare:
                self._given.add(bare.split()[0])
            self.people.add(bare)
            self._mention(name.text)
        elif name.type in {"organisation", "place"} and bare not in self.people:
            self.things.add(bare)
        elif (bare in self.people or gender(name.text)) and bare not in self.things:
            self._mention(name.text)

    def _observe_claim(self, claim: Claim) -> None:
        bare = normalise_name(claim.object)
        if claim.object_type in {"organisation", "place"} and bare not in self.participants:
            self.things.add(bare)
            self.people.discard(bare)
        self._subject(claim)
        if claim.predicate in KINSHIP and claim.object_type == "person":
            self._mention(claim.object, sex(claim.predicate))
        elif claim.object.casefold().split()[-1:] and claim.object.casefold().split()[-1] in KINSHIP - _GROUPS:
            self._mention(claim.object)

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
            if self._single(subject):
                self._mention(subject)
        elif subject.lower() not in {"we", "they", "it"}:
            self._last_subject = subject if subject[:1].isupper() else f"the {subject}"
            return
        self._last_subject = subject

    def _single(self, subject: str) -> bool:
        """Whether "he" or "she" can mean a subject: one person, and by more than a capital letter."""
        bare = normalise_name(subject)
        words = bare.split()
        if not words or words[-1] in _GROUPS or " and " in f" {bare} ":
            return False
        return bare in self.people or bool(gender(subject)) or words[-1] in KINSHIP

    def _gained(self, claims: list[Claim]) -> None:
        """Remember what a sentence brings in without a name, for "her name is ..." and "it is ..." right after it."""
        self._animal = self._new_thing = ""
        for claim in claims:
            owner = claim.subject if claim.subject.lower() != "we" else self.speaker
            if claim.ends or not claim.object:
                continue
            if claim.predicate == "name" and claim.subject.lower().split()[-1] in ANIMALS:
                self._animal = claim.object
            elif claim.predicate == "has_pet":
                kind = next((w for w in claim.object.lower().split() if w in ANIMALS), "")
                self._animal = f"{possessive(owner)} {kind}" if kind and owner else claim.object
            elif (claim.predicate == "has" and claim.object.lower() in KINSHIP - _GROUPS) or claim.predicate == "hires":
                self._animal = (
                    f"{possessive(owner)} {claim.object}" if claim.predicate == "has" else f"the {claim.object}"
                )
            elif claim.predicate in _OBTAINED and claim.object[:1].islower() and not claim.functional:
                mine = claim.predicate in {"owns", "has", "buys"} and owner
                self._new_thing = f"{possessive(owner)} {claim.object}" if mine else f"the {claim.object}"

    def _mention(self, name: str, kind: str = "") -> None:
        kind = kind or sex(name) or gender(name)
        if kind == "" and " " in name:
            kind = gender(name.split()[0].removeprefix("Dr.").strip() or name)
        entry = (name, kind)
        if entry in self._recent:
            self._recent.remove(entry)
        self._recent.append(entry)


def sex(words: str) -> str:
    """As in "f" or "m" by words such as sister and uncle; empty if none or both tell."""
    parts = set(re.split(r"[\s'\u2019_]+", words.casefold()))
    female, male = bool(parts & FEMALE), bool(parts & MALE)
    return "" if female == male else "f" if female else "m"
