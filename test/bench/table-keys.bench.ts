// The questions asked of `failures` under three sort keys: the figures of docs/decisions/0003-tables.md.
// Rows: 200,000, or what BENCH_ROWS says.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from 'chdb';

export const name = 'Sort key of failures: milliseconds of a question, median / worst of 12';

const rows = Number(process.env.BENCH_ROWS ?? 200_000);
const keys = {
  'agent, day, fingerprint, time':
    '(agent_id, toStartOfDay(timestamp), fingerprint, timestamp, failure_id)',
  'agent, time': '(agent_id, timestamp, failure_id)',
  'agent, fingerprint, time': '(agent_id, fingerprint, timestamp, failure_id)',
};
const table = readFileSync(
  new URL('../../deploy/clickhouse/migrations/0001_create_failures.sql', import.meta.url),
  'utf8',
);

/** 50 agents with 12 nodes and 8 error types each, over 30 days. */
const seeded = `
  SELECT
    toDateTime64('2026-11-20 00:00:00', 9, 'UTC') - toIntervalSecond(rand(1) % (30 * 86400)) AS timestamp,
    generateUUIDv4() AS failure_id, 'node' AS level,
    lower(hex(MD5(toString(number)))) AS trace_id, lower(hex(sipHash64(number))) AS span_id,
    '' AS parent_span_id, 'svc' AS service_name, 'prod' AS environment,
    concat('agent-', toString(rand(3) % 50)) AS agent_id, agent_id AS agent_name,
    concat('session-', toString(intDiv(number, 10))) AS session_id,
    concat('run-', toString(intDiv(number, 3))) AS run_id, concat(agent_id, '-g') AS graph_id,
    concat('sha256:', lower(hex(SHA256(concat(agent_id, toString(rand(4) % 5)))))) AS graph_snapshot_ref,
    concat('node-', toString(rand(5) % 12)) AS node_id, node_id AS node_name, 'function' AS node_type,
    1 AS attempt, 3 AS max_attempts, 1 AS visit, 'node.raise' AS site, 'unclassified' AS class,
    'major' AS severity, 'retried' AS disposition, '' AS condition,
    concat('Error', toString(rand(6) % 8)) AS error_type,
    concat('cannot read item ', toString(rand(7)), ' of document ', toString(rand(8))) AS error_message,
    repeat(concat('\\n    at fn', toString(rand(9) % 100), ' (file.js:9:9)'), 12) AS stack_trace,
    'cannot read item <num> of document <num>' AS template,
    concat('v1:', lower(hex(MD5(concat(agent_id, node_id, error_type))))) AS fingerprint,
    concat('{"id":', toString(rand(10)), ',"text":"', hex(randomString(120)), '"}') AS input_context,
    lower(hex(SHA256(input_context))) AS input_digest, '{"path":["a","b"]}' AS graph_state,
    '' AS evidence, rand(11) AS duration_ns, map() AS redactions, [] AS truncated,
    map('k', 'v') AS attributes, map('service.name', 'svc') AS resource_attributes,
    timestamp AS received_at
  FROM numbers(${rows})`;

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-keys-'));
  const session = new Session(folder);
  session.query('CREATE DATABASE keys');
  session.query('USE keys');
  const measured: Record<string, Record<string, string>> = {};
  for (const [title, key] of Object.entries(keys)) {
    session.query('DROP TABLE IF EXISTS failures');
    session.query(table.replace(/ORDER BY \(.*\)/, `ORDER BY ${key}`));
    session.query(`INSERT INTO failures ${seeded}`);
    session.query('OPTIMIZE TABLE failures FINAL');
    for (const [question, sql] of Object.entries(questions(session))) {
      measured[question] = { ...measured[question], [title]: time(() => session.query(sql)) };
    }
  }
  console.table(measured);
  console.log(`${rows} rows, Node ${process.version}`);
  session.cleanup();
  rmSync(folder, { recursive: true, force: true });
}

function questions(session: Session): Record<string, string> {
  const one = (column: string) =>
    session
      .query(`SELECT ${column} FROM failures WHERE agent_id = 'agent-7' LIMIT 1`, 'TSV')
      .trim();
  const ofAgent = "SELECT * FROM failures FINAL WHERE agent_id = 'agent-7'";
  return {
    'newest 20 of an agent': `${ofAgent} ORDER BY timestamp DESC LIMIT 20`,
    'the same within 24 h': `${ofAgent} AND timestamp >= '2026-11-19 00:00:00' ORDER BY timestamp DESC LIMIT 20`,
    'a fingerprint of an agent': `${ofAgent} AND fingerprint = '${one('fingerprint')}' ORDER BY timestamp DESC LIMIT 20`,
    'a fingerprint alone': `SELECT * FROM failures FINAL WHERE fingerprint = '${one('fingerprint')}' LIMIT 20`,
    'groups of an agent':
      "SELECT fingerprint, count(), max(timestamp) FROM failures FINAL WHERE agent_id = 'agent-7' GROUP BY fingerprint",
    'one run': `SELECT * FROM failures FINAL WHERE run_id = '${one('run_id')}'`,
    'one failure': `SELECT * FROM failures FINAL WHERE failure_id = '${one('failure_id')}'`,
  };
}

function time(question: () => unknown): string {
  const times = Array.from({ length: 12 }, () => {
    const began = performance.now();
    question();
    return performance.now() - began;
  }).sort((a, b) => a - b);
  return `${times[5]!.toFixed(0)} / ${times[11]!.toFixed(0)}`;
}
