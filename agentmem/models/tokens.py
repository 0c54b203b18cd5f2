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

    Counted by tiktoken where it is installed (the extra `tokens`) and has its encoding, which it fetches once; else a
    token for every four letters, rounded up, which is said once. Other makers' models cut text differently: 20 % more
    or less is usual.
    """
    return sum(map(_counter(), texts))


@cache
def _counter() -> Callable[[str], int]:
    try:
        import tiktoken  # noqa: PLC0415 - an extra

        encoding = tiktoken.get_encoding(_ENCODING)
    except ModuleNotFoundError:
        _logger.warning("Tokens are estimated by length. To count them: pip install 'agentmem-graph[tokens]'.")
        return _by_length
    except OSError as error:  # no network, or a cache that cannot be written
        _logger.warning("Tokens are estimated by length: tiktoken cannot have its encoding (%s).", type(error).__name__)
        return _by_length
    return lambda text: len(encoding.encode_ordinary(text))


def _by_length(text: str) -> int:
    return -(-len(text) // _LETTERS_PER_TOKEN)
