"""What the benchmark of stores measured, beside what it should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agentmem.bench.store_search import SearchTimes
from agentmem.bench.store_talk import TalkTrips

MOST_SLOWDOWN = 1.3
"""Of our store against the bare driver."""
MOST_RECALL_TRIPS, MOST_RETAIN_TRIPS = 3, 4
MOST_WORKFLOW_SLOWDOWN = 2.0
"""Of a workflow on Neo4j against SQLite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainTimes:
    """Bulk retain on both sides; seconds of wall clock without the first batches, which warm the server up."""

    memories: int
    """Nodes counted."""
    batches: int
    """Batches counted."""
    ours_seconds: float
    bare_seconds: float

    @property
    def ratio(self) -> float:
        """Ours to the bare driver's."""
        return self.ours_seconds / max(self.bare_seconds, 1e-9)

    def as_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "memories": self.memories,
            "batches": self.batches,
            "ours_seconds": round(self.ours_seconds, 3),
            "bare_seconds": round(self.bare_seconds, 3),
            "ratio": round(self.ratio, 3),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowTimes:
    """A workflow in a new bank of each store, warm; medians in seconds."""

    name: str
    runs: int
    neo4j_seconds: float
    sqlite_seconds: float

    @property
    def ratio(self) -> float:
        """Neo4j to SQLite."""
        return self.neo4j_seconds / max(self.sqlite_seconds, 1e-9)

    def as_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "name": self.name,
            "runs": self.runs,
            "neo4j_seconds": round(self.neo4j_seconds, 3),
            "sqlite_seconds": round(self.sqlite_seconds, 3),
            "ratio": round(self.ratio, 3),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the table."""

    what: str
    ours: str
    beside: str
    measured: float
    """What the target limits: a ratio, or a count."""
    target: float
    """At most this."""

    @property
    def shown(self) -> str:
        """What was measured, without needless digits."""
        return f"{self.measured:.2f}".rstrip("0").rstrip(".")

    @property
    def held(self) -> bool:
        """Whether the target was reached."""
        return self.measured <= self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreReport:
    """What a run measured."""

    server: str
    """Name and version."""
    memories: int
    """Nodes that were written by each side."""
    relationships: int
    operations: int
    retain: RetainTimes
    searches: tuple[SearchTimes, ...]
    trips: TalkTrips
    workflow: WorkflowTimes | None
    """None if no workflow was named."""

    @property
    def passed(self) -> bool:
        """Whether every target was reached."""
        return all(line.held for line in self.lines())

    def lines(self) -> list[Line]:
        """Every figure that has a target."""
        retain, trips = self.retain, self.trips
        found = [
            Line(
                what=f"bulk retain of {retain.memories:,} memories",
                ours=f"{retain.ours_seconds:.1f} s",
                beside=f"{retain.bare_seconds:.1f} s, bare driver",
                measured=retain.ratio,
                target=MOST_SLOWDOWN,
            )
        ]
        found += [
            Line(
                what=f"search by text and vector, k = {search.k}",
                ours=f"{search.ours_ms['p50']:.1f} ms",
                beside=f"{search.bare_ms['p50']:.1f} ms, by hand",
                measured=search.ratio,
                target=MOST_SLOWDOWN,
            )
            for search in self.searches
        ]
        if self.workflow is not None:
            found.append(
                Line(
                    what=f"workflow {self.workflow.name}",
                    ours=f"{self.workflow.neo4j_seconds:.2f} s",
                    beside=f"{self.workflow.sqlite_seconds:.2f} s, SQLite",
                    measured=self.workflow.ratio,
                    target=MOST_WORKFLOW_SLOWDOWN,
                )
            )
        counts = [
            ("round trips of a recall", trips.recall, MOST_RECALL_TRIPS),
            ("round trips of a retain, one turn", trips.retain_turn, MOST_RETAIN_TRIPS),
            ("round trips of a retain, one batch", trips.retain_batch, MOST_RETAIN_TRIPS),
        ]
        return found + [
            Line(
                what=what,
                ours=f"{count.median:g} (median)",
                beside=f"{count.calls} calls",
                measured=count.maximum,
                target=most,
            )
            for what, count, most in counts
        ]

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Header and rows."""
        rows = [
            [line.what, line.ours, line.beside, line.shown, f"<= {line.target:g}", "yes" if line.held else "NO"]
            for line in self.lines()
        ]
        return ["measured", "store", "beside", "ratio or most", "target", "held"], rows

    def notes(self) -> list[str]:
        """What stands below the table."""
        told = [
            f"{self.server}; {self.memories:,} memories, {self.relationships:,} relationships, "
            f"{self.operations:,} journal entries on each side."
        ]
        told += [
            f"k = {search.k}: of the true nearest vectors the store finds {100 * search.ours_exact:.1f} %, the "
            f"hand-written search (asking for {search.bare_fetch}) {100 * search.bare_exact:.1f} %; p95 "
            f"{search.ours_ms['p95']:.1f} and {search.bare_ms['p95']:.1f} ms."
            for search in self.searches
        ]
        return told

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON shows it; shares in [0, 1]."""
        return {
            "benchmark": "store",
            "server": self.server,
            "memories": self.memories,
            "relationships": self.relationships,
            "operations": self.operations,
            "retain": self.retain.as_dict(),
            "searches": [search.as_dict() for search in self.searches],
            "round_trips": {
                "recall": self.trips.recall.as_dict(),
                "retain_turn": self.trips.retain_turn.as_dict(),
                "retain_batch": self.trips.retain_batch.as_dict(),
            },
            "workflow": self.workflow.as_dict() if self.workflow else None,
            "targets": [
                {"what": line.what, "measured": round(line.measured, 3), "target": line.target, "held": line.held}
                for line in self.lines()
            ],
            "passed": self.passed,
        }
