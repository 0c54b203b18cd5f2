"""Text from elsewhere, made fit to be shown to a person or a model. What the store holds stays verbatim.

Shown text hides nothing, steers no terminal, and poses as nothing that agentmem writes itself: no further line, and no
id, date or citation number in square brackets. Whatever script it is in, its words stay as they are.
"""

from __future__ import annotations

import json
import re
from typing import Final

_BREAK: Final = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What steers a terminal, or turns round the order in which text is shown."""
_INVISIBLE: Final = re.compile(
    "[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
"""What takes no room and has no meaning in any word: tags, zero-width spaces, marks of direction, fillers."""
_VARIANT: Final = re.compile(
    "(?<![^\x00-\x22\x24-\x29\x2b-\x2f\x3a-\xa8\u034f\ufe00-\ufe0f\U000e0100-\U000e01ef])"
    "[\u034f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""Variation selectors that select nothing: they belong behind a symbol or an ideograph, one at a time."""
_BOUND: Final = "[^\x00-\xff\u2000-\u206f]"
_JOINER: Final = re.compile(f"(?<!{_BOUND})[\u200c\u200d]|[\u200c\u200d](?!{_BOUND})")
"""Joiners that join nothing: they belong within words of some scripts, and within emoji."""
_MARK: Final = "[\u0300-\u034e\u0350-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILE: Final = re.compile(f"({_MARK}{{4}}){_MARK}+")
"""More marks over and under one letter than any word has: they would cover the lines around it."""
_UNSEEN: Final = re.compile("|".join((_CONTROL.pattern, _INVISIBLE.pattern, "[\x85\u2028\u2029]")))
_OPEN: Final = r"\[\u2045\u2772\u27e6\u298b\u298d\u298f\u3010\u3014\u3018\u301a\ufe5d\uff3b"
_CLOSE: Final = r"\]\u2046\u2773\u27e7\u298c\u298e\u2990\u3011\u3015\u3019\u301b\ufe5e\uff3d"
_BAR: Final = r"|\u00a6\u2223\u2502\uff5c"
_WITHIN: Final = f"[^\n{_OPEN}{_CLOSE}]"
_LABEL: Final = re.compile(
    rf"(?<!\w)[{_OPEN}](\s*(?:{_WITHIN[:-1]}{_BAR}]{{0,120}}[{_BAR}]{_WITHIN}{{0,120}}|\d{{1,4}}|\d{{4}}-\d\d-\d\d{_WITHIN}{{0,40}}"
    rf"|[a-z]{{2,12}}-[0-9a-f]{{6,64}})\s*)[{_CLOSE}]"
)
"""A label like those that stand before the lines of a context, and like a citation's number."""


def visible(text: str, *, mark: str = "") -> str:
    """`text` without what cannot be seen; its lines stay lines.

    Args:
        text: Anything.
        mark: What takes the place of each character that would steer the terminal.
    """
    if text.isascii() and text.isprintable():
        return text
    shown = _CONTROL.sub(mark, _BREAK.sub("\n", text))
    shown = _INVISIBLE.sub("", shown)
    return _PILE.sub(r"\1", _VARIANT.sub("", _JOINER.sub("", shown)))


def escaped(written: str) -> str:
    """JSON with characters that cannot be seen as escapes: the same value, and nothing for a terminal to obey."""
    return _UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], written)


def one_line(text: str) -> str:
    """`text` on one line that poses as no other: white space becomes one blank, labels stand in round brackets."""
    return _LABEL.sub(r"(\1)", " ".join(visible(text).split()))
