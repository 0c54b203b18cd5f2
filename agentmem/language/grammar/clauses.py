"""A clause taken apart without a grammar: subject, verb, and what follows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agentmem.language.grammar.rewrite import SKIPPED_ADVERBS
from agentmem.language.naming.first_names import FEMALE_NAMES, MALE_NAMES
from agentmem.language.words.verbs import BE, DO, HAVE, MODALS, VERBS, Verb, noun_before_verb, verb_forms
from agentmem.language.words.wordlists import word_set

_TOKEN = re.compile(
    r"[$\u20ac\u00a3]?\d[\d,.]*\d%?|[$\u20ac\u00a3]?\d%?|https?://\S+|(?<![\w.+-])[\w.+-]+@[\w.-]+\w|(?:[^\W\d_]\.){2,}|"
    r"[^\W_][\w\u00ad]*(?:[-'\u2019&/+.@#][^\W_][\w]*|[+#]+)*(?:(?<=\b[A-Z])\.(?=\s[A-Z])|"
    r"(?<=\b[DMS][rst])\.|(?<=\bMrs)\.)?"
    r"|[^\w\s]|_"
)
_CONTRACTION = re.compile(
    r"\b(?P<will>won)['\u2019]t\b|\b(?P<can>can)(?:not|['\u2019]t)\b|(?P<not>n['\u2019]t)\b|"
    r"['\u2019](?P<rest>re|ve|ll)\b|"
    r"\b(?P<who>he|she|it|that|there|who|what|where|here)['\u2019]s\b|"
    r"(?<=[^\W\d_])(?P<name>['\u2019]s)(?=\s+(?:\w+ly\s+|now\s+|not\s+|"
    r"still\s+)?(?:(?!wedding|building|meeting|painting|training|clothing|drawing|feeling|"
    r"spring|parking|pricing|rating|ranking|landing|opening|closing|ending|"
    r"being)\w{3,}ing(?=\s+(?:to|in|at|on|for|with|an?|the|my|his|her|their|out|up|from|as|"
    r"and|now|again|this|that|next|[A-Z]\w*)\b|\s*[.,!]|\s*$)|been|going|called|named|an?|"
    r"the)\b(?!\s+(?:is|was|are|were|will|has)\b))",
    re.IGNORECASE,
)
_DETERMINERS = word_set(
    """
    a an the my our your his her its their this that these those some any no every each another which
    """
)
_NOT_A_SUBJECT = word_set(
    """
    in on at to from with for by of after before when while if because since although though as during until once
    where who what which why how whether despite without about into than not never so and or but then there here
    that's it's unlike like
    """
)
_RELATIVE = frozenset(
    {"who", "which", "that", "where", "when", "whose", "whom", "if", "because", "while", "what", "how", "why"}
)
_PLURAL_SUBJECTS = frozenset({"we", "they", "you", "i", "people", "children", "kids", "both", "all", "parents"})
_FINITE = frozenset({"am", "is", "are", "was", "were", "has", "have", "had", "do", "does", "did"}) | MODALS
_MAX_SUBJECT = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word or sign with its place."""

    text: str
    low: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """Subject, verb and the rest."""

    subject: str
    """The words before the verb, without adverbs."""
    lemma: str
    """Base form of the main verb."""
    past: bool = False
    """Simple past, past perfect or past passive."""
    perfect: bool = False
    """Have with a participle, in the present."""
    progressive: bool = False
    """Be with a form in -ing."""
    passive: bool = False
    """Be with a participle."""
    negated: bool = False
    """not, never, no longer."""
    no_longer: bool = False
    """What held holds no more: "no longer", "not ... any more"."""
    habitual: bool = False
    """"used to"."""
    modal: str = ""
    """can, must ... ; empty for an assertion."""
    now: bool = False
    """now, currently, these days."""
    now_first: bool = False
    """Whether "now" stands beside the verb and not at the end ("is now at Acme")."""
    rest: tuple[Token, ...] = ()
    """What follows the verb."""
    start: int = 0
    """Where the subject begins in the text."""
    verb_start: int = 0
    """Where the first verb begins in the text."""
    verb_end: int = 0
    """Where the main verb ends in the text."""


