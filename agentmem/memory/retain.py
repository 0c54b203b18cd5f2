"""The write path: evidence in, then extract, resolve, find candidates, decide, link, commit.

Evidence is committed before it is interpreted and stays pending until the claims are committed, so that a crash between
the two loses nothing: a retried `retain` takes pending evidence up again. Each step is a function of its own, and the
memory manager of a team runs the same ones as a state machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from agentmem.embeddings import Embedder, Matrix
from agentmem.errors import ConflictError
from agentmem.language import terms
from agentmem.memory.assembly import Assembly, begin, distinct_entities
from agentmem.memory.candidates import claims_of, find_candidates
from agentmem.memory.changes import ChangeBuilder, Grounds
from agentmem.memory.decision import Decider
from agentmem.memory.endings import forget, note_endings
from agentmem.memory.evidence import Message, Provenance, episodes_of
from agentmem.memory.extraction import EntityMention, Extraction, Extractor
from agentmem.memory.notes import note_changes, outdated, write_notes
from agentmem.memory.resolution import Resolution, Sighting, resolve
from agentmem.records import (
    Change,
    Changeset,
    Clock,
    Episode,
    IndexEntry,
    Kind,
    Note,
    Operation,
    Relationship,
    RelationshipType,
    Status,
    Vector,
)
from agentmem.stores import Direction, Store, View

BATCH = 64
"""Episodes in one commit: large enough to spread its cost, small enough that embedding runs ahead of it."""

_ATTEMPTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """Evidence of one call: what is to be interpreted, and what was known already."""

    episodes: tuple[Episode, ...]
    """All of them, in order."""
    unread: tuple[Episode, ...]
    """Those to interpret: new ones, and pending ones of a call that was cut short."""
    operations: tuple[Operation, ...] = ()
    """The ADDs of the new ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePath:
    """The steps of `retain` over one store, for one bank, agent and run."""

    store: Store
    embedder: Embedder
    extractor: Extractor
    decider: Decider
    clock: Clock
    bank: str
    agent: str = ""
    run_id: str = ""

    def builder(self) -> ChangeBuilder:
        """Makes the changes of one commit."""
        return ChangeBuilder(bank=self.bank, now=self.clock.now(), agent=self.agent, run_id=self.run_id)

    def receive(self, episodes: Sequence[Episode], vectors: Mapping[str, Vector]) -> Received:
        """Commit evidence that is not known yet, verbatim, as pending."""
        for attempt in _retrying():
            with attempt:
                known = self.store.fetch(self.bank, [episode.id for episode in episodes])
                new = [episode for episode in episodes if episode.id not in known]
                operations = self._commit(self._evidence_changes(episodes, new, vectors)) if new else ()
        waiting = [known.get(episode.id, episode) for episode in episodes]
        unread = tuple(e for e in waiting if isinstance(e, Episode) and e.status is Status.PENDING)
        return Received(episodes=tuple(episodes), unread=unread, operations=operations)

    def extract(self, episodes: Sequence[Episode]) -> list[Extraction]:
        """What the evidence says, one extraction for each episode."""
        return self.extractor.extract(episodes)

    def learn(
        self, episodes: Sequence[Episode], extractions: Sequence[Extraction], vectors: Mapping[str, Vector]
    ) -> tuple[Operation, ...]:
        """Resolve, find candidates, decide, link and commit; decided again if another writer was faster."""
        operations: list[Operation] = []
        for group in _between_forgettings(list(zip(episodes, extractions, strict=True))):
            for attempt in _retrying():
                with attempt:
                    assembly, changes = self._assemble(
                        [episode for episode, _ in group], [extraction for _, extraction in group], vectors
                    )
                    changeset = Changeset(bank=self.bank, changes=tuple(changes), guards=assembly.guards)
                    committed = self.store.commit(changeset)
            operations.extend(committed)
        return tuple(operations)

    def _assemble(
        self, episodes: Sequence[Episode], extractions: Sequence[Extraction], vectors: Mapping[str, Vector]
    ) -> tuple[Assembly, list[Change]]:
        builder = self.builder()
        resolution = resolve(self.store, builder, _sightings(episodes, extractions))
        claims = claims_of(episodes, extractions, resolution)
        candidates = find_candidates(self.store, self.bank, claims)
        mentions = _mentions(episodes, extractions, resolution)
        assembly = begin(builder, resolution, self.decider, candidates, claims, episodes, mentions)
        for claim in claims:
            assembly.take(claim)
        for episode, extraction in zip(episodes, extractions, strict=True):
            if extraction.forget:
                changes, ended = forget(self.store, builder, episode, extraction.forget)
                assembly.changes.extend(changes)
                assembly.closed.extend(ended)
            else:
                assembly.conclude(episode, "nothing to remember: no statement in it")
        added = {change.add.id for change in assembly.changes if change.add}
        notes = self._notes(builder, episodes, extractions, vectors, assembly)
        ended_before = [fact for fact in assembly.closed if fact.id not in added]
        endings = note_endings(self.store, builder, ended_before)
        return assembly, [*resolution.changes, *assembly.changes, *notes, *endings]

    def _notes(
        self,
        builder: ChangeBuilder,
        episodes: Sequence[Episode],
        extractions: Sequence[Extraction],
        vectors: Mapping[str, Vector],
        assembly: Assembly,
    ) -> list[Change]:
        """New notes, without what was already outdated within the same batch."""
        added = note_changes(
            self.store, builder, write_notes(builder, episodes, extractions, vectors, assembly.resolution)
        )
        quotes = _quotes(assembly)
        changes = []
        for change in added:
            changes.append(change)
            ended = [
                (fact, quotes.get(fact.id, ""))
                for fact in assembly.closed
                if fact.id in quotes and change.operation.evidence == _evidence_of(assembly, fact.id)
            ]
            if ended and isinstance(change.add, Note):
                changes.append(outdated(builder, change.add, ended))
        return changes

    def _evidence_changes(
        self, episodes: Sequence[Episode], new: Sequence[Episode], vectors: Mapping[str, Vector]
    ) -> list[Change]:
        builder = self.builder()
        before = {later.id: earlier for earlier, later in pairwise(episodes) if later.origin == earlier.origin}
        changes = []
        for episode in new:
            previous = before.get(episode.id) if episode.origin else None
            joined = [_next(previous, episode)] if previous else []
            index = IndexEntry(
                terms=" ".join(terms(f"{episode.speaker} {episode.text}")),
                context_terms=" ".join(terms(_surroundings(episode, previous))),
                vector=vectors[episode.id],
            )
            grounds = Grounds(reason="evidence, verbatim", evidence=(episode.id,))
            changes.append(builder.add(episode, grounds, index=index, relationships=joined))
        return changes

    def _commit(self, changes: Sequence[Change]) -> tuple[Operation, ...]:
        return self.store.commit(Changeset(bank=self.bank, changes=tuple(changes)))


