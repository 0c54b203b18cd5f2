"""The memory graph's operations: retain, recall, reflect; one module for each step of either path."""

from agentmem.memory.journal import EpisodeRef, LogEntry, OperationSummary, Replaced, Retained
from agentmem.memory.memory import DEFAULT_BANK, Memory, require_same_model
from agentmem.memory.mind import Mind, rules
from agentmem.memory.portrait import Portrait
from agentmem.memory.recalling.recalled import Evidence, LeftOut, Recall, RecalledMemory
from agentmem.memory.reflecting.reflect import Answer, Answerer, Citation, RuleAnswerer
from agentmem.memory.retaining.decision import Decider, Decision, RuleDecider, Verdict
from agentmem.memory.retaining.evidence import Message, Provenance
from agentmem.memory.retaining.extraction import (
    EntityMention,
    Extraction,
    Extractor,
    FactDraft,
    ForgetRequest,
    NoteDraft,
    RuleExtractor,
)
from agentmem.memory.retaining.retain import Received, WritePath
from agentmem.memory.retaining.trust import DOCUMENT, PERSON, trust_of

__all__ = [
    "DEFAULT_BANK",
    "DOCUMENT",
    "PERSON",
    "Answer",
    "Answerer",
    "Citation",
    "Decider",
    "Decision",
    "EntityMention",
    "EpisodeRef",
    "Evidence",
    "Extraction",
    "Extractor",
    "FactDraft",
    "ForgetRequest",
    "LeftOut",
    "LogEntry",
    "Memory",
    "Message",
    "Mind",
    "NoteDraft",
    "OperationSummary",
    "Portrait",
    "Provenance",
    "Recall",
    "RecalledMemory",
    "Received",
    "Replaced",
    "Retained",
    "RuleAnswerer",
    "RuleDecider",
    "RuleExtractor",
    "Verdict",
    "WritePath",
    "require_same_model",
    "rules",
    "trust_of",
]
