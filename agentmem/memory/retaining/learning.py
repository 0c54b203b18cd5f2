"""From what evidence says to what is written: resolve, find candidates, decide, link.

Each step is a function of its own. `Memory.retain` runs them in a row; the memory manager of a team runs the same
ones as a state machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from agentmem.memory.journal import UNREAD
from agentmem.memory.retaining.assembly import Assembly, begin, distinct_entities
from agentmem.memory.retaining.candidates import Claim, claims_of
from agentmem.memory.retaining.changes import ChangeBuilder, Grounds
from agentmem.memory.retaining.decision import Decider
from agentmem.memory.retaining.endings import forget, note_endings
from agentmem.memory.retaining.extraction import EntityMention, ForgetRequest, Reading
from agentmem.memory.retaining.gathering import surroundings_of, with_evidence_of, with_missing_facts
from agentmem.memory.retaining.notes import note_changes, outdated, write_notes
from agentmem.memory.retaining.resolution import Resolution, Sighting, by_name, resolve
from agentmem.memory.retaining.surroundings import Surroundings
from agentmem.records import Change, Changeset, Fact, Node, Note, OperationType, Relationship, RelationshipType, Vector
from agentmem.stores import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Claims on their way to a decision, with all that they compete with."""

    builder: ChangeBuilder
    """Makes the changes that follow."""
    readings: tuple[Reading, ...]
    resolution: Resolution
    claims: tuple[Claim, ...]
    around: Surroundings
    """The memory as the decisions see it."""
    vectors: Mapping[str, Vector]
    """Embeddings of the evidence, by episode id."""


def between_forgettings(readings: Sequence[Reading]) -> Iterator[tuple[Reading, ...]]:
    """Runs of evidence, each request to forget alone, so that it finds what was learned just before it."""
    run: list[Reading] = []
    for reading in readings:
        if reading.extraction.forget:
            if run:
                yield tuple(run)
            yield (reading,)
            run = []
        else:
            run.append(reading)
    if run:
        yield tuple(run)


def propose(
    store: Store,
    builder: ChangeBuilder,
    readings: Sequence[Reading],
    vectors: Mapping[str, Vector],
    aliases: dict[str, str],
) -> Proposal:
    """Find the entities that are meant, and all of the current memory that the decisions rest on. One read, or two.

    Args:
        store: Read.
        builder: Makes the changes that follow.
        readings: Evidence and what it says.
        vectors: Embeddings of the evidence, by episode id.
        aliases: What names were seen to mean, so that the next read asks for it at once; brought up to date.
    """
    sightings = by_name(_sightings(readings))
    around = surroundings_of(store, builder.bank, readings, sightings, vectors, aliases)
    builder = builder.following(_decided_on(around))
    resolution = resolve(builder, sightings, around)
    for name, entity in resolution.entities.items():
        if entity.key != name:
            aliases[name] = entity.key
        else:
            aliases.pop(name, None)
    around = with_missing_facts(store, builder.bank, readings, resolution, around)
    return Proposal(
        builder=builder.following(_decided_on(around)),
        readings=tuple(readings),
        resolution=resolution,
        claims=tuple(claims_of([(reading.episode, reading.extraction) for reading in readings], resolution)),
        around=around,
        vectors=vectors,
    )


def _decided_on(around: Surroundings) -> Iterator[Node]:
    """What a decision may end."""
    yield from chain.from_iterable(around.facts.values())
    yield from (around.nodes[hit.id] for hit in chain.from_iterable(around.forgettable.values()))


def decide(store: Store, decider: Decider, proposal: Proposal) -> Changeset:
    """Decide on every claim, and gather what follows: versions that end, notes and links, what mentions whom.

    Args:
        store: Read only if facts end that the proposal did not expect to.
        decider: Gives the verdicts.
        proposal: The claims.

    Returns:
        The changeset; its guards refuse the commit if the candidates changed meanwhile.
    """
    builder, resolution, around = proposal.builder, proposal.resolution, proposal.around
    episodes = [reading.episode for reading in proposal.readings]
    mentions = _mentions(proposal.readings, resolution)
    assembly = begin(builder, resolution, decider, around.facts, proposal.claims, episodes, mentions)
    said: dict[str, deque[Claim]] = {episode.id: deque() for episode in episodes}
    for claim in proposal.claims:
        said[claim.episode.id].append(claim)
    for reading in proposal.readings:
        _take(assembly, reading, said[reading.episode.id], around)
    added = {change.add.id for change in assembly.changes if change.add}
    notes = _notes(proposal, assembly)
    closed = [fact for fact in assembly.closed if fact.id not in added]
    endings = note_endings(builder, closed, with_evidence_of(store, builder.bank, closed, around))
    changes = [*resolution.changes, *assembly.changes, *notes, *endings]
    return Changeset(bank=builder.bank, changes=tuple(changes), guards=assembly.guards)


