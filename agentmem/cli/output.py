"""The only module that prints. Results go to standard output, remarks and errors to standard error.

Colours and widths are for terminals; what is piped is plain, one record on a line. rich is loaded when it is needed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
import traceback
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NoReturn, TextIO

from agentmem.display import escaped, one_line, visible
from agentmem.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from agentmem.errors import AgentmemError

MAX_WIDTH: Final = 110
"""Widest text on a terminal, in columns: longer lines are hard to read."""

_held: list[str] | None = None
"""Remarks that wait for the end of the command; None if they are printed at once."""

_results: TextIO | None = None
"""Where results go while standard output is reserved for them; None if they go to standard output itself."""


class ReaderLeftError(Exception):
    """Whoever read the results, such as `head`, has seen enough. Not a BrokenPipeError: typer would exit with 1."""


def prepare_streams() -> None:
    """Write what an encoding does not have as escapes instead of failing, and every line at once."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace", line_buffering=True)


@contextmanager
def reserved(reserve: bool) -> Iterator[None]:
    """With `reserve`, standard output takes results and nothing else.

    What a tool, a library or a program that they start prints meanwhile goes to standard error.
    """
    global _results
    if not reserve:
        yield
        return
    sys.stdout.flush()
    own, number = sys.stdout, sys.stdout.fileno()
    kept = os.dup(number)
    with os.fdopen(os.dup(number), "w", encoding=own.encoding, errors="backslashreplace") as _results:
        os.dup2(sys.stderr.fileno(), number)
        sys.stdout = sys.stderr
        try:
            yield
        finally:
            sys.stdout = own
            os.dup2(kept, number)
            os.close(kept)
            _results = None


