from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentmem.errors import AgentmemError, ToolError
from agentmem.memory import Memory
from agentmem.records import Kind
from agentmem.tools import MemoryAccess, ToolContext
from agentmem.tools.memory import answer, recall, remember


def test_remembers_text_files_and_conversations(context: ToolContext) -> None:
    text = remember(context, {"text": "Anna lives in Porto.", "source": "letter", "at": "2024-05-01"})
    assert [episode["source"] for episode in text["episodes"]] == ["letter"]
    assert list(text["operations"][0]) == ["op", "id", "kind", "text", "reason"]
    document = remember(context, {"path": "documents/team.md"})
    assert {episode["source"] for episode in document["episodes"]} == {"documents/team.md"}
    chat = remember(context, {"path": "chat.jsonl"})
    assert [episode["source"] for episode in chat["episodes"]] == ["t1"]
    turns = remember(context, {"messages": [{"text": "I like tea.", "speaker": "Bob", "id": "m1"}], "source": "s"})
    assert [episode["source"] for episode in turns["episodes"]] == ["m1"]


def test_the_same_again_changes_nothing(context: ToolContext) -> None:
    remember(context, {"path": "chat.jsonl"})
    operations = context.memory.memory.statistics().operations
    remember(context, {"path": "chat.jsonl"})
    assert context.memory.memory.statistics().operations == operations


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "not none of them"),
        ({"text": "a", "path": "b"}, "not text and path"),
        ({"path": "gone.md"}, "no such file"),
        ({"path": "../gone.md"}, "outside"),
        ({"text": "a", "at": "soon"}, "at: Input should be a valid datetime"),
        ({"messages": [{"text": "a"}, {"speaker": "b"}]}, "no 'text'"),
    ],
)
def test_remember_refuses_what_it_cannot_take(context: ToolContext, arguments: Any, problem: str) -> None:
    with pytest.raises(AgentmemError, match=problem):
        remember(context, arguments)


@pytest.mark.parametrize("arguments", [{"text": " \n"}, {"messages": []}])
def test_nothing_to_remember_is_nothing(context: ToolContext, arguments: Any) -> None:
    assert remember(context, arguments) == {"episodes": [], "operations": []}


def test_recall_and_answer_give_the_stable_shapes(context: ToolContext) -> None:
    remember(context, {"text": "Anna lives in Porto.", "source": "letter"})
    found = recall(context, {"query": "Where does Anna live?", "k": 3})
    keys = ["id", "kind", "text", "score", "valid_from", "valid_to", "evidence", "source", "words", "speaker"]
    assert list(found[0]) == keys
    known = answer(context, {"question": "Where does Anna live?"})
    assert list(known) == ["question", "answer", "known", "confidence", "citations"]
    assert known["known"]
    assert known["citations"][0]["source"] == "letter"
    with pytest.raises(ToolError, match="k: Input should be greater"):
        recall(context, {"query": "x", "k": 0})


def restricted(context: ToolContext, memory: Memory, **kinds: Any) -> ToolContext:
    return replace(context, memory=MemoryAccess(memory=memory.bound(agent="executor", run_id="r"), **kinds))


def test_kinds_that_may_not_be_written_are_refused(context: ToolContext, memory: Memory, folder: Path) -> None:
    limited = restricted(context, memory, writes=frozenset({Kind.EPISODE}))
    with pytest.raises(ToolError, match="executor may not write Entity, Fact, Note") as caught:
        remember(limited, {"path": "documents/team.md"})
    assert caught.value.hint == "agents.executor.writes allows Episode."
    assert memory.statistics().operations == 0


def test_recall_shows_only_kinds_that_may_be_read(context: ToolContext, memory: Memory) -> None:
    remember(context, {"text": "Anna lives in Porto."})
    notes = restricted(context, memory, reads=frozenset({Kind.NOTE}))
    assert {m["kind"] for m in recall(notes, {"query": "Where does Anna live?"})} <= {"Note"}
    with pytest.raises(ToolError, match="may not read Episode, Fact"):
        answer(notes, {"question": "Where does Anna live?"})
    fact = next(iter(memory.recall("Anna").memories)).id
    with pytest.raises(ToolError, match="may not read"):
        notes.memory.get(fact)
    with pytest.raises(ToolError, match="may not read"):
        recall(restricted(context, memory, reads=frozenset()), {"query": "Anna"})
