"""One call of a chat model: what the SDKs leave is retried, every failure becomes one error that says what to do."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from time import time

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable
from langgraph.errors import GraphBubbleUp
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from agentmem.errors import AgentmemError, ModelUnavailable
from agentmem.models.model import PROVIDERS, Model, Patience

_OVERLOADED = 529
_PASSING_KINDS = frozenset({"overloaded_error", "api_error", "server_error", "rate_limit_error", "timeout_error"})
"""Errors inside a stream that had begun well: there the SDKs do not retry."""
_BROKEN = frozenset({"RemoteProtocolError", "ReadError", "IncompleteRead", "ChunkedEncodingError"})
"""How the transports call a connection that broke before the answer was whole."""
_MOST_SHOWN = 300
_logger = logging.getLogger("agentmem.models")


class _BrokenOff(Exception):
    """A stream ended before the answer did."""


def call(model: Model, sends: Runnable[LanguageModelInput, AIMessage], messages: list[BaseMessage]) -> AIMessage:
    """The whole answer to the messages.

    Retried, up to `patience.attempts` calls: an overloaded server (529), a connection that broke in mid-answer, an
    error of the server's inside a stream. Nothing else: the SDK has done what can be done about it, or it is final.

    Raises:
        ModelUnavailable: there is no answer.
    """
    patience = model.settings.patience
    retrying = Retrying(
        stop=stop_after_attempt(patience.attempts),
        retry=retry_if_exception(lambda error: _is_passing(error) and _asked_wait(error) <= patience.longest_wait),
        wait=lambda state: _wait(state, patience),
        before_sleep=lambda state: _logger.info("%s is asked again, time %d.", model.name, state.attempt_number + 1),
        reraise=True,
    )
    try:
        return retrying(_once, sends, messages)
    except (GraphBubbleUp, AgentmemError):
        raise
    except Exception as error:
        shown = unavailable(model, error)
        if model.without_secrets(repr(error)) != repr(error):
            raise shown from None  # a traceback would show the key
        raise shown from error


def _once(sends: Runnable[LanguageModelInput, AIMessage], messages: list[BaseMessage]) -> AIMessage:
    try:
        answer = sends.invoke(messages)
    except Exception as error:
        if (cut := _cut_off(error)) is None:
            raise
        return cut
    if _broken_off(answer):
        raise _BrokenOff("the connection broke before the answer was whole")
    return answer


def _broken_off(answer: AIMessage) -> bool:
    """Whether a stream ended without an error and without an end: both protocols say why they stop, and the cost."""
    said = answer.response_metadata
    ended = said.get("finish_reason") or said.get("stop_reason") or said.get("status")
    return said.get("model_provider") in PROVIDERS and not ended and answer.usage_metadata is None


def _cut_off(error: Exception) -> AIMessage | None:
    """The answer inside an error: OpenAI's SDK raises where an answer was cut off, and keeps it there with its cost."""
    completion = getattr(error, "completion", None)
    if completion is None:
        return None
    (choice, *_) = completion.choices
    cost = completion.usage
    used = None
    if cost is not None:
        cached = getattr(cost.prompt_tokens_details, "cached_tokens", None) or 0
        used = {
            "input_tokens": cost.prompt_tokens,
            "output_tokens": cost.completion_tokens,
            "total_tokens": cost.total_tokens,
            "input_token_details": {"cache_read": cached},
        }
    return AIMessage(
        content=choice.message.content or "",
        response_metadata={"finish_reason": choice.finish_reason, "model_provider": "openai"},
        usage_metadata=used,
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _is_passing(error: BaseException) -> bool:
    """Whether another call may help that the SDK did not make."""
    if isinstance(error, _BrokenOff) or status_of(error) == _OVERLOADED:
        return True
    if _kind_of(error) in _PASSING_KINDS and status_of(error) in (None, 200):
        return True
    return any(
        type(cause).__name__ in _BROKEN or isinstance(cause, ConnectionResetError | BrokenPipeError)
        for cause in _causes(error)
    )


def status_of(error: BaseException) -> int | None:
    """The HTTP status that an SDK's error is about."""
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _kind_of(error: BaseException) -> str:
    """What a provider calls its error."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else None
    return str(inner.get("type") or "") if isinstance(inner, dict) else ""


def _asked_wait(error: BaseException) -> float:
    """Seconds that the server asks to wait; 0 if it does not say."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    try:
        if given := headers.get("retry-after-ms"):
            return max(0.0, float(given) / 1000)
        given = headers.get("retry-after", "0")
        return max(0.0, float(given) if given[:1].isdigit() else parsedate_to_datetime(given).timestamp() - time())
    except ValueError:
        return 0.0


def _wait(state: RetryCallState, patience: Patience) -> float:
    error = state.outcome.exception() if state.outcome else None
    backoff = min(patience.longest_wait, patience.first_wait * 2 ** (state.attempt_number - 1))
    return (_asked_wait(error) if error else 0.0) or backoff


def unavailable(model: Model, error: Exception) -> ModelUnavailable:
    """The error for a call that gave no answer: what happened, and what to do."""
    status = status_of(error)
    said = model.without_secrets(" ".join(str(error).split()))[:_MOST_SHOWN].rstrip(".") or type(error).__name__
    wait = _asked_wait(error)
    later = f"Try again in {wait:.0f} s." if wait >= 1 else "Try again later."
    if status is not None and status >= 400:
        message, hint = _by_status(status, said, later)
    else:
        message, hint = _by_kind(error, said, later)
    return ModelUnavailable(f"{model.server or 'its server'} {message}.", where=model.name, hint=hint, status=status)


def _by_status(status: int, said: str, later: str) -> tuple[str, str]:
    if status in (401, 403):
        return (
            f"does not accept the API key (status {status}): {said}",
            "Look at the key, and at what it may be used for.",
        )
    if status == 404:
        return (
            f"has no such model, or nothing at that address (status 404): {said}",
            "Look at the name and at base_url.",
        )
    if status == 429:
        return f"takes no more requests for now (status 429): {said}", later
    if status < 500:
        return f"turned the request down (status {status}): {said}", "The same request would be turned down again."
    return f"is overloaded or failing (status {status}): {said}", later


def _by_kind(error: Exception, said: str, later: str) -> tuple[str, str]:
    names = {name.__name__ for cause in _causes(error) for name in type(cause).__mro__}
    if any("Timeout" in name for name in names):
        return f"gave no answer in time: {said}", "Try again later, or with a longer `timeout`."
    if "ConnectError" in names or "ConnectionRefusedError" in names:
        return f"cannot be reached: {said}", "Look at base_url, and at the connection."
    return f"gave no whole answer: {said}", later
