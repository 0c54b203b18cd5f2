"""The bare Neo4j driver: the same rows and the same searches, as somebody writes them by hand who knows Neo4j well.

Writing. The labels differ (`BareFact` for `Fact`), all else is the same: constraints and indexes are made of what the
server says of ours, and the rows are read back from what our store has just written - every property, vector,
relationship and journal entry, ready-made, so that nothing but the writing is timed: no records to translate, no
hashes, no lock and no check. A batch is one transaction of one UNWIND for each label, relationship type and sort of
change, with labels and types in the text, CREATE without MERGE, and vectors set by the procedure that stores them in
single precision.

Searching. One statement, on our own graph and indexes: the full-text index ranks by its own score and is not corrected;
the vector index is asked for the fewest neighbours that make it as exact as our store; filters stand in the index where
it takes them, and labels in the text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import neo4j

from agentmem.records import Changeset
from agentmem.stores import View

_LABEL = re.compile(r"\(([a-z]+):`(\w+)`\)")
_NAME = re.compile(r"`agentmem_(\w+)`")
_CLEAR = "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS"
_VECTOR = "CALL db.create.setNodeVectorProperty(n, 'embedding', row.vector)"

_NODES = (
    "MATCH (n:Memory) WHERE n.bank = $bank AND n.id IN $ids "
    "RETURN n.id AS id, [label IN labels(n) WHERE label <> 'Memory'][0] AS label, properties(n) AS properties"
)
_JOURNAL = "MATCH (o:Operation) WHERE o.bank = $bank AND o.seq IN $seqs RETURN properties(o) AS properties"
_UPDATE = "UNWIND $p.rows AS row MATCH (n:BareMemory {bank: $p.bank, id: row.id}) SET n += row.properties"
_APPEND = "UNWIND $p.rows AS row CREATE (o:BareOperation) SET o = row"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What one batch wrote, ready to be written again."""

    bank: str
    nodes: Mapping[tuple[str, bool], list[dict[str, Any]]] = field(default_factory=dict)
    """(label, whether they have a vector) -> new nodes."""
    updates: Sequence[dict[str, Any]] = ()
    """Nodes of earlier batches that changed."""
    relationships: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Type -> ends and properties."""
    operations: Sequence[dict[str, Any]] = ()
    """The journal."""

    def statements(self) -> Iterable[tuple[str, Sequence[dict[str, Any]]]]:
        """Each statement with its rows, in order."""
        for (label, with_vector), rows in self.nodes.items():
            create = f"UNWIND $p.rows AS row CREATE (n:BareMemory:Bare{label}) SET n = row.properties"
            yield f"{create} WITH n, row {_VECTOR}" if with_vector else create, rows
        yield _UPDATE, self.updates
        for type_, rows in self.relationships.items():
            yield (
                "UNWIND $p.rows AS row MATCH (s:BareMemory {bank: $p.bank, id: row.source}) "
                f"MATCH (t:BareMemory {{bank: $p.bank, id: row.target}}) CREATE (s)-[r:{type_}]->(t) "
                "SET r = row.properties",
                rows,
            )
        yield _APPEND, self.operations


class BareDriver:
    """A database without our store.

    Args:
        url: Of the server.
        user: Who opens it.
        password: That user's.
        database: Its name; empty for the user's home database.
    """

    def __init__(self, url: str, *, user: str, password: str, database: str) -> None:
        self._driver = neo4j.GraphDatabase.driver(url, auth=(user, password) if password else None)
        self._database = database or None
        self._seen: set[str] = set()

    def close(self) -> None:
        """Close all connections."""
        self._driver.close()

    def version(self) -> str:
        """Name and version of the server."""
        with self._session() as session:
            return str(session.run("RETURN 1").consume().server.agent)

    @property
    def filters_vectors(self) -> bool:
        """Whether the server filters by bank inside its vector index, as calendar versions do."""
        return not self.version().startswith("Neo4j/5.")

    def nodes(self) -> int:
        """How many nodes of any sort there are, settings of our store left out."""
        with self._session() as session:
            return int(session.run("MATCH (n) WHERE NOT n:Settings RETURN count(n) AS n").single(strict=True)["n"])

    def make_indexes(self) -> None:
        """Make constraints and indexes like those of our store, for the bare labels, and wait for them."""
        # A server shows a vector index that filters only to those who speak the language in which it was made.
        language = _language(self.filters_vectors)
        with self._session() as session:
            constraints = session.run(f"{language}SHOW CONSTRAINTS YIELD name, createStatement RETURN *").data()
            owned = {row["name"] for row in constraints}
            indexes = session.run(f"{language}SHOW INDEXES YIELD name, createStatement RETURN *").data()
            for row in [*constraints, *(row for row in indexes if row["name"] not in owned)]:
                if row["name"].startswith("agentmem_"):
                    session.run(language + _bare(row["createStatement"])).consume()
            session.run("CALL db.awaitIndexes(300)").consume()

    def clear(self) -> None:
        """Remove every node and the bare indexes."""
        with self._session() as session:
            session.run(_CLEAR).consume()
            for row in session.run("SHOW CONSTRAINTS YIELD name RETURN name").data():
                if row["name"].startswith("bare_"):
                    session.run(f"DROP CONSTRAINT {row['name']}").consume()
            for row in session.run("SHOW INDEXES YIELD name RETURN name").data():
                if row["name"].startswith("bare_"):
                    session.run(f"DROP INDEX {row['name']}").consume()

    def rows_of(self, changeset: Changeset, seqs: Iterable[int]) -> Rows:
        """The rows that our store wrote for a changeset, whose Operations have these places in the journal."""
        written = {change.add.id for change in changeset.changes if change.add}
        changed = {state.node_id for change in changeset.changes for state in change.states}
        changed |= {change.evolve.id for change in changeset.changes if change.evolve}
        nodes: dict[tuple[str, bool], list[dict[str, Any]]] = defaultdict(list)
        updates = []
        with self._session() as session:
            for row in session.run(_NODES, bank=changeset.bank, ids=list(written | changed)):
                properties = _native(row["properties"])
                vector = properties.pop("embedding", None)
                if row["id"] in written:
                    nodes[row["label"], vector is not None].append({"properties": properties, "vector": vector})
                else:
                    updates.append({"id": row["id"], "properties": properties})
            journal = session.run(_JOURNAL, bank=changeset.bank, seqs=list(seqs))
            operations = [_native(row["properties"]) for row in journal]
        return Rows(
            bank=changeset.bank,
            nodes=dict(nodes),
            updates=updates,
            relationships=self._relationships(changeset),
            operations=operations,
        )

    def write(self, rows: Rows) -> None:
        """Write a batch in one transaction."""
        with self._session() as session:
            session.execute_write(_write, rows)

    def counts(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """Nodes, relationships and Operations: ours, and those that the bare driver wrote."""
        ours, bare = (self._count(prefix) for prefix in ("", "Bare"))
        return ours, bare

    def first_token(self, bank: str) -> str:
        """The token by which the full-text index tells the bank from others."""
        query = "MATCH (n:Memory {bank: $bank}) WHERE n.terms IS NOT NULL RETURN n.terms AS terms LIMIT 1"
        with self._session() as session:
            return str(session.run(query, bank=bank).single(strict=True)["terms"]).partition(" ")[0]

    def search(self, query: str, parameters: Mapping[str, Any]) -> neo4j.Record:
        """Run one searching statement."""
        with self._session(neo4j.READ_ACCESS) as session:
            return session.run(query, dict(parameters)).single(strict=True)

    def _count(self, prefix: str) -> tuple[int, int, int]:
        query = (
            f"MATCH (n:{prefix}Memory) WITH count(n) AS nodes "
            f"CALL () {{ MATCH (:{prefix}Memory)-[r]->() RETURN count(r) AS relationships }} "
            f"CALL () {{ MATCH (o:{prefix}Operation) RETURN count(o) AS operations }} "
            "RETURN nodes, relationships, operations"
        )
        with self._session() as session:
            row = session.run(query).single(strict=True)
        return row["nodes"], row["relationships"], row["operations"]

    def _relationships(self, changeset: Changeset) -> dict[str, list[dict[str, Any]]]:
        """Those of a changeset that none before had, by type."""
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for change in changeset.changes:
            for relationship in change.relationships:
                identity = " ".join(relationship.identity)
                if identity in self._seen:
                    continue
                self._seen.add(identity)
                rows[relationship.type.value].append(
                    {
                        "source": relationship.source_id,
                        "target": relationship.target_id,
                        "properties": {**relationship.properties, "created_at": change.operation.at},
                    }
                )
        return dict(rows)

    def _session(self, access: str = neo4j.WRITE_ACCESS) -> neo4j.Session:
        return self._driver.session(
            database=self._database,
            default_access_mode=access,
            fetch_size=-1,
            notifications_min_severity=neo4j.NotificationMinimumSeverity.OFF,
        )


def search_statement(view: View, *, filtered: bool) -> str:
    """Full text and vectors in one statement; takes `bank`, `statuses`, `query`, `vector`, `texts`, `fetch` and `k`.

    Args:
        view: Its labels become part of the text.
        filtered: The server filters by bank inside its vector index.
    """
    labels = "|".join(sorted(kind.value for kind in view.kinds or ()))
    shown = f"n.bank = $bank AND n.status IN $statuses AND n:{labels}"
    label = "[label IN labels(n) WHERE label <> 'Memory'][0]"
    best = "WITH n, score ORDER BY score DESC, n.id LIMIT $k"
    if filtered:
        nearest = (
            "MATCH (n:Memory) SEARCH n IN (VECTOR INDEX agentmem_vectors FOR $vector WHERE n.bank = $bank "
            f"LIMIT $fetch) SCORE AS score WITH n, score WHERE {shown}"
        )
    else:
        nearest = (
            "CALL db.index.vector.queryNodes('agentmem_vectors', $fetch, $vector) YIELD node AS n, score "
            f"WITH n, score WHERE {shown}"
        )
    return (
        f"{_language(filtered)}CALL () {{ "
        "CALL db.index.fulltext.queryNodes('agentmem_terms', $query, {limit: $texts}) YIELD node AS n, score "
        f"WITH n, score WHERE {shown} {best} RETURN collect([n.id, {label}, score]) AS texts }} "
        f"CALL () {{ {nearest} {best} RETURN collect([n.id, {label}, score]) AS vectors }} RETURN texts, vectors"
    )


def lucene_query(terms: Iterable[str], *, within: str, context_weight: float) -> str:
    """Any of the terms, in the text or with less weight in its context, in the bank whose token is `within`."""
    clauses = " ".join(f"terms:{term} context_terms:{term}^{context_weight}" for term in dict.fromkeys(terms))
    return f"+terms:{within} +({clauses})"


def _write(transaction: neo4j.ManagedTransaction, rows: Rows) -> None:
    for statement, given in rows.statements():
        if given:
            transaction.run(statement, {"p": {"bank": rows.bank, "rows": given}}).consume()


def _language(filtered: bool) -> str:
    return f"CYPHER {25 if filtered else 5} "


def _bare(statement: str) -> str:
    """A schema statement of ours, for the bare labels."""
    return _NAME.sub(r"`bare_\1`", _LABEL.sub(r"(\1:`Bare\2`)", statement))


def _native(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Times as our store sends them."""
    return {name: value.to_native() if hasattr(value, "to_native") else value for name, value in properties.items()}
