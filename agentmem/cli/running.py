"""run, resume, runs, validate, schema: workflows."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentmem.cli import output
from agentmem.cli.exit_codes import FAILED, INTERRUPTED
from agentmem.cli.options import BankOption, EmbedderOption, JsonOption, StoreOption
from agentmem.cli.wording import day
from agentmem.config import Settings
from agentmem.errors import AgentmemError

if TYPE_CHECKING:
    from agentmem.workflow import Problem, Run, RunRegistry, WorkflowRun

WORKFLOW_PANEL = "Workflows"

_File = Annotated[Path, typer.Argument(metavar="FILE", help="The workflow, a YAML file.", show_default=False)]


_AllowOption = Annotated[
    list[Path] | None,
    typer.Option("--allow", metavar="FOLDER", help="A folder besides the workflow's own that tools may touch."),
]
_AllowModuleOption = Annotated[
    list[str] | None,
    typer.Option("--allow-module", metavar="NAME", help="An installed module whose @tool functions it may name."),
]
_AllowCodeOption = Annotated[
    bool, typer.Option("--allow-code", help="Agree to the code of its folder that the workflow runs, unasked.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (run, resume, runs, validate, schema):
        app.command(rich_help_panel=WORKFLOW_PANEL)(command)


def run(
    file: _File,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input", "-i", metavar="KEY=VALUE", help="A value for an input; repeat it for lists, or give JSON."
        ),
    ] = None,
    store: StoreOption = "",
    bank: BankOption = "",
    embedder: EmbedderOption = "",
    allow: _AllowOption = None,
    allow_module: _AllowModuleOption = None,
    allow_code: _AllowCodeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run a workflow: plan, act, verify, learn.

    Exits with 0 if it is done, with 1 if a check failed or the run stopped, with 2 if it could not begin.
    """
    from agentmem.workflow.inputs import parse_inputs
    from agentmem.workflow.workflow import Workflow

    workflow = Workflow.from_file(file)
    workflow.validate(allow=allow or [], allow_modules=allow_module or [])
    begun = workflow.begin(
        parse_inputs(workflow.spec.inputs, inputs or [], folder=workflow.folder),
        store=store,
        bank=bank,
        embedder=embedder,
        allow=allow or [],
        allow_modules=allow_module or [],
        allow_code=partial(_agrees, allowed=allow_code, as_json=as_json),
        notify=output.remark,
    )
    _follow(begun, as_json)


def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or the beginning of it.")],
    allow_code: _AllowCodeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Continue a run that was cut off, without repeating finished steps, with what it was allowed when it began."""
    from agentmem.workflow.runner import resumed

    agrees = partial(_agrees, allowed=allow_code, as_json=as_json)
    _follow(resumed(run, Settings.from_environment(), notify=output.remark, allow_code=agrees), as_json)


def runs(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, the newest first.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List runs."""
    from agentmem.workflow import RunRegistry

    registry = RunRegistry(Settings.from_environment().runs_path)
    known = registry.newest(limit)
    if as_json:
        output.data([_run_as_dict(each, registry) for each in known])
        return
    output.columns(
        [(each.run, day(each.started), registry.status(each), each.name, each.file) for each in known],
        indent=0,
        styles=("bold", "dim", "", "", "dim"),
    )
    if not known:
        output.say("No runs yet.")


def validate(
    file: _File,
    allow: _AllowOption = None,
    allow_module: _AllowModuleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a workflow without running it or importing its code: every mistake, each with its line."""
    from agentmem.workflow.workflow import Workflow

    workflow = Workflow.from_file(file)
    problems = workflow.problems(allow=allow or [], allow_modules=allow_module or [])
    if as_json:
        output.data({"file": str(file), "valid": not problems, "problems": [_problem(each) for each in problems]})
    workflow.validate(allow=allow or [], allow_modules=allow_module or [])
    if not as_json:
        spec = workflow.spec
        output.say(f"{file} is valid: {len(spec.plan)} steps, {len(spec.checks)} checks.")


def schema(as_json: JsonOption = True) -> None:
    """Print the JSON Schema of workflow files, for editors to complete and check them. It is JSON either way."""
    from agentmem.workflow.schema import workflow_schema

    output.data(workflow_schema())


def _agrees(listed: Sequence[str], *, allowed: bool, as_json: bool) -> bool:
    """Whether the person agrees to the code that is listed: asked on a terminal, by option elsewhere."""
    if allowed or as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return allowed
    output.remark("This workflow runs code of its folder:")
    for line in listed:
        output.remark(f"  {line}")
    return typer.confirm("Run this code?", err=True)


def _follow(opened: AbstractContextManager[WorkflowRun], as_json: bool) -> None:
    """Do the work, show it, and exit with what became of it."""
    from agentmem.cli.run_view import RunView

    with opened as active:
        view = RunView(active, quiet=as_json)
        with _interruptible(active):
            try:
                result = view.follow()
            except AgentmemError:
                output.remark(f"The run stopped. Continue with: agentmem resume {active.run}")
                raise
    if as_json:
        output.data(result.as_dict())
    if result.status != "done":
        raise typer.Exit(FAILED)


@contextmanager
def _interruptible(active: WorkflowRun) -> Iterator[None]:
    """End at once on Ctrl-C. Steps run in threads that nothing can stop, and all that is done is checkpointed."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        active.interrupted()
        output.remark(f"Interrupted. Continue with: agentmem resume {active.run}")
        output.leave(INTERRUPTED)

    before = signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "line": problem.line,
        "column": problem.column,
        "key": problem.key_text,
        "message": problem.message,
        "hint": problem.hint,
    }


def _run_as_dict(run: Run, registry: RunRegistry) -> dict[str, Any]:
    return {
        "run": run.run,
        "name": run.name,
        "file": run.file,
        "inputs": run.inputs,
        "store": run.store,
        "bank": run.bank,
        "status": registry.status(run),
        "started": run.started.isoformat(),
        "finished": run.finished.isoformat() if run.finished else None,
    }
