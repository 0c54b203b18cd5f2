from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from agentmem.memory import Memory
from agentmem.memory.experience import Call, Lesson, StepTrace, TaskTrace, recollect, task_pattern
from agentmem.memory.recording import record
from agentmem.records import EVERY_STATUS, Insight, Kind, OperationType, Query, RelationshipType, verify_chain
from agentmem.stores import View

TASK = "Answer 3 questions about the documents of the team."
LESSON = Lesson(topic="worked|read", text="Read first.", applies_when=TASK, avoid=False)


def trace(**changes: object) -> TaskTrace:
    base = TaskTrace(
        text=TASK,
        outcome="done",
        reward=1.0,
        answer="42",
        plan='{"steps": []}',
        steps=(
            StepTrace(
                name="ask",
                text="answer",
                outcome="done",
                needs=("read",),
                calls=(Call(action="answer(a)", observation="b", succeeded=True),),
            ),
            StepTrace(
                name="read",
                text="read_files",
                outcome="done",
                calls=(
                    Call(action="read_files(a)", observation="c", succeeded=False),
                    Call(action="read_files(b)", observation="d", succeeded=True),
                ),
            ),
        ),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def learn(memory: Memory, run: str, task: TaskTrace) -> Memory:
    bound = memory.bound(agent="reflector", run_id=run)
    record(bound, task)
    return bound


def insights(memory: Memory) -> list[Insight]:
    view = View(bank=memory.bank, kinds=frozenset({Kind.INSIGHT}), statuses=EVERY_STATUS)
    return [node for node in memory.store.scan(view) if isinstance(node, Insight)]


def test_a_task_is_written_as_a_graph_in_one_commit(memory: Memory) -> None:
    learn(memory, "one", trace(lessons=(LESSON,)))
    counts = memory.statistics()
    assert counts.nodes == {Kind.QUERY: 1, Kind.STEP: 2, Kind.INTERACTION: 3, Kind.INSIGHT: 1}
    assert counts.relationships == {
        RelationshipType.HAS_STEP: 2,
        RelationshipType.DEPENDS_ON: 1,
        RelationshipType.HAS_INTERACTION: 3,
        RelationshipType.NEXT: 2,
        RelationshipType.DERIVED_FROM: 1,
        RelationshipType.SUPPORTS: 1,
    }
    operations = memory.store.operations(memory.bank)
    assert verify_chain(operations) is None
    assert {(operation.run_id, operation.agent) for operation in operations} == {("one", "reflector")}
    assert all(operation.reason for operation in operations)


def test_recording_a_run_again_changes_nothing(memory: Memory) -> None:
    learn(memory, "one", trace(lessons=(LESSON,)))
    before = memory.store.head(memory.bank)
    assert record(memory.bound(agent="reflector", run_id="one"), trace()) == ()
    assert memory.store.head(memory.bank) == before


def test_similar_tasks_are_joined_and_found_again(memory: Memory) -> None:
    learn(memory, "one", trace())
    learn(memory, "two", trace(text="Paint the old garden fence in a friendly green."))
    learn(memory, "three", trace(text="Answer 5 questions about the documents of the team."))
    past = recollect(memory, TASK)
    assert [task.query.run_id for task in past.tasks] == ["one", "three"]
    assert past.tasks[0].similarity == 1.0
    assert 0.7 <= past.tasks[1].similarity < 1.0
    query = past.tasks[1].query
    around = memory.store.neighbourhood(
        View(bank=memory.bank), [query.id], types=frozenset({RelationshipType.SIMILAR_TO})
    )
    (link,) = around.relationships
    assert (link.source_id, link.target_id) == (query.id, past.tasks[0].query.id)
    assert link.properties["weight"] == past.tasks[1].similarity


def test_nothing_similar_is_nothing(memory: Memory) -> None:
    assert recollect(memory, TASK).tasks == ()
    learn(memory, "one", trace(text="Paint the garden fence.", lessons=(LESSON,)))
    past = recollect(memory, TASK)
    assert (past.tasks, past.insights) == ((), ())


def test_a_run_does_not_find_itself(memory: Memory) -> None:
    learn(memory, "one", trace())
    assert recollect(memory, TASK, without_run="one").tasks == ()


def test_a_lesson_that_is_taught_again_is_confirmed_not_repeated(memory: Memory) -> None:
    learn(memory, "one", trace(lessons=(LESSON,)))
    (known,) = recollect(memory, TASK).insights
    learn(memory, "two", trace(lessons=(LESSON,), applied=(known.id,)))
    assert [insight.score for insight in insights(memory)] == [3]
    around = memory.store.neighbourhood(
        View(bank=memory.bank), [known.id], types=frozenset({RelationshipType.SUPPORTS})
    )
    assert len(around.relationships) == 2


def test_scores_follow_success_and_failure_and_end_in_retirement(memory: Memory) -> None:
    learn(memory, "one", trace(lessons=(LESSON,)))
    (insight,) = insights(memory)
    scores = []
    for run, outcome in enumerate(("done", "stopped", "failed", "done", "failed")):
        learn(memory, f"r{run}", trace(outcome=outcome, applied=(insight.id,)))
        scores.append((insights(memory)[0].score, insights(memory)[0].status.value))
    assert scores == [(3, "active"), (3, "active"), (1, "active"), (2, "active"), (0, "retired")]
    assert recollect(memory, TASK).insights == ()
    ops = [o.op for o in memory.store.operations(memory.bank) if o.target == insight.id]
    assert ops == [OperationType.ADD, *[OperationType.EVOLVE] * 4, OperationType.RETIRE]
    learn(memory, "last", trace(applied=(insight.id,)))
    assert insights(memory)[0].score == 0


def test_a_lesson_whose_trouble_is_gone_retires(memory: Memory) -> None:
    learn(memory, "one", trace(outcome="failed", lessons=(replace(LESSON, avoid=True),)))
    (insight,) = insights(memory)
    learn(memory, "two", trace(settled=(insight.id,)))
    assert [(i.score, i.status.value) for i in insights(memory)] == [(0, "retired")]
    assert memory.statistics().relationships[RelationshipType.CONTRADICTS] == 1


def test_insights_are_ranked_by_support_and_cut_to_three(memory: Memory) -> None:
    lessons = [replace(LESSON, topic=f"t{n}", text=f"Lesson {n}.") for n in range(5)]
    learn(memory, "one", trace(lessons=tuple(lessons)))
    learn(memory, "two", trace(lessons=(lessons[3],)))
    found = recollect(memory, TASK).insights
    assert len(found) == 3
    assert found[0].text == "Lesson 3."


def test_memories_that_were_cited_are_used(memory: Memory) -> None:
    episode = memory.retain("Anna lives in Porto.").episodes[0].id
    step = StepTrace(name="ask", text="answer", outcome="done", memories=(episode, "fact-unknown"))
    learn(memory, "one", trace(steps=(step,)))
    around = memory.store.neighbourhood(View(bank=memory.bank), [episode], types=frozenset({RelationshipType.USED}))
    assert [dict(link.properties) for link in around.relationships] == [{"rank": 1, "cited": True}]


def test_only_permitted_kinds_are_written(memory: Memory) -> None:
    bound = memory.bound(agent="reflector", run_id="one")
    assert record(bound, trace(lessons=(LESSON,)), writes=frozenset({Kind.INSIGHT})) == ()
    record(bound, trace(lessons=(LESSON,)), writes=frozenset({Kind.QUERY, Kind.STEP}))
    assert memory.statistics().nodes == {Kind.QUERY: 1, Kind.STEP: 2}


def test_banks_do_not_share_experience(memory: Memory) -> None:
    learn(memory, "one", trace(lessons=(LESSON,)))
    other = replace(memory, bank="other")
    assert recollect(other, TASK).tasks == ()
    learn(other, "one", trace(lessons=(LESSON,)))
    assert other.statistics().nodes[Kind.QUERY] == 1


def test_experience_survives_the_process(open_memory: Callable[[], Memory]) -> None:
    learn(open_memory(), "one", trace())
    (task,) = recollect(open_memory(), TASK).tasks
    assert isinstance(task.query, Query)
    assert (task.query.plan, task.query.answer, task.query.outcome) == ('{"steps": []}', "42", "done")


def test_tasks_that_differ_in_numbers_have_one_pattern() -> None:
    assert task_pattern("Answer 3 questions about 2024.") == task_pattern("About 2025: answer 12 questions.")


def test_an_insight_comes_back_only_when_insights_are_asked_for(memory: Memory) -> None:
    learn(memory, "one", trace(lessons=(LESSON,)))
    today = memory.clock.now().date().isoformat()
    assert memory.recall(f"What happened on {today}?").memories == ()
    asked = memory.recall(f"What happened on {today}?", kinds=frozenset({Kind.INSIGHT})).memories
    assert [one.kind for one in asked] == [Kind.INSIGHT]
