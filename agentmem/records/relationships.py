"""The relationships of the memory graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class RelationshipType(StrEnum):
    """The type of a relationship, as a person sees it in Neo4j Browser."""

    EVIDENCED_BY = "EVIDENCED_BY"
    """claim -> Episode; `quote`."""
    MENTIONS = "MENTIONS"
    """Episode, Note or Fact -> Entity; `count`."""
    SUBJECT = "SUBJECT"
    """Fact -> Entity."""
    OBJECT = "OBJECT"
    """Fact -> Entity."""
    LINKS_TO = "LINKS_TO"
    """Note -> Note; `reason`, `weight`."""
    SIMILAR_TO = "SIMILAR_TO"
    """claim - claim, Query - Query; `weight` is the cosine."""
    CAUSES = "CAUSES"
    """Fact -> Fact; `strength`."""
    SUPPORTS = "SUPPORTS"
    """Fact -> Belief, Query -> Insight, claim - claim; `weight`."""
    CONTRADICTS = "CONTRADICTS"
    """Fact -> Belief, Query -> Insight, claim - claim; `weight`."""
    SUPERSEDES = "SUPERSEDES"
    """new version -> old version; `reason`."""
    ABOUT = "ABOUT"
    """Belief, Insight or Note -> Entity."""
    DERIVED_FROM = "DERIVED_FROM"
    """derived -> what it was made from; `weight`."""
    SAME_AS = "SAME_AS"
    """Entity -> canonical Entity; `score`."""
    HAS_STEP = "HAS_STEP"
    """Query -> Step; `order`."""
    DEPENDS_ON = "DEPENDS_ON"
    """Step -> Step."""
    HAS_INTERACTION = "HAS_INTERACTION"
    """Step -> Interaction; `order`."""
    NEXT = "NEXT"
    """Episode -> Episode, Interaction -> Interaction: what came after."""
    SENT_TO = "SENT_TO"
    """Interaction -> Interaction."""
    USED = "USED"
    """Query or Step -> any memory; `rank`, `cited`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relationship:
    """A directed, typed connection. There is at most one of a type between two nodes."""

    type: RelationshipType
    """What it says."""
    source_id: str
    """Where it starts."""
    target_id: str
    """Where it ends."""
    properties: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    """Properties named in `RelationshipType`."""

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes two relationships the same one."""
        return (self.source_id, self.type.value, self.target_id)
