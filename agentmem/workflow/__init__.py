"""Workflows: files or Python that say what a team does. Names load when they are first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentmem.workflow.problems import Problem
    from agentmem.workflow.runner import WorkflowRun
    from agentmem.workflow.runs import Run, RunRegistry
    from agentmem.workflow.spec import WorkflowSpec
    from agentmem.workflow.workflow import Workflow

__all__ = ["Problem", "Run", "RunRegistry", "Workflow", "WorkflowRun", "WorkflowSpec"]

_HOMES = {
    "Problem": "problems",
    "Run": "runs",
    "RunRegistry": "runs",
    "Workflow": "workflow",
    "WorkflowRun": "runner",
    "WorkflowSpec": "spec",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
