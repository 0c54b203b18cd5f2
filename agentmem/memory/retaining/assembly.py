"""Decisions to Changes: facts with their relationships, versions that end, and the notes that quoted them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from agentmem.memory.retaining.candidates import Claim, companion_key
from agentmem.memory.retaining.changes import ChangeBuilder, Grounds, activation
from agentmem.memory.retaining.decision import Decider, Decision, Verdict, within_trust
from agentmem.memory.retaining.indexing import claim_entry
from agentmem.memory.retaining.resolution import Resolution
from agentmem.records import (
    Change,
    Entity,
    Episode,
    Fact,
    Guard,
    Kind,
    Relationship,
    RelationshipType,
    StateChange,
    Status,
    node_id,
)


@dataclass(slots=True)
class Assembly:
    """Collects the Changes of one batch; decisions see what earlier claims of the batch already changed."""

    builder: ChangeBuilder
    resolution: Resolution
    decider: Decider
    heads: dict[str, tuple[Fact, ...]]
    """Current facts by key, kept up to date while the batch is assembled."""
    guards: tuple[Guard, ...]
    """What the decisions rest on, as the store held it."""
    changes: list[Change] = field(default_factory=list)
    closed: list[Fact] = field(default_factory=list)
    """Facts that stopped being current in this batch."""
    unread: dict[str, Episode] = field(default_factory=dict)
    """Pending evidence whose activation has not been written yet, by id."""
    mentions: Mapping[str, tuple[Relationship, ...]] = field(default_factory=dict)
    """What each episode mentions; written with its activation."""

    def take(self, claim: Claim) -> None:
        """Decide on a claim and add what follows from it."""
        heads = self.heads.get(claim.key, ())
        self._apply(claim, within_trust(self.decider.decide(claim, heads), claim.episode.trust), heads)

    def conclude(self, episode: Episode, reason: str) -> None:
        """Mark evidence as interpreted that gave no change of its own: a NOOP that says why."""
        if episode.id in self.unread:
            self.note(episode, Grounds(reason=reason, evidence=(episode.id,)))

    def note(self, episode: Episode, grounds: Grounds) -> None:
        """A NOOP that says why nothing follows from evidence, or from a part of it."""
        states, mentions = self._arrival(episode)
        self.changes.append(self.builder.noop(episode, grounds, relationships=mentions, states=states))

    def _apply(self, claim: Claim, decision: Decision, heads: tuple[Fact, ...]) -> None:
        builder = self.builder
        states, mentions = self._arrival(claim.episode)
        grounds = Grounds(
            reason=decision.reason, evidence=(claim.episode.id,), candidates=tuple(fact.id for fact in heads)
        )
        if decision.verdict is Verdict.NOOP:
            known = decision.targets[0]
            again = _evidence_link(known.id, claim)
            self.changes.append(builder.noop(known, grounds, relationships=[again, *mentions], states=states))
            self._confirm(known, claim)
            return
        fact, relationships = self._fact(claim), [*self._relationships(claim), *mentions]
        relationships += [_contradicts(fact, above) for above in decision.contradicts]
        index = claim_entry(fact)
        if decision.verdict in (Verdict.UPDATE, Verdict.CORRECT):
            change = builder.update(
                decision.targets,
                fact,
                grounds,
                index=index,
                relationships=relationships,
                was_wrong=decision.verdict is Verdict.CORRECT,
                states=states,
            )
            self.changes.append(change)
            self._close(claim.key, decision.targets, claim.episode.trust)
            self._open(claim.key, change)
            return
        if decision.verdict is Verdict.DELETE:
            ends = _start(claim) or builder.now
            self.changes.extend(builder.delete(target, grounds, ends=ends) for target in decision.targets)
            relationships += [_superseded_by(fact, target, decision.reason) for target in decision.targets]
            self._close(claim.key, decision.targets, claim.episode.trust)
        if decision.verdict is Verdict.HISTORY:
            head = decision.targets[0]
            began = head.valid_from or head.at or builder.now
            fact = replace(
                fact,
                status=Status.SUPERSEDED,
                closed_at=builder.now,
                valid_to=min(began, fact.valid_to) if fact.valid_to else began,
                valid_to_before=fact.valid_to,
            )
            relationships.append(_superseded_by(head, fact, decision.reason))
        if decision.verdict is Verdict.CONTRADICT:
            relationships.extend(_contradicts(fact, target) for target in decision.targets)
        change = builder.add(fact, grounds, index=index, relationships=relationships, states=states)
        self.changes.append(change)
        if decision.verdict in (Verdict.ADD, Verdict.CONTRADICT):
            self._open(fact.key, change)

    def _arrival(self, episode: Episode) -> tuple[tuple[StateChange, ...], tuple[Relationship, ...]]:
        """What is written once for an episode, with the first change that rests on it."""
        waiting = self.unread.pop(episode.id, None)
        return ((activation(waiting),), self.mentions.get(episode.id, ())) if waiting else ((), ())

    def _confirm(self, known: Fact, claim: Claim) -> None:
        """What a more trusted source says too is trusted like that source."""
        if known.trust >= claim.episode.trust:
            return
        raised = replace(known, trust=claim.episode.trust)
        grounds = Grounds(reason="a more trusted source says so too", evidence=(claim.episode.id,))
        self.changes.append(self.builder.evolve(known, raised, grounds))
        self.heads[claim.key] = tuple(raised if fact.id == raised.id else fact for fact in self.heads[claim.key])

    def withdraw(self, facts: Sequence[Fact]) -> None:
        """Take note that facts were forgotten."""
        for fact in facts:
            self.heads[fact.key] = tuple(head for head in self.heads.get(fact.key, ()) if head.id != fact.id)
        self.closed.extend(facts)

    def _close(self, key: str, targets: Sequence[Fact], trust: float) -> None:
        gone = {fact.id for fact in targets}
        self.heads[key] = tuple(fact for fact in self.heads.get(key, ()) if fact.id not in gone)
        self.closed.extend(targets)
        self._close_companions(companion_key(key), targets, trust)

    def _close_companions(self, key: str, targets: Sequence[Fact], trust: float) -> None:
        """End what was said in the same words as the targets and cannot outlive them."""
        ended = {fact.text: fact for fact in targets}
        for fact in self.heads.get(key, ()) if key else ():
            if fact.text in ended and fact.trust <= trust:
                grounds = Grounds(reason=f"was so with what ended: {fact.text}", candidates=(ended[fact.text].id,))
                self.changes.append(self.builder.delete(fact, grounds))
                self._close(key, [fact], trust)

    def _open(self, key: str, change: Change) -> None:
        if isinstance(change.add, Fact):
            self.heads[key] = (change.add, *self.heads.get(key, ()))

    def _fact(self, claim: Claim) -> Fact:
        """The fact of a claim; that something ended is an event of its own and never a value of the state."""
        draft, episode, builder = claim.draft, claim.episode, self.builder
        return Fact(
            id=node_id(Kind.FACT, builder.bank, episode.id, claim.ordinal, draft.text),
            bank=builder.bank,
            text=draft.text,
            created_at=builder.now,
            at=episode.at,
            valid_from=draft.valid_from,
            valid_to=draft.valid_to,
            trust=episode.trust,
            source=episode.source,
            agent=builder.agent,
            run_id=builder.run_id,
            key=f"{claim.key}|ended" if draft.ends else claim.key,
            experience=draft.experience,
            subject=self._canonical(draft.subject),
            predicate=f"ended_{draft.predicate}" if draft.ends and draft.predicate else draft.predicate,
            object=self._canonical(draft.object) if draft.object_type else draft.object,
            functional=draft.functional and not draft.ends,
            ordinal=claim.ordinal,
        )

    def _canonical(self, name: str) -> str:
        entity = self.resolution.entity(name) if name else None
        return entity.text if entity else name

    def _relationships(self, claim: Claim) -> list[Relationship]:
        draft = claim.draft
        fact_id = node_id(Kind.FACT, self.builder.bank, claim.episode.id, claim.ordinal, draft.text)
        links = [_evidence_link(fact_id, claim)]
        ends = ((RelationshipType.SUBJECT, draft.subject), (RelationshipType.OBJECT, draft.object))
        for type_, name in ends:
            entity = self.resolution.entity(name) if name else None
            if entity is not None:
                links.append(Relationship(type=type_, source_id=fact_id, target_id=entity.id))
        joined = {link.target_id for link in links}
        for entity in distinct_entities(self.resolution, (mention.name for mention in draft.mentions)):
            if entity.id not in joined:
                links.append(Relationship(type=RelationshipType.MENTIONS, source_id=fact_id, target_id=entity.id))
        return links


def begin(
    builder: ChangeBuilder,
    resolution: Resolution,
    decider: Decider,
    facts: Mapping[str, tuple[Fact, ...]],
    claims: Iterable[Claim],
    pending: Iterable[Episode],
    mentions: Mapping[str, tuple[Relationship, ...]],
) -> Assembly:
    """An assembly whose guards hold the heads of every key that the claims compete under."""
    keys = dict.fromkeys(claim.key for claim in claims)
    guards = tuple(Guard(kind=Kind.FACT, key=key, heads=frozenset(f.id for f in facts.get(key, ()))) for key in keys)
    return Assembly(
        builder=builder,
        resolution=resolution,
        decider=decider,
        heads=dict(facts),
        guards=guards,
        unread={episode.id: episode for episode in pending},
        mentions=mentions,
    )


def distinct_entities(resolution: Resolution, names: Iterable[str]) -> list[Entity]:
    """The entities of some names, each once, in order."""
    found = (resolution.entity(name) for name in names)
    return list({entity.id: entity for entity in found if entity is not None}.values())


def _start(claim: Claim) -> datetime | None:
    return claim.draft.valid_from or claim.episode.at


def _evidence_link(claim_id: str, claim: Claim) -> Relationship:
    return Relationship(
        type=RelationshipType.EVIDENCED_BY,
        source_id=claim_id,
        target_id=claim.episode.id,
        properties={"quote": claim.draft.quote},
    )


def _superseded_by(head: Fact, fact: Fact, reason: str) -> Relationship:
    return Relationship(
        type=RelationshipType.SUPERSEDES, source_id=head.id, target_id=fact.id, properties={"reason": reason}
    )


def _contradicts(fact: Fact, target: Fact) -> Relationship:
    return Relationship(
        type=RelationshipType.CONTRADICTS, source_id=fact.id, target_id=target.id, properties={"weight": 1.0}
    )
