"""A chat model that answers what a test wrote down, through every path that a real one has."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, PrivateAttr, TypeAdapter

Written = str | dict[str, Any] | list[Any] | BaseModel | AIMessage | BaseException
"""An answer of a script."""


@dataclass(frozen=True, slots=True)
class ScriptedRequest:
    """What a scripted model was asked."""

    messages: tuple[BaseMessage, ...]
    tools: tuple[str, ...]
    """Names of the tools that it may call."""
    schema: dict[str, Any] | None
    """The JSON schema that the answer must have, if one was given."""

    @property
    def text(self) -> str:
        """All messages, one after the other."""
        return "\n\n".join(str(message.text) for message in self.messages)


class ScriptEnded(BaseException):
    """The code under test asked more often than the test wrote.

    Not an `Exception`: code that bears with a model's failures must not take a test's for one.
    """


class ScriptedModel(BaseChatModel):
    """A LangChain chat model with answers given beforehand, one for each call; `requests` holds what it was asked.

    An answer is a text; a dict, list or pydantic object, which is given as JSON, or as the arguments of the tool when
    one is forced; an `AIMessage`, such as one with tool calls or a refusal; an exception, which is raised; or a
    function that takes the `ScriptedRequest` and gives any of these. Tokens are counted as a quarter of the letters
    unless the message brings its own.

        model = ScriptedModel(["Hello.", {"city": "Porto"}, TimeoutError("slow")])

    Safe to use from several threads, which then share one script. Raises `ScriptEnded` when it is at its end.
    """

    script: list[Any]
    """The answers; copied when the model is made."""
    model_name: str = "scripted"
    """What it calls itself."""
    structured: bool = True
    """Whether it knows JSON schemas; if not, an answer of a schema is asked for by a tool call."""
    calls_tools: bool = True
    """Whether tools can be bound to it."""
    _requests: list[ScriptedRequest] = PrivateAttr(default_factory=list)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    def __init__(self, script: Iterable[Written | Callable[[ScriptedRequest], Written]] = (), **fields: Any) -> None:
        super().__init__(**{"script": list(script), **fields})

    @property
    def requests(self) -> list[ScriptedRequest]:
        """What it was asked so far, in order."""
        return list(self._requests)

    @property
    def left(self) -> int:
        """Answers that were not asked for yet."""
        return len(self.script) - len(self._requests)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with tools that its answers may call."""
        if not self.calls_tools:
            raise NotImplementedError("this scripted model binds no tools")
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], tool_choice=tool_choice, **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        include_raw: bool = False,
        method: str = "json_schema",
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        """The model asked for answers of a schema, by its own JSON mode or by a tool."""
        if method == "json_schema" and self.structured:
            return _structured(self, schema, include_raw)
        return super().with_structured_output(schema, include_raw=include_raw, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages, kwargs))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        answer = self._next(messages, kwargs)
        words = str(answer.text).split(" ") if isinstance(answer.content, str) else []
        for word in words[:-1]:
            piece = ChatGenerationChunk(message=AIMessageChunk(content=f"{word} "))
            if run_manager:
                run_manager.on_llm_new_token(piece.text, chunk=piece)
            yield piece
        last = answer.model_copy(update={"content": words[-1]}) if words else answer
        yield ChatGenerationChunk(message=AIMessageChunk(**last.model_dump(exclude={"type"})))

    def _next(self, messages: list[BaseMessage], bound: dict[str, Any]) -> AIMessage:
        """Record the request and give the answer that is due."""
        tools = tuple(tool["function"]["name"] for tool in bound.get("tools", ()))
        request = ScriptedRequest(tuple(messages), tools, bound.get("response_schema"))
        with self._lock:
            if self.left <= 0:
                raise ScriptEnded(
                    f"the script has {len(self.script)} answers, and one more is asked for:\n{request.text}"
                )
            written = self.script[len(self._requests)]
            self._requests.append(request)
        if callable(written) and not isinstance(written, BaseModel | type):
            written = written(request)
        if isinstance(written, BaseException) or (isinstance(written, type) and issubclass(written, BaseException)):
            raise written
        forced = bool(bound.get("tool_choice")) and not isinstance(written, str | list)
        answer = _message(written, tools[0] if forced and tools else None)
        if answer.usage_metadata is None:
            answer = answer.model_copy(update={"usage_metadata": _counted(request, answer)})
        return answer


def _structured(model: ScriptedModel, schema: dict[str, Any] | type, include_raw: bool) -> Runnable[Any, Any]:
    """What every adapter gives: the answer parsed, or a dict of `raw`, `parsed` and `parsing_error`."""
    parser: Runnable[Any, Any]
    if isinstance(schema, dict):
        parser, wire = JsonOutputParser(), schema
    else:
        parser, wire = PydanticOutputParser(pydantic_object=schema), TypeAdapter(schema).json_schema()
    asked = model.bind(response_schema=wire)
    if not include_raw:
        return asked | parser

    def parsed(raw: AIMessage) -> dict[str, Any]:
        try:
            return {"raw": raw, "parsed": parser.invoke(raw), "parsing_error": None}
        except ValueError as error:
            return {"raw": raw, "parsed": None, "parsing_error": error}

    return asked | RunnableLambda(parsed)


def _message(written: Any, tool: str | None) -> AIMessage:
    if isinstance(written, AIMessage):
        return written
    if isinstance(written, BaseModel):
        written = written.model_dump(mode="json")
    if isinstance(written, str):
        return AIMessage(written)
    if tool is not None:
        return AIMessage("", tool_calls=[{"name": tool, "args": written, "id": "call_1"}])
    return AIMessage(json.dumps(written, ensure_ascii=False))


def _counted(request: ScriptedRequest, answer: AIMessage) -> dict[str, int]:
    made = str(answer.text) + "".join(json.dumps(call["args"]) for call in answer.tool_calls)
    asked, answered = -(-len(request.text) // 4), -(-len(made) // 4)
    return {"input_tokens": asked, "output_tokens": answered, "total_tokens": asked + answered}
