"""What an answer costs, in tokens and in money, and what is said where nobody knows."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
import tiktoken
from langchain_core.messages import AIMessage, HumanMessage

from agentmem.models import Price, estimate_tokens, open_model
from agentmem.models import costs as counting
from agentmem.models import prices as pricing
from agentmem.models import tokens as estimating
from agentmem.models.prices import price
from agentmem.records import Usage
from agentmem.testing import ScriptedModel


@pytest.fixture(autouse=True)
def nothing_was_said_before() -> Iterator[None]:
    for said in (pricing._unknown, counting._uncounted, estimating._counter):
        said.cache_clear()
    yield
    estimating._counter.cache_clear()


def test_usage_adds_up() -> None:
    one = Usage(model="openai:a", input_tokens=10, output_tokens=5, cached_tokens=4, usd=0.5, calls=1)
    assert Usage() + one == one
    assert one + Usage() == one
    both = one + one + Usage(model="openai:b", usd=0.25, calls=1)
    assert both == Usage(
        model="openai:a, openai:b", input_tokens=20, output_tokens=10, cached_tokens=8, usd=1.25, calls=3
    )
    assert both.tokens == 30
    assert (one + Usage(usd=None, calls=1)).usd is None


def test_own_prices_go_before_the_table() -> None:
    own = {"openai:gpt-4o-mini": Price(input=10, output=20, cached=1), "small": Price(input=3, output=4)}
    cost = price("openai:gpt-4o-mini", "", own, input_tokens=1_000_000, output_tokens=500_000, cached_tokens=400_000)
    assert cost == pytest.approx(0.6 * 10 + 0.4 * 1 + 0.5 * 20)
    cost = price("openai:small", "http://127.0.0.1:1", own, input_tokens=1_000_000, output_tokens=0, cached_tokens=9)
    assert cost == pytest.approx(3.0)


def test_the_table_knows_models_at_their_own_addresses_only() -> None:
    def asked(address: str) -> float | None:
        return price("openai:gpt-4o-mini", address, {}, input_tokens=1_000_000, output_tokens=0)

    assert asked("") == asked("https://api.openai.com/v1/") == pytest.approx(0.15)
    assert asked("http://127.0.0.1:8080/v1") is None


def test_cached_tokens_cost_less_and_written_ones_more() -> None:
    plain, read, written = (
        price("anthropic:claude-sonnet-4-5", "", {}, input_tokens=1_000, output_tokens=0, **more)
        for more in ({}, {"cached_tokens": 1_000}, {"written_tokens": 1_000})
    )
    assert plain is not None
    assert read is not None
    assert written is not None
    assert read < plain < written


def test_an_unknown_model_has_no_price_and_that_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        assert price("openai:nobody-knows", "", {}, input_tokens=1, output_tokens=1) is None
    assert caplog.text.count("tokens are counted without money") == 1


def test_without_the_table_there_is_no_price(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    assert price("openai:gpt-4o-mini", "", {}, input_tokens=1, output_tokens=1) is None
    assert "genai-prices, is not installed" in caplog.text


def test_a_server_that_does_not_count_is_counted_for_and_that_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    model = open_model(ScriptedModel(), name="mine:one", prices={"one": Price(input=1e6, output=2e6)})
    for _ in range(2):
        usage = counting.usage_of(model, [HumanMessage("How are you today?")], AIMessage("Very well, thanks."))
        assert 3 <= usage.input_tokens <= 6
        assert usage.usd == pytest.approx(usage.input_tokens + 2 * usage.output_tokens)
    assert caplog.text.count("they are estimated") == 1


@pytest.mark.parametrize(
    ("told", "used"), [((-5, -1, 0), None), ((10, -1, 20), (10, 0, 10)), ((10, 1, -3), (10, 1, 0))]
)
def test_a_server_that_counts_wrong_costs_nothing_impossible(
    told: tuple[int, int, int], used: tuple[int, int, int] | None
) -> None:
    tokens_in, tokens_out, cached = told
    answer = AIMessage(
        "Well.",
        usage_metadata={
            "input_tokens": tokens_in, "output_tokens": tokens_out, "total_tokens": tokens_in + tokens_out,
            "input_token_details": {"cache_read": cached, "cache_creation": 99},
        },
    )  # fmt: skip
    model = open_model(ScriptedModel(), name="openai:gpt-4o-mini")
    usage = counting.usage_of(model, [HumanMessage("How are you?")], answer)
    assert usage.usd is not None
    assert usage.usd >= 0
    if used:
        assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens) == used
    else:
        assert usage.input_tokens > 0


def test_tokens_are_counted_where_tiktoken_has_its_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"ab": 256, b"abab": 257}
    small = tiktoken.Encoding("small", pat_str=r"\w+|\W+", mergeable_ranks=ranks, special_tokens={})
    monkeypatch.setattr(tiktoken, "get_encoding", lambda name: small)
    assert estimate_tokens("abab", " abab!") == 1 + 3
    assert estimate_tokens() == 0
    assert estimate_tokens("\ud800") > 0  # half of a letter, as broken text has it


def _offline(name: str) -> tiktoken.Encoding:
    raise ConnectionError(name)


@pytest.mark.parametrize("why", ["not installed", "no network"])
def test_tokens_are_estimated_by_length_else(
    why: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why == "not installed":
        monkeypatch.setitem(sys.modules, "tiktoken", None)
    else:
        monkeypatch.setattr(tiktoken, "get_encoding", _offline)
    assert estimate_tokens("12345678", "123456789", "") == 2 + 3
    assert estimate_tokens("1") == 1
    assert caplog.text.count("estimated by length") == 1