def quiet_streams() -> None:
    """After a stream broke: send what is still buffered nowhere, so that the interpreter ends without complaint."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _silence(stream)


def is_terminal() -> bool:
    """Whether a person watches standard output."""
    return sys.stdout.isatty()


def data(value: Any) -> None:
    """JSON on standard output."""
    stream = _results or sys.stdout
    written = json.dumps(value, indent=2, ensure_ascii=not _unicode(stream), default=str)
    _put(escaped(written), stream)


def say(text: str = "", style: str = "", *, indent: int = 0) -> None:
    """Text on standard output, wrapped and coloured on a terminal."""
    _write(sys.stdout, text, style, indent)


def remark(text: str) -> None:
    """A line for the person who waits, on standard error: never part of a result."""
    if _held is None:
        _write(sys.stderr, text, "dim", 0)
    else:
        _held.append(text)


def hold_remarks(hold: bool) -> None:
    """Keep remarks until `release_remarks`, or not: with --json an error must stand alone on standard error."""
    global _held
    _held = [] if hold else None


def leave(code: int) -> NoReturn:
    """End the process at once, whatever its threads do, and leave the terminal as it was."""
    release_remarks()
    if is_terminal() and not _plain():
        _console(False).show_cursor()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def release_remarks() -> None:
    """Print the remarks that were held."""
    global _held
    held, _held = _held or [], None
    for text in held:
        remark(text)


def heading(text: str) -> None:
    """The title of a section, with a blank line before it."""
    say()
    say(text, "bold")


def columns(rows: Sequence[Sequence[str]], *, indent: int = 2, styles: Sequence[str] = ()) -> None:
    """Rows with aligned columns; the last column takes the width that is left and wraps under itself."""
    if not rows:
        return
    fixed = [[" ".join(printable(cell).split("\n")) for cell in row[:-1]] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*fixed, strict=True)]
    for row, cells_of in zip(rows, fixed, strict=True):
        cells = [_padded(cell, width) for cell, width in zip(cells_of, widths, strict=True)]
        start = indent + sum(width + 2 for width in widths)
        last = _wrapped(printable(row[-1]), start)
        pieces = [*((f"{cell}  ", _style(styles, i)) for i, cell in enumerate(cells))]
        _emit(sys.stdout, [(" " * indent, ""), *pieces, (last, _style(styles, len(row) - 1))])


def entry(cells: Sequence[str], detail: str, *, indent: int = 0, styles: Sequence[str] = ()) -> None:
    """A memory with what is worth knowing about it: below it on a terminal, behind it on the same line when piped."""
    cells, detail = [*cells[:-1], one_line(cells[-1])], one_line(detail)
    if is_terminal():
        columns([cells], indent=indent, styles=styles)
        say(detail, "dim", indent=indent + 6)
    else:
        columns([(*cells[:-1], f"{cells[-1]}  ({detail})")], indent=indent)


def error(problem: AgentmemError, *, as_json: bool) -> None:
    """An error on standard error: JSON where JSON was asked for, else words."""
    if as_json:
        body = {"kind": problem.kind, "message": problem.message, "where": problem.where, "hint": problem.hint}
        _put(json.dumps({"error": body}, ensure_ascii=not _unicode(sys.stderr)), sys.stderr)
        return
    place = f"{problem.where}: " if problem.where else ""
    _emit(sys.stderr, [("error: ", "bold red"), (printable(f"{place}{problem.message}"), "")])
    if problem.hint:
        _emit(sys.stderr, [("  " + printable(problem.hint), "dim")])


def defect(problem: Exception, *, as_json: bool) -> None:
    """A failure that nobody foresaw, on standard error: with the traceback, as a report of it needs one."""
    trace = "".join(traceback.format_exception(problem))
    if as_json:
        hint = "This is a defect of agentmem; please report it with the output of the command without --json."
        body = {"kind": type(problem).__name__, "message": str(problem), "where": _raised_at(problem), "hint": hint}
        _put(json.dumps({"error": body}, ensure_ascii=not _unicode(sys.stderr)), sys.stderr)
        return
    _put(f"{printable(trace)}This is a defect of agentmem; please report it with the lines above.", sys.stderr)


@contextmanager
def progress(enabled: bool) -> Iterator[Callable[[str], None]]:
    """A line at the bottom of a terminal that says what goes on; nothing when piped."""
    if not (enabled and is_terminal()):
        yield lambda _text: None
        return
    from rich.markup import escape

    with _console(False).status("") as status:
        yield lambda text: status.update(escape(printable(text)))


def bar(done: int, total: int, width: int = 24) -> str:
    """`██████░░░░ 60/100`."""
    filled = round(width * done / total) if total else 0
    return f"{'█' * filled}{'░' * (width - filled)} {done:,}/{total:,}"


def printable(text: str) -> str:
    """Text without control characters, so that what memory holds cannot steer the terminal."""
    return visible(text, mark="\ufffd")


def _raised_at(problem: Exception) -> str:
    frames = traceback.extract_tb(problem.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def shortened(text: str, width: int) -> str:
    """One line of at most `width` characters."""
    line = one_line(text)
    return line if len(line) <= width else f"{line[: width - 1].rstrip()}…"


def _write(stream: TextIO, text: str, style: str, indent: int) -> None:
    shown = printable(text)
    margin = " " * indent
    if not stream.isatty():
        _emit(stream, [("\n".join(margin + line if line else line for line in shown.split("\n")), "")])
        return
    _emit(stream, [(margin + _wrapped(shown, indent), style)])


def _emit(stream: TextIO, pieces: Sequence[tuple[str, str]]) -> None:
    if not stream.isatty() or _plain():
        _put("".join(text for text, _ in pieces).rstrip(" "), stream)
        return
    from rich.text import Text

    _console(stream is sys.stderr).print(Text.assemble(*pieces), soft_wrap=True, highlight=False)


def _put(text: str, stream: TextIO) -> None:
    """A line on a stream.

    Raises:
        InputError: results cannot be written, because the disk is full for example.
        ReaderLeftError: nobody reads results any more.
    """
    try:
        print(text, file=stream, flush=True)
    except OSError as error:
        _silence(stream)
        if stream is sys.stderr:  # there is nowhere left to tell it; the exit code still does
            return
        if isinstance(error, BrokenPipeError):
            raise ReaderLeftError from error
        raise InputError(
            f"the output cannot be written: {error.strerror}.",
            where="standard output",
            hint="Check that the disk is not full. What was done before is kept.",
        ) from error


def _silence(stream: TextIO) -> None:
    """Send what a broken stream still holds nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _plain() -> bool:
    """NO_COLOR (no-color.org): present and not empty means no colours."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


@cache
def _console(stderr: bool) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def _wrapped(text: str, start: int) -> str:
    """Text broken at the terminal's width, continued at column `start`; unbroken when piped, one record on a line."""
    if not is_terminal():
        return text.replace("\n", "\n" + " " * start)
    width = max(30, min(MAX_WIDTH, shutil.get_terminal_size().columns) - start)
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += textwrap.wrap(paragraph, width, break_long_words=False, break_on_hyphens=False) or [""]
    return ("\n" + " " * start).join(lines)


def _style(styles: Sequence[str], index: int) -> str:
    return styles[index] if index < len(styles) else ""


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _unicode(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "").startswith("utf")
