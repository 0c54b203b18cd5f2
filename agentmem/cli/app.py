"""The commands of `agentmem`, and what happens when one of them fails.

Exit codes: 0 done; 1 the work failed its checks; 2 a mistake in what was given, or a store that cannot be used;
3 a defect of agentmem itself; 130 interrupted.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from typing import Annotated, cast

import typer

from agentmem.cli import benchmarks, embedder, learning, looking, neo4j, output, running, transfer, verifying
from agentmem.cli.exit_codes import DEFECT, DONE, FAILED, INTERRUPTED, MISTAKE
from agentmem.errors import AgentmemError, InputError

_UsageError = cast("type[Exception]", typer.BadParameter.__mro__[1])
"""The error of a command line that cannot be read. Where click is bundled with typer it has no public name."""

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})

app = typer.Typer(
    name="agentmem",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Teams of agents that share one structured memory.",
    epilog="Exit codes: 0 done, 1 the work failed its checks, 2 a mistake in what was given, 130 interrupted.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        output.say(f"agentmem {version('agentmem-graph')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


running.register(app)
learning.register(app)
looking.register(app)
verifying.register(app)
embedder.register(app)
transfer.register(app)
neo4j.register(app)
benchmarks.register(app)


def main() -> None:
    """Run the command that the process was started with, and exit."""
    output.prepare_streams()
    as_json = "--json" in sys.argv[1:]
    output.hold_remarks(as_json)
    with output.reserved(as_json):
        code = _exit_code(as_json)
    if code in (DONE, FAILED):
        output.release_remarks()
    output.quiet_streams()
    sys.exit(code)


def _exit_code(as_json: bool) -> int:
    try:
        _require_text(sys.argv[1:])
        code = app(standalone_mode=False, prog_name="agentmem")
        sys.stdout.flush()
    except AgentmemError as error:
        output.error(error, as_json=as_json)
        return MISTAKE
    except _UsageError as error:
        return _misused(error, as_json)
    except output.ReaderLeftError:
        return DONE
    except SystemExit as left:  # typer's way out when nobody reads its help
        return DONE if isinstance(left.__context__, BrokenPipeError) else DEFECT
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - scripts must tell a defect from work that failed its checks
        return _unforeseen(error, as_json)
    return code if isinstance(code, int) else DONE


def _unforeseen(error: Exception, as_json: bool) -> int:
    """A full disk can show anywhere; whatever else nobody foresaw is a defect."""
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        hint = "Make space and try again."
        told = InputError(f"nothing can be written: {error.strerror}.", where=str(error.filename or ""), hint=hint)
        output.error(told, as_json=as_json)
        return MISTAKE
    output.defect(error, as_json=as_json)
    return DEFECT


def _require_text(arguments: Sequence[str]) -> None:
    """Refuse bytes that are not UTF-8, which Python hands on as halves of surrogate pairs.

    Raises:
        InputError: an argument holds some.
    """
    for number, argument in enumerate(arguments, start=1):
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise InputError(
                f"the argument {argument!r} is not text in UTF-8.",
                where=f"argument {number}",
                hint="Write it in UTF-8. A file with such a name can be piped in: agentmem retain - < FILE",
            ) from error


def _misused(error: Exception, as_json: bool) -> int:
    message = str(getattr(error, "format_message", error.__str__)()).strip()
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "agentmem")
    if not message or type(error).__name__ == "NoArgsIsHelpError":
        if message:  # without it the help has been shown already
            output.say(message)
        return MISTAKE
    problem = InputError(message, where=command, hint=f"`{command} --help` says what it takes.")
    output.error(problem, as_json=as_json)
    return MISTAKE
