"""What a run began and what it finished, written down at once: what is done stays done, whatever ends the process.

LangGraph writes results down too, but from the pool of threads that does the units: behind hundreds that wait there.
Here a unit's own thread writes, before it takes the next one. It does so through the interface that every
checkpointer has, under a thread id of its own: as durable as the run's checkpoints, wherever those are kept.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any, Final

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver

from agentmem.graphs.state import UnitResult

_BEGUN: Final = "begun"
_FINISHED: Final = "finished"
_UNITS: Final = "units"
"""The one checkpoint that entries are put to, as its writes."""


class Ledger:
    """Which units of a run's present wave began, and what came of those that ended. Safe to use from several threads.

    A key names one execution: a unit, in one attempt, under one plan.
    """

    def __init__(self, saver: BaseCheckpointSaver[Any] | None = None, run: str = "") -> None:
        """A ledger that knows what earlier processes wrote for this run.

        Args:
            saver: Keeps the entries; default: they live as long as this object.
            run: The run's id.
        """
        self._saver = InMemorySaver() if saver is None else saver
        self._thread = f"{run}/{_UNITS}"
        self._config: RunnableConfig = {
            "configurable": {"thread_id": self._thread, "checkpoint_ns": "", "checkpoint_id": _UNITS}
        }
        self._lock = threading.Lock()
        self._earlier: dict[tuple[str, str], Any] | None = None
        self._is_set_up = False

    def is_begun(self, key: str) -> bool:
        """Whether an earlier process began it: what it does may have been done."""
        return (key, _BEGUN) in self._read()

    def result(self, key: str) -> UnitResult | None:
        """What came of it in an earlier process; None if it did not end there."""
        found: UnitResult | None = self._read().get((key, _FINISHED))
        return found

    def begin(self, key: str) -> None:
        """Note that it begins. Raises what the saver raises."""
        self._write(key, _BEGUN, None)

    def finish(self, key: str, result: UnitResult) -> None:
        """Note what came of it: once this returns it is never done again. Raises what the saver raises."""
        self._write(key, _FINISHED, result)

    def clear(self) -> None:
        """Drop the entries: the run's own checkpoint holds what came of this wave."""
        self._read()
        with self._lock:
            if self._is_set_up:
                with suppress(NotImplementedError):  # a saver need not be able to: then old entries lie there unread
                    self._saver.delete_thread(self._thread)
                self._earlier, self._is_set_up = {}, False

    def _read(self) -> dict[tuple[str, str], Any]:
        earlier = self._earlier
        if earlier is not None:  # as it is for all but the first: no reason to wait for a lock
            return earlier
        with self._lock:
            if self._earlier is None:
                kept = self._saver.get_tuple(self._config)
                self._is_set_up = kept is not None
                writes = kept.pending_writes or () if kept else ()
                self._earlier = {(task.partition(" ")[2], channel): value for task, channel, value in writes}
            return self._earlier

    def _write(self, key: str, channel: str, value: Any) -> None:
        self._read()
        if not self._is_set_up:
            self._set_up()
        self._saver.put_writes(self._config, [(channel, value)], f"{channel} {key}")

    def _set_up(self) -> None:
        with self._lock:
            if not self._is_set_up:
                before: RunnableConfig = {"configurable": {"thread_id": self._thread, "checkpoint_ns": ""}}
                self._saver.put(before, {**empty_checkpoint(), "id": _UNITS}, {"source": "update"}, {})
                self._is_set_up = True
