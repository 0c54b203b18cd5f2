"""Canonical JSON and its SHA-256: one text for one value, whatever zone its times are given in."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime


def _plain(value: object) -> str:
    """What JSON has no form for, as text; a moment is the same moment in every time zone."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return str(value.astimezone(UTC))
    return str(value)


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain, ensure_ascii=False).encode


def canonical_hash(value: object) -> str:
    """SHA-256 of a value's canonical JSON: sorted keys, no spaces, times in UTC."""
    return hashlib.sha256(_encode(value).encode("utf-8", "surrogatepass")).hexdigest()
