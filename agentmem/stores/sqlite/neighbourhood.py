"""Breadth-first walks over relationships, one query for each hop."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agentmem.records import Node, Relationship, RelationshipType
from agentmem.stores.base import Direction, Neighbourhood, View
from agentmem.stores.sqlite.rows import (
    NODE_COLUMNS,
    damage_found,
    id_list,
    nodes_of,
    relationship_of,
    time_text,
)
from agentmem.stores.sqlite.view import conditions_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What to follow and how far."""

    types: frozenset[RelationshipType] | None
    direction: Direction
    depth: int
    limit: int


class _Walker:
    """One walk: what was reached so far."""

    def __init__(self, connection: sqlite3.Connection, bank: int, view: View, starts: Sequence[str]) -> None:
        self._connection = connection
        self._bank = bank
        self._view = view
        self._starts = dict(self._existing(starts))
        self._seen: dict[int, str] = dict(self._starts)
        self.reached: dict[int, str] = {}
        self.relationships: dict[tuple[int, str, int], Relationship] = {}

    @property
    def starts(self) -> list[int]:
        """Row numbers of the starting nodes that exist."""
        return list(self._starts)

    def _existing(self, ids: Sequence[str]) -> Iterable[tuple[int, str]]:
        return self._connection.execute(
            "SELECT node, id FROM nodes WHERE bank = ? AND id IN (SELECT value FROM json_each(?))",
            (self._bank, id_list(ids)),
        )

    def hop(self, frontier: Sequence[int], route: Route) -> list[int]:
        """Walk one hop from the frontier; returns the nodes reached for the first time."""
        new: dict[int, str] = {}
        with damage_found("a relationship"):
            self._walk_around(frontier, route, new)
        fresh = {node: id_ for node, id_ in new.items() if node not in self._seen}
        self.reached.update(new)
        self._seen.update(fresh)
        return list(fresh)

    def _walk_around(self, frontier: Sequence[int], route: Route, new: dict[int, str]) -> None:
        """Collect the relationships around the frontier, and in `new` what they lead to."""
        room = route.limit - len(self.relationships)
        border = set(frontier)
        for source, type_, target, source_id, target_id, properties in self._around(frontier, route):
            if room <= 0:
                break
            identity = (source, type_, target)
            if identity in self.relationships:
                continue
            self.relationships[identity] = relationship_of(source_id, type_, target_id, properties)
            room -= 1
            if route.direction is not Direction.IN and source in border:
                new[target] = target_id
            if route.direction is not Direction.OUT and target in border:
                new[source] = source_id

    def _around(self, frontier: Sequence[int], route: Route) -> Iterable[tuple[Any, ...]]:
        """Relationships that touch the frontier and whose ends are both in the view or starting nodes, by identity."""
        shown = conditions_of(self._view, self._bank)
        visible = f"SELECT n.node FROM nodes n WHERE n.node = {{}} AND {shown.sql}"
        sides = {Direction.OUT: ("source",), Direction.IN: ("target",), Direction.BOTH: ("source", "target")}
        picked, values = [], list[Any]()
        for side in sides[route.direction]:
            condition = f"r.{side} IN (SELECT value FROM json_each(?))"
            values.append(_numbers(frontier))
            if route.types is not None:
                condition += " AND r.type IN (SELECT value FROM json_each(?))"
                values.append(id_list(sorted(route.types)))
            if self._view.known_at is not None:
                condition += " AND r.created_at <= ?"
                values.append(time_text(self._view.known_at))
            picked.append(f"SELECT r.source, r.type, r.target, r.properties FROM relationships r WHERE {condition}")
        ends = []
        for side in ("source", "target"):
            ends.append(f"(p.{side} IN (SELECT value FROM json_each(?)) OR EXISTS ({visible.format(f'p.{side}')}))")
            values += [_numbers(self._starts), *shown.values]
        sql = (
            "SELECT p.source, p.type, p.target, s.id, t.id, p.properties "
            f"FROM ({' UNION '.join(picked)}) p JOIN nodes s ON s.node = p.source JOIN nodes t ON t.node = p.target "
            f"WHERE {' AND '.join(ends)} ORDER BY s.id, p.type, t.id LIMIT ?"
        )
        # What was walked before comes again from the other end: make room for it.
        return self._connection.execute(sql, (*values, route.limit + len(self.relationships)))

    def shown_nodes(self) -> dict[str, Node]:
        """The reached nodes that the view shows, by id."""
        shown = conditions_of(self._view, self._bank)
        rows = self._connection.execute(
            # CROSS JOIN: by its number each, where the planner would rather read the whole bank by an index.
            f"SELECT {NODE_COLUMNS} FROM json_each(?) r CROSS JOIN nodes n ON n.node = r.value WHERE {shown.sql}",
            (_numbers(self.reached), *shown.values),
        )
        known_at = time_text(self._view.known_at)
        return {node.id: node for node in nodes_of(self._view.bank, rows, known_at=known_at)}


def walk_from(connection: sqlite3.Connection, bank: int, view: View, ids: Sequence[str], route: Route) -> Neighbourhood:
    """What is reached from `ids`, as the protocol's `neighbourhood` says."""
    walker = _Walker(connection, bank, view, ids)
    frontier = walker.starts
    for _ in range(route.depth):
        if not frontier or len(walker.relationships) >= route.limit:
            break
        frontier = walker.hop(frontier, route)
    relationships = sorted(walker.relationships.values(), key=lambda relationship: relationship.identity)
    return Neighbourhood(nodes=walker.shown_nodes(), relationships=tuple(relationships))


def _numbers(nodes: Iterable[int]) -> str:
    return f"[{','.join(map(str, nodes))}]"
