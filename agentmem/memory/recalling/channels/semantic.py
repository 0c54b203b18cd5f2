"""Semantic: likeness in meaning, by the cosine of embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentmem.memory.recalling.channels.base import Channel, Scene, best_of_members
from agentmem.memory.recalling.querying import ParsedQuery
from agentmem.memory.recalling.scaling import HITS, scaled_semantic
from agentmem.stores import Hit, Search, VectorSearch


class Semantic(Channel):
    """The meaning of the query, and of the query without the names of people.

    A name that is a speaker's tells who spoke and nothing about what was said, yet it rules the embedding of a short
    text: where the query names who spoke, the meaning is that of the rest.
    """

    name = "semantic"
    weight = 0.5

    def __init__(self, query: ParsedQuery) -> None:
        super().__init__(query)
        self._whole: Mapping[str, float] = {}
        self._anonymous: Mapping[str, float] = {}

    def searches(self) -> Sequence[Search]:
        """See `Channel`."""
        return [VectorSearch(vector=vector, k=HITS) for vector in self.query.vectors]

    def take(self, found: Sequence[Sequence[Hit]]) -> None:
        """See `Channel`."""
        scaled = [scaled_semantic(hits) for hits in found]
        self._whole = scaled[0] if scaled else {}
        self._anonymous = scaled[1] if len(scaled) > 1 else {}
        ids = self._whole.keys() | self._anonymous.keys()
        self.nodes = {id_: max(self._whole.get(id_, 0.0), self._anonymous.get(id_, 0.0)) for id_ in ids}

    def applies(self, scene: Scene) -> bool:
        """Always: what is alike in nothing is less of an answer."""
        return True

    def scores(self, scene: Scene) -> Mapping[str, float]:
        """See `Channel`. An Episode some of whose claims left the view counts by the share that is left."""
        meant = self._anonymous if self._anonymous and scene.spoken_by_named else self._whole
        scored = best_of_members(meant, scene)
        for group in scene.groups.values():
            scored[group.id] = max(scored[group.id], meant.get(group.id, 0.0) * group.current)
        return scored
