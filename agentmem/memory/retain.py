"""The write path: evidence in, then extract, resolve, find candidates, decide, link, commit.

Evidence is committed before it is interpreted and stays pending until the claims are committed, so that a crash between
the two loses nothing: a retried `retain` takes pending evidence up again. Each step is a function of its own, and the
memory manager of a team runs the same ones as a state machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from agentmem.embeddings import Embedder
from agentmem.errors import ConflictError
from agentmem.memory.ahead import BATCH, prepared_batches
from agentmem.memory.changes import ChangeBuilder, Grounds
from agentmem.memory.decision import Decider
from agentmem.memory.evidence import Message, Provenance, episodes_of
from agentmem.memory.extraction import Extraction, Extractor
from agentmem.memory.indexing import episode_entry
from agentmem.memory.learning import Proposal, Reading, between_forgettings, decide, propose
from agentmem.records import (
    Change,
    Changeset,
    Clock,
    Episode,
    Kind,
    Operation,
    Relationship,
    RelationshipType,
    Status,
    Vector,
)
from agentmem.stores import Direction, EmbeddingStamp, Store, View

__all__ = ["ATTEMPTS", "BATCH", "Received", "WritePath", "retain", "retrying"]

ATTEMPTS = 8
"""How often a decision is made anew because another writer was faster, before ConflictError is raised."""


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

    def stamp(self) -> None:
        """Record in a new store which model fills it."""
        if self.store.embedding is None:
            self.store.stamp(EmbeddingStamp(model=self.embedder.model, dimension=self.embedder.dimension))

    def receive(self, episodes: Sequence[Episode], vectors: Mapping[str, Vector]) -> Received:
        """Commit evidence that is not known yet, verbatim, as pending."""
        self.stamp()
        for attempt in retrying():
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
        """Propose, decide and commit; proposed and decided again if another writer was faster."""
        readings = [
            Reading(episode=episode, extraction=extraction)
            for episode, extraction in zip(episodes, extractions, strict=True)
        ]
        operations: list[Operation] = []
        for group in between_forgettings(readings):
            committed: tuple[Operation, ...] = ()
            for attempt in retrying():
                with attempt:
                    waiting = group if attempt.retry_state.attempt_number == 1 else self.still_pending(group)
                    if waiting:
                        committed = self.store.commit(self.decide(self.propose(waiting), vectors))
            operations.extend(committed)
        return tuple(operations)

    def still_pending(self, readings: Sequence[Reading]) -> tuple[Reading, ...]:
        """Those that no other writer has taken in meanwhile."""
        now = self.store.fetch(self.bank, [reading.episode.id for reading in readings])
        return tuple(r for r in readings if (node := now.get(r.episode.id)) and node.status is Status.PENDING)

    def propose(self, readings: Sequence[Reading]) -> Proposal:
        """Find the entities that are meant and the candidates that the claims compete with."""
        return propose(self.store, self.builder(), readings)

    def decide(self, proposal: Proposal, vectors: Mapping[str, Vector]) -> Changeset:
        """Decide on every claim of a proposal, ready to be committed."""
        return decide(self.store, self.decider, proposal, vectors)

    def _evidence_changes(
        self, episodes: Sequence[Episode], new: Sequence[Episode], vectors: Mapping[str, Vector]
    ) -> list[Change]:
        builder = self.builder()
        before = {later.id: earlier for earlier, later in pairwise(episodes) if later.origin == earlier.origin}
        changes = []
        for episode in new:
            previous = before.get(episode.id) if episode.origin else None
            joined = [_next(previous, episode)] if previous else []
            index = episode_entry(episode, previous, vectors[episode.id])
            grounds = Grounds(reason="evidence, verbatim", evidence=(episode.id,))
            changes.append(builder.add(episode, grounds, index=index, relationships=joined))
        return changes

    def _commit(self, changes: Sequence[Change]) -> tuple[Operation, ...]:
        return self.store.commit(Changeset(bank=self.bank, changes=tuple(changes)))


def retain(
    path: WritePath, content: str | Message | Sequence[Message], about: Provenance
) -> Iterator[tuple[Received, tuple[Operation, ...]]]:
    """Take in a text or a conversation, a batch at a time; embedding and reading of the next ones run ahead meanwhile.

    Yields:
        For each batch: the evidence, and the Operations of what was learned from it.
    """
    episodes = episodes_of(content, about, now=path.clock.now())
    episodes = _restated(path, episodes) if not about.source and isinstance(content, str) else episodes
    known = path.store.fetch(path.bank, [episode.id for episode in episodes])
    with closing(prepared_batches(episodes, known, path.embedder, path.extract)) as batches:
        for batch in batches:
            received = path.receive(batch.episodes, batch.vectors)
            # Read ahead, unless another writer was faster with some of it.
            same = received.unread == batch.reading.episodes
            extractions = batch.reading.result() if same else path.extract(received.unread)
            yield received, path.learn(received.unread, extractions, batch.vectors)


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


def _next(previous: Episode, episode: Episode) -> Relationship:
    return Relationship(type=RelationshipType.NEXT, source_id=previous.id, target_id=episode.id)


def retrying() -> Retrying:
    """Attempts at a commit that another writer may forestall, with a random wait between them."""
    return Retrying(
        retry=retry_if_exception_type(ConflictError),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.02, max=1.0),
        reraise=True,
    )
