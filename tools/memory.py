"""Tools over the team's memory: take in, find, answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from agentmem.errors import ToolError
from agentmem.memory import DOCUMENT, Message
from agentmem.records import REFLECTED, RETAINED, Kind
from agentmem.tools.base import ToolContext, tool
from agentmem.tools.documents import is_conversation, parse_conversation, parse_messages
from agentmem.tools.paths import located


@tool(one_by_one=True, writes=RETAINED)
def remember(
    context: ToolContext,
    text: str | None = None,
    path: str | None = None,
    messages: list[dict[str, Any]] | None = None,
    source: str = "",
    at: datetime | None = None,
    trust: float | str = DOCUMENT,
) -> dict[str, Any]:
    """Take a text, a file or a conversation into memory and learn from it; what is known already changes nothing.

    Args:
        context: Given by the executor.
        text: A text. Nothing happens if there are no words in it.
        path: A file: `.jsonl` is a conversation with one turn a line, anything else a document.
        messages: A conversation: turns with text, and maybe speaker, at, source, id.
        source: Where it comes from; default: the path.
        at: When it was said or written, for what has no date of its own.
        trust: `person` if people say it whose word changes what is known, `document` (the default), or a number between
            0 and 1. Text never changes, ends or forgets what is more trusted than itself.
    """
    given = [name for name, value in (("text", text), ("path", path), ("messages", messages)) if value is not None]
    if len(given) != 1:
        raise ToolError(
            f"give one of text, path and messages, not {' and '.join(given) or 'none of them'}.", where="tool remember"
        )
    content: str | list[Message] = text or ""
    if path is not None:
        with located(context, path) as file:
            source, text = source or file.name, file.text()
        content = parse_conversation(text, name=source) if is_conversation(file.name) else text
    elif messages is not None:
        content = parse_messages(messages, where="messages", source=source)
    if not content or (isinstance(content, str) and not content.strip()):
        return {"episodes": [], "operations": []}
    return context.memory.retain(content, source=source, at=at, trust=trust).as_dict()


@tool(side_effects=False)
def recall(context: ToolContext, query: str, k: Annotated[int, Field(ge=1, le=1000)] = 10) -> list[dict[str, Any]]:
    """Find the memories that matter most for a query.

    Args:
        context: Given by the executor.
        query: A question or keywords.
        k: How many at most.
    """
    return [memory.as_dict() for memory in context.memory.recall(query, k=k).memories]


@tool(reads=REFLECTED, side_effects=False)
def answer(context: ToolContext, question: str) -> dict[str, Any]:
    """Answer a question from memory, with the evidence it rests on, or say that it is not known.

    Args:
        context: Given by the executor.
        question: The question.
    """
    return context.memory.reflect(question).as_dict()


@tool(reads=frozenset({Kind.FACT}), side_effects=False)
def changes(context: ToolContext, limit: Annotated[int, Field(ge=1, le=1000)] = 100) -> list[dict[str, Any]]:
    """List what stopped being true and what took its place, oldest first: op, id, text, before, at, reason, run.

    Args:
        context: Where to look.
        limit: The newest ones, at most.
    """
    return [change.as_dict() for change in context.memory.changes(limit=limit)]
