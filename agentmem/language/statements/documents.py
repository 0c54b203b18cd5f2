"""The structure of documents: whose section a line stands in, and what lists and tables say by their form."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agentmem.language.grammar.phrases import trimmed
from agentmem.language.grammar.rewrite import possessive
from agentmem.language.words.sentences import Unit
from agentmem.language.words.wordlists import word_set

_EMPHASIS = re.compile(r"\*\*|__|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)|`")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_PAIR = re.compile(
    r"^(?P<key>[A-Za-z][\w /&'\u2019()-]{0,48}?)\s*(?::|"
    r"\s[\u2013\u2014=-]\s)\s*(?P<value>\S.*)$"
)
_GENERIC = word_set(
    """
    overview introduction summary details detail notes note background about general information info timeline
    contents status budget team members people contact contacts schedule agenda todo tasks next steps history
    changes changelog key facts facts risks goals goal objectives scope references appendix misc other data
    decisions decision updates update description features usage installation setup requirements faq questions
    answers conclusion results discussion methods settings configuration config options parameters metadata
    properties roadmap milestones action items profile basics preferences
    """
)
_KEY_HEADERS = word_set("key field property attribute item parameter setting name what")
_NO_KEYS = word_set("note notes example examples warning tip todo http https e.g i.e ps nb faq q a question answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An attribute and its value, given by form."""

    subject: str
    """What it belongs to; empty if the document does not say."""
    key: str
    value: str


def several(topic: str) -> bool:
    """Whether a heading names a kind of things and not one of them: "Offices", "Our servers"."""
    words = topic.split()
    last = words[-1] if words else ""
    plural = last.endswith("s") and not last.endswith(("ss", "us", "is")) and len(last) > 3
    return plural and last.isalpha() and all(w.islower() for w in words[1:]) and not any(c.isupper() for c in last[1:])


def described(subject: str, key: str, value: str) -> str:
    """A pair in words: "Kestrel's budget is 2 million", "Offices: Wi-Fi network is heron-guest"."""
    words = key.split()
    last = words[-1]
    be = "are" if last.endswith("s") and not last.endswith(("ss", "us", "is")) and last.islower() else "is"
    if not subject:
        return f"{key}: {value}"
    if several(subject):
        return f"{subject}: {key} {be} {value}"
    plain_word = words[0][1:].islower() and words[0].isalpha() and not any(w[0].isupper() for w in words[1:])
    return f"{possessive(subject)} {key[0].lower() + key[1:] if plain_word else key} {be} {value}"


class Outline:
    """Where in a document the reading stands; fed with units in order."""

    def __init__(self) -> None:
        self._headings: list[tuple[int, str]] = []
        self._header: list[str] | None = None

    @property
    def path(self) -> str:
        """The open headings, outermost first."""
        return " > ".join(title for _, title in self._headings)

    @property
    def topic(self) -> str:
        """The innermost heading that names something; empty if none does."""
        for _, title in reversed(self._headings):
            words = title.casefold().split()
            if (
                not all(word.strip(":&,") in _GENERIC or word in {"and", "the", "of"} for word in words)
                and len(words) <= 6
            ):
                return trimmed(title)
        return ""

    @property
    def owner(self) -> str:
        """The topic, if it is one thing that has attributes; empty under a heading like "Offices"."""
        topic = self.topic
        return "" if several(topic) else topic

    def feed(self, unit: Unit) -> None:
        """Take note of a unit before its pairs are read."""
        if unit.kind == "heading":
            self._headings = [(level, title) for level, title in self._headings if level < unit.level]
            self._headings.append((unit.level, plain(unit.text).rstrip(":")))
        if unit.kind != "row":
            self._header = None

    def row(self, unit: Unit) -> list[Pair]:
        """The pairs of a table row; none for the header."""
        cells = [plain(cell) for cell in unit.text.strip().strip("|").split("|")]
        header = self._header
        if header is None:
            self._header = cells
            return []
        if len(cells) != len(header) or len(cells) < 2:
            return []
        if (
            len(cells) == 2
            and header[0].casefold() in _KEY_HEADERS
            and (header[0].casefold() != "name" or header[1].casefold() == "value")
        ):
            return [Pair(subject=self.topic, key=cells[0], value=cells[1])] if cells[0] and cells[1] else []
        return [
            Pair(subject=cells[0], key=key, value=value)
            for key, value in zip(header[1:], cells[1:], strict=True)
            if cells[0] and key and value and value not in {"-", "\u2013", "n/a", "N/A"}
        ]


def pair(text: str, topic: str) -> Pair | None:
    """As in "Budget: 2 million" under a heading; None for a line that only looks like it."""
    match = _PAIR.match(text)
    if match is None:
        return None
    key, value = match["key"].strip(), match["value"].strip()
    words = key.split()
    if len(words) > 5 or key.casefold() in _NO_KEYS or value.startswith("//") or (key[0].islower() and len(words) > 3):
        return None
    if len(value.split()) > 16 or value.endswith("?"):
        return None
    return Pair(subject=topic, key=key, value=value.rstrip(" ."))


def plain(text: str) -> str:
    """Text without Markdown's emphasis, code marks and link targets."""
    if "[" in text:
        text = _LINK.sub(r"\1", text)
    return _EMPHASIS.sub("", text).strip() if any(sign in text for sign in "*_`") else text.strip()
