"""Groups of evidence: an Episode with the claims that were made of it ranks as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from agentmem.records import CURRENT, RECALLED, Episode, Kind, Node, Relationship, RelationshipType, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Which versions a recall may show."""

    kinds: frozenset[Kind] = RECALLED
    statuses: frozenset[Status] = CURRENT
    valid_at: datetime | None = None
    known_at: datetime | None = None

    def shows(self, node: Node) -> bool:
        """Whether a version is in the view, whatever its kind."""
        statuses = self.statuses if self.valid_at is None else self.statuses | {Status.SUPERSEDED}
        if node.status not in statuses or (self.known_at and node.created_at > self.known_at):
            return False
        if self.valid_at is None:
            return True
        began = node.valid_from is None or node.valid_from <= self.valid_at
        return began and (node.valid_to is None or node.valid_to > self.valid_at)

    def as_known(self, node: Node) -> Node:
        """The version as it stood at `known_at`: one that was closed later was current then."""
        if self.known_at is None or node.closed_at is None or node.closed_at <= self.known_at:
            return node
        if node.status is Status.ERASED:
            return node
        return replace(node, status=Status.ACTIVE, valid_to=node.valid_to_before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What ranks as one: an Episode with its claims, or a node that rests on no Episode."""

    id: str
    """The Episode's, or that of the lone node."""
    episode: Episode | None = None
    """None for a lone node, and for an Episode that the view does not show."""
    claims: tuple[Node, ...] = ()
    """Those that may be shown, by id."""
    members: tuple[str, ...] = ()
    """Ids whose keyword hits count: claims in view, and the Episode unless some of what it says left the view."""
    current: float = 1.0
    """Share of its claims that are in the view: how far the Episode's meaning still counts."""
    hidden: tuple[str, ...] = ()
    """Ids of its claims that are not in the view."""
    before: str = ""
    """The Episode that came before; empty at the start of a conversation."""
    after: str = ""
    """The Episode that came after."""

    @property
    def shown(self) -> tuple[Node, ...]:
        """What may be shown for it: its claims, else the Episode itself."""
        if self.claims:
            return self.claims
        return (self.episode,) if self.episode else ()


@dataclass(slots=True)
class _Draft:
    claims: dict[str, Node] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    before: str = ""
    after: str = ""


def evidence_of(relationships: Iterable[Relationship]) -> dict[str, list[str]]:
    """Claim -> the episodes that it rests on, sorted."""
    found: dict[str, set[str]] = {}
    for link in relationships:
        if link.type is RelationshipType.EVIDENCED_BY:
            found.setdefault(link.source_id, set()).add(link.target_id)
    return {claim: sorted(episodes) for claim, episodes in found.items()}


def grouped(nodes: Mapping[str, Node], relationships: Iterable[Relationship], sight: Sight) -> dict[str, Group]:
    """Groups by id.

    An Episode all of whose claims left the view leaves it too: it would bring back what was superseded. A claim that
    rests on several Episodes belongs to the group of each.

    Args:
        nodes: Candidates and what surrounds them, in whatever status.
        relationships: EVIDENCED_BY and NEXT between them, those of superseded claims included.
        sight: Which versions may be shown.
    """
    links = list(relationships)
    resting = evidence_of(links)
    drafts: dict[str, _Draft] = {}
    lone: dict[str, Group] = {}
    for node in sorted(nodes.values(), key=lambda n: n.id):
        if node.kind is Kind.EPISODE:
            drafts.setdefault(node.id, _Draft())
            continue
        in_view = sight.shows(node)
        episodes = resting.get(node.id, ())
        if not episodes and in_view and node.kind in sight.kinds:
            lone[node.id] = Group(id=node.id, claims=(node,), members=(node.id,))
        for episode_id in episodes:
            draft = drafts.setdefault(episode_id, _Draft())
            if in_view:
                draft.claims[node.id] = node
            else:
                draft.hidden.append(node.id)
    for link in links:
        if link.type is RelationshipType.NEXT:
            drafts.setdefault(link.source_id, _Draft()).after = link.target_id
            drafts.setdefault(link.target_id, _Draft()).before = link.source_id
    made = (_finished(id_, draft, nodes.get(id_), sight) for id_, draft in drafts.items())
    return lone | {group.id: group for group in made if group is not None}


def _finished(id_: str, draft: _Draft, episode: Node | None, sight: Sight) -> Group | None:
    if draft.hidden and not draft.claims:
        return None
    shown = tuple(claim for claim in draft.claims.values() if claim.kind in sight.kinds)
    visible = isinstance(episode, Episode) and sight.shows(episode)
    if not shown and not (visible and Kind.EPISODE in sight.kinds):
        return None
    return Group(
        id=id_,
        episode=episode if visible and isinstance(episode, Episode) else None,
        claims=shown,
        members=tuple(draft.claims) if draft.hidden else (id_, *draft.claims),
        current=len(draft.claims) / (len(draft.claims) + len(draft.hidden)) if draft.hidden else 1.0,
        hidden=tuple(draft.hidden),
        before=draft.before,
        after=draft.after,
    )
