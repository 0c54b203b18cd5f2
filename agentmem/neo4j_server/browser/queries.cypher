// What people ask a memory, as Cypher. `agentmem neo4j browser --query NAME` opens one with its values filled in.
// Parameters: $bank the tenant, $about a name or word, $agent who wrote, $days how far back.

// name: know
// title: What do we know about this?
// shows: graph
WITH $bank AS bank, toLower($about) AS about
MATCH (claim:Fact|Note|Belief|Insight {bank: bank, status: 'active'})
WHERE toLower(claim.text) CONTAINS about
   OR EXISTS { MATCH (claim)-[:SUBJECT|OBJECT|MENTIONS|ABOUT]->(e:Entity {bank: bank}) WHERE toLower(e.text) CONTAINS about }
WITH claim ORDER BY claim.importance DESC, claim.created_at DESC LIMIT 60
OPTIONAL MATCH (claim)-[link:SUBJECT|OBJECT|MENTIONS|ABOUT]->(entity:Entity)
RETURN claim, link, entity;

// name: why
// title: Why do we believe it?
// shows: graph
WITH $bank AS bank, toLower($about) AS about
MATCH (claim:Fact|Note|Belief|Insight {bank: bank, status: 'active'})
WHERE toLower(claim.text) CONTAINS about OR claim.id STARTS WITH about
WITH bank, claim ORDER BY claim.importance DESC, claim.created_at DESC LIMIT 20
OPTIONAL MATCH evidence = (claim)-[:DERIVED_FROM|EVIDENCED_BY*1..3]->({bank: bank})
OPTIONAL MATCH support = (claim)-[:SUPPORTS|CONTRADICTS]-({bank: bank})
OPTIONAL MATCH history = (claim)-[:SUPERSEDES*1..5]->({bank: bank})
RETURN claim, evidence, support, history;

// name: changed
// title: What changed lately?
// shows: table
WITH $bank AS bank, toInteger($days) AS days
MATCH (o:Operation {bank: bank})
WHERE o.at >= datetime() - duration({days: days}) AND o.op <> 'NOOP'
OPTIONAL MATCH (target {id: o.target, bank: bank})
RETURN o.at AS at, o.op AS operation, o.kind AS kind, coalesce(target.text, '') AS text, o.reason AS reason, o.agent AS agent
ORDER BY o.seq DESC LIMIT 200;

// name: learned
// title: What did the last run learn?
// shows: graph
WITH $bank AS bank
MATCH (run:Query {bank: bank})
WITH bank, run ORDER BY run.created_at DESC LIMIT 1
OPTIONAL MATCH steps = (run)-[:HAS_STEP]->(:Step)
OPTIONAL MATCH (learned:Fact|Note|Belief|Insight {bank: bank, run_id: run.run_id}) WHERE run.run_id <> ''
OPTIONAL MATCH tied = (run)-[:SUPPORTS|CONTRADICTS]->(:Insight)
OPTIONAL MATCH from = (learned)-[:DERIVED_FROM|SUBJECT|OBJECT|ABOUT]->({bank: bank})
RETURN run, steps, learned, tied, from LIMIT 200;

// name: contradictions
// title: What contradicts what?
// shows: graph
WITH $bank AS bank
MATCH dispute = (one {bank: bank})-[:CONTRADICTS]->(other {bank: bank})
WHERE one.status IN ['active', 'pending', 'quarantined'] AND other.status IN ['active', 'pending', 'quarantined']
OPTIONAL MATCH evidence = (one)-[:EVIDENCED_BY]->(:Episode)
OPTIONAL MATCH counter = (other)-[:EVIDENCED_BY]->(:Episode)
RETURN dispute, evidence, counter LIMIT 100;

// name: replaced
// title: What took the place of what?
// shows: graph
WITH $bank AS bank
MATCH (new {bank: bank})-[link:SUPERSEDES]->(old {bank: bank})
WITH new, link, old ORDER BY new.created_at DESC LIMIT 50
OPTIONAL MATCH (new)-[about:SUBJECT]->(entity:Entity)
RETURN new, link, old, about, entity;

// name: written
// title: What did this agent write?
// shows: graph
WITH $bank AS bank, $agent AS agent
MATCH (memory:Episode|Fact|Note|Belief|Insight|Query|Step|Interaction {bank: bank, agent: agent})
WITH memory ORDER BY memory.created_at DESC LIMIT 60
OPTIONAL MATCH (memory)-[link:SUBJECT|OBJECT|ABOUT|HAS_STEP|DERIVED_FROM]->(other)
RETURN memory, link, other;
