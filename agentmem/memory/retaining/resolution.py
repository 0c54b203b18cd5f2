"""Entities: which names mean the same one.

Exact normalised names come first. Beyond that two rules, each applied only if exactly one entity fits: a first name
alone and a full name that begins with it are the same person; a name with and without a designator ("Project
Kestrel", "Kestrel") is the same thing. The later name becomes an alias, SAME_AS the canonical Entity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from agentmem.language import normalise_name
from agentmem.memory.retaining.changes import ChangeBuilder, Grounds
from agentmem.memory.retaining.extraction import EntityMention
from agentmem.memory.retaining.indexing import claim_entry
from agentmem.memory.retaining.surroundings import Surroundings
from agentmem.records import Change, Entity, Kind, Relationship, RelationshipType, Status, node_id

UNTYPED = "thing"
"""The type of an entity of which nothing more is known; a later mention may give a better one."""

_LONGEST_PERSON = 3
_DESIGNATORS = frozenset({"project", "operation", "mission", "programme", "program", "initiative", "team", "company"})
_SORTED = tuple(sorted(_DESIGNATORS))


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


def by_name(sightings: Iterable[Sighting]) -> dict[str, Sighting]:
    """The sighting that tells most about each normalised name, which is the first, or the first that has a type."""
    chosen: dict[str, Sighting] = {}
    for sighting in sightings:
        name = normalise_name(sighting.mention.name)
        before = chosen.get(name)
        if name and (before is None or (before.mention.entity_type == UNTYPED != sighting.mention.entity_type)):
            chosen[name] = sighting
    return chosen


def resolve(builder: ChangeBuilder, first_seen: Mapping[str, Sighting], around: Surroundings) -> Resolution:
    """Find or create the entity of every name.

    Args:
        builder: Makes the changes.
        first_seen: What is to be resolved, by normalised name.
        around: The entities that are known under these names and their other forms.
    """
    known = _known(around)
    entities = {name: known.by_key[name] for name in first_seen if name in known.by_key}
    changes: list[Change] = []
    for name, sighting in first_seen.items():
        known_entity = entities.get(name)
        if known_entity is None:
            entity = _new_entity(builder, name, sighting)
            canonical = _same_one(name, entity.entity_type, known)
            changes.append(_addition(builder, entity, sighting, canonical))
            entities[name] = canonical or entity
            known.learn(name, canonical or entity)
        elif known_entity.entity_type == UNTYPED != sighting.mention.entity_type:
            typed = replace(known_entity, entity_type=sighting.mention.entity_type)
            grounds = Grounds(reason=f"turns out to be a {typed.entity_type}", evidence=(sighting.episode_id,))
            changes.append(builder.evolve(known_entity, typed, grounds))
            entities.update({key: typed for key, entity in entities.items() if entity.id == typed.id})
            known.retype(typed)
    return Resolution(entities=entities, changes=tuple(changes))


@dataclass(slots=True)
class _Known:
    """Known entities by the names that lead to them."""

    by_key: dict[str, Entity] = field(default_factory=dict)
    """Normalised name -> the canonical entity."""
    by_first_word: dict[str, set[str]] = field(default_factory=dict)
    """First word -> the normalised names that begin with it."""
    names: dict[str, set[str]] = field(default_factory=dict)
    """Id of a canonical entity -> all its normalised names."""

    def learn(self, key: str, entity: Entity) -> None:
        """A name that leads to an entity; the one learned last counts."""
        former = self.by_key.get(key)
        if former is not None:
            self.names[former.id].discard(key)
        self.by_key[key] = entity
        self.by_first_word.setdefault(key.split()[0], set()).add(key)
        self.names.setdefault(entity.id, set()).add(key)

    def retype(self, entity: Entity) -> None:
        """A new version of an entity under all its names."""
        for key in self.names.get(entity.id, ()):
            self.by_key[key] = entity


def _known(around: Surroundings) -> _Known:
    """Known entities under their names; an alias leads to the canonical one."""
    known = _Known()
    canonical = {
        link.source_id: entity
        for link in around.relationships
        if link.type is RelationshipType.SAME_AS and isinstance(entity := around.nodes.get(link.target_id), Entity)
    }
    for entity in around.entities:
        if entity.key:
            known.learn(entity.key, canonical.get(entity.id, entity))
    return known


def other_forms(name: str) -> tuple[str, ...]:
    """Names that would mean the same: with or without a designator; the first name of a person."""
    words = name.split()
    bare = " ".join(words[1:])
    return (words[0], *((bare,) if bare and words[0] in _DESIGNATORS else ()), *(f"{d} {name}" for d in _SORTED))


def _same_one(name: str, entity_type: str, known: _Known) -> Entity | None:
    """The one known entity that a new name is another form of."""
    words, by_key = name.split(), known.by_key
    forms = {by_key[form].id: by_key[form] for form in other_forms(name)[1:] if form in by_key}
    if len(forms) == 1:
        return next(iter(forms.values()))
    if len(words) == 1:
        fitting = (by_key[key] for key in known.by_first_word.get(name, ()))
        meant = {entity.id: entity for entity in fitting if _may_be(entity, entity_type)}
        return next(iter(meant.values())) if len(meant) == 1 else None
    first = by_key.get(words[0])
    if first is None or len(words) > _LONGEST_PERSON or not _may_be(first, entity_type):
        return None
    taken = any(len(key.split()) > 1 for key in known.names[first.id])
    return None if taken else first


def _may_be(entity: Entity, entity_type: str) -> bool:
    """Whether an entity can be a person, and the same one as a name of this type."""
    types = {entity.entity_type, entity_type}
    return "person" in types and types <= {"person", UNTYPED} and len(entity.key.split()) <= _LONGEST_PERSON


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
