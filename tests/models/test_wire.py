"""Both protocols on the wire: what is sent, what is retried and what is not, what the answers turn into."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from langgraph.errors import GraphBubbleUp
from pydantic import BaseModel

from agentmem.errors import ModelAnswerInvalid, ModelError, ModelRefused, ModelUnavailable
from agentmem.models import Patience, ask, open_model
from agentmem.prompts import Rendered

if TYPE_CHECKING:
    from tests.models.conftest import ModelServer, Opened

BOTH = pytest.mark.parametrize("protocol", ["openai", "anthropic"])
STREAMED = pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
PROMPT = Rendered("You know towns.", "Where is the harbour?")
RIGHT = {"text": '{"town": "Porto", "since": 1120}'}
WRONG = {"text": '{"town": "Porto"}'}


class Town(BaseModel):
    """A town."""

    town: str
    since: int


PORTO = Town(town="Porto", since=1120)


@BOTH
@STREAMED
def test_an_answer_is_of_the_schema_and_its_cost_is_counted(
    protocol: str, streaming: bool, provider: ModelServer, opened: Opened
) -> None:
    provider.will({**RIGHT, "cached": 40})
    reply = ask(opened(protocol, options={"streaming": streaming}), PROMPT, Town)
    assert (reply.value, reply.form, reply.repaired) == (PORTO, "json_schema", False)
    assert reply.usage.model == f"{protocol}:some-model"
    assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.cached_tokens) == (100, 10, 40)
    assert (reply.usage.calls, reply.usage.usd) == (1, None)  # no price is known on a server of one's own


def test_what_each_provider_is_sent(provider: ModelServer, opened: Opened) -> None:
    provider.will(RIGHT)
    schema = {
        "type": "object", "required": ["town", "since"], "additionalProperties": False,
        "properties": {"town": {"type": "string", "title": "Town"}, "since": {"type": "integer", "title": "Since"}},
    }  # fmt: skip
    ask(opened("openai", temperature=0.5, max_tokens=77), PROMPT, Town)
    ask(opened("anthropic", temperature=0.5, max_tokens=77), PROMPT, Town)
    chat, messages = provider.requests
    assert chat["response_format"]["json_schema"] | {"description": ""} == {
        "name": "Town", "description": "", "strict": True, "schema": schema,
    }  # fmt: skip
    assert [m["content"] for m in chat["messages"]] == ["You know towns.", "Where is the harbour?"]
    assert (chat["temperature"], chat["max_completion_tokens"]) == (0.5, 77)
    assert messages["output_config"]["format"]["schema"] | {"title": 0, "description": 0} == schema | {
        "title": 0, "description": 0,
    }  # fmt: skip
    assert (messages["system"], messages["temperature"], messages["max_tokens"]) == ("You know towns.", 0.5, 77)


@BOTH
@STREAMED
@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_is_busy_once_is_asked_again(
    protocol: str, streaming: bool, status: int, provider: ModelServer, opened: Opened
) -> None:
    provider.will({"status": status}, RIGHT)
    assert ask(opened(protocol, options={"streaming": streaming}), PROMPT, Town).value == PORTO
    assert len(provider.requests) == 2


@BOTH
@pytest.mark.parametrize(("status", "requests"), [(429, 3), (500, 3), (529, 9)])
def test_a_server_that_stays_busy_is_given_up(
    protocol: str, status: int, requests: int, provider: ModelServer, opened: Opened
) -> None:
    provider.will({"status": status})
    with pytest.raises(ModelUnavailable, match=f"status {status}") as caught:
        ask(opened(protocol), PROMPT, Town)
    assert (caught.value.status, caught.value.where) == (status, f"{protocol}:some-model")
    assert "Try again" in caught.value.hint
    assert len(provider.requests) == requests


@BOTH
def test_an_overload_that_outlasts_the_sdk_is_waited_for(protocol: str, provider: ModelServer, opened: Opened) -> None:
    provider.will(*[{"status": 529, "kind": "overloaded_error"}] * 4, RIGHT)
    assert ask(opened(protocol), PROMPT, Town).value == PORTO


@BOTH
def test_a_server_that_asks_for_a_longer_wait_than_allowed_is_not_waited_for(
    protocol: str, provider: ModelServer, opened: Opened
) -> None:
    provider.will({"status": 529, "headers": {"Retry-After": "30"}})
    with pytest.raises(ModelUnavailable) as caught:
        ask(opened(protocol, retries=0), PROMPT, Town)
    assert (caught.value.hint, len(provider.requests)) == ("Try again in 30 s.", 1)


@BOTH
def test_the_wait_that_a_server_asks_for_is_kept(
    protocol: str, provider: ModelServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    provider.will({"status": 529, "headers": {"Retry-After": "7"}}, {"status": 529, "headers": {}}, RIGHT)
    patience = Patience(attempts=3, first_wait=2.0, longest_wait=60.0)
    assert ask(opened(protocol, retries=0, patience=patience), PROMPT, Town).value == PORTO
    assert waits == [7.0, 4.0]


@BOTH
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_is_wrong_with_a_request_is_said_at_once(
    protocol: str, status: int, provider: ModelServer, opened: Opened
) -> None:
    provider.will({"status": status, "error": "no such thing"})
    with pytest.raises(ModelUnavailable, match=f"status {status}.*no such thing") as caught:
        ask(opened(protocol), PROMPT, Town)
    assert caught.value.status == status
    assert len(provider.requests) == 1


@BOTH
@STREAMED
def test_a_slow_answer_is_given_up(protocol: str, streaming: bool, provider: ModelServer, opened: Opened) -> None:
    provider.will({**RIGHT, "wait": 0.5})
    with pytest.raises(ModelUnavailable, match="gave no answer in time") as caught:
        ask(opened(protocol, timeout=0.1, retries=0, options={"streaming": streaming}), PROMPT, Town)
    assert caught.value.status is None
    assert len(provider.requests) == 1


@BOTH
def test_a_server_that_is_not_there(protocol: str) -> None:
    model = open_model(f"{protocol}:some-model", base_url="http://127.0.0.1:9", retries=0)
    with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1:9 cannot be reached"):
        ask(model, PROMPT, Town)


@BOTH
@pytest.mark.parametrize("cut", ["drop", "close", "error"])
def test_a_stream_that_breaks_is_asked_for_again(
    protocol: str, cut: str, provider: ModelServer, opened: Opened
) -> None:
    broken = {**RIGHT, "cut": cut, "kind": "overloaded_error"}
    provider.will(broken, RIGHT)
    reply = ask(opened(protocol, options={"streaming": True}), PROMPT, Town)
    assert (reply.value, reply.repaired, reply.usage.calls) == (PORTO, False, 1)
    assert len(provider.requests) == 2
    provider.will(broken)
    with pytest.raises(ModelUnavailable):
        ask(opened(protocol, options={"streaming": True}), PROMPT, Town)
    assert len(provider.requests) == 2 + 3


@BOTH
def test_an_error_of_ours_inside_a_stream_is_not_tried_again(
    protocol: str, provider: ModelServer, opened: Opened
) -> None:
    provider.will({**RIGHT, "cut": "error", "kind": "invalid_request_error"})
    with pytest.raises(ModelUnavailable):
        ask(opened(protocol, options={"streaming": True}), PROMPT, Town)
    assert len(provider.requests) == 1


@BOTH
def test_a_body_that_is_no_answer_is_no_value(protocol: str, provider: ModelServer, opened: Opened) -> None:
    provider.will({"raw": '{"id": '})
    with pytest.raises(ModelUnavailable, match="no whole answer"):
        ask(opened(protocol), PROMPT, Town)


@BOTH
@STREAMED
def test_an_answer_that_is_not_of_the_schema_is_repaired_once(
    protocol: str, streaming: bool, provider: ModelServer, opened: Opened
) -> None:
    provider.will(WRONG, RIGHT)
    model = opened(protocol, options={"streaming": streaming})
    reply = ask(model, PROMPT, Town)
    assert (reply.value, reply.repaired, reply.usage.calls, reply.usage.tokens) == (PORTO, True, 2, 220)
    again = str(provider.requests[1]["messages"][-1]["content"])
    assert "Where is the harbour?" in again
    assert '{"town": "Porto"}' in again
    assert "since: Field required" in again
    provider.will(WRONG)
    with pytest.raises(ModelAnswerInvalid, match="since: Field required") as caught:
        ask(model, PROMPT, Town)
    assert caught.value.reason == "invalid"
    assert len(provider.requests) == 2 + 2


@BOTH
@STREAMED
def test_refused_cut_off_and_empty_are_told_apart(
    protocol: str, streaming: bool, provider: ModelServer, opened: Opened
) -> None:
    model = opened(protocol, options={"streaming": streaming})
    provider.will({"text": "I would rather not.", "stop": "refusal"})
    with pytest.raises(ModelRefused, match="declined to answer: I would rather not"):
        ask(model, PROMPT, Town)
    provider.will({"text": '{"town": "Po', "stop": "length"})
    with pytest.raises(ModelAnswerInvalid, match="limit of tokens") as cut:
        ask(model, PROMPT, Town)
    assert (cut.value.reason, len(provider.requests)) == ("truncated", 2)  # neither is asked for again
    provider.will({"text": ""})
    with pytest.raises(ModelAnswerInvalid, match="empty") as empty:
        ask(model, PROMPT, Town)
    assert (empty.value.reason, len(provider.requests)) == ("empty", 4)


@BOTH
@STREAMED
def test_the_cost_of_an_answer_that_was_cut_off_is_charged(
    protocol: str, streaming: bool, provider: ModelServer, opened: Opened
) -> None:
    charged: list[int] = []
    provider.will({"text": '{"town": "Po', "stop": "length"})
    with pytest.raises(ModelAnswerInvalid):
        ask(
            opened(protocol, options={"streaming": streaming}), PROMPT, Town,
            charge=lambda *, tokens=0, usd=0.0: charged.append(tokens),
        )  # fmt: skip
    assert charged[0] == 0
    assert charged[1] == 110 if not streaming else charged[1] > 0


@BOTH
def test_a_server_without_json_schemas_is_asked_by_a_tool_and_that_is_said(
    protocol: str, provider: ModelServer, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    model = opened(protocol)
    no_schemas = {"status": 400, "error": "response_format and output_config are not supported"}
    call = {"call": {"town": "Porto", "since": 1120}}
    provider.will(no_schemas, call)
    reply = ask(model, PROMPT, Town)
    assert (reply.value, reply.form, reply.usage.calls) == (PORTO, "function_calling", 1)
    assert "asked by function_calling from now on, not by json_schema" in caplog.text
    provider.will(call)
    assert ask(model, PROMPT, Town).form == "function_calling"
    assert len(provider.requests) == 3  # what was turned down is not tried again
    provider.will({"call": {"town": "Porto"}}, call)
    assert ask(model, PROMPT, Town).repaired


@BOTH
def test_a_server_that_can_do_neither_is_asked_in_words(protocol: str, provider: ModelServer, opened: Opened) -> None:
    provider.will(
        {"status": 400, "error": "response_format and output_config are not supported"},
        {"status": 400, "error": "tool_choice is not supported"},
        {"text": "Here you are:\n\n```json\n" + RIGHT["text"] + "\n```"},
    )
    reply = ask(opened(protocol), PROMPT, Town)
    assert (reply.value, reply.form) == (PORTO, "text")
    assert '"additionalProperties": false' in str(provider.requests[-1])


@BOTH
def test_a_key_is_nowhere_but_in_the_header(
    protocol: str, provider: ModelServer, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    model = opened(protocol)
    provider.will({"status": 401, "error": "Incorrect API key: sk-test-4711"})
    with pytest.raises(ModelUnavailable, match=r"does not accept the API key.*\*\*\*") as caught:
        ask(model, PROMPT, Town)
    shown = "".join(traceback.format_exception(caught.value))
    assert "sk-test-4711" in str(provider.headers)
    for text in (repr(model), str(model), repr(model.settings), repr(model.chat), shown, caplog.text):
        assert "sk-test-4711" not in text


@BOTH
def test_the_key_of_a_provider_is_not_shown_to_other_servers(
    protocol: str, provider: ModelServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{protocol.upper()}_API_KEY", "sk-of-the-provider")
    provider.will(RIGHT)
    ask(opened(protocol, api_key=None), PROMPT, Town)
    assert "sk-of-the-provider" not in str(provider.headers)


class _Stop(GraphBubbleUp):
    pass


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, _Stop])
def test_who_wants_to_stop_is_not_held_up(
    stop: type[BaseException], provider: ModelServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopping(*_: Any, **__: Any) -> None:
        raise stop

    monkeypatch.setattr("tenacity.nap.time.sleep", stopping)
    provider.will({"status": 529})
    with pytest.raises(stop):
        ask(opened(retries=0), PROMPT, Town)
    assert len(provider.requests) == 1


def test_all_errors_of_models_have_one_root() -> None:
    assert {ModelUnavailable, ModelRefused, ModelAnswerInvalid} <= set(ModelError.__subclasses__())