def _take(assembly: Assembly, reading: Reading, claims: deque[Claim], around: Surroundings) -> None:
    """Decide on what one piece of evidence says, its requests to forget in their place among its claims."""
    ended = spared = False
    for request in reading.extraction.forget:
        while claims and claims[0].ordinal < request.after:
            assembly.take(claims.popleft())
        some, others = _forget(assembly, reading, request, around)
        ended, spared = ended or some, spared or others
    for claim in claims:
        assembly.take(claim)
    episode = reading.episode
    if not reading.extraction.forget or (spared and not ended):
        unread = reading.extraction.unread
        assembly.conclude(episode, f"{UNREAD}: {unread}" if unread else "nothing to remember: no statement in it")
    elif assembly.unread.pop(episode.id, None) is not None:
        # A bare request leaves the view too, since it often repeats what is to be forgotten.
        outcome = "" if ended else "; nothing that is remembered matched it"
        reason = f"a request to forget is an instruction, not a memory{outcome}"
        assembly.changes.append(assembly.builder.retire(episode, Grounds(reason=reason, evidence=(episode.id,))))


def _forget(assembly: Assembly, reading: Reading, request: ForgetRequest, around: Surroundings) -> tuple[bool, bool]:
    """End what one request means; whether something ended, and whether something more trusted stays."""
    gone = {change.operation.target for change in assembly.changes if change.operation.op is OperationType.RETIRE}
    gone.update(fact.id for fact in assembly.closed)
    learned = [c.add for c in assembly.changes if isinstance(c.add, Fact) and c.add.id not in gone]
    outcome = forget(assembly.builder, reading.episode, request, learned, around)
    changes = [change for change in outcome.changes if change.operation.target not in gone]
    assembly.changes.extend(changes)
    assembly.withdraw([fact for fact in outcome.ended if fact.id not in gone])
    if outcome.spared:
        grounds = Grounds(
            reason=f"less trusted than what it asks to forget: {request.about}",
            evidence=(reading.episode.id,),
            candidates=tuple(node.id for node in outcome.spared),
        )
        assembly.note(reading.episode, grounds)
    return bool(changes), bool(outcome.spared)


def _notes(proposal: Proposal, assembly: Assembly) -> list[Change]:
    """New notes, without what was already outdated within the same batch."""
    written = write_notes(
        proposal.builder,
        [(reading.episode, reading.extraction) for reading in proposal.readings],
        proposal.vectors,
        proposal.resolution,
    )
    quotes = _quotes(assembly)
    changes = []
    for change in note_changes(proposal.builder, written, proposal.around):
        changes.append(change)
        ended = [
            (fact, quotes[fact.id])
            for fact in assembly.closed
            if fact.id in quotes and change.operation.evidence == _evidence_of(assembly, fact.id)
        ]
        if ended and isinstance(change.add, Note):
            changes.append(outdated(proposal.builder, change.add, ended))
    return changes


def _sightings(readings: Sequence[Reading]) -> Iterator[Sighting]:
    for reading in readings:
        for mention in _mentioned(reading):
            yield Sighting(mention=mention, episode_id=reading.episode.id, trust=reading.episode.trust)


def _mentioned(reading: Reading) -> Iterator[EntityMention]:
    if reading.episode.speaker:
        yield EntityMention(name=reading.episode.speaker, entity_type="person")
    yield from reading.extraction.mentions
    for draft in reading.extraction.facts:
        yield from draft.mentions
        if draft.subject:
            yield EntityMention(name=draft.subject, entity_type="thing")
        if draft.object and draft.object_type:
            yield EntityMention(name=draft.object, entity_type=draft.object_type)


def _mentions(readings: Sequence[Reading], resolution: Resolution) -> dict[str, tuple[Relationship, ...]]:
    """What each episode mentions, by episode id."""
    return {
        reading.episode.id: tuple(
            Relationship(
                type=RelationshipType.MENTIONS,
                source_id=reading.episode.id,
                target_id=entity.id,
                properties={"count": 1},
            )
            for entity in distinct_entities(resolution, (mention.name for mention in reading.extraction.mentions))
        )
        for reading in readings
    }


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
