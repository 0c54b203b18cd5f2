"""Search terms as the full-text index of Neo4j holds them.

The index has Lucene's `whitespace` analyzer. What is letters and digits is stored as it is; any other term is written
in hexadecimal and a very long one as a digest, so that a term is one token and nothing in it is query syntax. The first
token of every entry names the bank: other banks are left out inside the index.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache

_SEPARATORS = re.compile(r"[\x00-\x20\x7f]+")
_LONGEST = 80
"""Lucene cuts tokens at 255 characters; hexadecimal takes up to eight for one."""
_HEX, _LONG = "X", "Y"
"""What tokens of other terms begin with: a term in lower case never does."""
K1, B, LEAST_IDF = 1.2, 0.75, 1e-6
"""Saturation, length normalisation and smallest weight of a term, as `TextSearch` gives them."""


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


def context_boost(context_weight: float) -> float:
    """What one occurrence in the context adds, of what one in the text adds, in an entry of average length."""
    return context_weight * (1 + K1) / (context_weight + K1)
