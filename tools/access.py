"""Memory as one agent may use it: the kinds that its settings let it read and write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from agentmem.errors import ToolError
from agentmem.memory import DOCUMENT, Answer, Memory, Message, Provenance, Recall, Replaced, Retained
from agentmem.records import REFLECTED, RETAINED, Kind, Node

Retainer = Callable[[str | Message | Sequence[Message], Provenance], Retained]
"""Takes in a text or a conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryAccess:
    """The team's memory in the hands of one agent."""

    memory: Memory
    """Bound to the agent and the run."""
    reads: frozenset[Kind] | None = None
    """Kinds that the agent may read; None for all."""
    writes: frozenset[Kind] | None = None
    """Kinds that the agent may write; None for all."""
    retainer: Retainer | None = None
    """Who takes in what the agent retains; None for the memory itself."""

    def retain(
        self,
        content: str | Message | Sequence[Message],
        *,
        source: str = "",
        at: datetime | None = None,
        trust: float | str = DOCUMENT,
    ) -> Retained:
        """As `Memory.retain`, but what a tool brings in is no person's word unless it says so (`trust="person"`).

        Raises:
            InputError: the text is empty, or `trust` is no degree of trust.
            ToolError: the agent may not write what that writes.
        """
        self.require_write(RETAINED)
        if self.retainer is None:
            return self.memory.retain(content, source=source, at=at, trust=trust)
        return self.retainer(content, self.memory.provenance(source=source, at=at, trust=trust))

    def recall(
        self,
        query: str,
        *,
        k: int = 10,
        token_budget: int = 4096,
        kinds: frozenset[Kind] | None = None,
        valid_at: datetime | None = None,
        known_at: datetime | None = None,
    ) -> Recall:
        """As `Memory.recall`, of the kinds that the agent may read.

        Raises:
            ToolError: it may not read any of `kinds`.
        """
        visible = kinds if self.reads is None else self.reads if kinds is None else kinds & self.reads
        if visible is not None and not visible:
            self.require_read(kinds or REFLECTED)
        return self.memory.recall(
            query, k=k, token_budget=token_budget, kinds=visible, valid_at=valid_at, known_at=known_at
        )

    def reflect(self, question: str) -> Answer:
        """As `Memory.reflect`.

        Raises:
            ToolError: the agent may not read what answers rest on.
        """
        self.require_read(REFLECTED)
        return self.memory.reflect(question)

    def changes(self, *, limit: int = 100) -> list[Replaced]:
        """As `Memory.changes`.

        Raises:
            ToolError: the agent may not read facts.
        """
        self.require_read({Kind.FACT})
        return self.memory.changes(limit=limit)

    def get(self, id_or_prefix: str) -> Node:
        """As `Memory.get`.

        Raises:
            ToolError: the agent may not read nodes of that kind.
        """
        node = self.memory.get(id_or_prefix)
        self.require_read({node.kind})
        return node

    def require_read(self, kinds: Iterable[Kind]) -> None:
        """Refuse unless the agent may read all of `kinds`."""
        _require(self.memory.agent, "read", frozenset(kinds), self.reads)

    def require_write(self, kinds: Iterable[Kind]) -> None:
        """Refuse unless the agent may write all of `kinds`."""
        _require(self.memory.agent, "write", frozenset(kinds), self.writes)


def missing_kinds(kinds: frozenset[Kind], allowed: frozenset[Kind] | None) -> str:
    """The kinds that are not allowed, as a list in words; empty if all are."""
    return "" if allowed is None else ", ".join(sorted(kind.value for kind in kinds - allowed))


def _require(agent: str, act: str, kinds: frozenset[Kind], allowed: frozenset[Kind] | None) -> None:
    refused = missing_kinds(kinds, allowed)
    if refused:
        listed = ", ".join(sorted(kind.value for kind in allowed or ())) or "nothing"
        who = agent or "the agent"
        raise ToolError(f"{who} may not {act} {refused}.", hint=f"agents.{who}.{act}s allows {listed}.")
