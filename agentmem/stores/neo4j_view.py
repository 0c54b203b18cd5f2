"""A View as a Cypher condition."""

from __future__ import annotations

from typing import Any

from agentmem.records import Status
from agentmem.stores.base import View
from agentmem.stores.neo4j_rows import utc_or_none

_OPEN_THEN = "n.closed_at > $p.known_at AND n.status <> 'erased'"
"""Whether a version that is closed today was still open at a transaction time."""


def shows_nothing(view: View) -> bool:
    """Whether a view shows no kind at all."""
    return view.kinds is not None and not view.kinds


def condition_of(view: View) -> str:
    """What a node `n` of the view's bank must fulfil to be seen.

    A version that was closed after `known_at` was active then, and its validity ended where `valid_to_before` says.
    What was erased stays erased in every view: its content is gone.
    """
    if view.known_at is None:
        parts = ["n.status IN $p.statuses"]
    else:
        parts = [
            "n.created_at <= $p.known_at",
            f"CASE WHEN {_OPEN_THEN} THEN 'active' ELSE n.status END IN $p.statuses",
        ]
    if view.kinds:
        # As a parameter, so that every set of kinds shares one plan.
        parts.append("any(label IN labels(n) WHERE label IN $p.kinds)")
    if view.valid_at is not None:
        end = end_of_validity(view)
        parts += ["(n.valid_from IS NULL OR n.valid_from <= $p.valid_at)", f"({end} IS NULL OR {end} > $p.valid_at)"]
    return " AND ".join(parts)


def end_of_validity(view: View) -> str:
    """Cypher for the end of validity of `n` as it was known at the view's transaction time."""
    return (
        "n.valid_to" if view.known_at is None else f"CASE WHEN {_OPEN_THEN} THEN n.valid_to_before ELSE n.valid_to END"
    )


def parameters_of(view: View) -> dict[str, Any]:
    """The parameters of `condition_of`: `valid_at` adds superseded to the statuses."""
    statuses = view.statuses if view.valid_at is None else view.statuses | {Status.SUPERSEDED}
    return {
        "bank": view.bank,
        "kinds": sorted(kind.value for kind in view.kinds or ()),
        "statuses": sorted(status.value for status in statuses),
        "known_at": utc_or_none(view.known_at),
        "valid_at": utc_or_none(view.valid_at),
    }
