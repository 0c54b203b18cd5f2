"""A query taken apart: what it asks for, whom it names, what is to be embedded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agentmem.language import QuestionAnalysis, analyse_question, names, normalise_name
from agentmem.records import Vector

QUERY_CHARACTERS = 10_000
"""Characters of a query or question that are read: more than any search can tell apart."""

HISTORY_TENSES = frozenset({"before", "first", "at"})
"""Questions about the past, which superseded versions may answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedQuery:
    """A query, ready to be searched for."""

    text: str
    """As it was asked, at most `QUERY_CHARACTERS` of it."""
    analysis: QuestionAnalysis
    """What it asks for."""
    people: frozenset[str]
    """Normalised names in it that may be those of speakers; "user" for whoever says I."""
    anonymous: str
    """The text without those names; empty if it names nobody or says nothing else."""
    vectors: tuple[Vector, ...] = ()
    """Embeddings of its `texts`; empty until somebody made them."""

    @property
    def texts(self) -> list[str]:
        """What is to be embedded."""
        return [self.text, self.anonymous] if self.anonymous else [self.text]

    @property
    def fact_keys(self) -> tuple[str, ...]:
        """Keys of the facts that would answer it outright; empty if it does not say whose what."""
        if not (self.analysis.subject and self.analysis.predicate):
            return ()
        return (f"{normalise_name(self.analysis.subject)}|{self.analysis.predicate}",)


def parse_query(query: str, *, now: datetime) -> ParsedQuery:
    """Take a query apart, as far as `QUERY_CHARACTERS`."""
    query = query[:QUERY_CHARACTERS]
    analysis = analyse_question(query, now=now)
    mentioned = [name for name in names(query) if name.type in ("person", "thing")]
    people = {normalise_name(name.text) for name in mentioned}
    if analysis.subject == "user":
        people.add("user")
    return ParsedQuery(
        text=query,
        analysis=analysis,
        people=frozenset(people),
        anonymous=_without(query, [(name.start, name.end) for name in mentioned]),
    )


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text without some spans and possessive endings after them; empty if no two words are left."""
    if not spans:
        return ""
    kept, at = [], 0
    for start, end in spans:
        kept.append(text[at:start])
        possessive = re.match(r"['\u2019]s?\b|['\u2019](?=\s)", text[end:])
        at = end + (possessive.end() if possessive else 0)
    rest = " ".join("".join([*kept, text[at:]]).split())
    return rest if len(re.findall(r"\w+", rest)) > 1 else ""
