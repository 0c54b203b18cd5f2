"""The team: planner, executor and reflector wired into one graph. SIGNATURES FIRST, implementation follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from agentmem.graphs.events import Task, TeamEvent, TeamResult
from agentmem.graphs.plan import AgentSettings, Budget
from agentmem.memory import Memory
from agentmem.tools.base import Tool


class Team:
    """A planner, an executor and a reflector that share one memory."""

    def __init__(
        self,
        *,
        memory: Memory,
        folder: Path | str = ".",
        tools: Iterable[Tool | Callable[..., Any]] = (),
        agents: Mapping[str, AgentSettings] | None = None,
        budget: Budget | None = None,
        checkpointer: BaseCheckpointSaver[Any] | None = None,
        allowed: Iterable[Path] = (),
    ) -> None:
        """tools: besides the built-in ones and those that agents.executor.tools names as module:function (imported
        from `folder`). checkpointer: see graphs.checkpoints.open_checkpoints(path) (context manager -> SqliteSaver).
        Raises WorkflowError/PlanError for unknown tools, agents, kinds.
        """
        raise NotImplementedError

    def check(self, task: Task) -> None:
        """Prove that the task can run here (tools exist and are allowed, references lead somewhere): for `validate`.

        Raises PlanError (step, key).
        """
        raise NotImplementedError

    def stream(self, task: Task | None = None, *, run_id: str = "", resume: bool = False) -> Iterator[TeamEvent]:
        """Do the task and tell about it as it happens; the last event is Finished.

        resume=True: task is ignored (the checkpoint has it); NotFound for an unknown run. A finished run gives its
        Finished again. run_id "" makes a new one.
        """
        raise NotImplementedError

    def run(self, task: Task | None = None, *, run_id: str = "", resume: bool = False) -> TeamResult:
        """`stream` to its end."""
        raise NotImplementedError
