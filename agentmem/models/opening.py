"""Opens a model by name, through LangChain's adapter for its provider, or takes an object of the user's as it is."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from langchain_core.language_models.chat_models import BaseChatModel
from pydantic import SecretStr, ValidationError

from agentmem.errors import ConfigurationError, MissingExtra
from agentmem.models.model import PROVIDERS, Model, ModelSettings, Patience
from agentmem.models.prices import Price
from agentmem.spelling import nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Adapter:
    """Where LangChain's chat model for a provider is, and what it calls its key."""

    module: str
    chat: str
    key: str
    variable: str


_ADAPTERS: Final = {
    "anthropic": _Adapter(
        module="langchain_anthropic", chat="ChatAnthropic", key="anthropic_api_key", variable="ANTHROPIC_API_KEY"
    ),
    "openai": _Adapter(module="langchain_openai", chat="ChatOpenAI", key="openai_api_key", variable="OPENAI_API_KEY"),
}

_NO_KEY = "none"
"""Sent to a server of the user's that was given without a key: most want none, and the provider's is not for them."""


def open_model(
    model: str | BaseChatModel,
    *,
    name: str = "",
    base_url: str | None = None,
    api_key: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    timeout: float | None = None,
    retries: int | None = None,
    options: Mapping[str, Any] | None = None,
    patience: Patience | None = None,
    prices: Mapping[str, Price] | None = None,
) -> Model:
    """The model of that name, or the value that stands for an object of the user's. Nothing is sent.

    Args:
        model: `anthropic:NAME`, `openai:NAME`, or any LangChain chat model, which keeps its own key, address, limits
            and retries.
        name: What the journal calls the model; by default `provider:NAME`.
        base_url: Another server that speaks the provider's protocol, such as vLLM, Ollama or llama.cpp with `openai:`.
        api_key: The key. If it is not given, the adapter looks in `ANTHROPIC_API_KEY` or `OPENAI_API_KEY`; but never
            for a `base_url` that is given here: a provider's key is not shown to other servers.
        temperature: Default: the model's own; many newer models take no other.
        max_tokens: Tokens of one answer. Default: the most that the model gives.
        timeout: Seconds without a byte from the server until an attempt is given up. Default: 120.
        retries: Retries by the provider's SDK: 408, 409, 429, 5xx, timeouts, connections that fail. Default: 2.
        options: What else the adapter takes, such as `{"reasoning_effort": "low"}`.
        patience: Retries of what the SDK leaves.
        prices: Prices of the user's own, by `provider:NAME` or by `NAME`; they go before the dated table.

    Raises:
        ConfigurationError: the name, a setting or the key cannot be used.
        MissingExtra: the adapter is not installed.
    """
    wire = {"base_url": base_url, "temperature": temperature, "max_tokens": max_tokens, "timeout": timeout}
    given: dict[str, Any] = {key: value for key, value in {**wire, "retries": retries}.items() if value is not None}
    settings = ModelSettings(patience=patience or Patience(), prices=prices or {}, **given)
    if isinstance(model, str):
        provider, model_name = _split(model)
        chat = _opened(provider, model_name, api_key, settings, options or {})
        return Model(name=name or f"{provider}:{model_name}", chat=chat, settings=settings)
    if named := [*given, *(key for key, value in (("options", options), ("api_key", api_key)) if value)]:
        raise ConfigurationError(
            f"a chat model that is an object takes no {', '.join(f'`{key}`' for key in named)} here.",
            where="model",
            hint="Say it where the object is made.",
        )
    return Model(name=name or _name_of(model), chat=model, settings=settings)


def _split(model: str) -> tuple[str, str]:
    """Provider and name of `provider:NAME`; the name may hold colons of its own."""
    provider, _, name = (part.strip() for part in model.partition(":"))
    forms = "Write anthropic:NAME or openai:NAME; any other server goes by openai:NAME and its base_url."
    if provider not in _ADAPTERS or not name:
        near = nearest(provider.lower(), PROVIDERS)
        guess = f"Did you mean `{near}:{name or 'NAME'}`? " if near else ""
        raise ConfigurationError(f"there is no model `{model}`.", where="model", hint=f"{guess}{forms}")
    return provider, name


