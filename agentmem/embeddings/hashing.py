"""An embedder that needs no model: signed feature hashing of words and their character trigrams."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

import numpy as np
import numpy.typing as npt

from agentmem.embeddings.base import Matrix
from agentmem.errors import ConfigurationError

HASHING_PREFIX = "hashing-"
"""A hashing embedder's model name is this and the dimension."""

_SMALLEST = 16  # below this, unrelated texts share most of their buckets
_WORD = re.compile(r"\w+")
_SYMBOL = re.compile(r"\S")  # for texts without a single word: emoji, punctuation
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")
_LONGEST_WORD = 64  # of a longer run (base64, a URL's key) the trigrams say nothing
_LONGEST_SPACELESS = 16_384  # a run of a script without spaces is a passage, not a word
_WORD_WEIGHT = 1.0
_PART_WEIGHT = 0.5  # a word has about five trigrams: together they weigh a little more than the word
_SHORT_WEIGHT = 0.5  # words of up to three letters are mostly grammar, in most languages with an alphabet
_SHORT = 3

# A feature is one integer: the hash shifted left by two, then two bits for the class of its weight.
_WEIGHTS = np.array([_WORD_WEIGHT, _PART_WEIGHT, _SHORT_WEIGHT, _PART_WEIGHT * _SHORT_WEIGHT])
_IS_PART, _IS_SHORT = 1, 2


class HashingEmbedder:
    """Maps texts to unit vectors by the words and trigrams they share. It knows spellings, not meanings.

    Deterministic on every machine and in every process, thread safe, without state. Each feature adds
    `sign * weight * (1 + ln(count))` to one of `dimension` buckets (Weinberger et al. 2009, feature hashing).

    Args:
        dimension: Length of a vector, 384 by default.

    Raises:
        ConfigurationError: the dimension is below 16.
    """

    def __init__(self, dimension: int = 384) -> None:
        if dimension < _SMALLEST:
            raise ConfigurationError(
                f"A hashing embedder of dimension {dimension} tells no texts apart.",
                hint=f"Use {_SMALLEST} or more; 384 is the default.",
            )
        self._dimension = dimension

    @property
    def model(self) -> str:
        """`hashing-` and the dimension."""
        return f"{HASHING_PREFIX}{self._dimension}"

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One unit vector for each text; a zero vector for a text without a visible character."""
        counts = [_count(text) for text in texts]
        sizes = np.fromiter(map(len, counts), np.int64, len(counts))
        total = int(sizes.sum())
        codes = np.fromiter(chain.from_iterable(counts), np.int64, total)
        times = np.fromiter(chain.from_iterable(count.values() for count in counts), np.float64, total)
        rows = np.repeat(np.arange(len(counts)), sizes)
        hashes = codes >> 2
        values = _WEIGHTS[codes & 3] * (1 + np.log(times)) * np.where(hashes & 1, 1.0, -1.0)
        places = rows * self._dimension + (hashes >> 1) % self._dimension
        sums = np.zeros(len(counts) * self._dimension)
        sums += np.bincount(places, weights=values, minlength=sums.size)
        return _unit(sums.reshape(len(counts), self._dimension), sizes > 0)


def _unit(sums: npt.NDArray[np.float64], filled: npt.NDArray[np.bool_]) -> Matrix:
    """Rows scaled to length one. A row whose features cancelled exactly points along its first axis."""
    lengths = np.linalg.norm(sums, axis=1)
    cancelled = filled & (lengths == 0)
    sums[cancelled, 0] = 1.0
    lengths[cancelled | ~filled] = 1.0
    vectors: Matrix = (sums / lengths[:, None]).astype(np.float32)
    return vectors


def _count(text: str) -> Counter[int]:
    """How often each feature occurs in a text."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    words = _WORD.findall(plain) or _SYMBOL.findall(plain)
    return Counter(chain.from_iterable(map(_features, words)))


@lru_cache(maxsize=65_536)
def _features(word: str) -> tuple[int, ...]:
    """The features of a word: itself, and the trigrams of the word between marks of its two ends.

    Scripts that write no spaces give "words" that are whole sentences; their characters and pairs stand for words.
    """
    if _SPACELESS.search(word):
        run = word[:_LONGEST_SPACELESS]
        pairs = [_feature(run[i : i + 2], 0) for i in range(len(run) - 1)]
        return (*pairs, *(_feature(character, _IS_PART) for character in run))
    short = _IS_SHORT if len(word) <= _SHORT and not word.isdigit() else 0
    whole = _feature(word, short)
    if len(word) > _LONGEST_WORD:
        return (whole,)
    ends = f"<{word}>"
    return (whole, *(_feature(f"#{ends[i : i + 3]}", short | _IS_PART) for i in range(len(ends) - 2)))


def _feature(name: str, weight_class: int) -> int:
    """A feature's integer. CRC-32 is the same everywhere, which `hash()` is not; the product mixes its bits."""
    mixed = (zlib.crc32(name.encode("utf-8", "surrogatepass")) * 0x9E3779B97F4A7C15) & 0xFFFF_FFFF_FFFF_FFFF
    return (mixed >> 32) << 2 | weight_class
