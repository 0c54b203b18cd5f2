"""The write path: evidence in, then extract, resolve, find candidates, decide, link, commit.

Evidence is committed before it is interpreted and stays pending until the claims are committed, so that a crash between
the two loses nothing: a retried `retain` takes pending evidence up again. Each step is a function of its own, and the
memory manager of a team runs the same ones as a state machine.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import pairwise

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from agentmem.embeddings import Embedder
from agentmem.errors import ConflictError
from agentmem.memory.journal import EpisodeRef, OperationSummary, Retained, summaries
from agentmem.memory.retaining.ahead import Prepared, prepared_batches
from agentmem.memory.retaining.changes import ChangeBuilder, Grounds
from agentmem.memory.retaining.decision import Decider
from agentmem.memory.retaining.evidence import Identity, Message, Provenance, episodes_of
from agentmem.memory.retaining.extraction import Extractor, Reading
from agentmem.memory.retaining.indexing import episode_entry
from agentmem.memory.retaining.learning import Proposal, between_forgettings, decide, propose
from agentmem.memory.retaining.repetition import Repetition
from agentmem.memory.retaining.windows import BATCH, Window, resumed_windows
from agentmem.records import (
    Change,
    Changeset,
    Clock,
    EmbeddingStamp,
    Episode,
    Node,
    Operation,
    Relationship,
    RelationshipType,
    Status,
    Vector,
)
from agentmem.stores import Store

__all__ = ["ATTEMPTS", "BATCH", "Intake", "Received", "WritePath", "retain", "retrying"]

ATTEMPTS = 8
"""How often a decision is made anew because another writer was faster, before ConflictError is raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Evidence of one call on its way in; embedding and reading of later batches run ahead of the one at hand."""

    episodes: tuple[Episode, ...]
    """All of it, in order."""
    known: Mapping[str, Node]
    """What the store held of it before, by id."""
    batches: Generator[Prepared]
    """It in batches, to be taken one after the other."""

    def close(self) -> None:
        """Stop what runs ahead."""
        self.batches.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """Evidence of one batch: what is to be interpreted, and what was known already."""

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
    aliases: dict[str, str] = field(default_factory=dict, repr=False)
    """What names were seen to mean: asked for at once the next time. Nothing rests on it."""

    def builder(self) -> ChangeBuilder:
        """Makes the changes of one commit."""
        return ChangeBuilder(bank=self.bank, now=self.clock.now(), agent=self.agent, run_id=self.run_id)

    def commit(self, changeset: Changeset) -> tuple[Operation, ...]:
        """Write a changeset whose vectors are of the embedder's model; a new store records that it is filled by it."""
        stamp = EmbeddingStamp(model=self.embedder.model, dimension=self.embedder.dimension)
        return self.store.commit(replace(changeset, embedding=stamp))

    def take_in(self, content: str | Message | Sequence[Message], about: Provenance) -> Intake:
        """Cut content into evidence, and begin to embed and to read it; close it when done.

        Raises:
            InputError: there is nothing to remember, or it cannot be stored.
        """
        now = self.clock.now()
        episodes = episodes_of(content, about, now=now)
        known = self.store.fetch(self.bank, [episode.id for episode in episodes])
        again = Repetition(self.store, self.bank, episodes)
        places = {e.id: place for place, e in enumerate(episodes) if e.id in known and e.source == e.origin}
        changed = again.changed(places)
        if changed or any(known[e.id].trust < e.trust for e in episodes if e.id in known):

            def occurrence(identity: Identity, before: int, place: int) -> int:
                trusted = again.trusted(identity, before, place)
                said_before = {identity.id(trusted): place} if not identity.caller_id else {}
                is_changed = identity.id(before) in changed if trusted == before else again.changed(said_before)
                return again.occurrence(identity, trusted, place) if is_changed else trusted

            episodes = episodes_of(content, about, now=now, occurrence_of=occurrence)
            known = self.store.fetch(self.bank, [episode.id for episode in episodes])
        moved = [
            there
            for here in episodes
            if isinstance(there := known.get(here.id), Episode)
            and there.status is Status.PENDING
            and there.position != here.position
        ]
        resumed = resumed_windows(self.store, self.bank, moved)
        batches = prepared_batches(episodes, known, self.embedder, self.extractor.extract, resumed)
        return Intake(episodes=tuple(episodes), known=known, batches=batches)

    def receive(self, batch: Prepared, known: Mapping[str, Node]) -> Received:
        """Commit evidence that is not known yet, verbatim, as pending.

        Args:
            batch: The evidence.
            known: What the store held of it a moment ago, by id; read anew if another writer was faster.
        """
        episodes = batch.episodes
        for attempt in retrying():
            with attempt:
                if attempt.retry_state.attempt_number > 1:
                    known = self.store.fetch(self.bank, [episode.id for episode in episodes])
                new = [episode for episode in episodes if episode.id not in known]
                operations = self._commit(self._evidence_changes(batch, new)) if new else ()
        waiting = [known.get(episode.id, episode) for episode in episodes]
        unread = tuple(e for e in waiting if isinstance(e, Episode) and e.status is Status.PENDING)
        return Received(episodes=episodes, unread=unread, operations=operations)

    def read(self, batch: Prepared, received: Received) -> list[Reading]:
        """What the evidence says: read ahead, unless another writer was faster with some of it."""
        extractions = batch.reading.result()
        stored = {episode.id: episode for episode in received.unread}
        read = {episode.id: episode for episode in batch.reading.episodes}
        if any(read.get(id_) != episode for id_, episode in stored.items()):
            episodes = tuple(stored.get(episode.id, episode) for episode in batch.episodes)
            window = Window(before=batch.before, episodes=episodes, unread=received.unread)
            extractions = {x.episode_id: x for x in window.read(self.extractor.extract)}
        return [Reading(episode=episode, extraction=extractions[episode.id]) for episode in received.unread]

    def learn(self, readings: Sequence[Reading], vectors: Mapping[str, Vector]) -> tuple[OperationSummary, ...]:
        """Propose, decide and commit; proposed and decided again if another writer was faster.

        Returns:
            What was decided, in order of the journal.
        """
        learned: list[OperationSummary] = []
        for group in between_forgettings(readings):
            for attempt in retrying():
                with attempt:
                    waiting = group if attempt.retry_state.attempt_number == 1 else self.still_pending(group)
                    if waiting:
                        proposal = self.propose(waiting, vectors)
                        learned.extend(self.write(proposal, self.decide(proposal)))
        return tuple(learned)

    def still_pending(self, readings: Sequence[Reading]) -> tuple[Reading, ...]:
        """Those that no other writer has taken in meanwhile."""
        now = self.store.fetch(self.bank, [reading.episode.id for reading in readings])
        return tuple(r for r in readings if (node := now.get(r.episode.id)) and node.status is Status.PENDING)

    def propose(self, readings: Sequence[Reading], vectors: Mapping[str, Vector]) -> Proposal:
        """Find the entities that are meant and what of the memory the claims compete with."""
        return propose(self.store, self.builder(), readings, vectors, self.aliases)

    def decide(self, proposal: Proposal) -> Changeset:
        """Decide on every claim of a proposal, ready for `commit`."""
        return decide(self.store, self.decider, proposal)

    def write(self, proposal: Proposal, changeset: Changeset) -> tuple[OperationSummary, ...]:
        """Commit what was decided about a proposal.

        Raises:
            ConflictError: what the decisions rest on has changed; nothing was written.
        """
        return summaries(self.commit(changeset), changeset, proposal.around.nodes)

    def _evidence_changes(self, batch: Prepared, new: Sequence[Episode]) -> list[Change]:
        builder = self.builder()
        neighbours = pairwise((*batch.before[-1:], *batch.episodes))
        before = {later.id: earlier for earlier, later in neighbours if later.origin == earlier.origin}
        changes = []
        for episode in new:
            previous = before.get(episode.id) if episode.origin else None
            joined = [_next(previous, episode)] if previous else []
            index = episode_entry(episode, previous, batch.vectors[episode.id])
            grounds = Grounds(reason="evidence, verbatim", evidence=(episode.id,))
            changes.append(builder.add(episode, grounds, index=index, relationships=joined))
        return changes

    def _commit(self, changes: Sequence[Change]) -> tuple[Operation, ...]:
        return self.commit(Changeset(bank=self.bank, changes=tuple(changes)))


def retain(path: WritePath, content: str | Message | Sequence[Message], about: Provenance) -> Retained:
    """Take in a text or a conversation, a batch at a time.

    Raises:
        InputError: there is nothing to remember, or it cannot be stored.
        ConflictError: other writers were faster `ATTEMPTS` times.
    """
    learned: list[OperationSummary] = []
    with closing(path.take_in(content, about)) as intake:
        for batch in intake.batches:
            received = path.receive(batch, intake.known)
            learned.extend(path.learn(path.read(batch, received), batch.vectors))
    return retained(intake.episodes, learned)


def retained(episodes: Iterable[Episode], learned: Iterable[OperationSummary]) -> Retained:
    """What a call took in and what it changed."""
    return Retained(episodes=tuple(EpisodeRef(id=e.id, source=e.source) for e in episodes), operations=tuple(learned))


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
