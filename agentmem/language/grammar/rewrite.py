"""A speaker's words told by somebody else: "I've moved" becomes "Anna has moved", "my" becomes "Anna's"."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agentmem.language.words.stopwords import STOP_WORDS
from agentmem.language.words.verbs import MODALS, VERBS, third_person, verb_forms
from agentmem.language.words.wordlists import word_set

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?|[^\w\s]|\d[\d,.]*|\s+|_")
_FIRST = {"i", "i'm", "i've", "i'd", "i'll", "im", "ive"}
_CONTRACTED = {"i'm": "is", "im": "is", "i've": "has", "ive": "has", "i'll": "will"}
_COLLOQUIAL = {"wanna": "wants to", "gonna": "is going to", "gotta": "has to"}
_POSSESSIVES = {"my": "", "mine": "", "myself": "", "me": ""}
SKIPPED_ADVERBS: frozenset[str] = word_set(
    """
    actually almost already also always basically both certainly currently deeply definitely desperately even
    eventually ever finally formerly frequently fully generally genuinely gradually happily honestly initially just
    kinda lately later literally mainly maybe merely mostly never newly normally not now occasionally officially
    often once only originally permanently personally presently previously primarily probably quickly quite rarely
    really recently regularly simply sincerely sometimes soon still strongly suddenly temporarily then therefore
    totally truly typically usually absolutely back again apparently clearly obviously successfully briefly n't
    specifically secretly
    """
)
"""Adverbs that may stand between subject, auxiliaries and verb."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Persons:
    """Whom the pronouns of a sentence mean."""

    speaker: str = ""
    """Who says I; empty to leave the first person as it stands."""
    pronouns: dict[str, str] = field(default_factory=dict)
    """Lower-case pronoun (she, her, they ...) -> name, for those that are resolved."""


def possessive(name: str) -> str:
    """Anna -> Anna's, the kids -> the kids'."""
    if name.casefold() in {"we"}:
        return "our"
    return (
        name
        + ("\u2019" if "\u2019" in name else "'")
        + ("" if name.endswith("s") and not name.split()[-1][:1].isupper() else "s")
    )


def in_third_person(sentence: str, persons: Persons) -> str:
    """The sentence with the first person and resolved pronouns replaced by names, and the verbs made to agree."""
    if not persons.speaker and not persons.pronouns:
        return sentence
    words = _WORD.findall(sentence)
    if "".join(words) != sentence:
        return sentence
    return _Rewriter(words, persons).run()


