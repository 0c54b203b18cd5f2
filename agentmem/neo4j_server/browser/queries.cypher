// What people ask a memory, as Cypher. `agentmem neo4j browser --query NAME` opens one with its values filled in.
// Parameters: $bank the tenant, $about a name or word, $agent who wrote, $days how far back.

// name: know
// title: What do we know about $about?
// shows: graph
WITH $bank AS bank, toLower($about) AS about
MATCH (claim:Fact|Belief|Insight {bank: bank, status: 'active'})
WHERE toLower(claim.text) CONTAINS about
   OR EXISTS { (claim)-[:SUBJECT|OBJECT|ABOUT]->(e:Entity {bank: bank}) WHERE toLower(e.text) CONTAINS about }
WITH claim ORDER BY claim.importance DESC, claim.created_at DESC, claim.id LIMIT 25
OPTIONAL MATCH (claim)-[link:SUBJECT|OBJECT|ABOUT]->(entity:Entity)
RETURN claim, link, entity;

// name: why
// title: Why do we believe: $about?
// shows: graph
WITH $bank AS bank, toLower($about) AS about
MATCH (claim:Fact|Belief|Insight {bank: bank, status: 'active'})
WHERE toLower(claim.text) CONTAINS about OR claim.id STARTS WITH about
WITH bank, claim ORDER BY claim.importance DESC, claim.created_at DESC, claim.id LIMIT 6
CALL (bank, claim) {
  RETURN null AS reason
  UNION MATCH reason = (claim)-[:EVIDENCED_BY|DERIVED_FROM]->({bank: bank}) RETURN reason
  UNION MATCH reason = (claim)-[:SUBJECT|OBJECT]->(:Entity) RETURN reason
  UNION MATCH reason = (claim)-[:SUPPORTS|CONTRADICTS]-({bank: bank}) RETURN reason
  UNION MATCH reason = (claim)-[:SUPERSEDES*1..5]->(:Fact)-[:EVIDENCED_BY]->(:Episode) RETURN reason
}
RETURN claim, reason;

// name: history
// title: What happened, and for which reason: $about?
// shows: table
WITH $bank AS bank, toLower($about) AS about
MATCH (claim:Fact|Belief|Insight {bank: bank})
WHERE toLower(claim.text) CONTAINS about OR claim.id STARTS WITH about
MATCH (o:Operation {bank: bank, target: claim.id})
OPTIONAL MATCH (before {bank: bank, id: o.before_id})
RETURN substring(replace(toString(o.at), 'T', ' '), 0, 16) AS when, o.op AS operation, claim.text AS claim,
       coalesce(before.text, '') AS before, coalesce(o.reason, '') AS reason,
       [id IN coalesce(o.evidence, []) | head(COLLECT { MATCH (e:Episode {bank: bank, id: id}) RETURN e.text })] AS evidence,
       coalesce(o.agent, '') AS agent
ORDER BY o.seq DESC LIMIT 200;

// name: changed
// title: What changed in the last $days days?
// shows: table
WITH $bank AS bank, toInteger($days) AS days
MATCH (o:Operation {bank: bank})
WHERE o.at >= datetime() - duration({days: days}) AND o.op <> 'NOOP' AND o.kind IN ['Fact', 'Belief', 'Insight']
OPTIONAL MATCH (now:Memory {bank: bank, id: o.target})
OPTIONAL MATCH (before:Memory {bank: bank, id: o.before_id})
RETURN substring(replace(toString(o.at), 'T', ' '), 0, 16) AS when, o.op AS operation, coalesce(now.text, '') AS claim,
       coalesce(before.text, '') AS before, coalesce(o.reason, '') AS reason, coalesce(o.agent, '') AS agent
ORDER BY CASE o.op WHEN 'ADD' THEN 1 ELSE 0 END, o.seq DESC LIMIT 200;

// name: learned
// title: What did the last run learn?
// shows: table
WITH $bank AS bank
MATCH (last:Operation {bank: bank}) WHERE last.run_id <> ''
WITH bank, last.run_id AS run ORDER BY last.seq DESC LIMIT 1
MATCH (o:Operation {bank: bank, run_id: run})
WHERE o.op <> 'NOOP' AND o.kind IN ['Fact', 'Belief', 'Insight']
OPTIONAL MATCH (now:Memory {bank: bank, id: o.target})
OPTIONAL MATCH (before:Memory {bank: bank, id: o.before_id})
RETURN o.kind AS kind, o.op AS operation, coalesce(now.text, '') AS claim, coalesce(before.text, '') AS before,
       coalesce(now.source, '') AS source, coalesce(o.agent, '') AS agent, run
ORDER BY CASE o.kind WHEN 'Fact' THEN 1 ELSE 0 END, CASE o.op WHEN 'ADD' THEN 1 ELSE 0 END, o.seq DESC LIMIT 500;

// name: run
// title: What did the last run do?
// shows: graph
WITH $bank AS bank
MATCH (run:Query {bank: bank})
WITH bank, run ORDER BY run.created_at DESC, run.id LIMIT 1
CALL (bank, run) {
  MATCH did = (run)-[:HAS_STEP]->(:Step) RETURN did
  UNION MATCH did = (run)-[:HAS_STEP]->(:Step)-[:USED]->({bank: bank}) RETURN did
  UNION MATCH did = (run)-[:SUPPORTS|CONTRADICTS]->(:Insight) RETURN did
}
RETURN did LIMIT 100;

// name: contradictions
// title: What contradicts what?
// shows: graph
WITH $bank AS bank
MATCH dispute = (one {bank: bank})-[:CONTRADICTS]->(other {bank: bank})
WHERE one.status IN ['active', 'pending', 'quarantined'] AND other.status IN ['active', 'pending', 'quarantined']
WITH one, other, dispute ORDER BY one.created_at DESC, one.id LIMIT 25
CALL (one, other) {
  RETURN null AS evidence
  UNION MATCH evidence = (one)-[:EVIDENCED_BY]->(:Episode) RETURN evidence
  UNION MATCH evidence = (other)-[:EVIDENCED_BY]->(:Episode) RETURN evidence
}
RETURN dispute, evidence;

// name: replaced
// title: What took the place of what?
// shows: graph
WITH $bank AS bank
MATCH (new {bank: bank})-[link:SUPERSEDES]->(old {bank: bank})
WITH new, link, old ORDER BY new.created_at DESC, new.id LIMIT 25
OPTIONAL MATCH (new)-[about:SUBJECT]->(entity:Entity)
RETURN new, link, old, about, entity;

// name: written
// title: What did $agent write?
// shows: graph
WITH $bank AS bank, $agent AS agent
MATCH (memory:Fact|Belief|Insight|Query|Step|Episode {bank: bank, agent: agent})
WITH memory ORDER BY CASE WHEN memory:Step OR memory:Episode THEN 1 ELSE 0 END, memory.created_at DESC, memory.id LIMIT 25
OPTIONAL MATCH (memory)-[link:SUBJECT|OBJECT|ABOUT|SUPERSEDES|SUPPORTS]->(other)
RETURN memory, link, other;
