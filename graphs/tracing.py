"""Tracing to LangSmith. What a team does holds the documents it reads: it is sent nowhere unless the user asks.

LangSmith's own variables are often set for other programs, so they alone switch nothing on here. The switch holds for
the calls of a team and no longer: what else the process traces goes on, also between two events of a stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeVar, cast

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers import LangChainTracer
from langchain_core.tracers.context import tracing_v2_callback_var
from langsmith.run_helpers import tracing_context
from langsmith.utils import tracing_is_enabled

_Event = TypeVar("_Event")

_NOBODY: Final = cast("LangChainTracer", BaseCallbackHandler())
"""Hears everything and does nothing. LangChain refuses to work if a variable of its past asks for tracing and nobody
listens."""


def is_traced() -> bool:
    """Whether a graph that begins here would be traced."""
    listener = tracing_v2_callback_var.get()
    return listener is not _NOBODY and (listener is not None or bool(tracing_is_enabled()))


@contextmanager
def tracing(switch: bool) -> Iterator[None]:
    """Whether graphs are traced that begin inside, in this thread and in those that they start."""
    if switch and is_traced():
        yield  # a trace that is under way is gone on with
        return
    before = tracing_v2_callback_var.set(None if switch else _NOBODY)
    try:
        with tracing_context(enabled=switch):
            yield
    finally:
        tracing_v2_callback_var.reset(before)


def stepped(events: Iterator[_Event], *, traced: bool) -> Iterator[_Event]:
    """The same events; only while the next one is made, tracing is as `traced` says."""
    while True:
        with tracing(traced):
            try:
                event = next(events)
            except StopIteration:
                return
        yield event
