"""The process that works expressions out: it limits itself, answers until its input ends, and holds nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from agentmem.graphs.expressions.errors import ExpressionError, Failed
from agentmem.graphs.expressions.templates import template
from agentmem.graphs.expressions.wire import Unsendable, packed, receive

try:
    import resource
except ModuleNotFoundError:  # Windows has no such limits: there only the time is bounded
    resource = None  # type: ignore[assignment]


def serve(memory: int, seconds: int) -> None:
    """Answer requests from standard input until it ends, with at most `memory` bytes.

    `seconds` of processor time for one request end the process, should nobody be left to end it.
    """
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    _limit_memory(memory)
    answer: tuple[Any, ...] = ("ready",)
    while answer != ("memory",):
        sink.write(packed(answer))
        sink.flush()
        try:
            _limit_processor_time(seconds)
            answer = _answer(*receive(source))
        except EOFError:
            return
        except Unsendable as error:
            answer = ("failed", str(error), False)
        except MemoryError:
            answer = ("memory",)
    sink.write(packed(answer))  # and no more: a request may be half read, and memory in pieces
    sink.flush()


def _answer(text: str, scope: Mapping[str, Any]) -> tuple[Any, ...]:
    try:
        return ("value", template(text).evaluate(scope))
    except Failed as failure:
        return ("failed", failure.message, failure.unknown)
    except ExpressionError as error:  # its caller has read it before
        return ("failed", error.message, False)


def _limit_memory(size: int) -> None:
    if resource is None:
        return
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    for nothing in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
        resource.setrlimit(nothing, (0, 0))


def _limit_processor_time(seconds: int) -> None:
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, hard))
