"""The hashing embedder: the same everywhere, unit length, nearer for texts that share words and spellings."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmem.embeddings import HashingEmbedder
from agentmem.errors import ConfigurationError

_PROGRAM = """
from agentmem.embeddings import HashingEmbedder
import sys
sys.stdout.buffer.write(HashingEmbedder(64).embed(["Anna moved to Zürich in 2024", "東京に住んでいます"]).tobytes())
"""


def _similarity(one: str, other: str) -> float:
    vectors = HashingEmbedder().embed([one, other])
    return float(vectors[0] @ vectors[1])


def test_another_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-c", _PROGRAM], capture_output=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    ]
    here = HashingEmbedder(64).embed(["Anna moved to Zürich in 2024", "東京に住んでいます"]).tobytes()
    assert runs == [here, here]


def test_a_text_has_the_same_vector_alone_and_in_a_batch() -> None:
    texts = ["one", "", "two words", "one", "three more words"]
    batch = HashingEmbedder().embed(texts)
    for text, vector in zip(texts, batch, strict=True):
        np.testing.assert_array_equal(HashingEmbedder().embed([text])[0], vector)


@settings(deadline=None, derandomize=True)
@given(st.lists(st.text(alphabet=st.characters(exclude_categories=())), max_size=5))
def test_every_text_gives_a_unit_vector_or_zero_if_nothing_is_visible(texts: list[str]) -> None:
    vectors = HashingEmbedder(32).embed(texts)
    assert vectors.shape == (len(texts), 32)
    assert vectors.dtype == np.float32
    lengths = np.linalg.norm(vectors, axis=1)
    for text, length in zip(texts, lengths, strict=True):
        assert length == pytest.approx(1, abs=1e-5) or (length == 0 and not text.isalnum())


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_empty_texts_are_zero(text: str) -> None:
    assert not HashingEmbedder().embed([text]).any()


@pytest.mark.parametrize("text", ["🎉", "!!!", "a", "x" * 1_000_000, "\ud800 half a pair", "語" * 100_000])
def test_odd_texts_have_a_vector(text: str) -> None:
    assert np.linalg.norm(HashingEmbedder().embed([text])) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("Anna works at Acme in Berlin", "Where does Anna work?", "The cat sat on the mat"),
        ("the planner retried", "retrying of the plan", "blue whales sing"),
        ("東京に住んでいます", "東京に住む人", "猫が好きです"),
        ("CAFÉ opens", "café opened", "bridge closes"),
    ],
)
def test_shared_words_and_spellings_bring_texts_nearer(text: str, near: str, far: str) -> None:
    assert _similarity(text, near) > _similarity(text, far) + 0.1


def test_name_and_size_follow_the_dimension() -> None:
    embedder = HashingEmbedder(128)
    assert (embedder.model, embedder.dimension) == ("hashing-128", 128)
    assert embedder.embed(["a"]).shape == (1, 128)
    assert embedder.embed([]).shape == (0, 128)


def test_a_dimension_too_small_to_tell_texts_apart_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="16 or more"):
        HashingEmbedder(8)
