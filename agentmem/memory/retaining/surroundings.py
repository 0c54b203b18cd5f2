"""What the memory holds around a batch of evidence: all that its decisions rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentmem.records import Entity, Fact, Node, Note, Relationship
from agentmem.stores import Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Nodes of the current view around a batch, and how they hang together."""

    nodes: Mapping[str, Node] = field(default_factory=dict)
    """Everything that was read, by id."""
    relationships: tuple[Relationship, ...] = ()
    """SAME_AS of the entities; EVIDENCED_BY of what may end."""
    entities: tuple[Entity, ...] = ()
    """Those whose names are among the mentions, or may be another form of one; those of the very name first."""
    facts: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)
    """Current facts by key, newest version first; every key that was asked for is here."""
    walked: frozenset[str] = frozenset()
    """Facts whose evidence, and the notes that rest on it, were read."""
    near: Mapping[str, tuple[tuple[Note, float], ...]] = field(default_factory=dict)
    """The nearest notes of an episode that gives a note, by the episode's id, with their cosines, nearest first."""
    forgettable: Mapping[str, tuple[Hit, ...]] = field(default_factory=dict)
    """What the words of a request to forget find, best first, by what it is about."""
