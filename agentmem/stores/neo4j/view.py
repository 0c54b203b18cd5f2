"""A View as a Cypher condition."""

from __future__ import annotations

from typing import Any

from agentmem.records import Kind, Status
from agentmem.stores.base import View
from agentmem.stores.neo4j.rows import utc_or_none

_OPEN_THEN = "n.closed_at > $p.known_at AND n.status <> 'erased'"
"""Whether a version that is closed today was still open at a transaction time."""


def is_dated(view: View) -> bool:
    """Whether a view asks for a time: the one thing in which the texts for views differ."""
    return view.known_at is not None or view.valid_at is not None


def condition_of(kinds: str, *, dated: bool, label: str = "") -> str:
    """What a node `n` of the view's bank must fulfil to be seen.

    A version that was closed after `known_at` was active then, and its validity ended where `valid_to_before` says.
    What was erased stays erased in every view: its content is gone.

    Args:
        kinds: Cypher for the list of labels that may be seen; null for all.
        dated: The view may ask for times, either or both.
        label: Cypher for the node's kind, if that is known already.
    """
    of_kind = f"({kinds} IS NULL OR {f'{label} IN {kinds}' if label else _any_label(kinds)})"
    if not dated:
        return f"n.status IN $p.statuses AND {of_kind}"
    end = end_of_validity(dated=True)
    return (
        f"coalesce(n.created_at <= $p.known_at, true) AND CASE WHEN {_OPEN_THEN} THEN 'active' ELSE n.status END "
        f"IN $p.statuses AND coalesce(n.valid_from <= $p.valid_at, true) AND coalesce({end} > $p.valid_at, true) "
        f"AND {of_kind}"
    )


def _any_label(kinds: str) -> str:
    return f"any(label IN labels(n) WHERE label IN {kinds})"


def end_of_validity(*, dated: bool) -> str:
    """Cypher for the end of validity of `n`, as it was known at the view's transaction time if that has one."""
    return f"CASE WHEN {_OPEN_THEN} THEN n.valid_to_before ELSE n.valid_to END" if dated else "n.valid_to"


def kinds_of(view: View, kinds: frozenset[Kind] | None = None) -> list[str] | None:
    """The labels that `condition_of` takes: those of the view that are also in `kinds`; empty if nothing is left."""
    shown = kinds if view.kinds is None else view.kinds if kinds is None else view.kinds & kinds
    return None if shown is None else sorted(kind.value for kind in shown)


def parameters_of(view: View) -> dict[str, Any]:
    """The parameters of `condition_of`: `valid_at` adds superseded to the statuses."""
    statuses = view.statuses if view.valid_at is None else view.statuses | {Status.SUPERSEDED}
    return {
        "bank": view.bank,
        "kinds": kinds_of(view),
        "statuses": sorted(status.value for status in statuses),
        "known_at": utc_or_none(view.known_at),
        "valid_at": utc_or_none(view.valid_at),
    }
