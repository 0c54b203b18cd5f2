"""A part of memory as a graph of networkx."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterable
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agentmem.errors import InputError, MissingExtra
from agentmem.records import Kind, Node, encode_time, own_properties
from agentmem.stores import Store, View

if TYPE_CHECKING:
    import networkx

_PAGE = 1_000
_MOST = 1_000_000
"""Relationships of one graph; what is beyond fits in no picture and hardly in memory."""


def to_networkx(
    store: Store,
    bank: str,
    ids: Collection[str] | None = None,
    *,
    depth: int = 1,
    kinds: Collection[Kind] | None = None,
    valid_at: datetime | None = None,
    known_at: datetime | None = None,
) -> networkx.MultiDiGraph[str]:
    """A subgraph of a bank: nodes by id with their fields as attributes, an edge for each relationship.

    Node attributes are plain values: `kind` is the label, times are ISO 8601, tuples are lists. An edge has the
    relationship type as its key and as `type`, and the relationship's properties.

    Args:
        store: Where it is kept.
        bank: The tenant.
        ids: Where to start; unknown ones are left out. Default: every memory of the view.
        depth: How many hops to walk from them.
        kinds: Restrict the nodes that are reached to these labels; default: all.
        valid_at: What was true in the world then; default: the current view.
        known_at: What the memory knew then; default: now.

    Raises:
        InputError: the depth is negative.
        MissingExtra: networkx is not installed.
    """
    if depth < 0:
        raise InputError(f"a depth of {depth}.", where="to_networkx", hint="0 gives the nodes alone.")
    graph: networkx.MultiDiGraph[str] = _networkx().MultiDiGraph(bank=bank)
    view = View(bank=bank, kinds=None if kinds is None else frozenset(kinds), valid_at=valid_at, known_at=known_at)
    if ids is None:
        starts = _all(store, view)
        depth = min(depth, 1)  # every node is there already
    else:
        starts = list(store.fetch(bank, list(dict.fromkeys(ids))).values())
    _take_nodes(graph, starts)
    if not starts or depth == 0:
        return graph
    around = store.neighbourhood(view, [node.id for node in starts], depth=depth, limit=_MOST)
    _take_nodes(graph, (node for id_, node in around.nodes.items() if id_ not in graph))
    for relationship in around.relationships:
        source, type_, target = relationship.identity
        graph.add_edge(source, target, key=type_, **{**relationship.properties, "type": type_})
    return graph


def _all(store: Store, view: View) -> list[Node]:
    found: list[Node] = []
    while page := store.scan(view, after_id=found[-1].id if found else "", limit=_PAGE):
        found += page
    return found


def _take_nodes(graph: networkx.MultiDiGraph[str], nodes: Iterable[Node]) -> None:
    graph.add_nodes_from((node.id, _attributes(node)) for node in nodes)


def _attributes(node: Node) -> dict[str, Any]:
    values = {f.name: getattr(node, f.name) for f in fields(Node)}
    plain = {name: encode_time(v) if isinstance(v, datetime) else v for name, v in values.items()}
    plain |= {"status": node.status.value, "metadata": dict(node.metadata)}
    return {"kind": node.kind.value, **plain, **own_properties(node)}


def _networkx() -> Any:
    try:
        return importlib.import_module("networkx")
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "networkx is not installed.", where="networkx", hint="pip install 'agentmem-graph[networkx]'."
        ) from error
