"""The mind: what memory decides with, as one value. `rules()` needs no model."""

from __future__ import annotations

from dataclasses import dataclass, field

from agentmem.memory.recalling.read_path import Reranker
from agentmem.memory.reflecting.reflect import Answerer, RuleAnswerer
from agentmem.memory.retaining.decision import Decider, RuleDecider
from agentmem.memory.retaining.extraction import Extractor, RuleExtractor


@dataclass(frozen=True, slots=True, kw_only=True)
class Mind:
    """Every decision of memory, each by rules unless it is given. Safe to share between threads and banks."""

    extractor: Extractor = field(default_factory=RuleExtractor)
    """What evidence says."""
    decider: Decider = field(default_factory=RuleDecider)
    """What a claim means for what is known."""
    answerer: Answerer = field(default_factory=RuleAnswerer)
    """How a question is answered from evidence."""
    reranker: Reranker | None = None
    """Scores the best of what a recall found anew; None leaves the scores of the channels."""


def rules() -> Mind:
    """The mind that needs no model: local, free, deterministic."""
    return Mind()
