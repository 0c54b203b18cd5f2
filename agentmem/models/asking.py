"""Asks a model something typed: a validated answer, one repair, or a clear refusal. Never None, never a guess."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Generic, Protocol

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agentmem.errors import BudgetExceeded, ModelAnswerInvalid, ModelRefused, ModelUnavailable
from agentmem.models.calling import call
from agentmem.models.costs import estimate_messages, usage_of
from agentmem.models.forms import Form, Request, give_up, request_for, turned_down, wire_schema
from agentmem.models.model import Model
from agentmem.models.reading import Refused, T, Unusable, read
from agentmem.prompts import Rendered, fence, load_prompt
from agentmem.records import Usage

_MOST_QUOTED = 8_000
"""Letters of a wrong answer that its repair quotes."""


class Charge(Protocol):
    """Takes what a call cost, as a tool's `charge` does."""

    def __call__(self, *, tokens: int = 0, usd: float = 0.0) -> None:
        """Count it; raise BudgetExceeded if that is more than there was, or if nothing was left before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Generic[T]):
    """What a model answered."""

    value: T
    """The answer, of the schema."""
    usage: Usage
    """What it cost, the answer that had to be repaired included."""
    form: Form
    """How it was asked: the best form that its adapter and server understand."""
    repaired: bool
    """Whether the first answer was unusable."""


def ask(
    model: Model,
    prompt: Rendered,
    schema: type[T],
    *,
    budget: int | None = None,
    charge: Charge | None = None,
) -> Reply[T]:
    """The model's answer to a prompt, of a schema.

    An answer that is not of the schema, or empty, is asked for once more with what is wrong with it. One that the limit
    of tokens cut off is not: it would be cut off again.

    Args:
        model: From `open_model`.
        prompt: A rendered prompt; what it takes from memory is fenced.
        schema: What the answer must be. No free maps: use lists of pairs.
        budget: Tokens that all of this may cost, answers and repair. A request whose estimate is beyond what is left
            of it is not sent. Default: no limit.
        charge: Told of each answer's cost as it arrives; called with nothing before each request, so that a budget
            that is spent stops it.

    Raises:
        BudgetExceeded: `budget` or `charge` says so. What `charge` was told stays counted.
        ModelUnavailable: there was no answer.
        ModelRefused: the model declined to answer.
        ModelAnswerInvalid: the answer is not of the schema, even when repaired, or was cut off.
    """
    spent, asked, problem = Usage(), prompt, Unusable("", "")
    for repaired in (False, True):
        if charge is not None:
            charge()
        form, messages, answer = _answer(model, asked, schema, None if budget is None else budget - spent.tokens)
        cost = usage_of(model, messages, answer)
        spent += cost
        if charge is not None:
            charge(tokens=cost.tokens, usd=cost.usd or 0.0)
        try:
            return Reply(value=read(answer, schema), usage=spent, form=form, repaired=repaired)
        except Refused as refusal:
            raise _refused(model, refusal) from None
        except Unusable as unusable:
            problem = unusable
            if problem.reason == "truncated":
                break
            asked = _repair(prompt, problem, wire_schema(schema))
    raise _invalid(model, problem)


def _answer(
    model: Model, prompt: Rendered, schema: type[T], left: int | None
) -> tuple[Form, list[BaseMessage], AIMessage]:
    """The answer to one request, in the best form that the server turns out to understand."""
    while True:
        request = request_for(model, prompt, schema)
        messages = _messages(request)
        if left is not None and (estimate := estimate_messages(messages)) > left:
            raise BudgetExceeded(
                f"about {estimate} tokens to ask, and {max(0, left)} left for this answer.", where=model.name
            )
        try:
            return request.form, messages, call(model, request.sends, messages)
        except ModelUnavailable as error:
            if not turned_down(request.form, error.status, error.message):
                raise
            give_up(model, request.form, error.message)


def _messages(request: Request) -> list[BaseMessage]:
    system = [SystemMessage(request.prompt.system)] if request.prompt.system else []
    return [*system, HumanMessage(request.prompt.user)]


def _repair(prompt: Rendered, problem: Unusable, wire: dict[str, object]) -> Rendered:
    """The same question with the answer that could not be used: in one message, which every server takes."""
    return load_prompt("repair").render(
        system=prompt.system,
        user=prompt.user,
        answer=fence(problem.answer[:_MOST_QUOTED], "answer"),
        problem=str(problem),
        schema=json.dumps(wire, ensure_ascii=False),
    )


def _refused(model: Model, refusal: Refused) -> ModelRefused:
    said = " ".join(str(refusal).split())[:300]
    return ModelRefused(
        f"the model declined to answer{f': {said}' if said else ''}.".replace("..", "."),
        where=model.name,
        hint="What was asked may be against its provider's rules; another model may answer.",
    )


def _invalid(model: Model, problem: Unusable) -> ModelAnswerInvalid:
    if problem.reason == "truncated":
        message, hint = (
            "the limit of tokens cut the answer off.",
            "Give a larger `max_tokens`, or ask for less at a time.",
        )
    elif problem.reason == "empty":
        message, hint = "the answer is empty, twice.", "Ask another model."
    else:
        wrong = "; ".join(str(problem).splitlines()).rstrip(".")
        message = f"the answer is not of the form asked for, even when repaired: {wrong}."
        hint = "Ask a stronger model."
    return ModelAnswerInvalid(message, where=model.name, hint=hint, reason=problem.reason)