def expanded(text: str) -> str:
    """The text with contractions written out: isn't -> is not, she's -> she is."""
    return _CONTRACTION.sub(_expansion, text) if "'" in text or "\u2019" in text or "annot" in text else text


def _expansion(match: re.Match[str]) -> str:
    if match["will"]:
        return "will not"
    if match["can"]:
        return "can not"
    if match["not"]:
        return " not"
    if match["rest"]:
        return {"re": " are", "ve": " have", "ll": " will"}[match["rest"].lower()]
    following = match.string[match.end() :].lstrip().lower()
    return (match["who"] or "") + (" has" if following.startswith(("been", "got ", "had ")) else " is")


def tokens(text: str) -> list[Token]:
    """Words and signs with their places."""
    return [Token(text=m.group(), low=m.group().lower(), start=m.start(), end=m.end()) for m in _TOKEN.finditer(text)]


def parse(text: str, words: list[Token], subject: str = "") -> Clause | None:
    """The main clause of `words`; None where no subject and finite verb stand at its head.

    Args:
        text: What the tokens were taken from.
        words: The clause, contractions written out.
        subject: A subject that the clause leaves out ("and works at Acme").
    """
    if subject:
        first = _skip_adverbs(words, 0)
        return _clause(text, words, subject, first, 0) if first < len(words) else None
    begin = _after_opening(words)
    for index in range(begin + 1, min(len(words), begin + _MAX_SUBJECT)):
        word = words[index]
        if not word.text[0].isalnum():
            if word.text in ',(\u2014\u2013-"' and _closes(words, index):
                continue
            return None
        if _is_finite(words, index, begin):
            noun = _subject(text, words, begin, index)
            clause = _clause(text, words, noun, index, words[begin].start) if noun else None
            if clause is not None or noun == "":
                return clause
    return None


def _after_opening(words: list[Token]) -> int:
    """Where the subject begins: after a phrase such as "In 2021," or "Last week"."""
    if not words:
        return 0
    if words[0].low in _NOT_A_SUBJECT or words[0].low in SKIPPED_ADVERBS or words[0].low.endswith("ly"):
        for index, word in enumerate(words[:12]):
            if word.text == "," and index + 1 < len(words):
                return index + 1
        first = _skip_adverbs(words, 0)
        return first
    return 0


def _closes(words: list[Token], index: int) -> bool:
    """Whether the insertion that opens at `index` ("Anna, my sister, ...") closes again soon."""
    closing = {"(": ")"}.get(words[index].text, words[index].text)
    return any(w.text == closing for w in words[index + 1 : index + 7]) or any(
        w.text == closing for w in words[max(0, index - 6) : index]
    )


def _skip_adverbs(words: list[Token] | tuple[Token, ...], index: int) -> int:
    while index < len(words) and (
        words[index].low in SKIPPED_ADVERBS
        or (words[index].low.endswith("ly") and len(words[index].low) > 4 and words[index].low not in VERBS)
    ):
        index += 1
    return index


def _is_finite(words: list[Token], index: int, begin: int) -> bool:
    """Whether the word can be the finite verb of the clause that begins at `begin`."""
    word, before = words[index].low, words[index - 1]
    if word in _FINITE:
        return True
    if before.low in _DETERMINERS or before.low.endswith(("'s", "\u2019s")) or before.low in {"of", "to"}:
        return False
    forms = verb_forms(word)
    if not forms or words[index].text[0].isupper():
        return False
    following = words[index + 1].low if index + 1 < len(words) else ""
    after = words[index + 2].low if index + 2 < len(words) and words[index + 2].text[0].isalnum() else ""
    for form in forms:
        if form.form == "past":
            return True
        if form.form == "s":
            named = before.text[0].isupper() and (index - 1 > begin or before.low in FEMALE_NAMES | MALE_NAMES)
            if not named and noun_before_verb(word, following, after):
                return False
            return (
                following not in _FINITE
                and following != "of"
                and (before.text[0].isupper() or not _noun_pile(words, begin, index))
            )
        if form.form == "base":
            return (
                before.low in _PLURAL_SUBJECTS
                or (before.low.endswith("s") and not before.text[0].isupper() and following not in _FINITE)
                or ("and" in {w.low for w in words[begin:index]} and before.text[0].isupper())
            )
    return False


