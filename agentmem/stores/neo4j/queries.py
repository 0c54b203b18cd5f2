"""Cypher of the Neo4j store, but its schema's and its searches'.

Values are parameters, and every statement has one, the map `p`: the server plans a statement anew for every combination
of types of its parameters. Only labels, relationship types and names of indexes are part of a text, and they come from
the enumerations of `records`.

A node has its kind as its label, which is what a person sees, and the label `Memory`, which all of them share: ids are
unique over all kinds, one look-up finds any of them, and one index of each sort serves all.
"""

from __future__ import annotations

from agentmem.records import Kind
from agentmem.stores.base import JournalFilter
from agentmem.stores.neo4j.rows import TIMES
from agentmem.stores.neo4j.view import condition_of

LABELS = tuple(kind.value for kind in Kind)
PLANNED_ONCE = "replan=skip"
"""A plan stays as it is while the store grows: hints and the way that statements are written leave one choice, which
is right for an empty store and a large one."""
LANGUAGE = f"CYPHER 5 {PLANNED_ONCE} "
"""Newer servers speak another dialect unless asked."""


def label_of(node: str) -> str:
    """Cypher for the kind of a node."""
    return f"[label IN labels({node}) WHERE label <> 'Memory'][0]"


KIND = label_of("n")
PROPERTIES = (
    "n {.*, seq: null, embedding: null, zero_vector: null, terms: null, context_terms: null, long_terms: null, "
    + ", ".join(f"{name}: toString(n.{name})" for name in TIMES)
    + "}"
)
"""What a reader needs of a node; times as text, which the driver hands over many times faster than temporal values."""

# --- settings, banks, indexes -----------------------------------------------------------------------------------------

INDEXES = f"{LANGUAGE}SHOW INDEXES YIELD name, state, populationPercent, labelsOrTypes, properties"
SETTINGS = f"{LANGUAGE}MATCH (s:Settings {{name: 'agentmem'}}) RETURN s {{.*}} AS settings"
CREATE_SETTINGS = f"{LANGUAGE}MERGE (s:Settings {{name: 'agentmem'}}) ON CREATE SET s.schema = $p.schema"
LOCK_SETTINGS = f"{LANGUAGE}MATCH (s:Settings {{name: 'agentmem'}}) SET s.name = s.name RETURN s {{.*}} AS settings"
SET_STAMP = (
    f"{LANGUAGE}MATCH (s:Settings {{name: 'agentmem'}}) "
    "SET s.embedding_model = $p.model, s.embedding_dimension = $p.dimension, s.dimension = $p.dimension"
)
BANKS = f"{LANGUAGE}MATCH (b:Bank) WHERE b.seq > 0 RETURN b.name AS name ORDER BY name"
HEAD = f"{LANGUAGE}MATCH (b:Bank {{name: $p.bank}}) RETURN b.seq AS seq, b.hash AS hash"
UNFINISHED = f"{LANGUAGE}MATCH (b:Bank {{name: $p.bank}}) RETURN b.unfinished AS unfinished"
ALL_UNFINISHED = (
    f"{LANGUAGE}MATCH (b:Bank) WHERE b.unfinished IS NOT NULL RETURN b.name AS bank, b.unfinished AS unfinished"
)
MARK = (
    f"{LANGUAGE}MERGE (b:Bank {{name: $p.bank}}) ON CREATE SET b.seq = 0, b.hash = $p.genesis, b.published = 0, "
    "b.indexed = 0, b.length = 0, b.vectors = 0, b.written = timestamp() "
    "SET b.name = b.name WITH b, b.seq = $p.seq AND b.hash = $p.hash AS ok "
    "FOREACH (_ IN CASE WHEN ok THEN [1] ELSE [] END | SET b.unfinished = $p.finish) RETURN ok"
)
UNMARK = f"{LANGUAGE}MATCH (b:Bank {{name: $p.bank}}) REMOVE b.unfinished"
AWAIT_WRITERS = f"{LANGUAGE}MATCH (b:Bank {{name: $p.bank}}) SET b.name = b.name WITH b RETURN b.seq AS seq"
"""Setting a property to what it is takes the lock that writers hold until they are done, and writes nothing."""
LOCK_BANKS = f"{LANGUAGE}MATCH (b:Bank) SET b.name = b.name RETURN collect(b.name) AS banks"
STATISTICS = (
    f"{LANGUAGE}CALL () {{ MATCH (n:Memory) USING INDEX n:Memory(bank, id) WHERE n.bank = $p.bank AND n.id > '' "
    f"RETURN 'node' AS of, {KIND} AS name, count(n) AS count "
    "UNION ALL MATCH (n:Memory) USING INDEX n:Memory(bank, id) WHERE n.bank = $p.bank AND n.id > '' "
    "CALL (n) { MATCH (n)-[r]->(m) RETURN r, m } WITH r WHERE m:Memory "
    "RETURN 'relationship' AS of, type(r) AS name, count(r) AS count "
    "UNION ALL MATCH (o:Operation) USING INDEX o:Operation(bank, seq) WHERE o.bank = $p.bank AND o.seq > 0 "
    "RETURN 'operation' AS of, '' AS name, count(o) AS count } RETURN of, name, count"
)

