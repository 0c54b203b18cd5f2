"""Past work: how a task went, and finding similar tasks and what they taught. `recording` writes it.

Source: G-Memory (algorithms.md section 3): a query graph joined where cosine >= 0.7, top 10; insights start with score
2, gain 1 when they were applied with success, lose 2 with failure and retire at 0. A retired insight keeps its node.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from agentmem.language import terms
from agentmem.memory.memory import Memory
from agentmem.records import (
    Insight,
    Kind,
    Query,
    RelationshipType,
    Vector,
)
from agentmem.stores import Search, TextSearch, VectorSearch, View

SIMILAR = 0.7
"""Least cosine of similar tasks (G-Memory)."""

NEIGHBOURS = 10
"""How many similar tasks a task is joined to (G-Memory)."""

INSIGHTS = 3
"""How many insights are applied to a task (G-Memory)."""

_CANDIDATES = 40
_QUERIES = frozenset({Kind.QUERY})
_INSIGHTS = frozenset({Kind.INSIGHT})
_TAUGHT = frozenset({RelationshipType.SUPPORTS, RelationshipType.CONTRADICTS, RelationshipType.DERIVED_FROM})
_NUMBER = re.compile(r"\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTask:
    """A task of the past that resembles the one at hand."""

    query: Query
    similarity: float
    """Cosine of the two texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastWork:
    """What memory holds about tasks like the one at hand."""

    tasks: tuple[PastTask, ...] = ()
    """Most similar first, newer first among equals; at most `NEIGHBOURS`."""
    insights: tuple[Insight, ...] = ()
    """Those that most of the similar tasks support first; at most `INSIGHTS`, none of them retired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One tool call or utterance inside a step."""

    action: str
    """What was done."""
    observation: str
    """What came back, shortened."""
    succeeded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTrace:
    """One step as it went."""

    name: str
    """The step's id in the plan."""
    text: str
    """Its goal or its tool."""
    outcome: str
    """done, failed, skipped or stopped."""
    output: str = ""
    """Shortened."""
    attempts: int = 1
    needs: tuple[str, ...] = ()
    """Names of the steps that came first because this one needs them."""
    calls: tuple[Call, ...] = ()
    memories: tuple[str, ...] = ()
    """Ids of the memories that its output cites, most important first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a task taught, on its way to an Insight."""

    topic: str
    """What makes two of them the same one: a later task that teaches it again confirms it."""
    text: str
    """What to do, or to avoid, and why."""
    applies_when: str
    """The situation it is for."""
    avoid: bool
    """True for something to avoid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTrace:
    """One task as it went."""

    text: str
    """The task in words."""
    outcome: str
    """done, failed or stopped."""
    reward: float
    """In [0, 1]: the share of the checks that held, 0 if it failed."""
    answer: str = ""
    """Shortened."""
    fail_reason: str = ""
    key_steps: tuple[str, ...] = ()
    plan: str = ""
    """As JSON, if it is worth using again."""
    steps: tuple[StepTrace, ...] = ()
    """In the order of the plan."""
    applied: tuple[str, ...] = ()
    """Ids of the insights that were applied."""
    settled: tuple[str, ...] = ()
    """Ids of lessons whose trouble did not come again: they have done their work and retire."""
    reused: str = ""
    """Id of the Query whose plan was used again."""
    lessons: tuple[Lesson, ...] = ()
    metadata: Mapping[str, str | int | float | bool] = field(default_factory=dict)


def task_pattern(text: str) -> str:
    """What tasks have in common that differ in numbers and order of words alone: sorted terms without digits."""
    return " ".join(sorted({term for term in terms(text) if not _NUMBER.search(term)}))


def recollect(memory: Memory, text: str, *, without_run: str = "") -> PastWork:
    """Similar tasks of the past and what they taught. Writes nothing.

    Insights are ranked by how many of the similar tasks, and of tasks one hop from them, support them.
    """
    vector = memory.embedder.embed([text])[0]
    tasks = [
        task for task in similar_tasks(memory, text, vector) if task.query.run_id != without_run or not without_run
    ]
    if not tasks:
        return PastWork()
    ids = [task.query.id for task in tasks]
    store, bank = memory.store, memory.bank
    around = store.neighbourhood(
        View(bank=bank, kinds=_QUERIES), ids, types=frozenset({RelationshipType.SIMILAR_TO}), limit=1_000
    )
    reached = list(dict.fromkeys([*ids, *sorted(around.nodes)]))
    taught = store.neighbourhood(View(bank=bank, kinds=_INSIGHTS), reached, types=_TAUGHT, limit=10_000)
    support: Counter[str] = Counter()
    for link in taught.relationships:
        if link.type is RelationshipType.SUPPORTS:
            support[link.target_id] += 1
    insights = [node for node in taught.nodes.values() if isinstance(node, Insight) and node.score > 0]
    ranked = sorted(insights, key=lambda insight: (-support[insight.id], -insight.score, insight.id))
    return PastWork(tasks=tuple(tasks[:NEIGHBOURS]), insights=tuple(ranked[:INSIGHTS]))


def similar_tasks(memory: Memory, text: str, vector: Vector) -> list[PastTask]:
    """Tasks with cosine >= `SIMILAR`, most similar first, newer first among equals."""
    store, bank = memory.store, memory.bank
    searches: list[Search] = [
        VectorSearch(vector=vector, k=_CANDIDATES),
        TextSearch(terms=tuple(terms(text)), k=_CANDIDATES),
    ]
    by_meaning, by_words = store.search(View(bank=bank, kinds=_QUERIES), searches)
    cosines = {hit.id: hit.score for hit in by_meaning}
    nodes = store.fetch(bank, list(dict.fromkeys([*cosines, *(hit.id for hit in by_words)])))
    unscored = [node for node in nodes.values() if node.id not in cosines]
    if unscored:
        matrix = memory.embedder.embed([node.text for node in unscored])
        cosines |= {node.id: float(row @ vector) for node, row in zip(unscored, matrix, strict=True)}
    tasks = [
        PastTask(query=node, similarity=round(min(cosines[node.id], 1.0), 4))
        for node in nodes.values()
        if isinstance(node, Query) and cosines[node.id] >= SIMILAR
    ]
    return sorted(tasks, key=lambda t: (-t.similarity, -t.query.created_at.timestamp(), t.query.id))
