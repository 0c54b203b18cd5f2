"""Which names, settings and objects open a model, and what is said of those that do not."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from langchain_openai import ChatOpenAI

from agentmem.errors import ConfigurationError, MissingExtra
from agentmem.models import Price, open_model
from agentmem.testing import ScriptedModel


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("name", "guess"),
    [("antropic:claude", "`anthropic:claude`"), ("OpenAI:gpt", "`openai:gpt`"), ("openai:", "`openai:NAME`")],
)
def test_an_unknown_name_is_refused_with_a_guess(name: str, guess: str) -> None:
    with pytest.raises(ConfigurationError, match=f"no model `{name}`") as caught:
        open_model(name)
    assert f"Did you mean {guess}?" in caught.value.hint
    assert "anthropic:NAME or openai:NAME" in caught.value.hint


@pytest.mark.parametrize("name", ["", "llama", "mistral:large"])
def test_a_name_like_no_other_is_refused_without_a_guess(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_model(name)
    assert "Did you mean" not in caught.value.hint


@pytest.mark.parametrize(("name", "variable"), [("anthropic:x", "ANTHROPIC_API_KEY"), ("openai:x", "OPENAI_API_KEY")])
def test_a_missing_key_names_its_variable(name: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="no API key") as caught:
        open_model(name)
    assert variable in caught.value.hint
    monkeypatch.setenv(variable, "sk-1")
    assert open_model(name).name == name


@pytest.mark.parametrize("key", ["sk secret", "sk-secrét", "sk-sec\nret"])
@pytest.mark.parametrize("name", ["anthropic:x", "openai:x"])
def test_a_key_that_no_header_holds_is_refused_unseen(name: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match="letters that no key has") as caught:
        open_model(name, api_key=key)
    assert "sec" not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "where"),
    [
        ({"base_url": "localhost:8080"}, "base_url"),
        ({"base_url": "file:///etc"}, "base_url"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"temperature": -1}, "temperature"),
        ({"retries": -1}, "retries"),
    ],
)
def test_a_setting_that_no_adapter_can_use_is_named(setting: dict[str, Any], where: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_model("openai:x", api_key="sk-1", **setting)
    assert caught.value.where == where


def test_what_the_adapter_refuses_is_a_mistake_in_the_settings() -> None:
    with pytest.raises(ConfigurationError, match="takes no such settings") as caught:
        open_model("openai:x", api_key="sk-secret", options={"n": 0})
    assert "sk-secret" not in str(caught.value)


def test_an_object_is_taken_as_it_is() -> None:
    chat = ScriptedModel(["hello"])
    assert open_model(chat).chat is chat
    assert open_model(ChatOpenAI(model="gpt-x", api_key=lambda: "sk-1")).name == "openai:gpt-x"
    assert open_model(chat, name="mine", prices={"mine": Price(input=1, output=2)}).name == "mine"
    with pytest.raises(ConfigurationError, match="`timeout`, `api_key`") as caught:
        open_model(chat, timeout=3, api_key="sk-secret")
    assert "sk-secret" not in str(caught.value)


def test_a_name_may_hold_colons_and_an_address_a_password() -> None:
    model = open_model("openai:qwen:7b", base_url="http://me:hidden@127.0.0.1:11434/v1")
    assert model.name == "openai:qwen:7b"
    assert model.server == "127.0.0.1:11434"
    assert "hidden" not in repr(model)


@pytest.mark.parametrize(("provider", "module"), [("anthropic", "langchain_anthropic"), ("openai", "langchain_openai")])
def test_a_missing_adapter_names_the_command(provider: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra) as caught:
        open_model(f"{provider}:x", api_key="sk-1")
    assert caught.value.hint == f"pip install 'agentmem-graph[{provider}]'."


def test_adapters_load_when_a_model_of_theirs_is_opened() -> None:
    program = (
        "import sys, agentmem, agentmem.cli, agentmem.testing\n"
        "print('langchain_core' in sys.modules)\n"
        "import agentmem.models\n"
        "print([name for name in ('langchain_anthropic', 'langchain_openai', 'anthropic', 'openai', 'genai_prices',"
        " 'tiktoken') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "False\n[]\n"
