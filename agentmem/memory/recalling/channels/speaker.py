"""Speaker: what was said by whom the query names."""

from __future__ import annotations

from collections.abc import Mapping

from agentmem.memory.recalling.channels.base import Channel, Scene


class Speaker(Channel):
    """Who spoke."""

    name = "speaker"
    weight = 0.15

    def applies(self, scene: Scene) -> bool:
        """If anybody who is named spoke."""
        return bool(scene.spoken_by_named)

    def scores(self, scene: Scene) -> Mapping[str, float]:
        """See `Channel`."""
        return dict.fromkeys(scene.spoken_by_named, 1.0)
