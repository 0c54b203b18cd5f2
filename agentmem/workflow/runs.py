"""The registry of runs: which workflow, with what, where its memory is, and how it ended."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from agentmem.errors import InputError, NotFound, StoreCorrupt, StoreUnavailable, UserError
from agentmem.graphs.locks import Busy, held, is_held
from agentmem.private_files import private_file, private_folder
from agentmem.records import decode_time, encode_time

_TABLE: Final = """
create table if not exists runs (
    run text primary key, name text not null, file text not null, folder text not null, spec text not null,
    inputs text not null, store text not null, bank text not null, embedder text not null,
    status text not null, started text not null, finished text, result text, worker text not null default '',
    grants text not null default ''
)
"""
_COLUMNS: Final = (
    "run", "name", "file", "folder", "spec", "inputs", "store", "bank", "embedder", "status", "started", "finished",
    "result", "grants",
)  # fmt: skip
_BUSY_SECONDS: Final = 30.0
KEPT: Final = 20
"""Runs that are done whose checkpoints are kept, the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run as the registry keeps it: enough to list it and to continue it."""

    run: str
    """Its id."""
    name: str
    """The workflow's name."""
    file: str
    """The workflow file; empty for a workflow written in Python."""
    folder: str
    """The folder that relative paths start from."""
    spec: str
    """The workflow as it was when the run started, as JSON: a resumed run follows this, not an edited file."""
    inputs: dict[str, Any]
    """The inputs, defaults included."""
    store: str
    """Store URL, without any password."""
    bank: str
    embedder: str
    """auto, minilm or hashing."""
    status: str
    """running, done, failed or stopped."""
    started: datetime
    finished: datetime | None = None
    result: dict[str, Any] = field(default_factory=dict)
    """What the run gave back, the fields of its TeamResult; empty until it ended."""
    grants: str = ""
    """What it was allowed when it began, as JSON; empty for a run of an older version."""


