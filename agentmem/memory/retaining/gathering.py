"""Reads the surroundings of a batch of evidence: one round trip to the store, rarely two.

Which facts its claims compete with depends on which entities it means, and only the answer tells that. So their keys
are guessed, from the names as they stand and from what names were seen to mean before. What the guess missed is read
when the entities are known; nothing rests on the guess itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from agentmem.language import normalise_name
from agentmem.memory.retaining.candidates import claim_key, companion_key
from agentmem.memory.retaining.endings import forget_terms
from agentmem.memory.retaining.extraction import Reading
from agentmem.memory.retaining.notes import LINK_COSINE, NEIGHBOURS
from agentmem.memory.retaining.resolution import Resolution, other_forms
from agentmem.memory.retaining.surroundings import Surroundings
from agentmem.records import Entity, Fact, Kind, Node, Note, Relationship, RelationshipType, Vector
from agentmem.stores import Gathered, Hit, KeySearch, PrefixSearch, Search, Store, TextSearch, VectorSearch, View, Walk

_READ = frozenset({Kind.ENTITY, Kind.FACT, Kind.NOTE, Kind.EPISODE})
_ENTITIES = frozenset({Kind.ENTITY})
_FACTS = frozenset({Kind.FACT})
_NOTES = frozenset({Kind.NOTE})
_SAID = frozenset({Kind.FACT, Kind.EPISODE})
_LONGER_NAMES = 20
"""Names that begin with a name of one word, at most."""
_FORGET_CANDIDATES = 50

KeyOf = Callable[[str], str]
"""The canonical key of a name."""


def surroundings_of(
    store: Store,
    bank: str,
    readings: Sequence[Reading],
    names: Iterable[str],
    vectors: Mapping[str, Vector],
    aliases: Mapping[str, str],
) -> Surroundings:
    """What is known around a batch.

    Args:
        store: Read once.
        bank: The tenant.
        readings: Evidence and what it says.
        names: Normalised names that it mentions.
        vectors: Embeddings of the evidence, by episode id.
        aliases: Names that were seen to be other names of something, and its key.
    """
    plan = _Plan(readings, tuple(names), vectors, lambda name: aliases.get(normal := normalise_name(name), normal))
    if not plan.searches:
        return Surroundings()
    return plan.read(store.gather(View(bank=bank, kinds=_READ), plan.searches, plan.walks))


def with_missing_facts(
    store: Store, bank: str, readings: Sequence[Reading], resolution: Resolution, around: Surroundings
) -> Surroundings:
    """The same with the facts that the guess of their keys missed: nothing is read if it missed none."""
    keys = _claim_keys(readings, resolution.key)
    missing = {key: ending for key, ending in keys.items() if key not in around.facts}
    if not missing:
        return around
    plan = _Plan((), (), {}, resolution.key)
    plan.ask_for_facts(missing)
    more = plan.read(store.gather(View(bank=bank, kinds=_READ), plan.searches, plan.walks))
    return replace(
        around,
        nodes={**around.nodes, **more.nodes},
        relationships=_united(around.relationships, more.relationships),
        facts={**around.facts, **more.facts},
        walked=around.walked | more.walked,
    )


def with_evidence_of(store: Store, bank: str, facts: Iterable[Fact], around: Surroundings) -> Surroundings:
    """The same with what rests on the evidence of some facts: nothing is read if all of it is there."""
    missing = [fact.id for fact in facts if fact.id not in around.walked]
    if not missing:
        return around
    view = View(bank=bank, kinds=_NOTES | {Kind.EPISODE})
    more = store.neighbourhood(view, missing, types=frozenset({RelationshipType.EVIDENCED_BY}), depth=2)
    return replace(
        around,
        nodes={**around.nodes, **more.nodes},
        relationships=_united(around.relationships, more.relationships),
        walked=around.walked.union(missing),
    )


class _Plan:
    """The searches and walks of one gathering, and how the answer is read."""

    def __init__(
        self, readings: Sequence[Reading], names: tuple[str, ...], vectors: Mapping[str, Vector], key_of: KeyOf
    ) -> None:
        self.searches: list[Search] = []
        self.walks: list[Walk] = []
        self._names: tuple[str, ...] = names
        self._by_name: list[int] = []
        self._keys: dict[str, bool] = {}
        self._by_key: list[int] = []
        self._ending = -1
        self._near: dict[str, int] = {}
        self._requests: dict[str, int] = {}
        self._ask_for_entities()
        self.ask_for_facts(_claim_keys(readings, key_of))
        for reading in readings:
            if reading.extraction.note is not None:
                vector = vectors[reading.episode.id]
                near = VectorSearch(vector=vector, k=NEIGHBOURS, least=LINK_COSINE, kinds=_NOTES)
                self._near[reading.episode.id] = self._ask(near)
            for request in reading.extraction.forget:
                if request.about not in self._requests and (words := forget_terms(request)):
                    search = TextSearch(terms=words, k=_FORGET_CANDIDATES, kinds=_SAID)
                    self._requests[request.about] = self._ask(search)
                    self._follow_evidence(_NOTES | _SAID)

    def _ask(self, search: Search) -> int:
        self.searches.append(search)
        return len(self.searches) - 1

    def _follow_evidence(self, kinds: frozenset[Kind]) -> None:
        types = frozenset({RelationshipType.EVIDENCED_BY})
        self.walks.append(Walk(search=len(self.searches) - 1, types=types, kinds=kinds, depth=2))

    def _ask_for_entities(self) -> None:
        if not self._names:
            return
        forms = dict.fromkeys(chain(self._names, *map(other_forms, self._names)))
        self._by_name = [self._ask(KeySearch(keys=tuple(forms), kinds=_ENTITIES))]
        firsts = tuple(f"{name} " for name in self._names if len(name.split()) == 1)
        if firsts:
            self._by_name.append(self._ask(PrefixSearch(prefixes=firsts, k=_LONGER_NAMES, kinds=_ENTITIES)))
        types = frozenset({RelationshipType.SAME_AS})
        self.walks.extend(Walk(search=place, types=types, kinds=_ENTITIES) for place in self._by_name)

    def ask_for_facts(self, keys: Mapping[str, bool]) -> None:
        """Facts under some keys; for keys whose facts may end, also the notes that quote them."""
        self._keys = dict(keys)
        ending = tuple(key for key, may_end in keys.items() if may_end)
        if ending:
            self._ending = self._ask(KeySearch(keys=ending, kinds=_FACTS))
            self._follow_evidence(_NOTES | {Kind.EPISODE})
            self._by_key.append(self._ending)
        staying = tuple(key for key, may_end in keys.items() if not may_end)
        if staying:
            self._by_key.append(self._ask(KeySearch(keys=staying, kinds=_FACTS)))

    def read(self, found: Gathered) -> Surroundings:
        """The surroundings that the answer holds."""
        return Surroundings(
            nodes=found.nodes,
            relationships=found.relationships,
            entities=tuple(self._entities(found)),
            facts=self._facts(found),
            walked=frozenset(hit.id for hit in self._walked(found)),
            near={episode: tuple(_notes(found.nodes, found.hits[place])) for episode, place in self._near.items()},
            forgettable={about: found.hits[place] for about, place in self._requests.items()},
        )

    def _entities(self, found: Gathered) -> Iterator[Entity]:
        """Those of the very names first, then other forms, then longer names, then what they are aliases of."""
        ids = [hit.id for place in self._by_name for hit in found.hits[place]]
        own = frozenset(self._names)
        ordered = sorted(dict.fromkeys(ids), key=lambda id_: _key_of(found.nodes.get(id_)) not in own)
        for id_ in dict.fromkeys((*ordered, *found.nodes)):
            node = found.nodes.get(id_)
            if isinstance(node, Entity):
                yield node

    def _facts(self, found: Gathered) -> dict[str, tuple[Fact, ...]]:
        facts: dict[str, tuple[Fact, ...]] = dict.fromkeys(self._keys, ())
        for place in self._by_key:
            for hit in found.hits[place]:
                fact = found.nodes.get(hit.id)
                if isinstance(fact, Fact):
                    facts[fact.key] = (*facts[fact.key], fact)
        return facts

    def _walked(self, found: Gathered) -> Iterator[Hit]:
        places = [*self._requests.values(), *([self._ending] if self._ending >= 0 else [])]
        return chain.from_iterable(found.hits[place] for place in places)


def _claim_keys(readings: Iterable[Reading], key_of: KeyOf) -> dict[str, bool]:
    """Keys that claims compete under, each with whether a claim may end facts under it."""
    keys: dict[str, bool] = {}
    for reading in readings:
        for draft in reading.extraction.facts:
            key = claim_key(draft, key_of)
            may_end = draft.functional or draft.ends or draft.corrects
            keys[key] = keys.get(key, False) or may_end
            if companion := companion_key(key):
                keys[companion] = True
    return keys


def _united(some: Iterable[Relationship], more: Iterable[Relationship]) -> tuple[Relationship, ...]:
    return tuple({link.identity: link for link in (*some, *more)}.values())


def _key_of(node: Node | None) -> str:
    return node.key if node is not None else ""


def _notes(nodes: Mapping[str, Node], hits: Iterable[Hit]) -> Iterator[tuple[Note, float]]:
    for hit in hits:
        note = nodes.get(hit.id)
        if isinstance(note, Note):
            yield note, hit.score
