"""The value that stands for a model: its name, the chat model behind it, and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from langchain_core.language_models.chat_models import BaseChatModel
from pydantic import SecretStr

from agentmem.models.prices import Price

PROVIDERS: Final = ("anthropic", "openai")
"""What may stand before the colon of a model's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on where the SDKs give up: an overloaded server, a connection that broke in mid-answer."""

    attempts: int = 3
    """Calls of the chat model, each with the retries of its own SDK."""
    first_wait: float = 2.0
    """Seconds before the second attempt, twice as many before each one after; what Retry-After says goes first."""
    longest_wait: float = 60.0
    """No wait is longer. A server that asks for more is not waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """What was asked for when the model was opened. Keys are not kept here, only in the chat model."""

    base_url: str | None = field(default=None, repr=False)
    """Address of the server, which may hold a password; None for the provider's own."""
    temperature: float | None = None
    """None for the model's own."""
    max_tokens: int | None = None
    """Tokens of one answer; None for the most that the model gives."""
    timeout: float = 120.0
    """Seconds without a byte from the server until an attempt is given up."""
    retries: int = 2
    """Retries by the provider's SDK: 408, 409, 429, 5xx, timeouts, connections that fail."""
    patience: Patience = field(default_factory=Patience)
    """Retries of what the SDK leaves."""
    prices: Mapping[str, Price] = field(default_factory=dict)
    """Prices of the user's own, by name, with or without the provider; they go before the dated table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A chat model with a name for the journal. Made by `open_model`; safe to use from several threads."""

    name: str
    """Such as `anthropic:NAME`."""
    chat: BaseChatModel = field(repr=False)
    """The LangChain chat model."""
    settings: ModelSettings = field(default_factory=ModelSettings)
    found_unable: set[str] = field(default_factory=set, init=False, repr=False, compare=False)
    """Forms of answer that its adapter or server turned down, so that they are not tried again."""

    @property
    def provider(self) -> str:
        """The first part of the name."""
        return self.name.partition(":")[0]

    @property
    def address(self) -> str:
        """The URL that the adapter talks to; empty if it does not say."""
        given = self.settings.base_url or getattr(self.chat, "anthropic_api_url", None)
        if given is None and (client := getattr(self.chat, "root_client", None)) is not None:
            given = str(getattr(client, "base_url", ""))
        return given or ""

    @property
    def server(self) -> str:
        """Host and port of `address`: what a message may show."""
        parts = urlsplit(self.address)
        return f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""

    def without_secrets(self, text: str) -> str:
        """The text with every key of this model, wherever it stands, struck out."""
        for field_name in type(self.chat).model_fields:
            value = getattr(self.chat, field_name, None)
            if isinstance(value, SecretStr) and (secret := value.get_secret_value()):
                text = text.replace(secret, "***")
        return text
