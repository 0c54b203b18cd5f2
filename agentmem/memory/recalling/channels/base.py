"""What a recall channel is: what it asks the store, and how it scores the groups of evidence that were found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from agentmem.memory.recalling.grouping import Group
from agentmem.memory.recalling.querying import ParsedQuery
from agentmem.stores import Hit, Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The groups that compete, and what the channels before said about them."""

    groups: Mapping[str, Group]
    """By id."""
    beside: frozenset[str] = frozenset()
    """Ids of Episodes next to a group that do not compete themselves."""
    spoken_by_named: frozenset[str] = frozenset()
    """Groups whose speaker the query names."""
    relevance: dict[str, float] = field(default_factory=dict)
    """Weighted sum of the channels before, for groups and for what is beside them."""


class Channel:
    """One way to find and to score, made anew for each query.

    A channel of your own overrides what it needs: `searches` and `take` to find nodes, `scores` to weigh groups.
    """

    name: ClassVar[str]
    """What `explain` calls it."""
    weight: ClassVar[float]
    """What a score of 1 adds."""
    certain: ClassVar[bool] = False
    """Whether all that it finds is looked at, however little the other channels think of it."""

    tells_claims_apart: ClassVar[bool] = False
    """Whether its scores say which claim of an Episode to show; a likeness that claims share with it does not."""

    def __init__(self, query: ParsedQuery) -> None:
        self.query = query
        self.nodes: Mapping[str, float] = {}
        """What it found, by id, scores in [0, 1]."""

    def searches(self) -> Sequence[Search]:
        """What to ask the store; all channels together cost one round trip."""
        return ()

    def take(self, found: Sequence[Sequence[Hit]]) -> None:
        """Take in the hits of its searches, in their order."""

    def follow(self, best: Sequence[Group]) -> Sequence[Search]:
        """What to ask once more, now that the best groups are known; nothing costs nothing."""
        return ()

    def take_followed(self, found: Sequence[Sequence[Hit]]) -> None:
        """Take in the hits of what it followed, in the order of its searches."""

    def applies(self, scene: Scene) -> bool:
        """Whether it can tell anything for this query; if not, no memory scores less for it."""
        return bool(self.nodes)

    def scores(self, scene: Scene) -> Mapping[str, float]:
        """Scores in [0, 1] of groups and of what is beside them; what is absent scores 0."""
        return best_of_members(self.nodes, scene)


ChannelMaker = Callable[[ParsedQuery], Channel]
"""Makes the channel of a query: the class itself, or a function that has more to give it."""


def best_of_members(nodes: Mapping[str, float], scene: Scene) -> dict[str, float]:
    """The best score of a group's members; that of the node itself for what is beside."""
    scored = {
        group.id: max((nodes.get(member, 0.0) for member in group.members), default=0.0)
        for group in scene.groups.values()
    }
    return scored | {id_: nodes.get(id_, 0.0) for id_ in scene.beside}
