"""agentmem: teams of agents that share one structured memory.

Names load when they are first used, so that `import agentmem` costs nothing.
"""

import importlib

TYPE_CHECKING = False  # nothing is imported that `python -m agentmem` would look for in the folder it is started in
if TYPE_CHECKING:
    from typing import Any

    from agentmem.errors import (
        AgentmemError,
        BudgetExceeded,
        ConfigurationError,
        ConflictError,
        EmbeddingMismatch,
        InputError,
        MissingExtra,
        NotFound,
        SchemaVersionError,
        StoreCorrupt,
        StoreError,
        StoreUnavailable,
        ToolError,
        UserError,
        WorkflowError,
    )
    from agentmem.graphs.events import Task, TeamResult
    from agentmem.graphs.plan import AgentSettings, Budget, Check, Plan, PlanStep
    from agentmem.graphs.team import Team
    from agentmem.memory import Answer, Citation, LogEntry, Memory, Message, Recall, RecalledMemory, Retained
    from agentmem.records import Kind
    from agentmem.tools.base import Tool, ToolContext, tool
    from agentmem.workflow.workflow import Workflow

    __version__: str

__all__ = [
    "AgentSettings",
    "AgentmemError",
    "Answer",
    "Budget",
    "BudgetExceeded",
    "Check",
    "Citation",
    "ConfigurationError",
    "ConflictError",
    "EmbeddingMismatch",
    "InputError",
    "Kind",
    "LogEntry",
    "Memory",
    "Message",
    "MissingExtra",
    "NotFound",
    "Plan",
    "PlanStep",
    "Recall",
    "RecalledMemory",
    "Retained",
    "SchemaVersionError",
    "StoreCorrupt",
    "StoreError",
    "StoreUnavailable",
    "Task",
    "Team",
    "TeamResult",
    "Tool",
    "ToolContext",
    "ToolError",
    "UserError",
    "Workflow",
    "WorkflowError",
    "__version__",
    "tool",
]

_HOMES = {
    "agentmem.graphs.events": ("Task", "TeamResult"),
    "agentmem.graphs.plan": ("AgentSettings", "Budget", "Check", "Plan", "PlanStep"),
    "agentmem.graphs.team": ("Team",),
    "agentmem.memory": (
        "Answer", "Citation", "LogEntry", "Memory", "Message", "Recall", "RecalledMemory", "Retained",
    ),
    "agentmem.records": ("Kind",),
    "agentmem.tools.base": ("Tool", "ToolContext", "tool"),
    "agentmem.workflow.workflow": ("Workflow",),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> "Any":
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("agentmem-graph")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF.get(name, "agentmem.errors")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