class RunRegistry:
    """Runs in one SQLite file, their checkpoints in files beside it. Only their owner can read them.

    When a run is done, the checkpoints of all runs that are done go but for the newest 20; what they gave back stays
    here. A run that is not done keeps its checkpoints: it may be resumed.

    Raises StoreUnavailable when the folder cannot be written, StoreCorrupt when the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            private_folder(self._checkpoints)
            private_file(path)
        except OSError as error:
            raise StoreUnavailable(
                f"the folder for runs cannot be made: {error.strerror}.",
                where=str(path.parent),
                hint="Set AGENTMEM_HOME to a folder of your own that can be written.",
            ) from error
        with self._connection() as connection:
            connection.execute(_TABLE)
            if _newer_columns(connection):
                connection.execute("begin immediate")  # another process may do it at the same time
                for column in _newer_columns(connection):
                    connection.execute(f"alter table runs add column {column} text not null default ''")

    def start(self, run: Run) -> None:
        """Enter a new run, which this process works on.

        Raises:
            InputError: there is a run of that name.
        """
        with self._connection() as connection:
            entered = connection.execute(
                f"insert or ignore into runs ({', '.join(_COLUMNS)}, worker) "
                f"values ({', '.join('?' * len(_COLUMNS))}, ?)",
                (*_row(run), _worker(run.started)),
            )
            if not entered.rowcount:
                raise InputError("there is a run of that name already.", where=f"run {run.run}", hint="Resume it.")

    def restart(self, run: str) -> None:
        """Note that a run goes on."""
        with self._connection() as connection:
            connection.execute("update runs set status = 'running', finished = null where run = ?", (run,))

    def finish(self, run: str, status: str, result: dict[str, Any], at: datetime) -> None:
        """Note how a run ended. If it is done, checkpoints are pruned."""
        with self._connection() as connection:
            connection.execute(
                "update runs set status = ?, result = ?, finished = ? where run = ?",
                (status, json.dumps(result, default=str, ensure_ascii=False), encode_time(at), run),
            )
        if status == "done":
            self._prune()

    def get(self, run_or_prefix: str) -> Run:
        """The run of this id, or the only one whose id begins so.

        Raises:
            NotFound: there is none, or several.
        """
        with self._connection() as connection:
            rows = connection.execute(
                f"select {', '.join(_COLUMNS)} from runs where substr(run, 1, ?) = ? order by started desc limit 2",
                (len(run_or_prefix), run_or_prefix),
            ).fetchall()
        exact = [row for row in rows if row[0] == run_or_prefix] or rows
        if len(exact) == 1 and run_or_prefix:
            return _run(exact[0])
        many = "several runs begin with" if rows and run_or_prefix else "there is no run"
        raise NotFound(f"{many} {run_or_prefix!r}.", where="runs", hint="`agentmem runs` lists them.")

    def newest(self, limit: int = 20) -> list[Run]:
        """The newest runs first."""
        with self._connection() as connection:
            rows = connection.execute(
                f"select {', '.join(_COLUMNS)} from runs order by started desc, run desc limit ?", (limit,)
            ).fetchall()
        return [_run(row) for row in rows]

    def checkpoints(self, run: str) -> Path:
        """The file of a run's checkpoints."""
        return self._checkpoints / f"{run}.db"

    def status(self, run: Run) -> str:
        """As the registry has it, but `killed` for a run that nobody works on any more."""
        if run.status != "running" or self.is_held(run.run):
            return run.status
        now = self.get(run.run).status  # it may have ended since `run` was read: that is noted before it is let go of
        return "killed" if now == "running" else now

    @contextmanager
    def held(self, run: str) -> Iterator[None]:
        """Keep others from working on the same run. The system lets go of it when the process dies.

        A run that is done has no lock: look at it again when you hold one.

        Raises:
            UserError: another process works on the run.
        """
        try:
            with held(self._lock(run)):
                with self._connection() as connection:
                    connection.execute("update runs set worker = ? where run = ?", (_worker(datetime.now(UTC)), run))
                yield
        except Busy as error:
            raise UserError(
                "another process works on this run.",
                where=f"run {run}",
                hint=f"Wait until it has ended{self._told_worker(run)}.",
            ) from error

    def is_held(self, run: str) -> bool:
        """Whether somebody works on the run. Looking disturbs nobody."""
        return is_held(self._lock(run))

    def _told_worker(self, run: str) -> str:
        with self._connection() as connection:
            row = connection.execute("select worker from runs where run = ?", (run,)).fetchone()
        return f": {row[0]}" if row and row[0] else ""

    def _prune(self) -> None:
        """Remove the files of runs that are done, but for the newest; what somebody holds is left alone."""
        with self._connection() as connection:
            rows = connection.execute(
                "select run from runs where status = 'done' order by finished desc, run desc limit -1 offset ?", (KEPT,)
            )
            old = {run for (run,) in rows}
        for run in sorted(old & {file.stem for file in self._checkpoints.iterdir()}):
            # What cannot be removed now is tried again when the next run is done; this one has its result.
            with suppress(Busy, OSError, StoreUnavailable), held(self._lock(run), patience=0):
                for suffix in (".db-wal", ".db-shm", ".db", ".lock"):
                    (self._checkpoints / f"{run}{suffix}").unlink(missing_ok=True)

    def _lock(self, run: str) -> Path:
        return self._checkpoints / f"{run}.lock"

    @property
    def _checkpoints(self) -> Path:
        return self._path.parent / "runs"

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS)) as connection, connection:
                yield connection
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(
                f"the registry of runs cannot be used: {error}.",
                where=str(self._path),
                hint="Set AGENTMEM_HOME to a folder that can be written.",
            ) from error
        except sqlite3.DatabaseError as error:
            raise StoreCorrupt(
                f"the registry of runs is damaged: {error}.",
                where=str(self._path),
                hint="Move the file away; memory itself is not in it.",
            ) from error


def _newer_columns(connection: sqlite3.Connection) -> list[str]:
    """Columns that a table of an older version lacks."""
    known = {row[1] for row in connection.execute("pragma table_info(runs)")}
    return [column for column in ("worker", "grants") if column not in known]


def _worker(since: datetime) -> str:
    return f"process {os.getpid()}, since {encode_time(since)}"


def _row(run: Run) -> tuple[str | None, ...]:
    return (
        run.run, run.name, run.file, run.folder, run.spec, json.dumps(run.inputs, default=str, ensure_ascii=False),
        run.store, run.bank, run.embedder, run.status, encode_time(run.started), encode_time(run.finished),
        json.dumps(run.result, default=str, ensure_ascii=False) if run.result else None,
        run.grants,
    )  # fmt: skip


def _run(row: tuple[Any, ...]) -> Run:
    values = dict(zip(_COLUMNS, row, strict=True))
    started = decode_time(values.pop("started"))
    if started is None:
        raise StoreCorrupt("a run has no start time.", where=f"run {values['run']}")
    return Run(
        **{**values, "inputs": json.loads(values["inputs"]), "result": json.loads(values["result"] or "{}")}
        | {"started": started, "finished": decode_time(values["finished"])}
    )
