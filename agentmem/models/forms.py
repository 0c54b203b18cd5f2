"""The forms in which a model is asked for an answer of a schema, best first, and which of them its server understands.

Only the request is taken from the adapter. Its parsers differ (one gives None, one mends broken JSON, one raises and
loses what the answer cost), so what an answer says is read by `reading` alone, the same way for every model.
"""

from __future__ import annotations

import copy
import json
import logging
import re
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableBinding, RunnableSequence
from pydantic import BaseModel

from agentmem.models.model import Model
from agentmem.prompts import Rendered, load_prompt

Form = Literal["json_schema", "function_calling", "text"]
"""The provider's structured output; one forced tool call; the schema written into the prompt."""

_FORMS: Final[tuple[Form, ...]] = get_args(Form)
_SPEAKS_OF = {
    "json_schema": re.compile(r"response_format|output_config|output_format|json_schema|structured", re.I),
    "function_calling": re.compile(r"tool|function", re.I),
}
"""What an error says when a server cannot do a form of answer."""
_TURNED_DOWN = frozenset({400, 422, 501})
_UNFIT = re.compile(r"[^a-zA-Z0-9_-]+")
_logger = logging.getLogger("agentmem.models")


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, but for the messages."""

    form: Form
    sends: Runnable[LanguageModelInput, AIMessage]
    prompt: Rendered


def request_for(model: Model, prompt: Rendered, schema: type[BaseModel]) -> Request:
    """The best form that is not known to fail."""
    wire = wire_schema(schema)
    for form in _FORMS[:-1]:
        if form in model.found_unable:
            continue
        bound = _bound(model, wire, form)
        if bound is not None and ("tools" in bound.kwargs) == (form == "function_calling"):
            return Request(form, bound, prompt)
        give_up(model, form, "its adapter does not offer it")
    asked = load_prompt("json_answer").render(
        system=prompt.system, user=prompt.user, schema=json.dumps(wire, ensure_ascii=False)
    )
    return Request("text", model.chat, asked)


def turned_down(form: Form, status: int | None, message: str) -> bool:
    """Whether an error says that the server cannot do this form of answer."""
    return form != "text" and status in _TURNED_DOWN and bool(_SPEAKS_OF[form].search(message))


def give_up(model: Model, form: Form, why: str) -> None:
    """Do not try this form again with this model, and say what is used instead."""
    model.found_unable.add(form)
    instead = _FORMS[_FORMS.index(form) + 1]
    _logger.warning("%s is asked by %s from now on, not by %s: %s", model.name, instead, form, why)


def wire_schema(schema: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema as strict servers take it: every field is required, nothing else is allowed, no defaults.

    A reference stands alone: what a field says of a nested model goes, what the model says of itself stays.

    Raises:
        ValueError: the schema has a free map, `dict[str, ...]`, which strict servers refuse; use a list of pairs.
    """
    wire = copy.deepcopy(schema.model_json_schema())
    wire["title"] = _UNFIT.sub("_", schema.__name__)[:64]
    _make_strict(wire, schema.__name__)
    return wire


def _make_strict(part: dict[str, Any], where: str) -> None:
    if part.get("additionalProperties"):
        raise ValueError(f"{where}: a free map cannot be asked for; use a list of pairs")
    if "oneOf" in part:
        part["anyOf"] = part.pop("oneOf")
    for word in part.keys() - {"$ref"} if "$ref" in part else ("default", "discriminator"):
        part.pop(word, None)
    if part.get("type") == "object":
        part["additionalProperties"] = False
        part["required"] = list(part.get("properties", {}))
    named = {**part.get("$defs", {}), **part.get("properties", {})}
    placed = [*part.get("anyOf", ()), *part.get("prefixItems", ()), *([part["items"]] if "items" in part else [])]
    for name, inner in [*named.items(), *enumerate(placed)]:
        _make_strict(inner, f"{where}.{name}")


def _bound(model: Model, wire: dict[str, Any], form: Form) -> RunnableBinding[LanguageModelInput, AIMessage] | None:
    """The adapter's request for that form, without its parser; None if it has none."""
    try:
        chain = model.chat.with_structured_output(wire, method=form, strict=True)
    except NotImplementedError:
        return None
    first = chain.first if isinstance(chain, RunnableSequence) else None
    return first if isinstance(first, RunnableBinding) else None
