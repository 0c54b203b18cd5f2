"""Entities: which names mean the same one.

Exact normalised names come first. Beyond that one rule: a first name alone and a full name that begins with it are the
same person if the bank knows exactly one such person; the second name becomes an alias, SAME_AS the canonical Entity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from agentmem.language import normalise_name, terms
from agentmem.memory.changes import ChangeBuilder, Grounds
from agentmem.memory.extraction import EntityMention
from agentmem.records import Change, Entity, IndexEntry, Kind, Relationship, RelationshipType, Status, node_id
from agentmem.stores import Direction, KeySearch, Store, TextSearch, View

_CANDIDATES = 20


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
        if name and (known is None or (known.mention.entity_type == "thing" != sighting.mention.entity_type)):
            first_seen[name] = sighting
    if not first_seen:
        return Resolution()
    entities, people = _known(store, builder.bank, first_seen)
    changes: list[Change] = []
    for name, sighting in first_seen.items():
        if name in entities:
            continue
        entity = _new_entity(builder, name, sighting)
        canonical = _same_person(name, people) if entity.entity_type == "person" else None
        changes.append(_addition(builder, entity, sighting, canonical))
        entities[name] = canonical or entity
        if entity.entity_type == "person":
            people[name] = canonical or entity
    return Resolution(entities=entities, changes=tuple(changes))


def _known(store: Store, bank: str, wanted: Mapping[str, Sighting]) -> tuple[dict[str, Entity], dict[str, Entity]]:
    """Known entities by name (aliases lead to the canonical one), and people who share a first name with the wanted."""
    view = View(bank=bank, kinds=frozenset({Kind.ENTITY}))
    people_terms = {
        name: tuple(terms(name.split()[0]))
        for name, sighting in wanted.items()
        if sighting.mention.entity_type == "person"
    }
    by_first_name = [TextSearch(terms=first, k=_CANDIDATES) for first in dict.fromkeys(people_terms.values()) if first]
    hits = store.search(view, [KeySearch(keys=tuple(wanted)), *by_first_name])
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
    exact = {name: by_key[name] for name in wanted if name in by_key}
    people = {key: entity for key, entity in by_key.items() if entity.entity_type == "person"}
    return exact, people


def _same_person(name: str, people: Mapping[str, Entity]) -> Entity | None:
    """The one known person whom `name` may mean: a bare first name and a full name that begins with it."""
    words = name.split()
    if len(words) == 1:
        meant = {e.id: e for key, e in people.items() if key.split()[0] == name}
        return next(iter(meant.values())) if len(meant) == 1 else None
    first = people.get(words[0])
    if first is None:
        return None
    other_full_names = [key for key, e in people.items() if e.id == first.id and len(key.split()) > 1 and key != name]
    return None if other_full_names else first


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
        index=IndexEntry(terms=" ".join(terms(entity.text))),
        relationships=relationships,
    )
