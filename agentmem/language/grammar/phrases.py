"""Noun phrases: what a verb's object is, whose attribute a phrase names, whether it means a person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentmem.language.grammar.clauses import Token
from agentmem.language.naming.first_names import FEMALE_NAMES, MALE_NAMES
from agentmem.language.naming.gazetteer import CALENDAR, KINSHIP, ORGANISATION_ENDINGS, PLACES, THING_ENDINGS, TITLES
from agentmem.language.naming.names import Name, name_type
from agentmem.language.words.verbs import VERBS, verb_forms
from agentmem.language.words.wordlists import word_set

_ALWAYS_STOPS = word_set(
    """
    but because since when while where which who whom that so if although though unless until whereas after before
    whether than
    """
)
_NARROW_STOPS = _ALWAYS_STOPS | word_set(
    """
    with for to on at in and as by from near during about again together right last next every since over or without
    now currently these nowadays presently lately any anymore instead too back full-time part-time remotely there here
    """
)
_VALUE_STOPS = _ALWAYS_STOPS | word_set("instead anymore any now currently too again right")
_CLAUSE_SIGNS = frozenset('.!?;:()-\u2014\u2013[]"\u201c\u201d')
_SUBJECT_PRONOUNS = word_set("i we he she they it you there this that")
_DETERMINERS = re.compile(r"^(?:the|a|an|my|our|your|some|this|that|these|those)\s+(?=\S)", re.IGNORECASE)
_KIND_OF_PLACE = re.compile(
    r"^(?:the\s+)?(?:city|town|village|state|country|continent|province|region|county|island|"
    r"suburb|sport|position|"
    r"language|religion|capital city|neighbou?rhood)\s+of\s+(?=\S)",
    re.IGNORECASE,
)
_EMPTY = word_set(
    """
    it that this them him her me us you one there here so something anything nothing everything someone anyone these
    those more much lot way ways all both myself himself herself themselves each what i we they he she the a an
    """
)
_PRONOUNS = frozenset({"it", "them", "him", "me", "us", "you", "off", "out", "up", "down", "away", "back", "over"})
_DANGLING = frozenset(
    {"and", "or", ",", "'", "-", "of", "the", "a", "an", "to", "in", "at", "on", "for", "with", "from", "by", "my"}
)
_OF_OWNER = re.compile(
    r"^(?:(?:the|our|my|its|their|his|her|an?)\s+)?(?P<what>[a-z][\w\s-]{1,40}?)\s+(?:of|"
    r"for)\s+(?P<owner>(?:the\s+|our\s+|my\s+)?[^,]{2,60})$",
    re.IGNORECASE,
)
_OWNERS_OF = re.compile(r"^(?P<owner>.{1,60}?)(?:['\u2019]s|(?<=s)['\u2019])\s+(?P<what>[^\W\d][\w\s/-]{1,50})$")
_ONE_OF = re.compile(
    r"^(?:one|some|most|many|all|each|both|part|any|none|half|two|three|several|few|a few|lots?) of\b", re.IGNORECASE
)
_INNER = re.compile(r"\s(?:to|in|at|on|from|with|by|about|is|was|who|that)\s", re.IGNORECASE)
_COMPOUND = re.compile(
    r"^(?:the\s+)?(?P<what>(?:country|place|date|year|field|state|city|level|point|cause|"
    r"time) of [a-z]+) of (?P<owner>.{2,60})$",
    re.IGNORECASE,
)
_COMMON_OF = re.compile(r"^(?:(?:[Tt]he|[Oo]ur|[Mm]y)\s+)?[a-z]\S*(?:\s+[a-z]\S*)*\s+of\s")
_NO_ATTRIBUTE = word_set(
    """
    total sum collection lot lots kind sort type part number couple most some one all none rest bit pair piece group
    set variety range bunch series half majority many each any either member president-elect fan cup glass bottle
    first second third next university city town bank department ministry church lord king queen house bay state
    states republic kingdom need thanks because instead ahead out chance way use lack
    """
)
_PEOPLE = KINSHIP | word_set(
    """
    he she we they i user assistant man woman boy girl guy lady baby people family couple team student engineer
    developer designer nurse patient client customer guest tenant owner employee crew children parents teenager
    person user
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A stretch of a clause."""

    text: str
    """The words, without a leading article."""
    stop: int
    """Index of the first token after it."""
    kind: str = ""
    """Entity type if the phrase is a name; empty otherwise."""


def phrase(
    text: str, rest: Sequence[Token], begin: int, found: Sequence[Name], *, wanted: str = "", limit: int = 14
) -> Phrase | None:
    """The object that begins at token `begin`, or None if there is none worth keeping.

    Args:
        text: What the tokens were taken from.
        rest: What follows the verb.
        begin: Index in `rest`.
        found: Names in the text.
        wanted: Entity type that is expected; a name then ends at the first preposition.
        limit: The most tokens.
    """
    if begin < len(rest) and rest[begin].low in _PRONOUNS:
        return None
    stops = _NARROW_STOPS if wanted in {"place", "organisation", "person", "thing"} else _VALUE_STOPS
    index = begin
    while index < len(rest) and index - begin < limit:
        if _stops(text, rest, index, begin, stops, wanted):
            break
        index += 1
    while index > begin and rest[index - 1].low in _DANGLING:
        index -= 1
    if index == begin:
        return None
    start, end = rest[begin].start, rest[index - 1].end
    for name in found:
        # A name that the stops would cut ("Trinidad and Tobago", "The Lord of the Rings") is kept whole.
        if name.start <= start < name.end and name.end > end:
            end = name.end
            index = next((i for i, w in enumerate(rest) if w.start >= end), len(rest))
    value = trimmed(text[start:end])
    if not value or value.casefold() in _EMPTY:
        return None
    return Phrase(text=value, stop=index, kind=kind_of(value, text, start, end, found, wanted))


def place_phrase(text: str, rest: Sequence[Token], begin: int, found: Sequence[Name]) -> Phrase | None:
    """The whole of a place that begins at token `begin`: "12 Harbor Street in Boston", "Elm Road, York"."""
    index = begin
    while index < len(rest) and index - begin < 16:
        word, following = rest[index], rest[index + 1] if index + 1 < len(rest) else None
        if word.low in _ALWAYS_STOPS or word.text in _CLAUSE_SIGNS or (index > begin and word.low in _PLACE_ENDS):
            break
        if index > begin and word.start - rest[index - 1].end > 2:
            break  # a date was taken out here
        if word.low in {"and", "or"} and (following is None or begins_clause(rest, index + 1)):
            break
        if word.text == "," and not (
            following is not None
            and (following.text[0].isupper() or following.text[0].isdigit() or following.low in _PLACE_GOES_ON)
            and not begins_clause(rest, index + 1)
        ):
            break
        index += 1
    while index > begin and (rest[index - 1].low in _DANGLING or rest[index - 1].low in _PLACE_GOES_ON):
        index -= 1
    if index == begin:
        return None
    value = trimmed(text[rest[begin].start : rest[index - 1].end])
    if (
        not value
        or value.casefold() in _EMPTY
        or bool(set(value.casefold().split()) & _TIMES)
        or not any(map(str.isalpha, value))
    ):
        return None
    inside = [n for n in found if rest[begin].start <= n.start < rest[index - 1].end and n.type != "person"]
    whole = kind_of(value, text, rest[begin].start, rest[index - 1].end, found, "")
    return Phrase(text=value, stop=index, kind="place" if inside or value.casefold() in PLACES else whole)


_TIMES = CALENDAR | word_set(
    "morning afternoon evening night day week month year time beginning end meantime past future"
)
_PLACE_ENDS = word_set("with for to from by as since during about again now currently anymore instead too")
_PLACE_GOES_ON = word_set("in at on near next opposite behind outside inside across")


def _stops(text: str, rest: Sequence[Token], index: int, begin: int, stops: frozenset[str], wanted: str) -> bool:
    word = rest[index]
    if word.text in _CLAUSE_SIGNS:
        return not (word.text == "-" and index > begin and rest[index - 1].end == word.start)
    if index > begin and word.start - rest[index - 1].end > 2:
        return True  # a date was taken out here
    if word.text == ",":
        return wanted != "" or not _list_goes_on(rest, index)
    if index == begin:
        return word.low in _ALWAYS_STOPS
    if word.low in {"and", "or"}:
        return wanted in {"place", "organisation", "person"} or begins_clause(rest, index + 1)
    if word.low in {"at", "in", "on", "with", "as", "for"} and wanted == "role":
        return True
    if word.low == "to" and wanted == "":
        return index + 1 < len(rest) and rest[index + 1].low in VERBS
    return word.low in stops


def _list_goes_on(rest: Sequence[Token], index: int) -> bool:
    """Whether a comma separates items of a list ("tea, coffee and cake") and no clauses."""
    following = rest[index + 1 : index + 6]
    if not following or begins_clause(rest, index + 1):
        return False
    return any(w.low in {"and", "or"} for w in following) and following[0].low not in _ALWAYS_STOPS | {
        "and",
        "or",
        "not",
        "with",
    }


def begins_clause(rest: Sequence[Token], index: int) -> bool:
    """Whether a clause with a verb of its own begins at `index`."""
    if index >= len(rest):
        return False
    word = rest[index]
    following = rest[index + 1].low if index + 1 < len(rest) else ""
    if word.low in _SUBJECT_PRONOUNS or word.low in {
        "then",
        "is",
        "was",
        "are",
        "were",
        "has",
        "have",
        "had",
        "will",
        "can",
        "also",
        "now",
    }:
        return True
    forms = verb_forms(word.low)
    if word.text[0].islower() and any(f.form in {"past", "s"} and f.lemma in VERBS for f in forms):
        return following[:1].isalnum()
    if (
        word.text[0].islower()
        and forms
        and forms[0].form == "base"
        and following in {"at", "in", "for", "as", "to", "on", "the", "a", "my"}
    ):
        return True
    if not (word.text[0].isupper() or word.low in _OPENS_SUBJECT or word.low.endswith(("'s", "\u2019s"))):
        return False
    for ahead in rest[index + 1 : index + 6]:
        if not ahead.text[0].isalnum() or ahead.low in _NARROW_STOPS:
            return False
        if ahead.text[0].islower() and _is_verb(ahead.low):
            return True
    return False


_OPENS_SUBJECT = frozenset(
    {"the", "my", "our", "his", "her", "their", "its", "this", "that", "these", "those", "a", "an"}
)


def _is_verb(word: str) -> bool:
    return word in {"will", "can", "has", "is", "was", "are", "were", "have"} or any(
        f.form in {"past", "s"} for f in verb_forms(word)
    )


def trimmed(value: str) -> str:
    """A value without article, outer signs and what only says of which kind it is ("the city of London")."""
    value = value.strip(" \t\n,;:.!?'\"()[]*_`\u201c\u201d\u2018\u2019").strip()
    bare = _KIND_OF_PLACE.sub("", value)
    return _DETERMINERS.sub("", bare) if bare.lower() not in {"the", "a"} else bare


def kind_of(value: str, text: str, start: int, end: int, found: Sequence[Name], wanted: str) -> str:
    """The entity type of a value: that of the name it is; empty if it is none."""
    if value.casefold() in PLACES:
        return "place"
    for name in found:
        if (
            start <= name.start
            and name.end <= end
            and (name.text == value or value.endswith(name.text))
            and value[0].isupper()
        ):
            own = name_type(name.text)
            return own if own != "thing" or not wanted else wanted
    named = all(word[0].isupper() or word[0].isdigit() or word in _SMALL for word in value.split() if word[0].isalnum())
    return wanted if wanted in {"place", "organisation", "person"} and value[:1].isupper() and named else ""


_SMALL = frozenset({"of", "de", "la", "and", "the", "for", "in", "at", "van", "von", "del", "&"})


def attribute_of(subject: str) -> tuple[str, str] | None:
    """Owner and attribute of "Orion's launch date" or "the launch date of Orion"; None for any other phrase."""
    if _ONE_OF.match(subject):
        return None
    match = _OWNERS_OF.match(subject)
    if match is None or (" of " in match["owner"] and _COMMON_OF.match(match["owner"])):
        match = _COMPOUND.match(subject) or _OF_OWNER.match(subject)
        if match is None or match["what"].split()[-1].lower() in _NO_ATTRIBUTE or _holds_name(match["what"]):
            return None
        if " of " not in subject and not (
            match["owner"][0].isupper() or match["owner"].lower().startswith(("the ", "our ", "my "))
        ):
            return None
    owner, what = trimmed(match["owner"]), match["what"].strip()
    if match.re is not _COMPOUND and _INNER.search(what):
        return None
    if (
        not owner
        or not what
        or owner.casefold() in {"it", "that", "this", "there", "what", "he", "she", "let", "today", "yesterday"}
    ):
        return None
    return owner, what


def _holds_name(words: str) -> bool:
    """Whether "of" stands inside a name ("University of ...", "Bank of ...")."""
    last = words.split()[-1]
    return last[0].isupper() and not (last.isupper() and len(last) <= 4)


def is_person(subject: str, known: frozenset[str] = frozenset()) -> bool:
    """Whether a subject means a person (or people): by title, kinship, first name, or a plain capitalised word."""
    bare = subject.strip()
    lowered = bare.casefold()
    words = lowered.split()
    if not words:
        return False
    if (
        lowered in known
        or words[-1] in _PEOPLE
        or words[0].rstrip(".") in TITLES
        or words[0] in FEMALE_NAMES | MALE_NAMES
    ):
        return True
    if words[0] in {"the", "a", "an", "this", "that", "its", "their"} or lowered in PLACES:
        return False
    if words[-1] in ORGANISATION_ENDINGS | THING_ENDINGS or words[0] in THING_ENDINGS:
        return False
    if words[0] in {"my", "our"} or "'s " in bare or "\u2019s " in bare:
        named = bare.split()[-1][0].isupper() and any(word in KINSHIP for word in words[-3:-1])  # "Anna's sister Kate"
        return words[-1] in _PEOPLE or named
    return (
        all(word[0].isupper() for word in bare.split())
        and len(words) <= 3
        and not bare.isupper()
        and not any(c.isdigit() for c in bare)
    )


def gender(name: str) -> str:
    """As in "f", "m", or empty where nothing tells."""
    first = name.casefold().split()[0].strip(".") if name.split() else ""
    return "f" if first in FEMALE_NAMES else "m" if first in MALE_NAMES else ""
