"""Conversation: the turns before and after. Answers stand next to questions."""

from __future__ import annotations

from collections.abc import Mapping

from agentmem.memory.recalling.channels.base import Channel, Scene


class Conversation(Channel):
    """What the neighbours score in the channels before it: the mean of the two."""

    name = "conversation"
    weight = 0.4

    def applies(self, scene: Scene) -> bool:
        """Always: a turn without neighbours that matter is less of an answer."""
        return True

    def scores(self, scene: Scene) -> Mapping[str, float]:
        """See `Channel`."""
        return {
            group.id: sum(scene.relevance.get(other, 0.0) for other in {group.before, group.after} - {""}) / 2
            for group in scene.groups.values()
        }
