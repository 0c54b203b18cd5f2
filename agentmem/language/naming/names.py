"""Names of people, organisations, places and things, found by their capitals and their surroundings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from agentmem.language.naming.first_names import FEMALE_NAMES, MALE_NAMES
from agentmem.language.naming.gazetteer import (
    CALENDAR,
    KINSHIP,
    LANGUAGES,
    ORGANISATION_ENDINGS,
    PLACE_ENDINGS,
    PLACES,
    THING_ENDINGS,
    TITLES,
)
from agentmem.language.words.sentences import LONGEST
from agentmem.language.words.stopwords import COMMON_OPENERS, FILLERS, STOP_WORDS
from agentmem.language.words.verbs import noun_before_verb
from agentmem.language.words.wordlists import word_set

EntityType = Literal["person", "organisation", "place", "thing"]

_TOKEN = re.compile(
    r"(?:[^\W\d_]\.){2,}|[^\W_](?:[\w+]|[-'\u2019.&](?=[^\W_]))*(?:(?<=\b[A-Z])\.|(?<=\bDr)\.|"
    r"(?<=\bMr)\.|(?<=\bMs)\."
    r"|(?<=\bMrs)\.|(?<=\bSt)\.|(?<=\bProf)\.)?"
)
_POSSESSIVE = re.compile(r"(?:['\u2019]s|(?<=s)['\u2019])$", re.IGNORECASE)
_DETERMINERS = re.compile(
    r"^(?:(?:the|a|an|my|our|your|his|her|its|their|this|that|these|those|some)\s+)+(?=\S)", re.IGNORECASE
)
_SPACES = re.compile(r"\s+")
_EDGES = " \t\r\n\"'`.,;:!?()[]{}<>*_\u201c\u201d\u2018\u2019\u2026\u2013\u2014-|"
# Small words that stay inside a name when capitals surround them.
_JOINERS = frozenset(
    {
        "of",
        "de",
        "da",
        "do",
        "del",
        "della",
        "di",
        "du",
        "la",
        "le",
        "van",
        "von",
        "der",
        "den",
        "el",
        "al",
        "bin",
        "ibn",
        "y",
        "&",
    }
)
_PERSON_VERBS = word_set(
    """
    said says told tells asked asks thinks thought feels felt likes liked loves loved hates enjoys enjoyed wants
    wanted lives lived works worked married knows knew wrote writes met studies studied plays played moved joined
    graduated retired prefers speaks teaches taught believes hopes got went came has had is was will can
    """
)
_FIRST_NAMES = FEMALE_NAMES | MALE_NAMES
_STRONG_PERSON_VERBS = _PERSON_VERBS - word_set("has had is was will can moved got came joined")
_PLACE_BEFORE = frozenset(
    {"in", "to", "from", "near", "around", "across", "visit", "visited", "visiting", "toward", "towards", "via"}
)
_ORGANISATION_BEFORE = frozenset({"at", "joined", "joining", "joins", "join", "founded", "employer", "company"})
_PERSON_BEFORE = frozenset({"with", "told", "asked", "met", "called", "married", "named"}) | KINSHIP | TITLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name as it stands in a text."""

    text: str
    """The name, without a possessive ending."""
    type: EntityType
    """What it seems to be; thing if nothing tells."""
    start: int
    """Where it begins, in characters."""
    end: int
    """Where it ends, exclusive."""
    local: bool = False
    """Whether it stands where a place stands ("in Sofia")."""


@lru_cache(maxsize=16384)
def normalise_name(name: str) -> str:
    """The form in which names are compared: NFKC, case folded, no determiner, possessive or outer punctuation.

    Only the first `LONGEST` characters count.
    """
    previous, bare = "", unicodedata.normalize("NFKC", name[:LONGEST]).casefold()[:LONGEST]
    while bare != previous:
        previous = bare
        bare = unicodedata.normalize("NFKC", _SPACES.sub(" ", bare).strip(_EDGES))
        bare = _POSSESSIVE.sub("", _DETERMINERS.sub("", bare)).strip(_EDGES) or bare
    return bare or _SPACES.sub(" ", name[:LONGEST]).strip().casefold()


