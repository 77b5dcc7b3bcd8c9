// Follows a test span from OTLP to its row and to the answer of the query service.
//
// It is a good attempt, so that no list of failures, group or alert ever has it, of a reserved agent,
// and its time is beyond every retention: ClickHouse drops its row, alone in its part, at the next
// merge. docs/decisions/0018-mcp.md says what else was thought of.
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts';
import { ask, type Service } from './service.ts';

export const DOCTOR_AGENT = 'faultline-doctor';
/** Later than what the collector takes for a broken clock, earlier than the longest retention. */
const TIME_NS = `${Date.UTC(2000, 0, 3)}000000`;
/** The partition of that time, which is the doctor's alone. */
const PARTITION = '20000103';
const SEEN_MS = 10_000;
const GONE_MS = 30_000;
const PAUSE_MS = 20;

const check = 'test span';

/** Sends the span, reads its row back and waits until it is gone. */
export async function followSpan(service: Service): Promise<Finding[]> {
  const traceId = randomBytes(16).toString('hex');
  try {
    const before = await look(service, traceId);
    const refused = await send(service, traceId);
    if (refused) return [refused];
    const started = performance.now();
    // It may have been dropped before anyone looked; the part that it was in shows it then.
    const isSeen = ({ rows, block }: Trace) => rows > 0 || block > before.block;
    if (!(await becomes(service, traceId, isSeen, SEEN_MS))) {
      const advice =
        'see faultline_queue_entries and faultline_dead_letters in /metrics of the collector, and its log';
      return [fail(check, `accepted, but not to be read after ${SEEN_MS / 1000} s`, advice)];
    }
    const seen = Math.round(performance.now() - started);
    const found = ok(check, `from OTLP to row to answer in ${seen} ms`);
    if (await becomes(service, traceId, ({ rows }) => rows === 0, GONE_MS)) return [found];
    const advice = `nothing: the row of agent ${DOCTOR_AGENT} goes when ClickHouse next merges by TTL`;
    return [found, warn('test span left', `its row is there after ${GONE_MS / 1000} s`, advice)];
  } catch (error) {
    const why = reasonOf(error);
    return /grant SELECT ON system\.parts/.test(why)
      ? [
          warn(
            check,
            'not sent: the user of questions may not read system.parts, which shows it',
            'run GRANT SELECT ON system.parts TO that user (--clickhouse-reader-user), or leave it: questions do not need it',
          ),
        ]
      : [fail(check, `cannot be read back: ${why}`, 'see --url and --token')];
  }
}

/** What kept the collector from taking it. */
async function send({ otlpHttp, ingestToken }: Service, traceId: string) {
  try {
    const response = await ask(`${otlpHttp}/v1/traces`, ingestToken, otlpRequest(traceId));
    const text = (await response.text()).slice(0, 300);
    if (response.status === 200 && text === '{}') return undefined;
    const advice =
      response.status === 401
        ? 'give --ingest-token'
        : 'see the log of the collector, and /readyz on its port';
    return fail(check, `the collector answered ${response.status}: ${text}`, advice);
  } catch (error) {
    return fail(check, `the collector does not answer: ${reasonOf(error)}`, 'see --otlp-http-port');
  }
}

/** What there is of the test: rows of the trace, and the newest part that such rows were written in. */
interface Trace {
  rows: number;
  block: number;
}

async function becomes(
  service: Service,
  traceId: string,
  isSo: (trace: Trace) => boolean,
  ms: number,
): Promise<boolean> {
  for (const deadline = Date.now() + ms; Date.now() < deadline; await wait(PAUSE_MS)) {
    if (isSo(await look(service, traceId))) return true;
  }
  return false;
}

const statement = `
  SELECT
    (SELECT count() FROM node_attempts
      WHERE agent_id = {agent:String} AND trace_id = {trace:String}) AS rows,
    (SELECT max(max_block_number) FROM system.parts
      WHERE database = currentDatabase() AND table = 'node_attempts' AND rows > 0
        AND partition_id = '${PARTITION}') AS block`;

async function look({ query, token }: Service, trace: string): Promise<Trace> {
  const params = { agent: DOCTOR_AGENT, trace };
  const response = await ask(`${query}/api/v1/sql`, token, { sql: statement, params });
  const answer = (await response.json()) as { rows?: [Record<string, string>]; detail?: string };
  if (!answer.rows) throw new Error(answer.detail ?? `${query} answered ${response.status}`);
  const [{ rows, block }] = answer.rows;
  return { rows: Number(rows), block: Number(block) };
}

function otlpRequest(traceId: string): object {
  const attributes = {
    'gen_ai.agent.id': DOCTOR_AGENT,
    'graph.id': DOCTOR_AGENT,
    'graph.run.id': DOCTOR_AGENT,
    'graph.node.id': 'test',
  };
  const span = {
    traceId,
    spanId: randomBytes(8).toString('hex'),
    name: 'execute_node test',
    kind: 1,
    startTimeUnixNano: TIME_NS,
    endTimeUnixNano: TIME_NS,
    attributes: [
      ...Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
      { key: 'graph.node.attempt', value: { intValue: 1 } },
    ],
  };
  const resource = {
    attributes: [{ key: 'service.name', value: { stringValue: DOCTOR_AGENT } }],
  };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: {}, spans: [span] }] }] };
}
