"""How far a source is trusted, in words or as a number in [0, 1].

Less trusted text never changes what is more trusted: it stands beside it, and at most opens a contradiction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agentmem.errors import InputError
from agentmem.spelling import did_you_mean

PERSON: Final = 1.0
"""What a person says, or what somebody vouches for: it takes the place of anything said before."""

DOCUMENT: Final = 0.5
"""What a file, a page, a tool or an import says: whoever wrote it is not the user."""

_WORDS: Final[Mapping[str, float]] = {"person": PERSON, "document": DOCUMENT}


def trust_of(value: float | str) -> float:
    """Trust from a word (`person`, `document`) or a number, which may stand in text.

    Raises:
        InputError: it is neither, or does not lie between 0 and 1.
    """
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in _WORDS:
        return _WORDS[word]
    try:
        trust = float(value)
    except ValueError:
        hint = did_you_mean(word, _WORDS, otherwise="Say person, document, or a number between 0 and 1.")
        raise InputError(f"{value!r} is no degree of trust.", where="trust", hint=hint) from None
    if not 0.0 <= trust <= 1.0:
        raise InputError(f"trust is {value}.", where="trust", hint="It lies between 0 and 1.")
    return trust
