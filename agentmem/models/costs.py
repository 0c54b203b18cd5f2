"""What one answer cost, from what its provider reports."""

from __future__ import annotations

import logging
from functools import cache

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata

from agentmem.models.model import Model
from agentmem.models.prices import price
from agentmem.models.tokens import estimate_tokens
from agentmem.records import Usage

_logger = logging.getLogger("agentmem.models")


def usage_of(model: Model, asked: list[BaseMessage], answer: AIMessage) -> Usage:
    """Tokens as the provider counted them, estimated where it counts none; money where the price is known."""
    counted = answer.usage_metadata or UsageMetadata(input_tokens=0, output_tokens=0, total_tokens=0)
    details = counted.get("input_token_details") or {}
    tokens_in, tokens_out = counted["input_tokens"], max(0, counted["output_tokens"])
    if tokens_in <= 0:  # not told at all, or of a stream's answer alone
        _uncounted(model.name)
        tokens_in = estimate_messages(asked)
        tokens_out = tokens_out or estimate_tokens(str(answer.text), *(str(call["args"]) for call in answer.tool_calls))
    cached = min(tokens_in, max(0, details.get("cache_read") or 0))
    written = min(tokens_in - cached, max(0, details.get("cache_creation") or 0))
    usd = price(
        model.name,
        model.address,
        model.settings.prices,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        cached_tokens=cached,
        written_tokens=written,
    )
    return Usage(
        model=model.name, input_tokens=tokens_in, output_tokens=tokens_out, cached_tokens=cached, usd=usd, calls=1
    )


def estimate_messages(messages: list[BaseMessage]) -> int:
    """Tokens of the messages, before anybody has counted them."""
    return estimate_tokens(*(str(message.text) for message in messages))


@cache
def _uncounted(name: str) -> None:
    """Say so once for each model."""
    _logger.warning("%s does not say how many tokens it used: they are estimated.", name)
