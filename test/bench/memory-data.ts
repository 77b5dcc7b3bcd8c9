// Seeded failures, attempts, runs, snapshots and evolutions, made by SQL alone.
import { writeFile } from 'node:fs/promises';
import { migrate } from '../../deploy/clickhouse/migrate.ts';
import { type RunningEngine, startEngine } from '../../deploy/engine/index.ts';

/** Sends one statement and answers what came back. */
export type Ask = (sql: string) => Promise<string>;

/** Rows of one INSERT, so that its memory stays small. */
const FAILURES_AT_ONCE = 100_000;
const AGENTS = 50;
const NODES = 20;
const VERSIONS = 6;
/** Everything happened in so many days before now. */
const DAYS = 28;

/**
 * A row's facts from its number: 10 attempts are a run, and the failed one is somewhere among them. An
 * agent's share falls with its number: `agent-00` has 14 %, `agent-49` 1 %.
 */
const RUN_FACTS = `
  toUInt32(floor(pow(cityHash64(run, 'agent') / 18446744073709551615, 2) * ${AGENTS})) AS agent_number,
  concat('agent-', leftPad(toString(agent_number), 2, '0')) AS agent_id,
  concat(agent_id, '-graph') AS graph_id,
  concat('run-', lower(hex(sipHash128(run)))) AS run_id,
  cityHash64(run, 'time') % ${DAYS * 86400} AS seconds_ago,
  toDateTime64(toStartOfHour(now()), 9, 'UTC') - toIntervalSecond(seconds_ago) AS started_at,
  toUInt8(${VERSIONS - 1} - intDiv(seconds_ago * ${VERSIONS}, ${DAYS * 86400})) AS version,
  concat('sha256:', lower(hex(SHA256(concat(agent_id, '/', toString(version)))))) AS graph_snapshot_ref,
  lower(hex(sipHash128(run, 'trace'))) AS trace_id`;

const ATTEMPT_FACTS = `
  ${RUN_FACTS},
  started_at + toIntervalMillisecond(step * 700) AS timestamp,
  concat('node-', toString(if(step % 10 = failing_step, cityHash64(run, 'failing') % 7, step * 2 + run % 2) % ${NODES})) AS node_id,
  lower(hex(sipHash64(run, step))) AS span_id,
  1000000 * (50 + cityHash64(run, step, 'ms') % 3000) AS duration_ns`;

const ATTEMPTS = (from: number, count: number): string => `
  INSERT INTO node_attempts
    (timestamp, agent_id, graph_snapshot_ref, graph_id, run_id, node_id, attempt, ok, duration_ns, trace_id, span_id)
  WITH intDiv(number, 10) AS run, toUInt8(number % 10) AS step, toUInt8(cityHash64(run, 'step') % 9) AS failing_step,
  ${ATTEMPT_FACTS}
  SELECT timestamp, agent_id, graph_snapshot_ref, graph_id, run_id,
    -- The step after the failed one is its second attempt.
    if(step = failing_step + 1, concat('node-', toString(cityHash64(run, 'failing') % 7)), node_id),
    if(step = failing_step + 1, 2, 1), step != failing_step, duration_ns, trace_id, span_id
  FROM numbers(${from}, ${count})`;

const FAILURES = (from: number, count: number): string => `
  INSERT INTO failures
    (timestamp, failure_id, level, trace_id, span_id, service_name, environment, agent_id, session_id, run_id, graph_id,
     graph_snapshot_ref, node_id, node_name, node_type, attempt, max_attempts, visit, site, class, severity, disposition,
     error_type, error_message, stack_trace, template, fingerprint, input_context, input_digest, graph_state,
     duration_ns, attributes, resource_attributes, received_at, revision, is_deleted)
  WITH number AS run, toUInt8(cityHash64(run, 'step') % 9) AS step, step AS failing_step,
  ${ATTEMPT_FACTS},
  cityHash64(run, 'kind') % 6 AS kind,
  ['tool.timeout', 'llm.rate_limit', 'data.error', 'code.error', 'output.invalid', 'network.error'][kind + 1] AS class,
  ['ToolTimeout', 'RateLimitError', 'ParseError', 'TypeError', 'ValidationError', 'FetchError'][kind + 1] AS error_type
  SELECT timestamp, reinterpretAsUUID(sipHash128(trace_id, span_id)), 'node', trace_id, span_id, 'planner', 'prod', agent_id,
    concat('session-', lower(hex(sipHash64(intDiv(run, 5))))), run_id, graph_id, graph_snapshot_ref, node_id,
    concat('Node ', node_id), 'function', 1, 3, 1, 'node.raise', class, 'major',
    if(run % 5 = 0, 'terminal', 'recovered'), error_type,
    concat('cannot ', ['reach', 'read', 'parse', 'write', 'check', 'send'][kind + 1], ' document ', toString(run), ' of ', toString(cityHash64(run) % 977)) AS message,
    concat(error_type, ': ', message, arrayStringConcat(arrayMap(i -> concat('\\n    at step', toString(i), ' (/app/src/', node_id, '/steps/step-', toString(i), '.ts:', toString(40 + (i * kind) % 90), ':', toString(7 + i), ')'), range(8)))),
    concat('cannot ', ['reach', 'read', 'parse', 'write', 'check', 'send'][kind + 1], ' document <num> of <num>'),
    concat('v1:', lower(hex(MD5(concat(agent_id, node_id, error_type))))),
    concat('{"document":', toString(run), ',"customer":"', lower(hex(sipHash128(intDiv(run, 3)))), '","items":[', arrayStringConcat(arrayMap(i -> concat('{"sku":"sku-', toString(cityHash64(run, i) % 5000), '","quantity":', toString(i), ',"note":"leave it at the side door, please"}'), range(6)), ','), ']}') AS input,
    lower(hex(SHA256(input))), concat('{"path":["node-1","node-2","', node_id, '"],"visits":{"', node_id, '":1}}'),
    duration_ns, map('http.request.method', 'POST', 'server.address', 'shop.example.com', 'thread.id', toString(run % 16)),
    map('service.name', 'planner', 'telemetry.sdk.language', 'nodejs', 'host.name', concat('worker-', toString(run % 12))),
    timestamp, 0, 0
  FROM numbers(${from}, ${count})`;

