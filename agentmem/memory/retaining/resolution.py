"""Entities: which names mean the same one.

Exact normalised names come first. Beyond that two rules, each applied only if exactly one entity fits: a first name
alone and a full name that begins with it are the same person; a name with and without a designator ("Project
Kestrel", "Kestrel") is the same thing. The later name becomes an alias, SAME_AS the canonical Entity.

Less trusted text names nothing that is more trusted: what it says is taken to be about the canonical Entity, so that it
competes with what is known, but the name becomes an alias only when somebody as trusted uses it.
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
    trust: float
    """That of the evidence."""


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
        found = entities.get(name)
        entity_type = sighting.mention.entity_type
        if found is None:
            entity = _new_entity(builder, name, sighting)
            canonical = _same_one(name, entity.entity_type, known, sighting.trust)
            changes.append(_addition(builder, entity, sighting, canonical))
            found = canonical or entity
            entity_type = found.entity_type
            known.learn(name, found, entity.trust)
        elif found.key == name and (canonical := _settled(name, found, known, sighting.trust)):
            if canonical.trust <= sighting.trust:
                grounds = Grounds(reason=f"another name of {canonical.text}", evidence=(sighting.episode_id,))
                changes.append(builder.link(found, [_same_as(found, canonical)], grounds))
            found = canonical
            known.learn(name, found, sighting.trust)
        entities[name] = found
        learned = _learned(found, entity_type, sighting.trust)
        if learned != found:
            changes.append(_evolved(builder, found, learned, sighting))
            entities.update({key: learned for key, entity in entities.items() if entity.id == learned.id})
            known.replace(learned)
    return Resolution(entities=entities, changes=tuple(changes))


def _settled(name: str, entity: Entity, known: _Known, trust: float) -> Entity | None:
    """What less trusted text may have meant by a name that it could not make an alias."""
    canonical = _same_one(name, entity.entity_type, known, trust)
    return canonical if canonical is not None and canonical.trust > entity.trust else None


def _learned(entity: Entity, entity_type: str, trust: float) -> Entity:
    """An entity with what a sighting adds: a type where none was known, and the trust of who speaks of it."""
    if trust < entity.trust:
        return entity
    return replace(
        entity, entity_type=entity_type if entity.entity_type == UNTYPED else entity.entity_type, trust=trust
    )


def _evolved(builder: ChangeBuilder, entity: Entity, learned: Entity, sighting: Sighting) -> Change:
    typed = learned.entity_type != entity.entity_type
    reason = f"turns out to be a {learned.entity_type}" if typed else "a more trusted source speaks of it"
    return builder.evolve(entity, learned, Grounds(reason=reason, evidence=(sighting.episode_id,)))


@dataclass(slots=True)
class _Known:
    """Known entities by the names that lead to them."""

    by_key: dict[str, Entity] = field(default_factory=dict)
    """Normalised name -> the canonical entity."""
    by_first_word: dict[str, set[str]] = field(default_factory=dict)
    """First word -> the normalised names that begin with it."""
    names: dict[str, set[str]] = field(default_factory=dict)
    """Id of a canonical entity -> all its normalised names."""
    trust: dict[str, float] = field(default_factory=dict)
    """Normalised name -> the trust of who used it."""

    def learn(self, key: str, entity: Entity, trust: float) -> None:
        """A name that leads to an entity; the one learned last counts."""
        former = self.by_key.get(key)
        if former is not None:
            self.names[former.id].discard(key)
        self.by_key[key] = entity
        self.trust[key] = trust
        self.by_first_word.setdefault(key.split()[0], set()).add(key)
        self.names.setdefault(entity.id, set()).add(key)

    def replace(self, entity: Entity) -> None:
        """A new version of an entity under all its names."""
        for key in self.names.get(entity.id, ()):
            self.by_key[key] = entity


def _known(around: Surroundings) -> _Known:
    """Known entities under their names, the most trusted of each; an alias leads to the canonical one."""
    known = _Known()
    canonical = {
        link.source_id: entity
        for link in around.relationships
        if link.type is RelationshipType.SAME_AS
        and isinstance(entity := around.nodes.get(link.target_id), Entity)
        and isinstance(alias := around.nodes.get(link.source_id), Entity)
        and _is_form(alias.key, entity.key)
    }
    for entity in around.entities:
        if entity.key and known.trust.get(entity.key, 0.0) <= entity.trust:
            known.learn(entity.key, canonical.get(entity.id, entity), entity.trust)
    return known


def other_forms(name: str) -> tuple[str, ...]:
    """Names that would mean the same: with or without a designator; the first name of a person."""
    words = name.split()
    bare = " ".join(words[1:])
    return (words[0], *((bare,) if bare and words[0] in _DESIGNATORS else ()), *(f"{d} {name}" for d in _SORTED))


def _is_form(name: str, other: str) -> bool:
    """Whether one name is another form of the other; nothing else makes an alias, whatever an import says."""
    return name.split()[:1] == other.split()[:1] or name.endswith(f" {other}") or other.endswith(f" {name}")


def _same_one(name: str, entity_type: str, known: _Known, trust: float) -> Entity | None:
    """The one known entity that a name is another form of, for who is trusted so much.

    What only less trusted text calls something makes no name ambiguous, and takes none.
    """
    words, by_key = name.split(), known.by_key
    forms = {by_key[form].id: by_key[form] for form in other_forms(name)[1:] if form in by_key}
    if len(forms) == 1:
        return next(iter(forms.values()))
    if len(words) == 1:
        longer = [key for key in known.by_first_word.get(name, ()) if key != name]
        fitting = [by_key[key] for key in longer if known.trust[key] >= trust] or [by_key[key] for key in longer]
        meant = {entity.id: entity for entity in fitting if _may_be(entity, entity_type)}
        return next(iter(meant.values())) if len(meant) == 1 else None
    first = by_key.get(words[0])
    if first is None or len(words) > _LONGEST_PERSON or not _may_be(first, entity_type):
        return None
    taken = any(len(key.split()) > 1 and known.trust[key] >= trust for key in known.names[first.id])
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
        trust=sighting.trust,
        entity_type=sighting.mention.entity_type,
    )


def _addition(builder: ChangeBuilder, entity: Entity, sighting: Sighting, canonical: Entity | None) -> Change:
    relationships = [
        Relationship(type=RelationshipType.EVIDENCED_BY, source_id=entity.id, target_id=sighting.episode_id)
    ]
    reason = f"first mention of this {entity.entity_type}"
    if canonical is not None and canonical.trust <= entity.trust:
        reason = f"another name of {canonical.text}"
        relationships.append(_same_as(entity, canonical))
    elif canonical is not None:
        reason += f"; taken for {canonical.text}, which is more trusted than the text that says so"
    return builder.add(
        entity,
        Grounds(reason=reason, evidence=(sighting.episode_id,), candidates=(canonical.id,) if canonical else ()),
        index=claim_entry(entity),
        relationships=relationships,
    )


def _same_as(entity: Entity, canonical: Entity) -> Relationship:
    return Relationship(
        type=RelationshipType.SAME_AS, source_id=entity.id, target_id=canonical.id, properties={"score": 1.0}
    )
