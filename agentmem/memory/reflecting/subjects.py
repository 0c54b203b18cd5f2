"""Whom a question is about: names to the keys that facts are kept under, and pronouns to a person."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from agentmem.language import QuestionAnalysis, normalise_name, terms
from agentmem.memory.recalling.read_path import ReadPath
from agentmem.records import Entity, Kind, RelationshipType
from agentmem.stores import Direction, KeySearch, TextSearch, View

_PRONOUN = re.compile(r"\b(?:she|he|they|her|his|him|their|them|hers|theirs)\b", re.IGNORECASE)
_NOBODY = frozenset({"", "you", "we", "anybody", "anyone", "somebody", "someone", "there"})
_NAMESAKES = 20
_PEOPLE = 200
"""People who may be meant by a pronoun; with more than this the question is too vague anyway."""
_CLEAR = 2.0
"""A person is clearly meant if mentioned at least this many times as often as the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a question is about."""

    keys: tuple[str, ...] = ()
    """Normalised names that its facts may be kept under, the likeliest first."""
    name: str = ""
    """Its name as memory knows it; empty if memory does not."""
    certain: bool = True
    """False if a pronoun was resolved among several people."""
    pronoun: bool = False
    """True if the question does not name it."""


def subject_of(path: ReadPath, question: str, analysis: QuestionAnalysis) -> Subject:
    """The subject of a question. Two or three reads.

    A name is looked up as it stands, then as part of a longer name or the other way round, if only one person fits. A
    pronoun means the person of whom memory speaks most.
    """
    about = analysis.subject if normalise_name(analysis.subject) not in _NOBODY else analysis.object
    if about and not _PRONOUN.search(about):
        return _named(path, normalise_name(about))
    if _PRONOUN.search(question) and not analysis.names:
        return _most_mentioned(path)
    return Subject()


def _named(path: ReadPath, name: str) -> Subject:
    view = View(bank=path.bank, kinds=frozenset({Kind.ENTITY}))
    searches = (KeySearch(keys=(name,)), TextSearch(terms=tuple(terms(name)), k=_NAMESAKES))
    exact, similar = path.store.search(view, searches)
    ids = list(dict.fromkeys(hit.id for hit in (*exact, *similar)))
    if not ids:
        return Subject(keys=(name,))
    nodes = path.store.fetch(path.bank, ids)
    aliases = path.store.neighbourhood(view, ids, types=frozenset({RelationshipType.SAME_AS}), direction=Direction.OUT)
    canonical = {link.source_id: aliases.nodes.get(link.target_id) for link in aliases.relationships}
    meant: dict[str, Entity] = {}
    for id_ in ids:
        entity = nodes.get(id_)
        if isinstance(entity, Entity) and (entity.key == name or _contains(entity.key, name)):
            target = canonical.get(id_) or entity
            if isinstance(target, Entity):
                meant.setdefault(target.key, target)
                if entity.key == name:  # an exact name needs no guess
                    return Subject(keys=(target.key, *_unless(name, target.key)), name=target.text)
    if len(meant) != 1:
        return Subject(keys=(name,))
    (entity,) = meant.values()
    return Subject(keys=(entity.key, *_unless(name, entity.key)), name=entity.text)


def _unless(name: str, other: str) -> tuple[str, ...]:
    return () if name == other else (name,)


def _contains(longer: str, shorter: str) -> bool:
    """Whether all words of one name stand in the other."""
    one, other = set(longer.split()), set(shorter.split())
    return bool(one and other) and (one <= other or other <= one)


def _most_mentioned(path: ReadPath) -> Subject:
    view = View(bank=path.bank, kinds=frozenset({Kind.ENTITY}))
    people: dict[str, Entity] = {}
    after = ""
    while page := path.store.scan(view, after_id=after):
        people.update((n.id, n) for n in page if isinstance(n, Entity) and n.entity_type == "person")
        after = page[-1].id
    if not people or len(people) > _PEOPLE:
        return Subject(pronoun=True, certain=False)
    around = path.store.neighbourhood(
        View(bank=path.bank),
        sorted(people),
        types=frozenset({RelationshipType.SUBJECT, RelationshipType.MENTIONS, RelationshipType.SAME_AS}),
        direction=Direction.BOTH,
    )
    same = {link.source_id: link.target_id for link in around.relationships if link.type is RelationshipType.SAME_AS}
    counts: Counter[str] = Counter(dict.fromkeys(people, 0))
    for link in around.relationships:
        target = same.get(link.target_id, link.target_id)
        if link.type is not RelationshipType.SAME_AS and target in people:
            counts[target] += 1
    for alias in same:
        counts.pop(alias, None)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    first, second = ranked[0][1], ranked[1][1] if len(ranked) > 1 else 0
    keys = tuple(people[id_].key for id_, _ in ranked)
    return Subject(
        keys=keys, name=people[ranked[0][0]].text, certain=not second or first >= _CLEAR * second, pronoun=True
    )
