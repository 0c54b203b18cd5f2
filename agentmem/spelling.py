"""What was probably meant by a name that does not exist, as hints say it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], *, likeness: float = 0.6) -> str:
    """The known name that is most like this one; empty if none is.

    Args:
        name: The name that does not exist.
        known: Those that do.
        likeness: From 0 to 1, how much of it must be the same.
    """
    return next(iter(get_close_matches(name, list(known), n=1, cutoff=likeness)), "")


def did_you_mean(name: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """`Did you mean 'x'?`, or something else if no known name is near."""
    meant = nearest(name, known)
    return f"Did you mean {meant!r}?" if meant else otherwise


def suggestion(name: str, known: Iterable[str], *, label: str = "Allowed") -> str:
    """`Did you mean 'x'? Allowed: x, y.`: for names so few that all are told."""
    names = sorted(set(known))
    listed = f"{label}: {', '.join(names) or 'none'}."
    return " ".join(filter(None, [did_you_mean(name, names), listed]))
