"""Texts and names as Cypher writes them."""

from __future__ import annotations

import re

_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_SPECIAL = re.compile(r"[\\'\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


def text_literal(text: str) -> str:
    r"""A text in quotes.

    Servers read `\uXXXX` before anything else, some even behind a backslash that is itself escaped. So only control
    characters are written that way, and where a backslash stands before a `u`, the text is put together of two.
    """
    return " + ".join(f"'{_SPECIAL.sub(_escape, part)}'" for part in re.split(r"(?<=\\)(?=u)", text))


def name_literal(name: str) -> str:
    """The name of a property, in backticks unless it is a plain word."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return name
    # A name cannot be put together of two: a backslash, which might begin an escape, becomes its full-width form.
    return "`" + name.replace("\\", "\uff3c").replace("`", "``") + "`"


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    return _ESCAPES.get(character) or f"\\u{ord(character):04X}"
