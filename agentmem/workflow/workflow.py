"""A workflow: read from a file or written in Python, alike from here on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel

from agentmem.config import Settings
from agentmem.graphs.events import TeamResult
from agentmem.graphs.plan import AgentSettings, Budget, Check, PlanStep
from agentmem.tools.base import Tool, as_tool
from agentmem.tools.registry import Toolbox
from agentmem.workflow import runner
from agentmem.workflow.document import Document
from agentmem.workflow.inputs import resolve_inputs
from agentmem.workflow.loader import Loaded, parse_spec, read_workflow, unrelated
from agentmem.workflow.problems import Problem, workflow_error
from agentmem.workflow.runner import Job, Notify, WorkflowRun, to_stderr
from agentmem.workflow.spec import WorkflowSpec
from agentmem.workflow.validation import Validation


class Workflow:
    """What a team of agents is to do, with which memory, and what must hold in the end.

    ```python
    workflow = Workflow(
        name="brief",
        inputs={"question": "Where does Anna live?"},
        plan=[PlanStep(id="ask", tool="answer", args={"question": "{{ inputs.question }}"})],
        output="{{ steps.ask.output.answer }}",
    )
    print(workflow.run().answer)
    ```

    Making one does not check it; `validate` does, and every run.
    """

    def __init__(
        self,
        *,
        name: str = "",
        description: str = "",
        memory: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Any] | None = None,
        task: str = "",
        agents: Mapping[str, AgentSettings | Mapping[str, Any]] | None = None,
        plan: Iterable[PlanStep | Mapping[str, Any]] = (),
        checks: Iterable[Check | Mapping[str, Any]] = (),
        budget: Budget | Mapping[str, Any] | None = None,
        output: str | None = None,
        folders: Iterable[str | Path] = (),
        folder: Path | str = ".",
        tools: Iterable[Tool | Callable[..., Any]] = (),
    ) -> None:
        """Takes the keys of a workflow file, with the same meaning; see `agentmem schema`.

        Relative paths start at `folder`. `tools` are functions of your own, known to the plan by their names;
        `agents` need not list them.
        """
        values: dict[str, Any] = {
            "name": name,
            "description": description,
            "memory": memory,
            "inputs": inputs,
            "task": task,
            "agents": {agent: _plain(settings) for agent, settings in agents.items()} if agents else None,
            "plan": [_plain(step) for step in plan],
            "checks": [_plain(check) for check in checks],
            "budget": _plain(budget),
            "output": output,
            "folders": [str(each) for each in folders],
        }
        document = Document(name=name or "workflow", value={key: value for key, value in values.items() if value})
        self._set(parse_spec(document), Path(folder), "", tools)

    @classmethod
    def from_file(cls, path: Path | str, *, tools: Iterable[Tool | Callable[..., Any]] = ()) -> Self:
        """The workflow of a YAML file; what is wrong with it is in `problems()`.

        Args:
            path: The file.
            tools: Functions of your own, besides those that the file names as module:function.

        Raises:
            NotFound: there is no such file.
            InputError: it is a folder, or cannot be read.
        """
        workflow = cls.__new__(cls)
        file = Path(path).absolute()
        workflow._set(read_workflow(file, str(path)), file.parent, str(file), tools)
        return workflow

    def _set(self, loaded: Loaded, folder: Path, file: str, tools: Iterable[Tool | Callable[..., Any]]) -> None:
        self._loaded = loaded
        self._folder = folder.absolute()
        self._file = file
        self._tools = tuple(map(as_tool, tools))

    @property
    def spec(self) -> WorkflowSpec:
        """What the workflow says.

        Raises:
            WorkflowError: it cannot be understood.
        """
        if self._loaded.spec is None:
            raise workflow_error(self._loaded.problems, self._loaded.document.name)
        spec = self._loaded.spec
        return spec if spec.name else spec.model_copy(update={"name": Path(self._file).stem or "workflow"})

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        return self._folder

    @property
    def file(self) -> str:
        """The file it was read from; empty for one written in Python."""
        return self._file

    def problems(self) -> list[Problem]:
        """Everything that is wrong with the workflow, by line; empty if it can run."""
        loaded = self._loaded
        found = list(loaded.problems)
        if loaded.spec is not None:
            toolbox = Toolbox(self._tools, folder=self._folder)
            given = frozenset(tool.name for tool in self._tools)
            meaning = Validation(loaded.spec, loaded.document, toolbox, self._folder, given).problems()
            found += unrelated(meaning, loaded.problems)
        return sorted(found, key=lambda problem: (problem.line, problem.column, problem.key_text))

    def validate(self) -> None:
        """Refuse a workflow that cannot run.

        Raises:
            WorkflowError: with every problem, each with its line.
        """
        if problems := self.problems():
            raise workflow_error(problems, self._loaded.document.name)

    def begin(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        settings: Settings | None = None,
        store: str = "",
        bank: str = "",
        embedder: str = "",
        allow: Iterable[Path | str] = (),
        notify: Notify = to_stderr,
        run_id: str = "",
    ) -> AbstractContextManager[WorkflowRun]:
        """A new run with its memory open; `events()` of what it gives does the work.

        Args:
            inputs: Values by name, instead of the defaults.
            settings: What stands for the environment; default: the environment.
            store: Store URL instead of the workflow's.
            bank: Bank instead of the workflow's.
            embedder: Embedder instead of the workflow's.
            allow: Folders that tools may touch besides the workflow's own.
            notify: Takes lines for the person who waits.
            run_id: Id of the run; default: a new one.

        Raises:
            WorkflowError: the workflow cannot run.
            InputError: an input is unknown, missing or of another type.
        """
        self.validate()
        spec = self.spec
        folders = (*spec.folders, *(str(Path(each).absolute()) for each in allow))
        job = Job(
            spec=spec.model_copy(update={"folders": folders}), folder=self._folder, file=self._file, tools=self._tools
        )
        values = resolve_inputs(spec.inputs, inputs or {})
        chosen = job.settings(settings or Settings.from_environment(), store=store, bank=bank, embedder=embedder)
        return runner.begun(job, values, chosen, notify=notify, run_id=run_id)

    def run(self, **inputs: Any) -> TeamResult:
        """Run the workflow with these inputs and the environment's settings, to its end."""
        with self.begin(inputs) as run:
            return run.finish()

    def resume(self, run: str, *, settings: Settings | None = None, notify: Notify = to_stderr) -> TeamResult:
        """Continue a run of this workflow that was cut off; the functions given in Python are there again."""
        surroundings = settings or Settings.from_environment()
        with runner.resumed(run, surroundings, notify=notify, tools=self._tools) as opened:
            return opened.finish()


def _plain(value: BaseModel | Mapping[str, Any] | None) -> dict[str, Any] | None:
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_unset=True)
    return dict(value) if value is not None else None