def _noun_pile(words: list[Token], begin: int, index: int) -> bool:
    """Whether a word in -s is more likely a plural noun: another finite verb follows ("the project plans are")."""
    following = words[index + 1 : index + 3]
    if following and following[0].low in _PLURAL_SUBJECTS | {"he", "she", "it", "that", "this", "the", "a", "my"}:
        return False
    return any(w.low in _FINITE for w in following)


def _subject(text: str, words: list[Token], begin: int, index: int) -> str | None:
    """The words of the subject, "" if they are none for good, None if the verb must lie further on."""
    stop = index
    while stop > begin and (words[stop - 1].low in SKIPPED_ADVERBS or words[stop - 1].low.endswith("ly")):
        stop -= 1
    if stop - begin > 2 and words[stop - 1].low == "longer" and words[stop - 2].low == "no":
        stop -= 2
    if stop == begin:
        return ""
    part = words[begin:stop]
    if part[0].low in _NOT_A_SUBJECT:
        return ""
    if any(w.low in _RELATIVE for w in part[1:]):
        return None
    if part[-1].low in _NOT_A_SUBJECT or part[-1].low in _DETERMINERS - {
        "this",
        "that",
        "these",
        "those",
        "his",
        "her",
    }:
        return ""
    return text[part[0].start : part[-1].end]


def _clause(text: str, words: list[Token], subject: str, index: int, start: int) -> Clause | None:
    """Read the chain of auxiliaries and the main verb."""
    reading = _Chain(words, index)
    if not reading.read():
        return None
    rest = tuple(words[reading.stop :])
    lows = [w.low for w in rest]
    ending = " ".join(lows[-3:])
    more = (
        reading.no_longer
        or lows[:2] == ["no", "longer"]
        or (reading.negated and ("any more" in ending or "anymore" in ending or "any longer" in ending))
    )
    now_words = {w.low for w in words}
    beside = {w.low for w in words[max(0, index - 1) : reading.stop + 1]}
    return Clause(
        subject=subject,
        lemma=reading.lemma,
        past=reading.past,
        perfect=reading.perfect,
        progressive=reading.progressive,
        passive=reading.passive,
        negated=reading.negated,
        no_longer=more,
        habitual=reading.habitual,
        modal=reading.modal,
        now=bool(now_words & {"now", "currently", "nowadays", "presently"}) or "these days" in text[-24:].lower(),
        now_first=bool(beside & {"now", "currently"}),
        rest=rest,
        start=start,
        verb_start=words[index].start,
        verb_end=words[reading.stop - 1].end,
    )


