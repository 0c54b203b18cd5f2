"""ADD, UPDATE, DELETE or NOOP: what a claim means for what is known already.

The rules follow Mem0's four operations with the nuances that Memory-R1 learns: a second instance is no contradiction,
an elaboration never deletes, the newer *statement* wins among equal trust, a less trusted one only opens a
contradiction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
        if same is not None:
            return Decision(verdict=Verdict.NOOP, reason="known already", targets=(same,))
        if not claim.draft.functional:
            return Decision(verdict=Verdict.ADD, reason="new: one more of its kind, the others stay true")
        present = [fact for fact in heads if not _is_past(fact.valid_to, claim.episode.at)]
        if not present:
            return Decision(verdict=Verdict.ADD, reason="new: what is known about this is of the past")
        return _competes(claim, present)


def _ended(claim: Claim, heads: Sequence[Fact]) -> Decision:
    ended = tuple(f for f in heads if not claim.draft.object or same_value(claim.draft, f))
    if not ended:
        return Decision(verdict=Verdict.ADD, reason="new: something ended that was not known")
    return Decision(verdict=Verdict.DELETE, reason=f"no longer so: {claim.draft.quote}", targets=ended)


def _competes(claim: Claim, heads: Sequence[Fact]) -> Decision:
    draft, said = claim.draft, claim.episode.at
    head = heads[0]
    if _is_past(draft.valid_to, said) and not draft.corrects:
        return Decision(verdict=Verdict.ADD, reason="new: a fact of the past, the present one stays")
    if claim.episode.trust < max(fact.trust for fact in heads):
        return Decision(
            verdict=Verdict.CONTRADICT,
            reason=f"less trusted than what it contradicts: {head.text}",
            targets=tuple(heads),
        )
    if _is_older(said, head.at) and not draft.corrects:
        return Decision(verdict=Verdict.HISTORY, reason=f"said before what is known now: {head.text}", targets=(head,))
    if draft.corrects:
        return Decision(verdict=Verdict.CORRECT, reason=f"corrects: {head.text}", targets=tuple(heads))
    return Decision(verdict=Verdict.UPDATE, reason=f"newer than: {head.text}", targets=tuple(heads))


def _is_past(valid_to: datetime | None, said: datetime | None) -> bool:
    """Whether something had ended when it was said; what ended at a known time is past for an undated statement."""
    return valid_to is not None and (said is None or valid_to <= said)


def _is_older(said: datetime | None, known: datetime | None) -> bool:
    return said is not None and known is not None and said < known
