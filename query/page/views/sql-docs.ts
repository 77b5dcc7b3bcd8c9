// What the tables and views hold, in a line each, and statements to begin with.

/** The views first: they count each failure once; the tables need FINAL for that. */
export const RELATIONS: { name: string; holds: string }[] = [
  {
    name: 'failure_records',
    holds: 'one row per failure: what happened, and what was done about it',
  },
  { name: 'failure_groups', holds: 'one row per group, with its counts and times' },
  { name: 'failure_rates', holds: 'failed attempts by hour, agent and node' },
  { name: 'node_health', holds: 'how each node fares on each version of the graph' },
  { name: 'evolution_effects', holds: 'the raw numbers before and after each evolution' },
  { name: 'failures', holds: 'one row per failure, with all that is known; read it with FINAL' },
  { name: 'node_attempts', holds: 'one row per attempt, good or bad; read it with FINAL' },
  { name: 'graph_runs', holds: 'one row per run; read it with FINAL' },
  { name: 'graph_snapshots', holds: 'one row per version of a graph; read it with FINAL' },
  { name: 'evolutions', holds: 'one row per evolution; read it with FINAL' },
  { name: 'group_events', holds: 'what was said about groups; read it with FINAL' },
  {
    name: 'verifications',
    holds: 'cases that were run again before a change shipped; read it with FINAL',
  },
];

export const EXAMPLES: { title: string; sql: string }[] = [
  {
    title: 'The newest failures',
    sql: 'SELECT timestamp, agent_id, node_id, error_type, error_message\nFROM failure_records\nORDER BY timestamp DESC\nLIMIT 20',
  },
  {
    title: 'Failure rate by hour',
    sql: 'SELECT hour, agent_id, sum(attempts) AS tried, round(sum(failed) / tried, 3) AS failure_rate\nFROM failure_rates\nGROUP BY hour, agent_id\nORDER BY hour DESC\nLIMIT 48',
  },
  {
    title: 'Nodes that fail most often',
    sql: 'SELECT agent_id, node_id, attempts, round(1 - success_rate, 3) AS failure_rate\nFROM node_health\nORDER BY failure_rate DESC\nLIMIT 20',
  },
  {
    title: 'What fixes did',
    sql: 'SELECT evolution_id, fingerprint, failed_runs_before, runs_before, failed_runs_after, runs_after,\n  round(rate_ratio, 2) AS ratio\nFROM evolution_effects\nORDER BY timestamp DESC',
  },
  {
    title: 'Failures by class',
    sql: 'SELECT class, count() AS failures, uniqExact(agent_id) AS agents\nFROM failures FINAL\nGROUP BY class\nORDER BY failures DESC',
  },
];