# --- nodes ------------------------------------------------------------------------------------------------------------

FETCH = (
    f"{LANGUAGE}MATCH (n:Memory) USING INDEX n:Memory(bank, id) WHERE n.bank = $p.bank AND n.id IN $p.ids "
    f"RETURN {KIND} AS label, {PROPERTIES} AS properties"
)
RESOLVE = (
    f"{LANGUAGE}MATCH (n:Memory) USING INDEX n:Memory(bank, id) WHERE n.bank = $p.bank AND n.id STARTS WITH $p.prefix "
    "RETURN n.id AS id ORDER BY n.bank, id LIMIT toInteger($p.limit)"
)
ENTRIES = (
    f"{LANGUAGE}MATCH (s:Settings {{name: 'agentmem'}}) "
    "MATCH (n:Memory) USING INDEX n:Memory(bank, id) WHERE n.bank = $p.bank AND n.id IN $p.ids "
    "AND (n.terms IS NOT NULL OR n.embedding IS NOT NULL OR n.zero_vector) "
    "RETURN n.id AS id, s.dimension AS dimension, "
    "n {.terms, .context_terms, .long_terms, .embedding, .zero_vector} AS entry"
)
RELATIONSHIPS = (
    f"{LANGUAGE}MATCH (n:Memory) USING INDEX n:Memory(bank, id) WHERE n.bank = $p.bank AND n.id IN $p.ids "
    "CALL (n) { MATCH (n)-[r]->(m) RETURN r, m } WITH n, r, m "
    "WHERE m:Memory AND m.bank = $p.bank AND type(r) IN $p.types "
    "RETURN n.id AS source, type(r) AS type, m.id AS target, r {.*, created_at: null} AS properties, "
    "toString(r.created_at) AS created_at"
)
BOUND = (
    "CASE WHEN b.seq <= $p.known OR b.written < timestamp() - 10000 THEN b.seq "
    "WHEN b.published > $p.known THEN b.published ELSE $p.known END AS bound"
)
"""Seq up to which every index surely shows everything: Neo4j applies a commit in parts, its indexes last.

That is what this client saw finish, what the last writer saw finished when it got its lock, or, of a bank that nobody
wrote to for ten seconds, all.
"""


def scan(*, dated: bool) -> str:
    """A page of the view by id, up to the bound."""
    return (
        f"{LANGUAGE}MATCH (b:Bank {{name: $p.bank}}) WITH b.seq AS seq, {BOUND} CALL (bound) {{ "
        "MATCH (n:Memory) USING INDEX n:Memory(bank, id) WHERE n.bank = $p.bank AND n.id > $p.after_id "
        f"AND n.seq <= bound AND {condition_of('$p.kinds', dated=dated)} "
        f"WITH n ORDER BY n.bank, n.id LIMIT toInteger($p.limit) RETURN collect([{KIND}, {PROPERTIES}]) AS nodes }} "
        "RETURN seq, bound, nodes"
    )


# --- journal ----------------------------------------------------------------------------------------------------------


