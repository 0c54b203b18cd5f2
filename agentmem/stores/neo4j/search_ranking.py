"""The client's part of searches: ranking what the server proposes, and knowing how frequent terms are."""

from __future__ import annotations

import math
import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Any

from agentmem.stores.base import Hit, TextSearch, VectorSearch
from agentmem.stores.neo4j.rows import KINDS
from agentmem.stores.neo4j.search_queries import CLOSE
from agentmem.stores.neo4j.terms import K1, B, query_tokens

_BANKS = 64
_TOKENS = 20_000
"""How many tokens of a bank are remembered at most."""

_Entry = tuple[str, str, str | list[str], str | list[str], int | None]
"""Id, label, tokens, tokens of the context, and how many tokens if only those asked for are there."""
State = Sequence[Any]
"""What `search_queries` says of a bank: it differs after anything that changes its full-text index."""


class Frequencies:
    """In how many nodes of a bank each token is, each valid for one state of the bank. Safe for several threads.

    To count a frequent token takes the server longer than the search itself, and frequent ones are asked for often.
    """

    def __init__(self) -> None:
        self._banks: OrderedDict[str, tuple[State, dict[str, int]]] = OrderedDict()
        self._guard = threading.Lock()

    def of(self, bank: str, tokens: Sequence[str]) -> tuple[State, list[int | None]]:
        """The state that is known best, and the frequency of each token then; None for those unknown."""
        with self._guard:
            if bank not in self._banks:
                return [], [None] * len(tokens)
            self._banks.move_to_end(bank)
            state, known = self._banks[bank]
            return state, [known.get(token) for token in tokens]

    def note(self, bank: str, state: State, search: TextSearch, frequencies: Sequence[int]) -> None:
        """Remember what was counted in a state of the bank, and forget what was counted in others."""
        counted = dict(zip(Counter(query_tokens(search.terms)), frequencies, strict=True))
        with self._guard:
            former, known = self._banks.get(bank, ([], {}))
            if former != state or len(known) + len(counted) > _TOKENS:
                known = {}
            known.update(counted)
            self._banks[bank] = (state, known)
            self._banks.move_to_end(bank)
            if len(self._banks) > _BANKS:
                self._banks.popitem(last=False)


def nearest(candidates: Sequence[tuple[str, str, float]], search: VectorSearch) -> list[Hit]:
    """The best of [id, label, cosine]; those that are close to the one before have its score, and go by id."""
    ranked: list[tuple[float, str, str]] = []
    score = before = math.inf
    for near, id_, label in sorted((-cosine, id_, label) for id_, label, cosine in candidates):
        if not ranked or near - before >= CLOSE:
            score = near
        before = near
        ranked.append((score, id_, label))
    ranked.sort()
    return [Hit(id_, -score, KINDS[label]) for score, id_, label in ranked[: search.k] if -score >= search.least]


def best(candidates: Sequence[_Entry], search: TextSearch, idf: Sequence[float], state: State) -> list[Hit]:
    """The best of text entries by BM25 as `TextSearch` gives it, ties by id.

    It is counted in the order in which the server does so when it must, so that both are equal.

    Args:
        candidates: As the statement of searches gives them.
        search: What they were found for.
        idf: Of each different token of the query.
        state: Of the bank.
    """
    counts = Counter(query_tokens(search.terms))
    numbers = {token: number for number, token in enumerate(counts)}
    factors = [count * weight for count, weight in zip(counts.values(), idf, strict=True)]
    _, _, indexed, length = state
    scored: list[tuple[float, str, str]] = []
    for id_, label, own, around, size in candidates:
        tokens = own.split(" ") if isinstance(own, str) else own
        context = around.split(" ") if isinstance(around, str) and around else around or ()
        number_of_terms = (len(tokens) + len(context) if size is None else size) - 1  # the first names the bank
        norm = K1 * ((1 - B) + B * number_of_terms * indexed / length)
        mine = [numbers[token] for token in tokens if token in numbers]
        others = [numbers[token] for token in context if token in numbers]
        score = 0.0
        for number in sorted({*mine, *others}):
            often = mine.count(number) + others.count(number) * search.context_weight
            score += factors[number] * often * (K1 + 1) / (often + norm)
        scored.append((-score, id_, label))
    scored.sort()
    return [Hit(id_, -score, KINDS[label]) for score, id_, label in scored[: search.k]]
