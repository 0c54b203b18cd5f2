"""Text from memory goes into a prompt as data: between two marks that the text itself cannot hold."""

from __future__ import annotations

import hashlib
import re

_NAME = re.compile(r"[a-z][a-z_]*")


def fence(text: str, name: str = "data") -> str:
    """The text to the letter, between `<name MARK>` and `</name MARK>`.

    The mark comes from a hash of the text: nobody can write a text that closes its own fence, and the same text always
    gives the same prompt, which caches and repeated runs need.

    Args:
        text: What memory, a document or a person said; any letters at all.
        name: What it is, in small letters, such as `evidence`.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"a fence's name is small letters and underscores, not {name!r}")
    mark = _mark(text)
    while mark in text:
        mark = _mark(f"{mark}\n{text}")
    return f"<{name} {mark}>\n{text}\n</{name} {mark}>"


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()[:12]
