"""Search terms as the full-text index of Neo4j holds them, and the exact score of what it finds.

The index has Lucene's `whitespace` analyzer. What is letters and digits is stored as it is; any other term is written
in hexadecimal and a very long one as a digest, so that a term is one token and nothing in it is query syntax. The first
token of every entry names the bank: other banks are left out inside the index.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_SEPARATORS = re.compile(r"[\x00-\x20\x7f]+")
_LONGEST = 80
"""Lucene cuts tokens at 255 characters; hexadecimal takes up to eight for one."""
_HEX, _LONG = "X", "Y"
"""What tokens of other terms begin with: a term in lower case never does."""
_K1, _B = 1.2, 0.75
"""Saturation and length normalisation, as `TextSearch` gives them."""
_LEAST_IDF = 1e-6


@lru_cache(maxsize=65536)
def token(term: str) -> str:
    """The token of one term."""
    if len(term) <= _LONGEST:
        if term.isalnum() and term == term.lower():
            return term
        encoded = _HEX + term.encode().hex()
        if len(encoded) <= 2 * _LONGEST:
            return encoded
    return _LONG + hashlib.sha256(term.encode()).hexdigest()[:40]


def long_terms(terms: str) -> list[str]:
    """The terms of which only a digest is indexed; kept beside it, so that `terms_of` can give them back."""
    return [term for term in dict.fromkeys(_SEPARATORS.split(terms)) if token(term).startswith(_LONG)]


def terms_of(tokens: Iterable[str], kept: Iterable[str]) -> str:
    """The terms of tokens, joined by spaces: the inverse of `tokens_of`.

    Args:
        tokens: Without the one of the bank.
        kept: What `long_terms` gave.
    """
    long = {token(term): term for term in kept}
    return " ".join(bytes.fromhex(t[1:]).decode() if t.startswith(_HEX) else long.get(t, t) for t in tokens)


@lru_cache(maxsize=1024)
def bank_token(bank: str) -> str:
    """The token that every entry of a bank begins with."""
    return "B" + hashlib.sha256(bank.encode()).hexdigest()[:16]


def entry_text(bank: str, terms: str) -> str:
    """The indexed text of a node's terms."""
    return " ".join([bank_token(bank), *tokens_of(terms)])


def tokens_of(terms: str) -> list[str]:
    """Tokens of terms joined by white space."""
    return [token(term) for term in _SEPARATORS.split(terms) if term]


def query_tokens(terms: Iterable[str]) -> list[str]:
    """Tokens of a query, with repetitions; terms that cannot be indexed are left out."""
    cleaned = (_SEPARATORS.sub(" ", term).strip(" ") for term in terms)
    return [token(term) for term in cleaned if term]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """What the score needs to know about a bank."""

    size: int
    """Nodes with terms."""
    length: int
    """Tokens of all of them."""
    frequencies: dict[str, int]
    """Token -> nodes that have it."""

    def idf(self, word: str) -> float:
        """How telling a token is."""
        having = self.frequencies.get(word, 0)
        return max(_LEAST_IDF, math.log((self.size - having + 0.5) / (having + 0.5))) if having else 0.0


def context_boost(context_weight: float) -> float:
    """What one occurrence in the context adds, of what one in the text adds, in an entry of average length."""
    return context_weight * (1 + _K1) / (context_weight + _K1)


def score(corpus: Corpus, query: Sequence[str], terms: str, context_terms: str, context_weight: float) -> float | None:
    """BM25 of one entry, by the formula in the docstring of `TextSearch`; None if it has no term of the query."""
    own = Counter(terms.split(" ")[1:])
    context = Counter(context_terms.split(" ")) if context_terms else Counter[str]()
    norm = _K1 * (1 - _B + _B * (own.total() + context.total()) * corpus.size / max(corpus.length, 1))
    having = [word for word in query if own[word] or context[word]]
    if not having:
        return None
    total = 0.0
    for word in having:
        frequency = own[word] + context_weight * context[word]
        total += corpus.idf(word) * frequency * (_K1 + 1) / (frequency + norm)
    return total
