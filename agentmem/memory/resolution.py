"""Entities: which names mean the same one.

Exact normalised names come first. Beyond that two rules, each applied only if exactly one entity fits: a first name
alone and a full name that begins with it are the same person; a name with and without a designator ("Project
Kestrel", "Kestrel") is the same thing. The later name becomes an alias, SAME_AS the canonical Entity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from agentmem.language import normalise_name, terms
from agentmem.memory.changes import ChangeBuilder, Grounds
from agentmem.memory.extraction import EntityMention
from agentmem.memory.indexing import claim_entry
from agentmem.records import Change, Entity, Kind, Relationship, RelationshipType, Status, node_id
from agentmem.stores import Direction, KeySearch, Store, TextSearch, View

UNTYPED = "thing"
"""The type of an entity of which nothing more is known; a later mention may give a better one."""

_CANDIDATES = 20
_LONGEST_PERSON = 3
_DESIGNATORS = frozenset({"project", "operation", "mission", "programme", "program", "initiative", "team", "company"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Names of one batch and the entities that they mean."""

    entities: Mapping[str, Entity] = field(default_factory=dict)
    """Normalised name -> canonical Entity."""
    changes: tuple[Change, ...] = ()
    """ADDs of entities and aliases that were not known before."""

    def entity(self, name: str) -> Entity | None:
        """The entity of a name as it was written; None if the name was not among the mentions."""
        return self.entities.get(normalise_name(name))

    def key(self, name: str) -> str:
        """The canonical key of a name: that of its entity, else the normalised name itself."""
        entity = self.entity(name)
        return entity.key if entity else normalise_name(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A mention, and the evidence that it was seen in."""

    mention: EntityMention
    episode_id: str


def resolve(store: Store, builder: ChangeBuilder, sightings: Iterable[Sighting]) -> Resolution:
    """Find or create the entity of every mention. Three reads for a whole batch."""
    first_seen: dict[str, Sighting] = {}
    for sighting in sightings:
        name = normalise_name(sighting.mention.name)
        known = first_seen.get(name)
        if name and (known is None or (known.mention.entity_type == UNTYPED != sighting.mention.entity_type)):
            first_seen[name] = sighting
    if not first_seen:
        return Resolution()
    entities, known_entities = _known(store, builder.bank, first_seen)
    changes: list[Change] = []
    for name, sighting in first_seen.items():
        known_entity = entities.get(name)
        if known_entity is None:
            entity = _new_entity(builder, name, sighting)
            canonical = _same_one(name, entity.entity_type, known_entities)
            changes.append(_addition(builder, entity, sighting, canonical))
            entities[name] = known_entities[name] = canonical or entity
        elif known_entity.entity_type == UNTYPED != sighting.mention.entity_type:
            typed = replace(known_entity, entity_type=sighting.mention.entity_type)
            grounds = Grounds(reason=f"turns out to be a {typed.entity_type}", evidence=(sighting.episode_id,))
            changes.append(builder.evolve(known_entity, typed, grounds))
            for named in (entities, known_entities):
                named.update({key: typed for key, entity in named.items() if entity.id == typed.id})
    return Resolution(entities=entities, changes=tuple(changes))


def _known(store: Store, bank: str, wanted: Mapping[str, Sighting]) -> tuple[dict[str, Entity], dict[str, Entity]]:
    """Known entities by name: those that are wanted, and those that share a word with them (for aliases).

    A name that is an alias leads to the canonical entity.
    """
    view = View(bank=bank, kinds=frozenset({Kind.ENTITY}))
    telling = dict.fromkeys(tuple(terms(word)) for name in wanted for word in _telling_words(name))
    by_word = [TextSearch(terms=word, k=_CANDIDATES) for word in telling if word]
    hits = store.search(view, [KeySearch(keys=tuple(wanted)), *by_word])
    ids = list(dict.fromkeys(hit.id for found in hits for hit in found))
    if not ids:
        return {}, {}
    nodes = {i: n for i, n in store.fetch(bank, ids).items() if isinstance(n, Entity)}
    aliases = store.neighbourhood(view, ids, types=frozenset({RelationshipType.SAME_AS}), direction=Direction.OUT)
    canonical = {r.source_id: aliases.nodes[r.target_id] for r in aliases.relationships if r.target_id in aliases.nodes}
    by_key: dict[str, Entity] = {}
    for node in nodes.values():
        meant = canonical.get(node.id, node)
        if isinstance(meant, Entity):
            by_key[node.key] = meant
    return {name: by_key[name] for name in wanted if name in by_key}, by_key


def _telling_words(name: str) -> Iterator[str]:
    """The words by which another form of a name would be found: its first, and the one after a designator."""
    words = name.split()
    yield words[0]
    if len(words) == 2 and words[0] in _DESIGNATORS:
        yield words[1]


def _same_one(name: str, entity_type: str, known: Mapping[str, Entity]) -> Entity | None:
    """The one known entity that a new name is another form of."""
    words = name.split()
    forms = {e.id: e for key, e in known.items() if _differ_by_designator(name, key)}
    if len(forms) == 1:
        return next(iter(forms.values()))
    people = {
        key: e for key, e in known.items() if "person" in (entity_type, e.entity_type) and _may_be(e, entity_type)
    }
    if len(words) == 1:
        meant = {e.id: e for key, e in people.items() if key.split()[0] == name}
        return next(iter(meant.values())) if len(meant) == 1 else None
    first = people.get(words[0])
    if first is None or len(words) > _LONGEST_PERSON:
        return None
    taken = any(e.id == first.id and len(key.split()) > 1 for key, e in people.items())
    return None if taken else first


def _may_be(entity: Entity, entity_type: str) -> bool:
    return {entity.entity_type, entity_type} <= {"person", UNTYPED} and len(entity.key.split()) <= _LONGEST_PERSON


def _differ_by_designator(name: str, other: str) -> bool:
    longer, shorter = sorted((name.split(), other.split()), key=len, reverse=True)
    return len(longer) == len(shorter) + 1 and longer[0] in _DESIGNATORS and longer[1:] == shorter


def _new_entity(builder: ChangeBuilder, name: str, sighting: Sighting) -> Entity:
    return Entity(
        id=node_id(Kind.ENTITY, builder.bank, name),
        bank=builder.bank,
        text=sighting.mention.name.strip(),
        key=name,
        created_at=builder.now,
        status=Status.ACTIVE,
        agent=builder.agent,
        run_id=builder.run_id,
        entity_type=sighting.mention.entity_type,
    )


def _addition(builder: ChangeBuilder, entity: Entity, sighting: Sighting, canonical: Entity | None) -> Change:
    relationships = [
        Relationship(type=RelationshipType.EVIDENCED_BY, source_id=entity.id, target_id=sighting.episode_id)
    ]
    reason = f"first mention of this {entity.entity_type}"
    if canonical is not None:
        reason = f"another name of {canonical.text}"
        relationships.append(
            Relationship(
                type=RelationshipType.SAME_AS,
                source_id=entity.id,
                target_id=canonical.id,
                properties={"score": 1.0},
            )
        )
    return builder.add(
        entity,
        Grounds(reason=reason, evidence=(sighting.episode_id,), candidates=(canonical.id,) if canonical else ()),
        index=claim_entry(entity),
        relationships=relationships,
    )
