"""ADD, UPDATE, DELETE or NOOP: what a claim means for what is known already.

The rules follow Mem0's four operations with the nuances that Memory-R1 learns: a second instance is no contradiction,
an elaboration never deletes, the newer *statement* wins among equal trust, a less trusted one only opens a
contradiction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from agentmem.memory.retaining.candidates import Claim, same_value
from agentmem.records import Fact


class Verdict(StrEnum):
    """What is to be done with a claim."""

    ADD = "ADD"
    """Absent from memory."""
    UPDATE = "UPDATE"
    """Takes the place of the targets: the world changed."""
    CORRECT = "CORRECT"
    """Takes the place of the targets: they were never true. Journalled as UPDATE."""
    DELETE = "DELETE"
    """The targets hold no longer; the claim itself is kept as the event that ended them."""
    HISTORY = "HISTORY"
    """An older statement than the current one: added as already superseded. Journalled as ADD."""
    CONTRADICT = "CONTRADICT"
    """Less trusted than the targets: both stay, a contradiction is opened. Journalled as ADD."""
    NOOP = "NOOP"
    """Known already; the evidence is joined to the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A verdict on one claim."""

    verdict: Verdict
    reason: str
    """Why, in words for a person."""
    targets: tuple[Fact, ...] = ()
    """The current facts that the verdict is about."""
    contradicts: tuple[Fact, ...] = ()
    """Current facts beside the targets that are more trusted than the claim: they stay."""


_CHANGING = frozenset({Verdict.UPDATE, Verdict.CORRECT, Verdict.DELETE, Verdict.HISTORY})
"""Verdicts that say of their targets when they hold."""


class Decider(Protocol):
    """Decides what a claim means, given the current facts that it competes with."""

    def decide(self, claim: Claim, heads: Sequence[Fact]) -> Decision:
        """The verdict on one claim. `heads` are the current facts under the claim's key, newest first."""


class RuleDecider:
    """The rule-based form: deterministic, free, and exact about what competes with what."""

    def decide(self, claim: Claim, heads: Sequence[Fact]) -> Decision:
        """See Decider."""
        if claim.draft.ends:
            return _ended(claim, heads)
        if not heads:
            return Decision(verdict=Verdict.ADD, reason="new: nothing known about this yet")
        same = next((fact for fact in heads if same_value(claim.draft, fact)), None)
        if same is not None and not (claim.draft.functional and len(heads) > 1 and same.trust < claim.episode.trust):
            return Decision(verdict=Verdict.NOOP, reason="known already", targets=(same,))
        if not claim.draft.functional:
            return Decision(verdict=Verdict.ADD, reason="new: one more of its kind, the others stay true")
        present = [fact for fact in heads if not _is_past(fact.valid_to, claim.episode.at)]
        if not present:
            return Decision(verdict=Verdict.ADD, reason="new: what is known about this is of the past")
        return _competes(claim, present)


def within_trust(decision: Decision, trust: float) -> Decision:
    """The decision, as far as evidence of this trust carries: what is more trusted is contradicted, never changed."""
    above = tuple(fact for fact in decision.targets if fact.trust > trust)
    if not above or decision.verdict not in _CHANGING:
        return decision
    reason = f"less trusted than what it contradicts: {above[0].text}"
    level = tuple(fact for fact in decision.targets if fact.trust <= trust)
    if level:
        return replace(decision, reason=f"{decision.reason}; {reason}", targets=level, contradicts=above)
    return Decision(verdict=Verdict.CONTRADICT, reason=reason, targets=above)


def _ended(claim: Claim, heads: Sequence[Fact]) -> Decision:
    ended = tuple(f for f in heads if not claim.draft.object or same_value(claim.draft, f))
    if not ended:
        return Decision(verdict=Verdict.ADD, reason="new: something ended that was not known")
    return Decision(verdict=Verdict.DELETE, reason=f"no longer so: {claim.draft.quote}", targets=ended)


def _competes(claim: Claim, heads: Sequence[Fact]) -> Decision:
    draft, said = claim.draft, claim.episode.at
    equals = [fact for fact in heads if fact.trust >= claim.episode.trust]
    head = (equals or heads)[0]
    if _is_past(draft.valid_to, said) and not draft.corrects:
        return Decision(verdict=Verdict.ADD, reason="new: a fact of the past, the present one stays")
    if equals and _is_older(said, head.at) and not draft.corrects:
        return Decision(verdict=Verdict.HISTORY, reason=f"said before what is known now: {head.text}", targets=(head,))
    if draft.corrects:
        return Decision(verdict=Verdict.CORRECT, reason=f"corrects: {head.text}", targets=tuple(heads))
    return Decision(verdict=Verdict.UPDATE, reason=f"newer than: {head.text}", targets=tuple(heads))


def _is_past(valid_to: datetime | None, said: datetime | None) -> bool:
    """Whether something had ended when it was said; what ended at a known time is past for an undated statement."""
    return valid_to is not None and (said is None or valid_to <= said)


def _is_older(said: datetime | None, known: datetime | None) -> bool:
    return said is not None and known is not None and said < known