def _opened(
    provider: str, name: str, api_key: str | None, settings: ModelSettings, options: Mapping[str, Any]
) -> BaseChatModel:
    """The adapter's chat model, with a key that can be sent."""
    adapter, where = _ADAPTERS[provider], f"{provider}:{name}"
    _check(settings)
    arguments: dict[str, Any] = {
        "model": name,
        "base_url": settings.base_url,
        "temperature": settings.temperature,
        "max_tokens": settings.max_tokens,
        "timeout": settings.timeout,
        "max_retries": settings.retries,
        "stream_usage": True,
        **options,
    }
    if settings.base_url is not None:
        api_key = api_key or _NO_KEY
        if provider == "openai":  # the other protocol of OpenAI's is spoken by few other servers
            arguments.setdefault("use_responses_api", False)
    if api_key is not None:
        arguments["api_key"] = SecretStr(api_key.strip())
    try:
        module = importlib.import_module(adapter.module)
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"the adapter for {provider} models is not installed.",
            where=where,
            hint=f"pip install 'agentmem-graph[{provider}]'.",
        ) from error
    chat: BaseChatModel
    try:
        chat = getattr(module, adapter.chat)(**arguments)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is about what was given
        if api_key is None and "credentials" in str(error):
            raise _no_key(adapter, where) from None
        # Never the error itself: it may quote what was given.
        wrong = error.errors(include_input=False)[0]["msg"] if isinstance(error, ValidationError) else str(error)
        shown = (wrong.replace(api_key, "***") if api_key else wrong).rstrip(".")
        raise ConfigurationError(f"the adapter takes no such settings: {shown}.", where=where) from None
    _check_key(getattr(chat, adapter.key), adapter, where)
    return chat


def _check(settings: ModelSettings) -> None:
    """Refuse what no adapter can use, before any adapter loads."""
    parts = urlsplit(settings.base_url or "http://none")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            "a model's server has an address like that only with http:// or https://.", where="base_url"
        )
    limits = {"max_tokens": settings.max_tokens, "timeout": settings.timeout}
    for key, value in limits.items():
        if value is not None and not value > 0:
            raise ConfigurationError(f"{value} is no limit.", where=key, hint="Give a number above 0.")
    if settings.retries < 0 or settings.patience.attempts < 1:
        raise ConfigurationError("fewer attempts than one.", where="retries", hint="0 retries is one attempt.")
    if settings.temperature is not None and not settings.temperature >= 0:
        raise ConfigurationError(f"a temperature of {settings.temperature}.", where="temperature", hint="0 or more.")


def _check_key(secret: object, adapter: _Adapter, where: str) -> None:
    """Refuse a missing key, and one that no header can hold: its letters would end up in an error of the transport."""
    if secret is not None and not isinstance(secret, SecretStr):
        return  # a function that gives keys
    key = secret.get_secret_value() if secret is not None else ""
    if not key:
        raise _no_key(adapter, where)
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(
            "the API key holds spaces or letters that no key has.", where=where, hint=f"Look at {adapter.variable}."
        )


def _no_key(adapter: _Adapter, where: str) -> ConfigurationError:
    hint = f"Set {adapter.variable}, or give the key as `api_key`."
    return ConfigurationError("there is no API key.", where=where, hint=hint)


def _name_of(chat: BaseChatModel) -> str:
    """`provider:NAME` of an object, as it tells tracers."""
    said = chat._get_ls_params()  # the only name that all adapters give in the same way
    provider = said.get("ls_provider") or type(chat).__name__.lower()
    return f"{provider}:{said.get('ls_model_name') or getattr(chat, 'model_name', None) or 'chat'}"
