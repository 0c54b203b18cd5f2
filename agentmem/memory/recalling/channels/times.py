"""Times: what was said, or held, in the time that the query names."""

from __future__ import annotations

from collections.abc import Sequence

from agentmem.memory.recalling.channels.base import Channel
from agentmem.memory.recalling.scaling import HITS
from agentmem.stores import Hit, Search, TimeSearch


class Times(Channel):
    """The time window of the query."""

    name = "times"
    weight = 0.2

    def searches(self) -> Sequence[Search]:
        """See `Channel`."""
        window = self.query.analysis.window
        return (TimeSearch(start=window[0], end=window[1], k=HITS),) if window else ()

    def take(self, found: Sequence[Sequence[Hit]]) -> None:
        """See `Channel`."""
        self.nodes = {hit.id: 1.0 for hits in found for hit in hits}
