"""What tokens cost: the user's own prices, else the dated table of `genai-prices`, which is read from its package.

That package can renew its table from the network when a program tells it to; nothing here does.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

_MILLION = 1_000_000
_logger = logging.getLogger("agentmem.models")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a million tokens."""

    input: float
    output: float
    cached: float | None = None
    """Of input tokens from the provider's cache; None if they cost what others do."""

    def of(self, input_tokens: int, output_tokens: int, cached_tokens: int) -> float:
        """US dollars for these tokens; `cached_tokens` are a part of `input_tokens`."""
        cached = self.input if self.cached is None else self.cached
        paid = (input_tokens - cached_tokens) * self.input + cached_tokens * cached + output_tokens * self.output
        return paid / _MILLION


def price(
    name: str,
    address: str,
    own: Mapping[str, Price],
    *,
    input_tokens: int,
    output_tokens: int,
    cached_tokens: int = 0,
    written_tokens: int = 0,
) -> float | None:
    """US dollars for one answer; None, and one warning for each model, if nobody knows.

    Args:
        name: `provider:model`.
        address: Where the model is asked. A known name on somebody else's server has no known price.
        own: Prices by `provider:model` or by `model`.
        input_tokens: All of them, with the cached and written ones.
        output_tokens: Tokens of the answer.
        cached_tokens: Those that came from the provider's cache.
        written_tokens: Those that were put into it.
    """
    provider, _, model = name.partition(":")
    if given := own.get(name) or own.get(model):
        return given.of(input_tokens, output_tokens, cached_tokens)
    try:
        from genai_prices import Usage, calc_price  # noqa: PLC0415 - half a second, and only models need it
    except ModuleNotFoundError:
        return _unknown(name, "the table of prices, genai-prices, is not installed")
    usage = Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cache_read_tokens=cached_tokens,
        cache_write_tokens=written_tokens,
    )
    try:
        if address:
            return float(calc_price(usage, model, provider_api_url=address).total_price)
        return float(calc_price(usage, model, provider_id=provider).total_price)
    except LookupError:
        return _unknown(name, "the table of prices does not know it")


@cache
def _unknown(name: str, why: str) -> None:
    """Say so once for each model."""
    _logger.warning("%s: tokens are counted without money: %s. Give its price to have both.", name, why)
