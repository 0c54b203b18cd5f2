"""Keyword: BM25 over stemmed words."""

from __future__ import annotations

from collections.abc import Sequence

from agentmem.memory.recalling.channels.base import Channel, Scene
from agentmem.memory.recalling.scaling import HITS, scaled_keyword
from agentmem.stores import Hit, Search, TextSearch


class Keyword(Channel):
    """The words of the query."""

    name = "keyword"
    weight = 0.5
    tells_claims_apart = True

    def searches(self) -> Sequence[Search]:
        """See `Channel`."""
        return (TextSearch(terms=tuple(dict.fromkeys(self.query.analysis.terms)), k=HITS),)

    def take(self, found: Sequence[Sequence[Hit]]) -> None:
        """See `Channel`."""
        self.nodes = scaled_keyword(found[0], limit=HITS)

    def applies(self, scene: Scene) -> bool:
        """Always: a memory without any of the words is less of an answer."""
        return True