def operations(where: JournalFilter, *, limited: bool) -> str:
    """Operations that match, newest first."""
    tests = ["o.bank = $p.bank", "o.seq > $p.after"]
    if where.ops:
        tests.append("o.op IN $p.ops")
    if where.run_id:
        tests.append("o.run_id = $p.run_id")
    if where.agent:
        tests.append("o.agent = $p.agent")
    if where.evidence:
        tests.append("$p.evidence IN o.evidence")
    if where.since is not None:
        tests.append("o.at >= $p.since")
    if where.until is not None:
        tests.append("o.at < $p.until")
    if where.through is not None:
        tests.append("o.seq <= $p.through")
    condition = " AND ".join(tests)
    if where.target:
        # Three indexed look-ups; one OR would read the whole journal.
        found = " UNION ".join(
            f"MATCH (o:Operation) USING INDEX o:Operation(bank, {name}) WHERE o.{name} = $p.target AND {condition} "
            "RETURN o"
            for name in ("target", "before_id", "after_id")
        )
        source = f"CALL () {{ {found} }}"
    else:
        index = "run_id" if where.run_id else "seq"
        source = f"MATCH (o:Operation) USING INDEX o:Operation(bank, {index}) WHERE {condition}"
    limit = " LIMIT toInteger($p.limit)" if limited else ""
    # An order that no index has, where another index finds: else the planner may take the one that has it, hint or not.
    order = "-o.seq" if where.run_id else "o.bank DESC, o.seq DESC"
    return f"{LANGUAGE}{source} WITH o ORDER BY {order}{limit} RETURN o {{.*, at: toString(o.at)}} AS operation"


LAST_HASH = f"{LANGUAGE}MATCH (o:Operation {{bank: $p.bank, seq: $p.seq}}) RETURN o.hash AS hash"

# --- commit -----------------------------------------------------------------------------------------------------------

