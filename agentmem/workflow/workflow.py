"""A workflow: read from a file or written in Python, alike from here on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel

from agentmem.config import Settings
from agentmem.graphs.events import TeamResult
from agentmem.graphs.plan import AgentSettings, Budget, Check, PlanStep
from agentmem.tools.base import Tool, as_tool
from agentmem.tools.modules import CodeFile
from agentmem.tools.registry import Toolbox
from agentmem.workflow import runner
from agentmem.workflow.consent import Ask
from agentmem.workflow.document import Document
from agentmem.workflow.grants import Grants
from agentmem.workflow.inputs import resolve_inputs
from agentmem.workflow.loader import Loaded, parse_spec, read_workflow, unrelated
from agentmem.workflow.opening import require_reach
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
            tools: Functions of your own, besides those that the file names as module:function. These are asked about
                before they run, or need `allow_code=True`.

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

    def problems(self, *, allow: Iterable[Path | str] = (), allow_modules: Iterable[str] = ()) -> list[Problem]:
        """Everything that is wrong with the workflow, by line; empty if it can run. Nothing is imported.

        Args:
            allow: Folders that tools may touch besides the workflow's own.
            allow_modules: Installed modules that module:function may name, besides those of the settings.
        """
        return self._problems(self._grants(allow, allow_modules, Settings.from_environment()))

    def validate(self, *, allow: Iterable[Path | str] = (), allow_modules: Iterable[str] = ()) -> None:
        """Refuse a workflow that cannot run; takes what `problems` takes. Nothing is imported.

        Raises:
            WorkflowError: with every problem, each with its line.
        """
        self._refuse(self.problems(allow=allow, allow_modules=allow_modules))

    def code(self) -> tuple[CodeFile, ...]:
        """The files of the folder that a run would import, by path: the modules that are named, and what they import.

        Raises:
            WorkflowError: the workflow cannot be understood.
            InputError: a file cannot be read.
        """
        return Job(spec=self.spec, folder=self._folder, tools=self._tools).code()

    def _problems(self, grants: Grants) -> list[Problem]:
        loaded = self._loaded
        found = list(loaded.problems)
        if loaded.spec is not None:
            toolbox = Toolbox(self._tools, folder=self._folder, modules=grants.modules)
            meaning = Validation(loaded.spec, loaded.document, toolbox, self._folder, grants).problems()
            found += unrelated(meaning, loaded.problems)
        return sorted(found, key=lambda problem: (problem.line, problem.column, problem.key_text))

    def _refuse(self, problems: Sequence[Problem]) -> None:
        if problems:
            raise workflow_error(problems, self._loaded.document.name)

    def _grants(self, allow: Iterable[Path | str], allow_modules: Iterable[str], settings: Settings) -> Grants:
        """What the caller allows; whoever wrote a workflow in Python allowed the folders that they wrote."""
        own = self._loaded.spec.folders if self._loaded.spec is not None and not self._file else ()
        anchored = [self._folder / Path(each).expanduser() for each in own]
        return Grants.of([*allow, *anchored], [*allow_modules, *settings.tools])

    def begin(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        settings: Settings | None = None,
        store: str = "",
        bank: str = "",
        embedder: str = "",
        allow: Iterable[Path | str] = (),
        allow_modules: Iterable[str] = (),
        allow_code: bool | Ask = False,
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
            allow: Folders that tools may touch besides the workflow's own; those that its `folders` names must be
                among them or lie within.
            allow_modules: Installed modules that module:function may name, besides those of the settings.
            allow_code: Whether the code of its folder that a file names may run; or a function that is shown a line
                for each of these files and decides, which is kept. Not needed where the user agreed before, and for
                a workflow written in Python.
            notify: Takes lines for the person who waits.
            run_id: Id of the run; default: a new one.

        Raises:
            WorkflowError: the workflow cannot run.
            InputError: an input is unknown, missing or of another type, or nobody agreed to the code.
            ConfigurationError: the workflow's file names a store outside of its folder, or on another machine, that
                the caller has not named.
        """
        surroundings = settings or Settings.from_environment()
        grants = self._grants(allow, allow_modules, surroundings)
        self._refuse(self._problems(grants))
        spec = self.spec
        values = resolve_inputs(spec.inputs, inputs or {})
        job = Job(spec=spec, folder=self._folder, file=self._file, tools=self._tools, grants=grants)
        chosen = job.settings(surroundings, store=store, bank=bank, embedder=embedder)
        if self._file:
            require_reach(chosen, grants, own=self._folder)
        job = runner.agreed(job, allow_code if self._file else True, surroundings)
        return runner.begun(job, values, chosen, notify=notify, run_id=run_id)

    def run(
        self,
        *,
        allow: Iterable[Path | str] = (),
        allow_modules: Iterable[str] = (),
        allow_code: bool | Ask = False,
        **inputs: Any,
    ) -> TeamResult:
        """Run the workflow with these inputs and the environment's settings, to its end.

        What it allows is as in `begin`, which also takes inputs of these names.
        """
        with self.begin(inputs, allow=allow, allow_modules=allow_modules, allow_code=allow_code) as run:
            return run.finish()

    def resume(
        self,
        run: str,
        *,
        settings: Settings | None = None,
        allow_code: bool | Ask = False,
        notify: Notify = to_stderr,
    ) -> TeamResult:
        """Continue a run of this workflow that was cut off; the functions given in Python are there again.

        What the run was allowed when it began it still is; code that changed needs `allow_code`.
        """
        surroundings = settings or Settings.from_environment()
        given = allow_code if self._file else True
        with runner.resumed(run, surroundings, notify=notify, tools=self._tools, allow_code=given) as opened:
            return opened.finish()


def _plain(value: BaseModel | Mapping[str, Any] | None) -> dict[str, Any] | None:
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_unset=True)
    return dict(value) if value is not None else None
