"""When a claim holds, from the times in its clause and the day on which it was said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agentmem.language.grammar.clauses import Clause
from agentmem.language.grammar.scene import Claim
from agentmem.language.times.dates import Moment

Span = tuple[datetime | None, datetime | None]


def validity(claim: Claim, clause: Clause | None, moments: Sequence[Moment], at: datetime | None) -> Span:
    """Start and end (exclusive) of validity; None where it is open or unknown.

    A state holds from its stated beginning, else from when it was said; a state of the past ends at the latest when it
    was said; an event takes the day, month or year that is named.
    """
    if claim.timeless:
        return (None, None) if claim.aspect == "event" else (at, None)
    moment = _telling(moments if at is not None else [m for m in moments if not m.yearless])
    if claim.before:
        return None, (moment.period.start if moment and moment.role == "on" else at)
    if moment is None:
        return (None, at) if claim.past else (at, None)
    if moment.role == "range":
        return moment.period.start, moment.period.end
    if moment.role == "for":
        return _lasting(claim, clause, moment, at)
    if moment.role in {"since", "after"} and not (claim.aspect == "event" and moment.role == "after"):
        return moment.period.start, (at if claim.past and moment.role != "since" else None)
    if moment.role in {"until", "before"}:
        return (None if claim.past else at), (moment.period.end if moment.role == "until" else moment.period.start)
    return _on(claim, moment, at)


def _on(claim: Claim, moment: Moment, at: datetime | None) -> Span:
    period = moment.period
    if claim.ends or claim.aspect == "begins":
        return period.start, None
    if claim.aspect == "event" or claim.past:
        return period.start, period.end
    return (period.start, None) if at is None or period.start <= at else (at, None)


def _lasting(claim: Claim, clause: Clause | None, moment: Moment, at: datetime | None) -> Span:
    """As in "has lived here for three years" began then; "lived there for three years" is over."""
    if claim.past or clause is None or not (clause.perfect or clause.progressive or not clause.past):
        return None, at
    return moment.period.start, None


def _telling(moments: Sequence[Moment]) -> Moment | None:
    """The moment that says most: a range, then a beginning or end, then a plain date."""
    order = {"range": 0, "since": 1, "until": 1, "on": 2, "after": 3, "before": 3, "for": 4}
    return min(moments, key=lambda m: order[m.role], default=None)
