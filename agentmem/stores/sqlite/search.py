"""Full-text, key and time search in SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from agentmem.records import decode_time
from agentmem.stores.base import Hit, KeySearch, PrefixSearch, TextSearch, TimeSearch, View
from agentmem.stores.sqlite.rows import KINDS, id_list, time_text
from agentmem.stores.sqlite.schema import text_table
from agentmem.stores.sqlite.view import conditions_of, end_of_validity

LAST_CHARACTER = "\U0010ffff"
"""Behind a prefix: no text that begins with it sorts after this."""

_DAY = timedelta(days=1)


def search_text(connection: sqlite3.Connection, bank: int, view: View, search: TextSearch) -> list[Hit]:
    """Top k by BM25. FTS5's own `bm25` is the formula that the protocol asks for."""
    query = " OR ".join(f'"{plain}"' for plain in map(_phrase, search.terms) if plain)
    if not query or search.k <= 0:
        return []
    table, shown = text_table(bank), conditions_of(view, bank)
    rows = connection.execute(
        f"SELECT n.id, bm25({table}, 1.0, ?) AS rank, n.kind FROM {table} JOIN nodes n ON n.node = {table}.rowid "
        f"WHERE {table} MATCH ? AND {shown.sql} ORDER BY rank, n.id LIMIT ?",
        (search.context_weight, query, *shown.values, search.k),
    )
    return [Hit(id_, -rank, KINDS[kind]) for id_, rank, kind in rows]


def storable(terms: str) -> str:
    """Terms as the full-text index takes them: FTS5 would end a text at a NUL character."""
    return terms.replace("\0", " ")


def _phrase(term: str) -> str:
    # Quoted, a term is matched letter by letter: nothing in it is query syntax.
    return storable(term).strip(" ").replace('"', '""')


def search_keys(connection: sqlite3.Connection, bank: int, view: View, search: KeySearch) -> list[Hit]:
    """All nodes of the view under the keys, newest version first."""
    keys = [key for key in search.keys if key]
    if not keys:
        return []
    shown = conditions_of(view, bank)
    shown.add("n.key <> ''")
    odd = [key for key in keys if "\0" in key]  # json_each would cut them
    if odd:
        marks = ", ".join("?" * len(odd))
        shown.add(f"(n.key IN (SELECT value FROM json_each(?)) OR n.key IN ({marks}))", id_list(keys), *odd)
    else:
        shown.add("n.key IN (SELECT value FROM json_each(?))", id_list(keys))
    rows = connection.execute(
        f"SELECT n.id, n.kind FROM nodes n WHERE {shown.sql} ORDER BY n.version DESC, n.id", shown.values
    )
    return [Hit(id_, 1.0, KINDS[kind]) for id_, kind in rows]


def search_prefixes(connection: sqlite3.Connection, bank: int, view: View, search: PrefixSearch) -> list[Hit]:
    """The first nodes of the view under keys with one of the prefixes."""
    if search.k <= 0:
        return []
    shown = conditions_of(view, bank)
    found: dict[str, Hit] = {}
    for prefix in filter(None, search.prefixes):
        rows = connection.execute(
            f"SELECT n.id, n.kind FROM nodes n WHERE {shown.sql} AND n.key >= ? AND n.key <= ? AND n.key <> '' "
            "ORDER BY n.key, n.id LIMIT ?",
            (*shown.values, prefix, prefix + LAST_CHARACTER, search.k),
        )
        for id_, kind in rows:
            found.setdefault(id_, Hit(id_, 1.0, KINDS[kind]))
    return list(found.values())


def search_times(connection: sqlite3.Connection, bank: int, view: View, search: TimeSearch) -> list[Hit]:
    """Top k by distance from the start of the window; the score is 1 / (1 + days).

    A node's distance is that of `at` if it lies in the window, or of the beginning of its validity (its end, if it has
    no beginning) if that meets the window; the smaller if both do. Four ordered queries find the k nearest of each.
    """
    if search.k <= 0 or search.end <= search.start:
        return []
    start, end, k = time_text(search.start), time_text(search.end), search.k
    known_end, known = end_of_validity(time_text(view.known_at))
    # A claim that ended before it began was never true, so its validity meets nothing.
    meets = f"({known_end} IS NULL OR ({known_end} > ? AND {known_end} > n.valid_from))"
    met = (*known, *known, start, *known)
    probes: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
        ("n.at", "n.at >= ? AND n.at < ? ORDER BY n.at, n.id", (start, end)),
        (
            "n.valid_from",
            f"n.valid_from >= ? AND n.valid_from < ? AND {meets} ORDER BY n.valid_from, n.id",
            (start, end, *met),
        ),
        ("n.valid_from", f"n.valid_from < ? AND {meets} ORDER BY n.valid_from DESC, n.id", (start, *met)),
        (known_end, f"n.valid_from IS NULL AND {known_end} > ? ORDER BY 3, n.id", (*known, start)),
    )
    nearest: dict[str, tuple[timedelta, str]] = {}
    for column, condition, values in probes:
        shown = conditions_of(view, bank)
        first = known if column == known_end else ()
        rows = connection.execute(
            f"SELECT n.id, n.kind, {column} FROM nodes n WHERE {shown.sql} AND {condition} LIMIT ?",
            (*first, *shown.values, *values, k),
        )
        _keep_nearest(nearest, rows, search)
    ranked = sorted((distance, id_, kind) for id_, (distance, kind) in nearest.items())
    return [Hit(id_, 1 / (1 + distance / _DAY), KINDS[kind]) for distance, id_, kind in ranked[:k]]


def _keep_nearest(
    nearest: dict[str, tuple[timedelta, str]], rows: Iterable[tuple[str, str, str]], search: TimeSearch
) -> None:
    for id_, kind, text in rows:
        moment = decode_time(text)
        if moment is None:
            continue
        distance = abs(moment - search.start)
        if id_ not in nearest or distance < nearest[id_][0]:
            nearest[id_] = (distance, kind)