_FIRST = (
    "CALL () { MATCH (m:Settings {name: 'agentmem'}) WHERE $p.model IS NOT NULL AND m.embedding_model IS NULL "
    "OR $p.dimension IS NOT NULL AND m.dimension IS NULL SET m.name = m.name }"
)
"""Of writers that would record what fills the store, of whatever banks, one comes first."""
_STANDING = (
    "CALL () { MATCH (n:Memory) USING INDEX n:Memory(bank, id) WHERE n.bank = $p.bank AND n.id IN $p.named "
    f"WITH n, {KIND} AS label "
    "RETURN collect([n.id, label, n.status]) AS standing, "
    "sum(CASE WHEN $p.present[n.id] IS NULL THEN 1 ELSE 0 END) AS taken, "
    "sum(CASE WHEN coalesce($p.present[n.id][0], n.status) = n.status "
    "AND coalesce($p.present[n.id][1], label) = label THEN 1 ELSE 0 END) AS fitting }"
)
_HEADS = (
    "CALL () { UNWIND $p.guards AS guard CALL (guard) { "
    "MATCH (n:Memory) USING INDEX n:Memory(bank, key) WHERE n.bank = $p.bank AND n.key = guard.stored "
    "AND n.status IN guard.statuses AND guard.kind IN labels(n) AND coalesce(n.long_key, n.key) = guard.key "
    "WITH n.id AS id ORDER BY id RETURN collect(id) AS heads } "
    "WITH guard, heads WHERE heads <> guard.heads RETURN collect(guard.key) AS moved }"
)
_VECTOR = (
    "CALL (n, row) { WITH n, row WHERE row.vector IS NOT NULL "
    "CALL db.create.setNodeVectorProperty(n, 'embedding', row.vector) }"
)
_ADD = (
    "CALL (ok) { WITH ok WHERE ok UNWIND $p.adds AS row CREATE (n:Memory:$(row.label)) SET n = row.properties "
    f"WITH n, row {_VECTOR} }}"
)
_UPDATE = (
    "CALL (ok) { WITH ok WHERE ok UNWIND $p.updates AS row "
    "MATCH (n:Memory {bank: $p.bank, id: row.id}) USING INDEX n:Memory(bank, id) "
    "WITH row, n, row.indexed AND n.terms IS NOT NULL AS had, "
    "row.indexed AND (n.embedding IS NOT NULL OR n.zero_vector IS NOT NULL) AS seen, "
    "size(split(coalesce(n.terms, ''), ' ')) - 1 + CASE WHEN n.context_terms IS NULL THEN 0 "
    "ELSE size(split(n.context_terms, ' ')) END AS length "
    "SET n += row.properties "
    "WITH row, n, CASE WHEN had THEN 1 ELSE 0 END AS had, CASE WHEN had THEN length ELSE 0 END AS length, "
    f"CASE WHEN seen THEN 1 ELSE 0 END AS seen {_VECTOR} "
    "RETURN sum(had) AS unindexed, sum(length) AS shortened, sum(seen) AS unseen }"
)
_RELATE = (
    "CALL (ok) { WITH ok WHERE ok UNWIND $p.relationships AS row "
    "MATCH (s:Memory {bank: $p.bank, id: row.source}) USING INDEX s:Memory(bank, id) "
    "MATCH (t:Memory {bank: $p.bank, id: row.target}) USING INDEX t:Memory(bank, id) "
    "CALL (s, t, row) { OPTIONAL MATCH (s)-[r*1..1]->(t) WHERE type(r[0]) = row.type RETURN count(r) AS there } "
    "WITH s, t, row WHERE there = 0 CREATE (s)-[r:$(row.type)]->(t) SET r = row.properties }"
)
"""MERGE, and a plain pattern too, is planned as a scan of all relationships while there are none. A path of a variable
length has to set out from its source; the lock of the bank keeps others from writing the same."""
_JOURNAL = "CALL (ok) { WITH ok WHERE ok UNWIND $p.operations AS row CREATE (o:Operation) SET o = row }"
_ADVANCE = (
    "FOREACH (_ IN CASE WHEN ok THEN [1] ELSE [] END | "
    "SET b.published = b.seq, b.seq = $p.new_seq, b.hash = $p.new_hash, b.written = timestamp(), "
    "b.indexed = b.indexed + $p.indexed - unindexed, b.length = b.length + $p.length - shortened, "
    "b.vectors = b.vectors + $p.vectors - unseen "
    "FOREACH (_ IN CASE WHEN dimension IS NULL AND $p.dimension IS NOT NULL THEN [1] ELSE [] END | "
    "SET s.dimension = $p.dimension) "
    "FOREACH (_ IN CASE WHEN model IS NULL AND $p.model IS NOT NULL THEN [1] ELSE [] END | "
    "SET s.embedding_model = $p.model, s.embedding_dimension = $p.model_dimension, s.dimension = $p.model_dimension))"
)
COMMIT = " ".join(
    (
        f"{LANGUAGE}MERGE (b:Bank {{name: $p.bank}}) ON CREATE SET b.seq = 0, b.hash = $p.genesis, b.published = 0,",
        "b.indexed = 0, b.length = 0, b.vectors = 0, b.written = timestamp()",
        "SET b.name = b.name",  # the lock, taken before anything is read
        "WITH b",
        _FIRST,
        "MATCH (s:Settings {name: 'agentmem'})",
        _STANDING,
        _HEADS,
        "WITH b, s, standing, b.seq AS seq, b.hash AS hash, b.unfinished AS unfinished,",
        "s.dimension AS dimension, moved,",
        "s.embedding_model AS model, s.embedding_dimension AS model_dimension,",
        "b.seq = $p.seq AND b.hash = $p.hash AND (b.unfinished IS NOT NULL) = $p.filling",
        "AND taken = 0 AND fitting = size(keys($p.present)) AND moved = []",
        "AND ($p.dimension IS NULL OR coalesce(s.dimension, $p.dimension) = $p.dimension)",
        "AND ($p.model IS NULL OR s.embedding_model IS NULL",
        "OR s.embedding_model = $p.model AND s.embedding_dimension = $p.model_dimension) AS ok",
        _ADD,
        _UPDATE,
        _RELATE,
        _JOURNAL,
        _ADVANCE,
        "RETURN ok, seq, hash, unfinished, dimension, model, model_dimension, moved,",
        "CASE WHEN ok THEN [] ELSE standing END AS standing",
    )
)
"""Checks a changeset against the store and, if all holds, writes it: one round trip."""

# --- reindex ----------------------------------------------------------------------------------------------------------

CLEAR_ENTRIES = f"{LANGUAGE}MATCH (n:Memory) REMOVE n.terms, n.context_terms, n.long_terms, n.embedding, n.zero_vector"
RESET_BANKS = f"{LANGUAGE}MATCH (b:Bank) SET b.indexed = 0, b.length = 0, b.vectors = 0, b.written = timestamp()"
WRITE_ENTRIES = (
    f"{LANGUAGE}UNWIND $p.entries AS row MATCH (n:Memory {{bank: $p.bank, id: row.id}}) "
    "SET n.terms = row.terms, n.context_terms = row.context_terms, "
    "n.zero_vector = row.zero_vector, n.long_terms = row.long_terms "
    f"WITH n, row {_VECTOR} "
    "RETURN collect(n.id) AS written"
)
COUNT_ENTRIES = (
    f"{LANGUAGE}MATCH (b:Bank {{name: $p.bank}}) "
    "SET b.indexed = b.indexed + $p.indexed, b.length = b.length + $p.length, b.vectors = b.vectors + $p.vectors"
)