class _Chain:
    """Auxiliaries up to the main verb."""

    def __init__(self, words: list[Token], index: int) -> None:
        self._words = words
        self.stop = index
        self.lemma = ""
        self.modal = ""
        self.past = self.perfect = self.progressive = self.passive = False
        self.negated = self.no_longer = self.habitual = False

    def read(self) -> bool:
        """Read the chain; False if there is no main verb."""
        before = [word.low for word in self._words[max(0, self.stop - 3) : self.stop]]
        self.no_longer = before[-2:] == ["no", "longer"]
        self.negated = self.no_longer or "not" in before or "never" in before
        auxiliary = ""
        while self.stop < len(self._words):
            low = self._words[self.stop].low
            if self._skipped(low):
                continue
            verb = self._choose(low, auxiliary)
            if verb is None:
                return self._settle(auxiliary)
            if not self._is_auxiliary(low, auxiliary):
                return self._main(verb, auxiliary, low)
            auxiliary = low
            self.stop += 1
        return self._settle(auxiliary)

    def _skipped(self, low: str) -> bool:
        if low == "no" and self.stop + 1 < len(self._words) and self._words[self.stop + 1].low == "longer":
            self.negated = self.no_longer = True
            self.stop += 2
            return True
        if low in {"not", "never"}:
            self.negated = True
        elif low not in SKIPPED_ADVERBS and not (low.endswith("ly") and len(low) > 4 and low not in VERBS):
            return False
        self.stop += 1
        return True

    def _choose(self, low: str, auxiliary: str) -> Verb | None:
        """The reading of a word that fits what stands before it."""
        forms = verb_forms(low)
        if low in MODALS:
            return Verb(low, "base")
        if auxiliary in BE:
            fitting = [f for f in forms if f.form in {"participle", "ing", "past"} and low not in {"left"}]
            if not forms and low.endswith("ing") and len(low) > 5:
                return Verb(low[:-3], "ing")
            return next((f for f in fitting if f.form != "past"), fitting[0] if fitting else None)
        if auxiliary in HAVE:
            return next((f for f in forms if f.form in {"participle", "past"}), None)
        if auxiliary in MODALS or auxiliary in DO:
            return next((f for f in forms if f.form == "base"), None) or (Verb("be", "base") if low == "be" else None)
        return forms[0] if forms else None

    def _is_auxiliary(self, low: str, auxiliary: str) -> bool:
        following = self._next(self.stop + 1)
        if low in MODALS:
            return True
        if low in BE or low in {"be", "been", "being"}:
            return self._fits(following, {"participle", "ing", "past"}) or following in {"been", "being"}
        if low in HAVE and auxiliary not in MODALS | DO:
            return self._fits(following, {"participle", "past"}) and not (
                following in VERBS
                and following not in {"become", "come", "run", "quit", "put", "set", "read", "cut", "hit", "let"}
            )
        return low in DO and (following in VERBS or following in {"be", "have", "do"})

    def _fits(self, word: str, wanted: set[str]) -> bool:
        if "ing" in wanted and word.endswith("ing") and len(word) > 5 and not verb_forms(word):
            return True
        return any(form.form in wanted for form in verb_forms(word))

    def _next(self, index: int) -> str:
        while index < len(self._words) and (
            self._words[index].low in SKIPPED_ADVERBS or self._words[index].low.endswith("ly")
        ):
            index += 1
        if index + 1 < len(self._words) and self._words[index].low == "no" and self._words[index + 1].low == "longer":
            return self._next(index + 2)
        return self._words[index].low if index < len(self._words) else ""

    def _settle(self, auxiliary: str) -> bool:
        """The chain ends without a further verb: the last auxiliary is the main verb ("is a nurse", "has a dog")."""
        self._tense(auxiliary)
        self.lemma = (
            "be"
            if auxiliary in BE | {"be", "been"}
            else "have"
            if auxiliary in HAVE
            else "do"
            if auxiliary in DO
            else ""
        )
        return bool(self.lemma)

    def _main(self, verb: Verb, auxiliary: str, low: str) -> bool:
        self.stop += 1
        words = self._words
        if low == "used" and auxiliary == "" and self.stop + 1 < len(words) and words[self.stop].low == "to":
            lemma = words[self.stop + 1].low
            if lemma in VERBS:
                self.habitual = self.past = True
                self.lemma = lemma
                self.stop += 2
                return True
        self.lemma = verb.lemma
        self.progressive = verb.form == "ing"
        self.passive = auxiliary in BE | {"be", "been", "being"} and verb.form in {"participle", "past"}
        self._tense(auxiliary or ("was" if verb.form == "past" else ""))
        return True

    def _tense(self, auxiliary: str) -> None:
        lows = {w.low for w in self._words[max(0, self.stop - 6) : self.stop]}
        self.modal = next((w for w in lows & MODALS), "")
        self.past = self.past or auxiliary in {"was", "were", "had", "did"} or ("had" in lows and auxiliary == "been")
        self.perfect = "been" in lows or (bool(lows & {"has", "have"}) and auxiliary in {"has", "have"})
