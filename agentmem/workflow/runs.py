"""The registry of runs: which workflow, with what, where its memory is, and how it ended."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from agentmem.errors import NotFound, StoreCorrupt, StoreUnavailable, UserError
from agentmem.records import decode_time, encode_time

_TABLE: Final = """
create table if not exists runs (
    run text primary key, name text not null, file text not null, folder text not null, spec text not null,
    inputs text not null, store text not null, bank text not null, embedder text not null,
    status text not null, started text not null, finished text, result text, grants text not null default ''
)
"""
_COLUMNS: Final = (
    "run", "name", "file", "folder", "spec", "inputs", "store", "bank", "embedder", "status", "started", "finished",
    "result", "grants",
)  # fmt: skip
_BUSY_SECONDS: Final = 30.0


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
    """What the run gave back; empty until it ended."""
    grants: str = ""
    """What it was allowed when it began, as JSON; empty for a run of an older version."""


class RunRegistry:
    """Runs in one SQLite file, their checkpoints in files beside it.

    Raises StoreUnavailable when the folder cannot be written, StoreCorrupt when the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._checkpoints.mkdir(exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(
                f"the folder for runs cannot be made: {error.strerror}.",
                where=str(path.parent),
                hint="Set AGENTMEM_HOME to a folder that can be written.",
            ) from error
        with self._connection() as connection:
            connection.execute(_TABLE)
            if "grants" not in {row[1] for row in connection.execute("pragma table_info(runs)")}:
                connection.execute("alter table runs add column grants text not null default ''")

    def start(self, run: Run) -> None:
        """Enter a new run."""
        with self._connection() as connection:
            connection.execute(
                f"insert into runs ({', '.join(_COLUMNS)}) values ({', '.join('?' * len(_COLUMNS))})", _row(run)
            )

    def restart(self, run: str) -> None:
        """Note that a run goes on."""
        with self._connection() as connection:
            connection.execute("update runs set status = 'running', finished = null where run = ?", (run,))

    def finish(self, run: str, status: str, result: dict[str, Any], at: datetime) -> None:
        """Note how a run ended."""
        with self._connection() as connection:
            connection.execute(
                "update runs set status = ?, result = ?, finished = ? where run = ?",
                (status, json.dumps(result, default=str, ensure_ascii=False), encode_time(at), run),
            )

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

    @contextmanager
    def held(self, run: str) -> Iterator[None]:
        """Keep other processes from working on the same run. The system lets go of it when the process dies.

        Raises:
            UserError: another process works on the run.
        """
        path = self._checkpoints / f"{run}.lock"
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)) as lock:
            try:
                lock.execute("begin exclusive")
            except sqlite3.OperationalError as error:
                raise UserError("another process works on this run.", where=f"run {run}") from error
            try:
                yield
            finally:
                lock.execute("rollback")
        path.unlink(missing_ok=True)

    def is_held(self, run: str) -> bool:
        """Whether a living process works on the run."""
        path = self._checkpoints / f"{run}.lock"
        if not path.exists():
            return False
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as lock:
            try:
                lock.execute("begin exclusive")
            except sqlite3.OperationalError:
                return True
            lock.execute("rollback")
            return False

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
