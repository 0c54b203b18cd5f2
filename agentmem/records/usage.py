"""What a model's work cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens, money and calls of one answer, or of several added up. `Usage()` is nothing, and adds nothing."""

    model: str = ""
    """Name of the model, such as `openai:NAME`; several are joined by commas."""
    input_tokens: int = 0
    """Tokens of what was asked, those from a cache included."""
    output_tokens: int = 0
    """Tokens of what was answered."""
    cached_tokens: int = 0
    """The part of `input_tokens` that the provider had in its cache."""
    usd: float | None = 0.0
    """US dollars; None if the price of any part is not known."""
    calls: int = 0
    """Answers that were received and are paid for."""

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        names = dict.fromkeys(name for usage in (self, other) for name in usage.model.split(", ") if name)
        return Usage(
            model=", ".join(names),
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            usd=None if self.usd is None or other.usd is None else self.usd + other.usd,
            calls=self.calls + other.calls,
        )
