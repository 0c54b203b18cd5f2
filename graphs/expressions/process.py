"""Expressions whose cost only running them shows: in a process that is kept warm and killed when it takes too long."""

from __future__ import annotations

import atexit
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock, Timer
from typing import Any, BinaryIO, Final, Self, cast

import jinja2
import markupsafe

from agentmem import errors
from agentmem.graphs.expressions.errors import Failed
from agentmem.graphs.expressions.wire import Unsendable, packed, receive

SECONDS: float = 2.0
"""Longest that an expression may take."""
MEGABYTES: Final = 256
"""Most memory that an expression may need, that of the process included; not bounded where the system cannot."""

_START_SECONDS: Final = 30.0
_KEPT_VARIABLES: Final = ("TZ", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What the process needs of the environment to run at all; nothing else of it is any business of an expression."""
_PROGRAM: Final = """
import sys
sys.path += sys.argv[3:]
from agentmem.graphs.expressions.worker import serve
serve(int(sys.argv[1]), int(sys.argv[2]))
"""


class Evaluator:
    """Works out one expression at a time, for any number of threads."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def evaluate(self, text: str, scope: Mapping[str, Any]) -> Any:
        """The value of an expression; the process starts when it is first needed, and again after it was killed.

        Raises:
            Failed: there is none, or finding it takes too much time or memory.
        """
        try:
            request = packed((text, dict(scope)))
        except Unsendable as error:
            raise Failed(str(error)) from error
        with self._turn:
            was_warm = self._process is not None
            kind, *said = self._ask(request)
            if kind == "memory" and was_warm:  # it may hold much from before
                kind, *said = self._ask(request)
        if kind == "value":
            return said[0]
        if kind == "memory":
            raise Failed(f"it needs more than {MEGABYTES} MB")
        raise Failed(said[0], unknown=said[1])

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # what it was not told any more
                    cast(BinaryIO, pipe).close()

    def forget(self) -> None:
        """In a fork: the process belongs to the parent, who goes on talking to it."""
        self._turn = Lock()
        self._process = None

    def _ask(self, request: bytes) -> tuple[Any, ...]:
        answered = False
        try:
            process = self._started()
            with _Deadline(process, SECONDS) as deadline:
                answer = _exchanged(process, request)
            if deadline.passed:
                raise Failed(f"it takes longer than {SECONDS:g} s")
            if not answer:
                raise Failed(f"it ends the process that works it out (exit code {process.wait()})")
            answered = answer[0] != "memory"
            return answer
        finally:  # whatever came between, an interrupt too: what it would say next answers another question
            if not answered:
                self.close()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = _start()
            with _Deadline(self._process, _START_SECONDS):
                ready = _exchanged(self._process, b"")
            if ready != ("ready",):
                raise Failed("the process that works it out does not start")
        return self._process


class _Deadline:
    """Kills a process that is not done in time."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.passed = False
        self._process = process
        self._done = False
        self._turn = Lock()
        self._timer = Timer(seconds, self._pass)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._turn:
            self._done = True
        self._timer.cancel()

    def _pass(self) -> None:
        with self._turn:
            if not self._done:
                self.passed = True
                self._process.kill()


def _start() -> subprocess.Popen[bytes]:
    homes = {str(Path(module.__file__ or "").parent.parent) for module in (errors, jinja2, markupsafe)}
    command = [sys.executable, "-I", "-S", "-c", _PROGRAM, str(MEGABYTES * 1024 * 1024), str(math.ceil(SECONDS))]
    try:
        return subprocess.Popen(
            [*command, *sorted(homes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=os.sep,
            env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
            start_new_session=True,  # an interrupt at the terminal is for this process, which ends that one
        )
    except OSError as error:
        raise Failed(f"the process that works it out does not start: {error.strerror}") from error


def _exchanged(process: subprocess.Popen[bytes], request: bytes) -> tuple[Any, ...]:
    """The answer to a request; empty if the process ended."""
    source, sink = cast(BinaryIO, process.stdout), cast(BinaryIO, process.stdin)
    with suppress(OSError):  # it ended while it was told; it may still have said why
        sink.write(request)
        sink.flush()
    try:
        return cast(tuple[Any, ...], receive(source))
    except (EOFError, OSError):
        return ()


EVALUATOR: Final = Evaluator()
"""The one of this process."""

atexit.register(EVALUATOR.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=EVALUATOR.forget)
