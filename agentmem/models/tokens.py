"""How many tokens a text has, before a model has counted them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache

_ENCODING = "o200k_base"
_LETTERS_PER_TOKEN = 4
_logger = logging.getLogger("agentmem.models")


def estimate_tokens(*texts: str) -> int:
    """Tokens of the texts together, about.

    Counted with a current encoding of OpenAI's if the extra `tokens` is installed, else a token for every four
    letters, rounded up, which is said once. Other makers' models cut text differently: 20 % more or less is usual.
    """
    return sum(map(_counter(), texts))


@cache
def _counter() -> Callable[[str], int]:
    try:
        import toktok  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        _logger.warning("Tokens are estimated by length. To count them: pip install 'agentmem-graph[tokens]'.")
        return _by_length
    return lambda text: int(toktok.batch_count([text.encode(errors="replace").decode()], _ENCODING, threads=1)[0])


def _by_length(text: str) -> int:
    return -(-len(text) // _LETTERS_PER_TOKEN)
