"""The nodes of the memory graph: frozen, typed, one class for each label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """The label of a node, as a person sees it in Neo4j Browser."""

    EPISODE = "Episode"
    NOTE = "Note"
    ENTITY = "Entity"
    FACT = "Fact"
    BELIEF = "Belief"
    INSIGHT = "Insight"
    QUERY = "Query"
    STEP = "Step"
    INTERACTION = "Interaction"


class Status(StrEnum):
    """Where a version stands in its life."""

    PENDING = "pending"
    """Evidence that is stored and not yet interpreted; a retried `retain` takes it up again."""
    ACTIVE = "active"
    """Current."""
    SUPERSEDED = "superseded"
    """A newer version took its place."""
    RETIRED = "retired"
    """Withdrawn: deleted, forgotten, or an insight that lost its score."""
    QUARANTINED = "quarantined"
    """Kept out of every view until a person looks at it."""
    ERASED = "erased"
    """Content destroyed; only the id and the hashes remain."""


CURRENT: frozenset[Status] = frozenset({Status.ACTIVE, Status.PENDING})
"""What a view of the present shows."""

EVERY_STATUS: frozenset[Status] = frozenset(Status)
"""What a view of the past and the present shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One version of one memory. All times are timezone-aware UTC."""

    kind: ClassVar[Kind]
    id: str
    """Made from bank, kind, source, position and content, so the same input gives the same id in every store."""
    bank: str
    """The tenant. No read or write ever crosses banks."""
    text: str
    """What a reader is shown."""
    created_at: datetime
    """Transaction time: when the memory came to know it."""
    at: datetime | None = None
    """When it was said, written or observed; None if nobody knows."""
    valid_from: datetime | None = None
    """Valid time: since when it is true in the world; None for always or unknown."""
    valid_to: datetime | None = None
    """Valid time, exclusive: until when it is true; None for still true."""
    status: Status = Status.ACTIVE
    """Where this version stands."""
    closed_at: datetime | None = None
    """Transaction time at which the version stopped being current."""
    valid_to_before: datetime | None = None
    """What `valid_to` was before the version was closed; read by views of the past."""
    version: int = 1
    """1 for a first version, one more than the version it supersedes otherwise."""
    importance: float = 0.5
    """In [0, 1], given at writing."""
    trust: float = 1.0
    """In [0, 1]: how far the source is believed. A user's word is 1.0, text from a tool or page less."""
    source: str = ""
    """Where it came from: a path, an address, the caller's id of a turn."""
    agent: str = ""
    """Which agent wrote it."""
    run_id: str = ""
    """The run that wrote it; empty outside runs."""
    key: str = ""
    """The exact-lookup key, such as an entity's normalised name or a fact's subject and predicate."""
    metadata: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    """Whatever the caller attached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode(Node):
    """Evidence: one turn, document chunk or tool result, verbatim and immutable. `source` is the caller's id."""

    kind = Kind.EPISODE
    speaker: str = ""
    """Who said it; empty for documents."""
    position: int = 0
    """Place within its source, from 0."""
    origin: str = ""
    """The conversation or document that it belongs to; NEXT joins episodes of one origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Node):
    """A Zettelkasten note (A-MEM): `text` is its content."""

    kind = Kind.NOTE
    context: str = ""
    """One sentence on what the note is about."""
    keywords: tuple[str, ...] = ()
    """Most important first."""
    tags: tuple[str, ...] = ()
    """Broad labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity(Node):
    """A person, organisation, place or thing; `text` is its canonical name, `key` the normalised one."""

    kind = Kind.ENTITY
    entity_type: str = "thing"
    """person, organisation, place, date, thing ..."""
    summary: str = ""
    """Rebuilt from evidence; empty until somebody builds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(Node):
    """A claim about the world or about the agent's own acts; `text` is the whole statement.

    `key` is "subject|predicate" where the sentence gave both, so that claims which compete share a key.
    """

    kind = Kind.FACT
    experience: bool = False
    """True for what an agent did itself, False for a fact of the world."""
    subject: str = ""
    """Name of the subject; empty where the sentence gave none."""
    predicate: str = ""
    """snake_case, present tense: lives_in, works_at; empty where the sentence gave none."""
    object: str = ""
    """Name or value; empty where the sentence gave none."""
    functional: bool = False
    """True if a subject has one such value at a time (lives_in), so that a newer one takes its place."""
    ordinal: int = 0
    """Place within its episode, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief(Node):
    """What an agent concluded from facts, with a confidence."""

    kind = Kind.BELIEF
    confidence: float = 0.5
    """In [0, 1]."""
    holder: str = ""
    """Which agent believes it."""
    rationale: str = ""
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Insight(Node):
    """A strategy or lesson from past tasks (G-Memory); `text` says what to do."""

    kind = Kind.INSIGHT
    applies_when: str = ""
    """The situation it is for."""
    score: int = 2
    """Starts at 2; +1 when used with success, -2 with failure, retired at 0 or below."""
    lesson: bool = False
    """True for something to avoid, False for something to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Node):
    """A task that was given to the team; `text` is the task."""

    kind = Kind.QUERY
    outcome: str = "running"
    """running, done, failed or stopped."""
    reward: float = 0.0
    """In [0, 1]; 1.0 if every check passed."""
    key_steps: tuple[str, ...] = ()
    """What mattered, condensed."""
    fail_reason: str = ""
    """Empty unless it failed."""
    plan: str = ""
    """The plan as JSON, for reuse on a similar task."""
    answer: str = ""
    """What the team gave back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Node):
    """One step of a plan; `text` is its goal or its tool call."""

    kind = Kind.STEP
    name: str = ""
    """The step's id in the plan."""
    order: int = 0
    """Place in the plan, from 0."""
    outcome: str = "done"
    """done, failed or skipped."""
    output: str = ""
    """Output, shortened."""
    attempts: int = 1
    """How often it was tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction(Node):
    """One utterance or tool call of one agent inside a step; `text` sums it up."""

    kind = Kind.INTERACTION
    role: str = ""
    """planner, executor, reflector, tool ..."""
    action: str = ""
    """What was done."""
    observation: str = ""
    """What came back, shortened."""
    reward: float = 0.0
    """In [0, 1]."""


NODE_TYPES: Mapping[Kind, type[Node]] = {
    node_type.kind: node_type for node_type in (Episode, Note, Entity, Fact, Belief, Insight, Query, Step, Interaction)
}
"""The class of each kind."""