class _Rewriter:
    """One pass over the words of a sentence, with what the next verb must agree with."""

    def __init__(self, words: list[str], persons: Persons) -> None:
        self._words = words
        self._persons = persons
        self._out: list[str] = []
        self._agree = False
        self._conjugated = False

    def run(self) -> str:
        """The rewritten sentence."""
        if self._persons.speaker and self._words and self._subjectless():
            self._out.append(self._persons.speaker + " ")
            self._words = [self._words[0][0].lower() + self._words[0][1:], *self._words[1:]]
            text = self._run()
            return text[0].upper() + text[1:]
        return self._run()

    def _subjectless(self) -> bool:
        """Whether the speaker left out "I": "Lost my job yesterday"."""
        words = [w.lower() for w in self._words if not w.isspace()]
        first = 1 if words[:1] == ["just"] else 0
        if len(words) < first + 3 or not self._words[0][0].isupper():
            return False
        if words[first : first + 2] == ["handed", "in"]:
            return True
        return words[first] in _OPENING_PASTS and words[first + 1] not in {"by", "in", "on", "and", ","}

    def _run(self) -> str:
        for index, word in enumerate(self._words):
            lowered = word.lower().replace("\u2019", "'")
            if not self._persons.speaker or not self._first_person(index, word, lowered):
                self._other(index, word, lowered)
        text = "".join(self._out)
        return text[:1].upper() + text[1:] if self._words and self._words[0][:1].isupper() else text

    def _first_person(self, index: int, word: str, lowered: str) -> bool:
        speaker = self._persons.speaker
        if "-" in (
            self._words[index - 1] if index else "",
            self._words[index + 1] if index + 1 < len(self._words) else "",
        ):
            return False
        if lowered in _FIRST and (word[0] == "I" or self._is_pronoun(index)):
            self._out.append(speaker)
            if lowered == "i'd":
                self._out.append(" had" if self._next_is_participle(index) else " would")
            elif lowered in _CONTRACTED:
                self._out.append(" " + _CONTRACTED[lowered])
            self._agree = lowered == "i"
            self._conjugated = lowered == "i"
            return True
        if lowered in _POSSESSIVES:
            self._out.append(speaker if lowered == "me" else possessive(speaker) if lowered != "myself" else speaker)
            return True
        return False

    def _is_pronoun(self, index: int) -> bool:
        """A small i is the pronoun where it stands for itself, not in "i.e." or a list."""
        following = self._words[index + 1] if index + 1 < len(self._words) else ""
        return self._words[index] != "i" or following.isspace()

    def _next_is_participle(self, index: int) -> bool:
        coming = (w.lower() for w in self._words[index + 1 :] if not w.isspace())
        following = next((w for w in coming if w not in SKIPPED_ADVERBS), "")
        return any(v.form == "participle" for v in verb_forms(following)) and following not in VERBS

    def _other(self, index: int, word: str, lowered: str) -> None:
        name = self._persons.pronouns.get(lowered.split("'")[0])
        if (name is not None and lowered.split("'")[0] == lowered) or (name is not None and lowered.endswith("'s")):
            self._out.append(name + (" is" if lowered.endswith("'s") else ""))
            return
        if self._agree and not word.isspace():
            self._out.append(self._agreeing(word, lowered))
            return
        if self._conjugated and self._continues(index) and lowered in VERBS and lowered != "be":
            self._out.append(third_person(lowered))
            return
        self._out.append(word)

    def _agreeing(self, word: str, lowered: str) -> str:
        """The verb after the speaker's name; adverbs keep the agreement waiting."""
        if lowered in SKIPPED_ADVERBS or lowered.endswith("ly") or lowered in {"no", "longer"}:
            return word
        self._agree = False
        if lowered in {"am", "are"}:
            return "is"
        if lowered in _COLLOQUIAL:
            self._conjugated = False
            return _COLLOQUIAL[lowered]
        if lowered in {"don't", "haven't"}:
            self._conjugated = False
            return {"don't": "doesn't", "haven't": "hasn't"}[lowered]
        if lowered in MODALS or lowered in {"can't", "won't", "couldn't", "wouldn't", "shouldn't", "didn't"}:
            self._conjugated = False
            return word
        forms = verb_forms(lowered)
        if (
            lowered in VERBS
            and (forms[0].form == "base" or len(forms) == 1)
            and not (forms[0].form == "past" or any(v.form == "past" and v.lemma == lowered for v in forms))
        ):
            return third_person(lowered)
        self._conjugated = False
        unknown = not forms and lowered.isalpha() and word.islower() and len(word) > 3 and lowered not in STOP_WORDS
        return third_person(lowered) if unknown else word

    def _continues(self, index: int) -> bool:
        """Whether the word follows "and", "but" or "or": a further verb of the same subject, unless a noun."""
        before = [w.lower() for w in self._words[max(0, index - 4) : index] if not w.isspace()]
        if not before or before[-1] not in {"and", "but"}:
            return False
        after = next((w.lower() for w in self._words[index + 1 :] if not w.isspace()), "")
        return self._words[index] not in _NOUNS_TOO or after in _AFTER_VERBS


_OPENING_PASTS = word_set(
    """
    lost went got had saw met bought made came took found started finished moved joined visited tried won ran spent
    spoke ate decided quit took watched attended signed booked adopted handed quit left joined
    """
)
_NOUNS_TOO = word_set(
    """
    work love travel dance music book walk play watch plan talk run swim hike camp rest sleep support help hope care
    cook study exercise research design print fish drink change challenge stress water film surf ski
    """
)
_AFTER_VERBS = frozenset(
    {"at", "for", "as", "in", "it", "to", "him", "her", "them", "this", "that", "my", "the", "a", "an"}
)
