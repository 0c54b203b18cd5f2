"""What a query asks the store: one batch of searches, and how their hits are told apart again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agentmem.embeddings import Matrix
from agentmem.language import QuestionAnalysis, analyse_question, names, normalise_name
from agentmem.memory.recalling.fusion import scaled_keyword, scaled_semantic
from agentmem.stores import Hit, KeySearch, Search, TextSearch, TimeSearch, VectorSearch

HITS = 200
"""Hits of each search: deep enough that a turn's neighbours have scores of their own."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """What each search found, scaled to [0, 1] by node id."""

    keyword: Mapping[str, float] = field(default_factory=dict)
    semantic: Mapping[str, float] = field(default_factory=dict)
    anonymous: Mapping[str, float] = field(default_factory=dict)
    """As `semantic`, for the query without the names of people; empty if there is no such query."""
    keys: frozenset[str] = frozenset()
    """Facts with the subject and predicate asked for."""
    times: frozenset[str] = frozenset()
    """Nodes of the time asked for."""

    @property
    def found(self) -> frozenset[str]:
        """Every node that any channel found."""
        return frozenset(self.keyword) | frozenset(self.semantic) | frozenset(self.anonymous) | self.keys | self.times


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


def searches_of(query: ParsedQuery, vectors: Matrix) -> list[Search]:
    """The searches of a query; `vectors` are those of its `texts`. `channels_of` reads their hits."""
    searches: list[Search] = [
        TextSearch(terms=tuple(dict.fromkeys(query.analysis.terms)), k=HITS),
        *(VectorSearch(vector=vector, k=HITS) for vector in vectors),
    ]
    if query.fact_keys:
        searches.append(KeySearch(keys=query.fact_keys))
    if query.analysis.window:
        start, end = query.analysis.window
        searches.append(TimeSearch(start=start, end=end, k=HITS))
    return searches


def channels_of(searches: Sequence[Search], found: Sequence[Sequence[Hit]]) -> Channels:
    """The channels that the hits of `searches_of` make."""
    keyword: dict[str, float] = {}
    semantic: list[dict[str, float]] = []
    keys: frozenset[str] = frozenset()
    times: frozenset[str] = frozenset()
    for search, hits in zip(searches, found, strict=True):
        match search:
            case TextSearch():
                keyword = scaled_keyword(hits, limit=search.k)
            case VectorSearch():
                semantic.append(scaled_semantic(hits))
            case KeySearch():
                keys = frozenset(hit.id for hit in hits)
            case TimeSearch():
                times = frozenset(hit.id for hit in hits)
    return Channels(
        keyword=keyword,
        semantic=semantic[0],
        anonymous=semantic[1] if len(semantic) > 1 else {},
        keys=keys,
        times=times,
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
