"""Reads what a model answered: a value of the schema, or what is wrong. Nothing is mended, completed or guessed."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Literal, NoReturn, TypeVar

from langchain_core.messages import AIMessage
from pydantic import BaseModel, ValidationError

T = TypeVar("T", bound=BaseModel)

_CUT_OFF = frozenset({"length", "max_tokens", "max_output_tokens", "model_context_window_exceeded"})
_WITHHELD = frozenset({"refusal", "content_filter"})
_FENCED = re.compile(r"```[a-zA-Z]*[ \t]*\n(.*?)\n[ \t]*```", re.DOTALL)
_MOST_PROBLEMS = 10


class Refused(Exception):
    """The model declined; the message is what it said, if anything."""


class Unusable(Exception):
    """The message says what is wrong with an answer; `answer` is its text."""

    def __init__(self, problem: str, answer: str, reason: Literal["invalid", "truncated", "empty"] = "invalid") -> None:
        super().__init__(problem)
        self.answer = answer
        self.reason = reason


def read(message: AIMessage, schema: type[T]) -> T:
    """The value that an answer holds.

    Raises:
        Refused: the model declined to answer.
        Unusable: the answer is not of the schema, was cut off, or is empty.
    """
    endings = set(_endings(message.response_metadata))
    answer = _text(message)
    refusal = _refusal(message)
    if refusal is not None or endings & _WITHHELD:
        raise Refused(refusal or answer)
    if endings & _CUT_OFF:
        raise Unusable("the limit of tokens cut the answer off.", answer, "truncated")
    if not answer:
        raise Unusable("the answer is empty.", answer, "empty")
    try:
        # JSON again, so that dates, enums and numbers are read by the rules of JSON and not those of Python.
        found = json.dumps(_json_of(answer), ensure_ascii=False, allow_nan=False)
        found.encode()
    except (ValueError, RecursionError) as error:
        raise Unusable(f"it is not one JSON object: {_plain(error)}.", answer) from None
    try:
        return schema.model_validate_json(found)
    except ValidationError as error:
        raise Unusable(_problems(error), answer) from None


def _endings(said: dict[str, Any]) -> list[str]:
    """Why the model stopped, as each protocol calls it."""
    details = said.get("incomplete_details")
    reasons = [
        said.get("finish_reason"),
        said.get("stop_reason"),
        details.get("reason") if isinstance(details, dict) else None,
    ]
    return [reason for reason in reasons if isinstance(reason, str)]


def _refusal(message: AIMessage) -> str | None:
    """The words of a refusal; None if there is none."""
    given = message.additional_kwargs.get("refusal")
    for block in message.content if isinstance(message.content, list) else []:
        if isinstance(block, dict) and block.get("type") == "refusal":
            given = given or block.get("refusal") or ""
    return str(given) if given is not None else None


def _text(message: AIMessage) -> str:
    """The answer's text, or the arguments of its tool calls."""
    calls = [json.dumps(call["args"], ensure_ascii=False) for call in message.tool_calls]
    calls += [call["args"] or "" for call in message.invalid_tool_calls]
    return "\n".join(calls) or str(message.text).strip()


def _json_of(text: str) -> Any:
    """The one JSON value of a text: the text, its only code fence, or what its outermost braces hold."""
    fenced = _FENCED.findall(text)
    inside = text[text.find("{") : text.rfind("}") + 1]
    tried = [text, *(fenced if len(fenced) == 1 else []), *([inside] if not fenced and inside else [])]
    problem: ValueError | None = None
    for candidate in tried:
        try:
            return json.loads(candidate, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_finite)
        except ValueError as error:
            problem = problem or error
    raise problem or ValueError("there is none")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError(f"it says `{next(key for key in keys if keys.count(key) > 1)}` twice")
    return dict(pairs)


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _no_number(digits)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name[:20]} is no number of JSON")


def _plain(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]


def _problems(error: ValidationError) -> str:
    """What a validation found, a line for each place, without the values: they are in the answer."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [f"{'.'.join(str(part) for part in each['loc']) or 'the answer'}: {each['msg']}" for each in found]
    more = [f"and {len(lines) - _MOST_PROBLEMS} more"] if len(lines) > _MOST_PROBLEMS else []
    return "\n".join([*lines[:_MOST_PROBLEMS], *more])