def retain(
    path: WritePath, content: str | Message | Sequence[Message], about: Provenance
) -> Iterator[tuple[Received, tuple[Operation, ...]]]:
    """Take in a text or a conversation, a batch at a time; embedding of the next batch runs ahead meanwhile.

    Yields:
        For each batch: the evidence, and the Operations of what was learned from it.
    """
    episodes = episodes_of(content, about, now=path.clock.now())
    episodes = _restated(path, episodes) if not about.source and isinstance(content, str) else episodes
    batches = [episodes[start : start + BATCH] for start in range(0, len(episodes), BATCH)]
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="embed") as pool:
        ahead = _embed(pool, path.embedder, batches[0])
        for position, batch in enumerate(batches):
            matrix = ahead.result()
            if position + 1 < len(batches):
                ahead = _embed(pool, path.embedder, batches[position + 1])
            vectors: dict[str, Vector] = {episode.id: row for episode, row in zip(batch, matrix, strict=True)}
            received = path.receive(batch, vectors)
            extractions = path.extract(received.unread) if received.unread else []
            yield received, path.learn(received.unread, extractions, vectors)


def _embed(pool: ThreadPoolExecutor, embedder: Embedder, batch: Sequence[Episode]) -> Future[Matrix]:
    return pool.submit(embedder.embed, [episode.text for episode in batch])