const RUNS = (from: number, count: number): string => `
  INSERT INTO graph_runs
    (agent_id, run_id, graph_id, graph_snapshot_ref, trace_id, span_id, started_at, ended_at, outcome, told_at)
  WITH number AS run, ${RUN_FACTS}
  SELECT agent_id, run_id, graph_id, graph_snapshot_ref, trace_id, lower(hex(sipHash64(run, 'run'))), started_at,
    started_at + toIntervalSecond(8), if(run % 5 = 0, 'failure', 'success'), started_at + toIntervalSecond(8)
  FROM numbers(${from}, ${count})`;

const REF = (version: string): string =>
  `concat('sha256:', lower(hex(SHA256(concat(agent, '/', toString(${version}))))))`;

const SNAPSHOTS = `
  INSERT INTO graph_snapshots (ref, graph_id, agent_id, body, nodes, edges, first_seen, last_seen)
  WITH concat('agent-', leftPad(toString(intDiv(number, ${VERSIONS})), 2, '0')) AS agent, number % ${VERSIONS} AS version
  SELECT ${REF('version')}, concat(agent, '-graph'), agent,
    concat('{"edges":[],"id":"', agent, '-graph","nodes":[', arrayStringConcat(arrayMap(i -> concat('{"id":"node-', toString(i), '","prompt":"version ', toString(version), '","type":"function"}'), range(${NODES})), ','), ']}'),
    arrayMap(i -> concat('node-', toString(i)), range(${NODES})), [], now64(9, 'UTC'), now64(9, 'UTC')
  FROM numbers(${AGENTS * VERSIONS})`;

const EVOLUTIONS = `
  INSERT INTO evolutions
    (timestamp, evolution_id, agent_id, trigger, resolution, status, author, from_ref, graph_snapshot_ref, target_fingerprints, received_at)
  WITH concat('agent-', leftPad(toString(intDiv(number, ${VERSIONS - 1})), 2, '0')) AS agent, 1 + number % ${VERSIONS - 1} AS version
  SELECT toDateTime64(toStartOfHour(now()), 9, 'UTC') - toIntervalSecond(intDiv((${VERSIONS} - version) * ${DAYS * 86400}, ${VERSIONS})) AS at,
    concat(agent, '-fix-', toString(version)), agent, 'failure', concat('fix number ', toString(version)), 'applied', 'queen',
    ${REF('version - 1')}, ${REF('version')},
    arrayMap(i -> concat('v1:', lower(hex(MD5(concat(agent, 'node-', toString((version + i) % 7), ['ToolTimeout', 'RateLimitError', 'ParseError'][1 + i]))))), range(2)), at
  FROM numbers(${AGENTS * (VERSIONS - 1)})`;

/** Embedded ClickHouse with the tables, and a way to send statements to it. */
export async function openEngine(dataDir: string): Promise<{ engine: RunningEngine; ask: Ask }> {
  const engine = await startEngine({ dataDir, port: 0 });
  const { username, password } = engine.writer;
  await migrate(
    { url: engine.url, username, password },
    { database: 'faultline', retentionDays: 90 },
  );
  const headers = { 'x-clickhouse-user': username, 'x-clickhouse-key': password };
  const ask: Ask = async (sql) => {
    const answer = await fetch(`${engine.url}/?database=faultline`, {
      method: 'POST',
      headers,
      body: sql,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text.slice(0, 500));
    return text;
  };
  return { engine, ask };
}

/** Makes the rows; writes `done` when all are there. */
export async function seed(ask: Ask, failures: number, done: string): Promise<void> {
  const started = performance.now();
  await ask(SNAPSHOTS);
  await ask(EVOLUTIONS);
  for (let from = 0; from < failures; from += FAILURES_AT_ONCE) {
    const count = Math.min(FAILURES_AT_ONCE, failures - from);
    await ask(FAILURES(from, count));
    await ask(ATTEMPTS(from * 10, count * 10));
    await ask(RUNS(from, count));
    if ((from / FAILURES_AT_ONCE) % 10 === 9) console.log(`  ${from + count} failures made`);
  }
  for (const table of ['failures', 'node_attempts', 'graph_runs']) {
    await ask(`OPTIMIZE TABLE ${table} FINAL SETTINGS optimize_throw_if_noop = 0`);
  }
  console.log(`made in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  await writeFile(done, '');
}
