"""Writing past work: a task as Query, Steps and Interactions, what it taught as Insights, all in one commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from agentmem.errors import ConflictError
from agentmem.memory.experience import (
    NEIGHBOURS,
    Call,
    Lesson,
    StepTrace,
    TaskTrace,
    similar_tasks,
)
from agentmem.memory.memory import Memory
from agentmem.memory.retaining.changes import ChangeBuilder, Grounds
from agentmem.memory.retaining.indexing import query_entry
from agentmem.records import (
    Change,
    Changeset,
    Insight,
    Interaction,
    Kind,
    Operation,
    Query,
    Relationship,
    RelationshipType,
    Status,
    Step,
    Vector,
    node_id,
)
from agentmem.stores import KeySearch, View

FIRST_SCORE, SUCCESS, FAILURE = 2, 1, -2
"""Scores of insights (G-Memory): at first, for applied with success, for applied with failure."""


def record(memory: Memory, trace: TaskTrace, *, writes: frozenset[Kind] | None = None) -> tuple[Operation, ...]:
    """Write a task with its steps, interactions and what it taught, in one commit, in the memory's agent and run.

    A run that was recorded before changes nothing: ids come from the run.

    Args:
        memory: Bound to the agent that learns and to the run.
        trace: How the task went.
        writes: Kinds that may be written; None for all. Without Query nothing is written.
    """
    if writes is not None and Kind.QUERY not in writes:
        return ()
    vector = memory.embedder.embed([trace.text])[0]
    for attempt in Retrying(
        retry=retry_if_exception_type(ConflictError),
        stop=stop_after_attempt(8),
        wait=wait_random_exponential(multiplier=0.02, max=1.0),
        reraise=True,
    ):
        with attempt:
            recorder = _Recorder(memory, trace, vector, writes)
            operations = recorder.commit()
    return operations


class _Recorder:
    """Builds the changes of one task."""

    def __init__(self, memory: Memory, trace: TaskTrace, vector: Vector, writes: frozenset[Kind] | None) -> None:
        self.memory, self.trace, self.vector, self.writes = memory, trace, vector, writes
        self.builder: ChangeBuilder = memory.write_path().builder()
        self.query_id = node_id(Kind.QUERY, memory.bank, memory.run_id)

    def commit(self) -> tuple[Operation, ...]:
        memory = self.memory
        if self.query_id in memory.store.fetch(memory.bank, [self.query_id]):
            return ()
        changes = [self._query(), *self._steps(), *self._insights()]
        return memory.write_path().commit(Changeset(bank=memory.bank, changes=tuple(changes)))

    def _may(self, kind: Kind) -> bool:
        return self.writes is None or kind in self.writes

    def _query(self) -> Change:
        trace, builder = self.trace, self.builder
        query = Query(
            id=self.query_id,
            bank=builder.bank,
            text=trace.text,
            created_at=builder.now,
            at=builder.now,
            agent=builder.agent,
            run_id=builder.run_id,
            metadata=dict(trace.metadata),
            outcome=trace.outcome,
            reward=trace.reward,
            key_steps=trace.key_steps,
            fail_reason=trace.fail_reason,
            plan=trace.plan,
            answer=trace.answer,
        )
        similar = similar_tasks(self.memory, trace.text, self.vector)[:NEIGHBOURS]
        links = [
            self._link(RelationshipType.SIMILAR_TO, query.id, task.query.id, weight=task.similarity) for task in similar
        ]
        used = self._existing([*filter(None, [trace.reused]), *trace.applied])
        links += [
            self._link(RelationshipType.USED, query.id, memory_id, rank=rank, cited=False)
            for rank, memory_id in enumerate(used, start=1)
        ]
        grounds = Grounds(reason=f"a task of the team: {trace.outcome}", candidates=tuple(t.query.id for t in similar))
        index = query_entry(query, self.vector)
        return builder.add(query, grounds, index=index, relationships=links)

    def _steps(self) -> list[Change]:
        if not self._may(Kind.STEP):
            return []
        builder = self.builder
        ids = {step.name: node_id(Kind.STEP, builder.bank, builder.run_id, step.name) for step in self.trace.steps}
        cited = set(self._existing(dict.fromkeys(m for step in self.trace.steps for m in step.memories)))
        order = {step.name: position for position, step in enumerate(self.trace.steps)}
        changes = []
        previous = ""
        for trace in _in_order_of_need(self.trace.steps):
            step = Step(
                id=ids[trace.name],
                bank=builder.bank,
                text=trace.text,
                created_at=builder.now,
                at=builder.now,
                agent="executor",
                run_id=builder.run_id,
                name=trace.name,
                order=order[trace.name],
                outcome=trace.outcome,
                output=trace.output,
                attempts=trace.attempts,
            )
            links = [self._link(RelationshipType.HAS_STEP, self.query_id, step.id, order=step.order)]
            links += [
                self._link(RelationshipType.DEPENDS_ON, step.id, ids[need]) for need in trace.needs if need in ids
            ]
            links += [
                self._link(RelationshipType.USED, step.id, memory_id, rank=rank, cited=True)
                for rank, memory_id in enumerate((m for m in trace.memories if m in cited), start=1)
            ]
            changes.append(builder.add(step, Grounds(reason=f"a step: {trace.outcome}"), relationships=links))
            if self._may(Kind.INTERACTION):
                calls = self._interactions(step, trace.calls, previous)
                changes += calls
                previous = calls[-1].operation.target if calls else previous
        return changes

    def _interactions(self, step: Step, calls: Sequence[Call], previous: str) -> list[Change]:
        builder = self.builder
        changes = []
        for order, call in enumerate(calls):
            interaction = Interaction(
                id=node_id(Kind.INTERACTION, builder.bank, builder.run_id, step.name, order),
                bank=builder.bank,
                text=f"{call.action} -> {call.observation}",
                created_at=builder.now,
                at=builder.now,
                agent="executor",
                run_id=builder.run_id,
                role="executor",
                action=call.action,
                observation=call.observation,
                reward=1.0 if call.succeeded else 0.0,
            )
            links = [self._link(RelationshipType.HAS_INTERACTION, step.id, interaction.id, order=order)]
            if previous:
                links.append(self._link(RelationshipType.NEXT, previous, interaction.id))
            outcome = "succeeded" if call.succeeded else "failed"
            changes.append(builder.add(interaction, Grounds(reason=f"a call that {outcome}"), relationships=links))
            previous = interaction.id
        return changes

    def _insights(self) -> list[Change]:
        """New insights, and the scores of those that this task confirmed or that were applied to it."""
        if not self._may(Kind.INSIGHT):
            return []
        keys = {lesson.topic: node_id(Kind.INSIGHT, lesson.topic) for lesson in self.trace.lessons}
        known = self._known(tuple(keys.values()))
        changes: list[Change] = []
        confirmed: set[str] = set()
        for lesson in self.trace.lessons:
            same = known.get(keys[lesson.topic])
            if same is None:
                changes.append(self._new_insight(lesson, keys[lesson.topic]))
            elif same.id not in confirmed:
                confirmed.add(same.id)
                changes += self._scored(same, SUCCESS, "taught again by another task")
        past = self.memory.store.fetch(self.memory.bank, [*self.trace.applied, *self.trace.settled])
        for node in past.values():
            if isinstance(node, Insight) and node.status is Status.ACTIVE and node.id not in confirmed:
                changes += self._outcome_of(node)
        return changes

    def _outcome_of(self, insight: Insight) -> list[Change]:
        """What this task means for an insight that it knew of and did not teach again."""
        if insight.id in self.trace.settled:
            return self._scored(insight, -insight.score, "the trouble it speaks of did not come again")
        if self.trace.outcome == "done":
            return self._scored(insight, SUCCESS, "applied with success")
        if self.trace.outcome == "failed":
            return self._scored(insight, FAILURE, "applied, and the task failed")
        return []

    def _known(self, keys: tuple[str, ...]) -> dict[str, Insight]:
        if not keys:
            return {}
        store, bank = self.memory.store, self.memory.bank
        nodes = store.gather(View(bank=bank, kinds=frozenset({Kind.INSIGHT})), [KeySearch(keys=keys)]).nodes
        return {node.key: node for node in nodes.values() if isinstance(node, Insight)}

    def _new_insight(self, lesson: Lesson, key: str) -> Change:
        """It has no search entry: insights are found through similar tasks, and must not answer questions."""
        builder = self.builder
        insight = Insight(
            id=node_id(Kind.INSIGHT, builder.bank, builder.run_id, key),
            bank=builder.bank,
            text=lesson.text,
            created_at=builder.now,
            at=builder.now,
            agent=builder.agent,
            run_id=builder.run_id,
            key=key,
            applies_when=lesson.applies_when,
            score=FIRST_SCORE,
            lesson=lesson.avoid,
        )
        links = [
            self._link(RelationshipType.DERIVED_FROM, insight.id, self.query_id, weight=1.0),
            self._link(RelationshipType.SUPPORTS, self.query_id, insight.id, weight=1.0),
        ]
        reason = "a lesson of this task" if lesson.avoid else "a strategy that worked in this task"
        return builder.add(insight, Grounds(reason=reason), relationships=links)

    def _scored(self, insight: Insight, by: int, why: str) -> list[Change]:
        """The insight with its new score; retired when nothing is left of it."""
        builder = self.builder
        type_ = RelationshipType.SUPPORTS if by > 0 else RelationshipType.CONTRADICTS
        changed = replace(insight, score=insight.score + by)
        link = self._link(type_, self.query_id, insight.id, weight=float(abs(by)))
        reason = f"{why}: score {insight.score} -> {changed.score}"
        changes = [builder.evolve(insight, changed, Grounds(reason=reason), relationships=[link])]
        if changed.score <= 0:
            changes.append(builder.retire(changed, Grounds(reason=why)))
        return changes

    def _existing(self, ids: Iterable[str]) -> list[str]:
        wanted = list(dict.fromkeys(ids))
        found = self.memory.store.fetch(self.memory.bank, wanted) if wanted else {}
        return [i for i in wanted if i in found]

    @staticmethod
    def _link(
        type_: RelationshipType, source: str, target: str, **properties: str | int | float | bool
    ) -> Relationship:
        return Relationship(type=type_, source_id=source, target_id=target, properties=properties)


def _in_order_of_need(steps: Sequence[StepTrace]) -> list[StepTrace]:
    """Steps after those that they need, otherwise in the order of the plan."""
    waiting, ordered, placed = list(steps), list[StepTrace](), set[str]()
    known = {step.name for step in steps}
    while waiting:
        ready = next((s for s in waiting if (set(s.needs) & known) <= placed), waiting[0])
        waiting.remove(ready)
        placed.add(ready.name)
        ordered.append(ready)
    return ordered
