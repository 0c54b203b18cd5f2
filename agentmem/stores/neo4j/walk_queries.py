"""Cypher of walks: breadth-first over relationships, in time that grows with what is walked. See `queries`.

A membership test on a list costs the server the length of the list. So a hop brings what it reached and what was
reached before together as rows, and groups them by node.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agentmem.records import RelationshipType
from agentmem.stores.base import Direction, Walk
from agentmem.stores.neo4j.queries import KIND, LANGUAGE, PROPERTIES
from agentmem.stores.neo4j.view import condition_of

_ARROWS = {Direction.OUT: "-[r{}]->", Direction.IN: "<-[r{}]-", Direction.BOTH: "-[r{}]-"}
_ROWS = "[r IN walked | [startNode(r).id, type(r), endNode(r).id, r {.*, created_at: null}]]"


@dataclass(frozen=True, slots=True, order=True)
class Form:
    """What is part of the text of a walk; the rest is a parameter."""

    types: tuple[RelationshipType, ...]
    direction: Direction
    depth: int

    @classmethod
    def of(cls, walk: Walk) -> Form:
        """The form of a walk."""
        return cls(tuple(sorted(walk.types)), walk.direction, walk.depth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """A part of a statement that reads nodes and walks from them."""

    cypher: str
    nodes: str
    """Expression for lists of lists of [label, properties]."""
    relationships: str
    """Expression for lists of lists of [source, type, target, properties]."""


def neighbourhood(form: Form, *, dated: bool) -> str:
    """A walk from `ids`: relationships walked, and the nodes reached that the view shows.

    Only nodes of the bank are reached, whatever relationships a person may have drawn by hand.
    """
    return (
        f"{LANGUAGE}MATCH (n:Memory) USING INDEX n:Memory(bank, id) WHERE n.bank = $p.bank AND n.id IN $p.ids "
        f"WITH collect(n) AS starts {_walk(form, '$p.kinds', dated=dated)} RETURN nodes, {_ROWS} AS relationships"
    )


def gathered(forms: Iterable[Form], *, dated: bool) -> Surroundings:
    """The nodes of hits and of walks from them, and the relationships walked; no nodes unless `p.read`.

    The hits are in `found`. Walks of the form of number N, from 0, are in `p.walks[N]`.
    """
    parts = [
        "CALL (found) { WITH found WHERE $p.read UNWIND found AS x UNWIND x.hits AS h WITH DISTINCT h.n AS n "
        f"RETURN collect([{KIND}, {PROPERTIES}]) AS nodes }}"
    ]
    nodes, relationships = ["[nodes]"], ["[]"]
    for number, form in enumerate(forms):
        nodes.append(f"nodes{number}")
        relationships.append(f"relationships{number}")
        parts.append(
            f"CALL (found) {{ UNWIND $p.walks[{number}] AS w CALL (found, w) {{ CALL (found, w) {{ "
            "UNWIND found AS x WITH x WHERE x.place = w.search UNWIND x.hits AS h "
            f"RETURN collect(DISTINCT h.n) AS starts }} {_walk(form, 'w.kinds', ', w', dated=dated)} "
            f"RETURN nodes, {_ROWS} AS relationships }} "
            f"RETURN collect(nodes) AS nodes{number}, collect(relationships) AS relationships{number} }}"
        )
    return Surroundings(cypher=" ".join(parts), nodes=" + ".join(nodes), relationships=" + ".join(relationships))


def _walk(form: Form, kinds: str, scope: str = "", *, dated: bool) -> str:
    """From the list of nodes `starts` to the lists `walked` and `nodes`.

    Args:
        form: How to walk.
        kinds: Cypher for the labels to reach.
        scope: What `kinds` needs of the variables around, with a comma before each.
        dated: The view may ask for times.
    """
    shown = f"n:Memory AND n.bank = $p.bank AND {condition_of(kinds, dated=dated)}"
    known = "WHERE coalesce(r.created_at <= $p.known_at, true) " if dated else ""
    arrow = _ARROWS[form.direction].format(":" + "|".join(form.types))
    parts = ["WITH starts AS frontier, [n IN starts | [n, 1]] AS known, [] AS walked, [] AS met"]
    for hop in range(1, form.depth + 1):
        # Both ways, a relationship that leads to where an earlier hop set out was walked by that hop.
        unwalked = f" AND coalesce(hop, {hop}) = {hop}" if form.direction is Direction.BOTH else ""
        parts.append(
            f"CALL (frontier, known, walked{scope}) {{ CALL (frontier, known) {{ "
            # One node at a time, so that the server has no choice but to set out from it.
            f"UNWIND frontier AS f CALL (f) {{ MATCH (f){arrow}(n) {known}RETURN r, n }} RETURN n, r, null AS hop "
            "UNION ALL UNWIND known AS k RETURN k[0] AS n, null AS r, k[1] AS hop } "
            "WITH n, collect(r) AS paths, max(hop) AS hop "
            f"WHERE size(paths) > 0{unwalked} AND (hop = 1 OR ({shown})) "
            "UNWIND paths AS r WITH r, collect({n: n, fresh: hop IS NULL}) AS ends "
            "ORDER BY startNode(r).id, type(r), endNode(r).id "
            "WITH collect({r: r, ends: ends}) AS steps RETURN steps[0..($p.limit - size(walked))] AS steps } "
            "CALL (steps) { UNWIND steps AS step UNWIND step.ends AS end WITH DISTINCT end.n AS n, end.fresh AS fresh "
            "RETURN collect(n) AS reached, collect(CASE WHEN fresh THEN n END) AS next } "
            f"WITH next AS frontier, known + [n IN next | [n, {hop + 1}]] AS known, "
            "walked + [step IN steps | step.r] AS walked, met + reached AS met"
        )
    parts.append(
        f"CALL (met{scope}) {{ UNWIND met AS n WITH DISTINCT n WHERE {shown} "
        f"RETURN collect([{KIND}, {PROPERTIES}]) AS nodes }}"
    )
    return " ".join(parts)