def _restated(path: WritePath, episodes: list[Episode]) -> list[Episode]:
    """Anonymous text said again after it stopped being true is a new statement, not a retry of the old one."""
    known = path.store.fetch(path.bank, [episode.id for episode in episodes])
    if not known:
        return episodes
    everything = View(bank=path.bank, kinds=frozenset({Kind.FACT}), statuses=frozenset(Status))
    claims = path.store.neighbourhood(
        everything, list(known), types=frozenset({RelationshipType.EVIDENCED_BY}), direction=Direction.IN
    )
    over = {
        link.target_id
        for link in claims.relationships
        if link.source_id in claims.nodes and claims.nodes[link.source_id].status is Status.SUPERSEDED
    }
    now = path.clock.now()
    return [
        replace(episode, id=f"{episode.id}-{int(now.timestamp())}") if episode.id in over else episode
        for episode in episodes
    ]


def _sightings(episodes: Sequence[Episode], extractions: Sequence[Extraction]) -> Iterator[Sighting]:
    for episode, extraction in zip(episodes, extractions, strict=True):
        if episode.speaker:
            speaker = EntityMention(name=episode.speaker, entity_type="person")
            yield Sighting(mention=speaker, episode_id=episode.id)
        for mention in extraction.mentions:
            yield Sighting(mention=mention, episode_id=episode.id)
        for draft in extraction.facts:
            for mention in draft.mentions:
                yield Sighting(mention=mention, episode_id=episode.id)
            if draft.subject:
                yield Sighting(mention=EntityMention(name=draft.subject, entity_type="thing"), episode_id=episode.id)
            if draft.object and draft.object_type:
                named = EntityMention(name=draft.object, entity_type=draft.object_type)
                yield Sighting(mention=named, episode_id=episode.id)


def _mentions(
    episodes: Sequence[Episode], extractions: Sequence[Extraction], resolution: Resolution
) -> dict[str, tuple[Relationship, ...]]:
    return {
        episode.id: tuple(
            Relationship(
                type=RelationshipType.MENTIONS,
                source_id=episode.id,
                target_id=entity.id,
                properties={"count": 1},
            )
            for entity in distinct_entities(resolution, (mention.name for mention in extraction.mentions))
        )
        for episode, extraction in zip(episodes, extractions, strict=True)
    }


def _between_forgettings(
    items: list[tuple[Episode, Extraction]],
) -> Iterator[list[tuple[Episode, Extraction]]]:
    """Runs of evidence, each request to forget alone, so that it finds what was learned just before it."""
    run: list[tuple[Episode, Extraction]] = []
    for item in items:
        if item[1].forget:
            if run:
                yield run
            yield [item]
            run = []
        else:
            run.append(item)
    if run:
        yield run


def _next(previous: Episode, episode: Episode) -> Relationship:
    return Relationship(type=RelationshipType.NEXT, source_id=previous.id, target_id=episode.id)


def _surroundings(episode: Episode, previous: Episode | None) -> str:
    headings = str(episode.metadata.get("headings", ""))
    return f"{headings} {previous.text if previous else ''}"


def _quotes(assembly: Assembly) -> dict[str, str]:
    """The words that facts added in this batch rest on, by fact id."""
    return {
        link.source_id: str(link.properties.get("quote", ""))
        for change in assembly.changes
        if change.add
        for link in change.relationships
        if link.type is RelationshipType.EVIDENCED_BY and link.source_id == change.add.id
    }


def _evidence_of(assembly: Assembly, fact_id: str) -> tuple[str, ...]:
    return next(c.operation.evidence for c in assembly.changes if c.add and c.add.id == fact_id)


def _retrying() -> Retrying:
    return Retrying(
        retry=retry_if_exception_type(ConflictError),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.02, max=1.0),
        reraise=True,
    )
