"""Keys: facts with the very subject and predicate that the query asks for."""

from __future__ import annotations

from collections.abc import Sequence

from agentmem.memory.recalling.channels.base import Channel
from agentmem.stores import Hit, KeySearch, Search


class Keys(Channel):
    """Exact keys."""

    name = "keys"
    weight = 0.6
    certain = True

    def searches(self) -> Sequence[Search]:
        """See `Channel`."""
        return (KeySearch(keys=self.query.fact_keys),) if self.query.fact_keys else ()

    def take(self, found: Sequence[Sequence[Hit]]) -> None:
        """See `Channel`."""
        self.nodes = {hit.id: 1.0 for hits in found for hit in hits}
