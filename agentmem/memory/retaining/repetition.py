"""Words that come again: the same call once more, or somebody who says again what had stopped being true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agentmem.language import normalise_name
from agentmem.memory.retaining.evidence import Identity
from agentmem.records import EVERY_STATUS, Episode, Fact, Kind, RelationshipType, Status
from agentmem.stores import Direction, KeySearch, Store, View

_ENDED = "|ended"


@dataclass(frozen=True, slots=True)
class Repetition:
    """Tells a retry from a new statement.

    What is known is a retry, unless what it said was changed since by words of the same source that do not follow it in
    this very call. So the same file again changes nothing, whatever else was said meanwhile, while "Oslo", "Rome",
    "Oslo" from one source ends in Oslo. Words with the caller's id, or that were said before what changed them, are
    always a retry.

    Words that are known from a less trusted source are new, too: whoever vouches for them says them himself.
    """

    store: Store
    bank: str
    episodes: Sequence[Episode]
    """The evidence of the call, in order."""

    def changed(self, places: Mapping[str, int]) -> frozenset[str]:
        """Ids of evidence that says something new if it comes again.

        Args:
            places: Where in the call the words stand, by the id of evidence with these words.
        """
        if not places:
            return frozenset()
        everything = View(bank=self.bank, statuses=EVERY_STATUS)
        claims = self.store.neighbourhood(
            everything, list(places), types=frozenset({RelationshipType.EVIDENCED_BY}), direction=Direction.IN
        )
        facts = [node for node in claims.nodes.values() if isinstance(node, Fact)]
        enders = self._enders(everything, facts)
        if not enders:
            return frozenset()
        said = self.store.neighbourhood(
            everything,
            list(dict.fromkeys(ender for many in enders.values() for ender in many)),
            types=frozenset({RelationshipType.EVIDENCED_BY}),
            direction=Direction.OUT,
        )
        grounds: dict[str, list[Episode]] = {}
        for link in said.relationships:
            if isinstance(episode := said.nodes.get(link.target_id), Episode):
                grounds.setdefault(link.source_id, []).append(episode)
        last = {(episode.speaker, episode.text): place for place, episode in enumerate(self.episodes)}
        return frozenset(
            link.target_id
            for link in claims.relationships
            if (place := places.get(link.target_id)) is not None
            for ender in enders.get(link.source_id, ())
            for cause in grounds.get(ender, ())
            if _may_change(cause, self.episodes[place]) and last.get((cause.speaker, cause.text), -1) < place
        )

    def _enders(self, view: View, facts: Iterable[Fact]) -> dict[str, list[str]]:
        """What took the place of facts, or began again after they told of an end, by their ids."""
        enders: dict[str, list[str]] = {}
        over = [fact.id for fact in facts if fact.status is Status.SUPERSEDED]
        if over:
            types = frozenset({RelationshipType.SUPERSEDES})
            for link in self.store.neighbourhood(view, over, types=types, direction=Direction.IN).relationships:
                enders.setdefault(link.target_id, []).append(link.source_id)
        ends = {fact.id: fact for fact in facts if fact.key.endswith(_ENDED)}
        if ends:
            current = View(bank=self.bank, kinds=frozenset({Kind.FACT}))
            keys = tuple({fact.key.removesuffix(_ENDED) for fact in ends.values()})
            for node in self.store.gather(current, [KeySearch(keys=keys)]).nodes.values():
                for id_ in (id_ for id_, fact in ends.items() if isinstance(node, Fact) and _began_again(node, fact)):
                    enders.setdefault(id_, []).append(node.id)
        return enders

    def trusted(self, identity: Identity, known: int, place: int) -> int:
        """Which saying of some words, from `known` on, is free or as trusted as the turn."""
        trust = self.episodes[place].trust
        while any(node.trust < trust for node in self.store.fetch(self.bank, [identity.id(known)]).values()):
            known += 1
        return known

    def occurrence(self, identity: Identity, known: int, place: int) -> int:
        """Which saying of some words a turn is, of which number `known` was changed: the last one, or one more."""
        step = 1
        while self._holds(identity, known + step):
            step *= 2
        low, high = known + step // 2, known + step  # the one is held, the other is not
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._holds(identity, middle) else (low, middle)
        return high if self.changed({identity.id(low): place}) else low

    def _holds(self, identity: Identity, occurrence: int) -> bool:
        return bool(self.store.fetch(self.bank, [identity.id(occurrence)]))


def _began_again(fact: Fact, end: Fact) -> bool:
    """Whether a fact is what the other says ended: whoever sold the house may own a boat."""
    if fact.key != end.key.removesuffix(_ENDED):
        return False
    return fact.functional or not end.object or normalise_name(fact.object) == normalise_name(end.object)


def _may_change(cause: Episode, said: Episode) -> bool:
    """Whether a cause is of the source of what was said, if it has one, and was not said after it."""
    later = cause.at is not None and said.at is not None and cause.at > said.at
    return not later and (not said.origin or cause.origin == said.origin)