def names(text: str, *, known: Iterable[str] = (), opening: bool = True) -> list[Name]:
    """The names in a sentence, from left to right.

    Args:
        text: One sentence.
        known: Normalised names that count even where a capital proves nothing, such as speakers.
        opening: Whether the text begins a sentence, so that its first capital proves little.
    """
    words = [(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(text)]
    known_names = frozenset(known)
    found: list[Name] = []
    index = 0
    while index < len(words):
        stop = _run(text, words, index, known_names)
        if stop == index:
            index += 1
            continue
        begin, stop = _trimmed(text, words, index, stop, known_names, opening)
        if begin < stop and _is_name(words, begin, stop, opening, known_names):
            found.append(_name(text, words, begin, stop))
        index = max(stop, index + 1)
    return found


def _run(text: str, words: list[tuple[str, int, int]], index: int, known: frozenset[str]) -> int:
    """Index after the last word of the capitalised run that begins at `index`; `index` itself if there is none."""
    if not _capital(words[index][0]):
        return index
    stop = index + 1
    while stop < len(words):
        word, start, _ = words[stop]
        between = text[words[stop - 1][2] : start]
        if _POSSESSIVE.search(words[stop - 1][0]) or between not in {" ", " & ", "-", ". ", " \u00a0", "\u00a0"}:
            break
        if between == ". " and len(words[stop - 1][0]) > 2:
            break
        if _capital(word) or (word[0].isdigit() and not word.endswith(("th", "st", "nd", "rd"))):
            stop += 1
        elif word in _JOINERS and stop + 1 < len(words) and _joins(text, words, stop):
            stop += 2
        else:
            break
    return stop


def _joins(text: str, words: list[tuple[str, int, int]], at: int) -> bool:
    following = words[at + 1]
    return (
        text[words[at - 1][2] : words[at][1]] == " "
        and text[words[at][2] : following[1]] == " "
        and _capital(following[0])
        and following[0].lower() not in CALENDAR
    )


def _capital(word: str) -> bool:
    return word[0].isupper() or (len(word) > 2 and word[1].isupper() and word[0].isalpha())


def _trimmed(
    text: str, words: list[tuple[str, int, int]], begin: int, stop: int, known: frozenset[str], opening: bool
) -> tuple[int, int]:
    """The run without leading words that are capitalised only by their place, and without times at its edges."""
    first_of_sentence = (begin == 0 and opening) or _after_stop(text, words, begin)
    while begin < stop:
        word = _POSSESSIVE.sub("", words[begin][0].lower())
        if word in known or (stop - begin > 1 and word in _FIRST_NAMES and words[begin + 1][0].isalpha()):
            break  # "Jun Park", although Jun is a month
        plain = word in STOP_WORDS or word in FILLERS or word in CALENDAR or word == "i" or "'" in word[1:3]
        if (plain and not (word.isalpha() and words[begin][0].isupper() and len(word) > 1 and word != "i")) or (
            first_of_sentence and stop - begin > 1 and word in COMMON_OPENERS
        ):
            begin += 1
        else:
            break
        first_of_sentence = False
    while stop > begin and (words[stop - 1][0].lower() in CALENDAR or words[stop - 1][0].isdigit()):
        if words[stop - 1][0].isdigit() and stop - 2 >= begin and words[stop - 2][0].lower() not in CALENDAR:
            break
        stop -= 1
    return begin, stop


def _after_stop(text: str, words: list[tuple[str, int, int]], index: int) -> bool:
    before = text[: words[index][1]].rstrip(" \"'\u201c\u2018(*_")
    return not before or before[-1] in ".!?:;\n-\u2026\u2014"


def _is_name(words: list[tuple[str, int, int]], begin: int, stop: int, opening: bool, known: frozenset[str]) -> bool:
    word = _POSSESSIVE.sub("", words[begin][0])
    lowered = word.lower()
    if stop - begin > 1 or lowered in known:
        return True
    if lowered in LANGUAGES or lowered in CALENDAR or len(word) < 2:
        return False
    if word.isupper() or any(c.isupper() for c in word[1:]) or any(c.isdigit() for c in word):
        return lowered not in FILLERS and lowered not in STOP_WORDS and len(word) <= 24
    if begin > 0 and not (begin == 0 and opening):
        return lowered not in COMMON_OPENERS or lowered in PLACES
    return _opens_with_name(words, begin, lowered)


def _opens_with_name(words: list[tuple[str, int, int]], begin: int, lowered: str) -> bool:
    """Whether the first word of a sentence is a name and not a common word."""
    if lowered in PLACES or words[begin][0] != _POSSESSIVE.sub("", words[begin][0]):
        return lowered not in COMMON_OPENERS
    if lowered in COMMON_OPENERS or lowered.endswith(("ing", "ly", "tion", "ness", "ment", "ies")):
        return False
    following = words[begin + 1][0].lower() if begin + 1 < len(words) else ""
    if lowered.endswith("s") and following in {"are", "were", "have", "can", "do"}:
        return False
    after = words[begin + 2][0].lower() if begin + 2 < len(words) else ""
    beyond = words[begin + 3][0].lower() if begin + 3 < len(words) else ""
    if lowered not in _FIRST_NAMES and noun_before_verb(following, after, beyond):
        return False
    return (
        following in _PERSON_VERBS
        or following in {"and", "also", "just", "now", "still", "does", "did", "would"}
        or (following.endswith(("ed", "es", "s")) and len(following) > 3)
    )


def _name(text: str, words: list[tuple[str, int, int]], begin: int, stop: int) -> Name:
    start, end = words[begin][1], words[stop - 1][2]
    value = text[start:end]
    bare = _POSSESSIVE.sub("", value)
    end -= len(value) - len(bare)
    before = words[begin - 1][0].lower() if begin else ""
    after = words[stop][0].lower() if stop < len(words) else ""
    possessive = bare != value
    if after in {"is", "was", "isn't", "'s"} and stop + 1 < len(words) and words[stop + 1][0].lower() in _PERSON_STATES:
        after = "said"
    return Name(
        text=bare,
        type=name_type(bare, before=before, after=after, possessive=possessive),
        start=start,
        end=end,
        local=before in _PLACE_BEFORE,
    )


_PERSON_STATES = word_set("allergic married engaged divorced pregnant vegan vegetarian single fluent my")


_SURNAMES_TOO = frozenset({"park", "lane", "hill", "day", "church", "bush", "banks", "lake", "falls", "bay", "works"})


def name_type(name: str, *, before: str = "", after: str = "", possessive: bool = False) -> EntityType:
    """What a name seems to be, by its own words first and by the words beside it (lower case) then."""
    lowered = name.casefold()
    parts = lowered.replace(".", "").split() or [lowered]
    if lowered in PLACES and not (
        lowered in _FIRST_NAMES
        and before not in _PLACE_BEFORE
        and (before in _PERSON_BEFORE or after in _STRONG_PERSON_VERBS or (possessive and after in KINSHIP))
    ):
        return "place"
    if parts[0] in TITLES and len(parts) > 1:
        return "person"
    if len(parts) == 2 and parts[1] in _SURNAMES_TOO and parts[0] in _FIRST_NAMES and parts[0] not in PLACES:
        return "person"
    for endings, kind in _ENDINGS:
        if len(parts) > 1 and parts[-1] in endings:
            return kind
    if parts[0] in _FIRST_NAMES and len(parts) <= 4 and not any(c.isdigit() for c in name):
        return "person"
    if before in _PERSON_BEFORE or after in _STRONG_PERSON_VERBS or (possessive and after in KINSHIP):
        return "person"
    if parts[0] in {"university", "bank", "church", "ministry", "department"} or before in _ORGANISATION_BEFORE:
        return "organisation"
    if before in _PLACE_BEFORE and len(parts) <= 3:
        return "place"
    return "organisation" if len(name) > 1 and name.isupper() and name.isalpha() else "thing"


_ENDINGS: tuple[tuple[frozenset[str], EntityType], ...] = (
    (PLACE_ENDINGS, "place"),
    (ORGANISATION_ENDINGS, "organisation"),
    (THING_ENDINGS, "thing"),
)
