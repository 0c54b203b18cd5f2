"""Hop: what the best evidence names. A question about the director of a film needs the page of the director too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentmem.language import names, normalise_name, sentences
from agentmem.memory.recalling.channels.base import Channel, Scene
from agentmem.memory.recalling.grouping import Group
from agentmem.memory.recalling.querying import ParsedQuery
from agentmem.records import Kind
from agentmem.stores import Hit, KeySearch, Search

NAMED = 40
"""Names that are followed at most."""


class Hop(Channel):
    """One hop from the best pieces of documents to the pieces whose title they name; never back.

    Talk has no titles, so a recall that finds talk asks nothing more.
    """

    name = "hop"
    weight = 0.4

    def __init__(self, query: ParsedQuery) -> None:
        super().__init__(query)
        self._best: Mapping[str, int] = {}

    def follow(self, best: Sequence[Group]) -> Sequence[Search]:
        """See `Channel`."""
        named: dict[str, int] = {}
        for place, group in enumerate(best):
            if group.episode is not None and group.episode.key:
                for unit in sentences(group.episode.text):
                    for name in names(unit.text):
                        key = normalise_name(name.text)
                        if key != group.episode.key:
                            named.setdefault(key, place)
        self._best = dict(list(named.items())[:NAMED])
        if not self._best:
            return ()
        return (KeySearch(keys=tuple(self._best), kinds=frozenset({Kind.EPISODE})),)

    def take_followed(self, found: Sequence[Sequence[Hit]]) -> None:
        """See `Channel`."""
        self.nodes = {hit.id: 1.0 for hits in found for hit in hits}

    def scores(self, scene: Scene) -> Mapping[str, float]:
        """See `Channel`: less for what a less good piece names."""
        scored = {}
        for group in scene.groups.values():
            if group.id in self.nodes and group.episode is not None:
                scored[group.id] = 1.0 / (1 + self._best.get(group.episode.key, NAMED))
        return scored
