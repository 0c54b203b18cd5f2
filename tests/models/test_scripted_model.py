"""The scripted model is a chat model like any other: text, tools, schemas, streams, callbacks, errors."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from agentmem import testing
from agentmem.testing import ScriptedModel, ScriptedRequest, ScriptEnded


class Weather(BaseModel):
    """The weather."""

    sky: str


@tool
def look(where: str) -> str:
    """Look out of the window."""
    return where


def test_texts_in_order_with_usage_and_requests() -> None:
    model = ScriptedModel(["One, two.", "Three."])
    first = model.invoke([HumanMessage("Count to two.")])
    assert (first.text, first.usage_metadata) == (
        "One, two.", {"input_tokens": 4, "output_tokens": 3, "total_tokens": 7},
    )  # fmt: skip
    assert model.left == 1
    assert model.invoke("On").text == "Three."
    assert [request.text for request in model.requests] == ["Count to two.", "On"]


def test_a_script_that_ends_says_what_was_asked() -> None:
    model = ScriptedModel(["One."])
    model.invoke("first")
    with pytest.raises(ScriptEnded, match="has 1 answers, and one more is asked for:\nsecond"):
        model.invoke("second")


def test_functions_see_the_request_and_errors_are_raised() -> None:
    def echo(request: ScriptedRequest) -> str:
        return request.text.upper()

    model = ScriptedModel([echo, TimeoutError("slow"), TimeoutError, lambda _: ValueError("later")])
    assert model.invoke("say it").text == "SAY IT"
    for error in (TimeoutError, TimeoutError, ValueError):
        with pytest.raises(error):
            model.invoke("again")


def test_tools_are_bound_and_called() -> None:
    calls = [{"name": "look", "args": {"where": "north"}, "id": "1"}]
    model = ScriptedModel([AIMessage("", tool_calls=calls), "Rain."])
    bound = model.bind_tools([look])
    assert bound.invoke("weather?").tool_calls[0]["args"] == {"where": "north"}
    assert bound.invoke("so?").text == "Rain."
    assert model.requests[0].tools == ("look",)
    with pytest.raises(NotImplementedError):
        ScriptedModel(["x"], calls_tools=False).bind_tools([look])


@pytest.mark.parametrize("structured", [True, False])
@pytest.mark.parametrize("answer", [{"sky": "grey"}, Weather(sky="grey")])
def test_schemas_by_class_and_by_dict(structured: bool, answer: dict[str, str] | Weather) -> None:
    model = ScriptedModel([answer] * 4, structured=structured)
    for schema, value in ((Weather, Weather(sky="grey")), (Weather.model_json_schema(), {"sky": "grey"})):
        assert model.with_structured_output(schema).invoke("sky?") == value
        both = model.with_structured_output(schema, include_raw=True).invoke("sky?")
        assert isinstance(both, dict)
        assert (both["parsed"], both["parsing_error"]) == (value, None)
    assert [bool(request.schema) for request in model.requests] == [structured] * 4


def test_an_answer_that_is_not_of_the_schema_is_a_parsing_error() -> None:
    both = ScriptedModel(["blue"]).with_structured_output(Weather, include_raw=True).invoke("sky?")
    assert isinstance(both, dict)
    assert both["parsed"] is None
    assert both["parsing_error"] is not None


def test_a_stream_brings_the_same_words_and_usage() -> None:
    pieces = list(ScriptedModel(["One two three."]).stream("go"))
    assert "".join(piece.text for piece in pieces) == "One two three."
    assert sum(piece.usage_metadata["output_tokens"] for piece in pieces if piece.usage_metadata) == 4
    assert len(pieces) >= 3


def test_a_stream_brings_tool_calls() -> None:
    calls = [{"name": "look", "args": {"where": "north"}, "id": "1"}]
    whole = None
    for piece in ScriptedModel([AIMessage("", tool_calls=calls)]).stream("go"):
        whole = piece if whole is None else whole + piece
    assert whole is not None
    assert [(call["name"], call["args"]) for call in whole.tool_calls] == [("look", {"where": "north"})]


def test_async_is_the_same() -> None:
    assert asyncio.run(ScriptedModel(["One."]).ainvoke("go")).text == "One."


def test_threads_share_one_script() -> None:
    model = ScriptedModel([str(number) for number in range(40)])
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: str(model.invoke("next").text), range(40)))
    assert sorted(answers, key=int) == [str(number) for number in range(40)]


def test_other_names_are_not_there() -> None:
    assert testing.ScriptedModel is ScriptedModel
    with pytest.raises(AttributeError, match="nothing"):
        getattr(testing, "nothing")  # noqa: B009 - a name that does not exist
