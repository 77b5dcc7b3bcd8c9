// Runs of an agent as OTLP requests, each the same whenever it is made.
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import * as semconv from '../../../instrumentation/semconv/index.ts';

/** Rows that each run makes, by table. */
export const ROWS_OF_A_RUN = { failures: 1, node_attempts: 2, graph_runs: 1 };

const AGENTS = ['invoice-agent', 'refund-agent', 'booking-agent', 'triage-agent', 'search-agent'];
/** Runs of one request, and requests at once. */
const AT_ONCE = 10;
const SENDERS = 4;
const PAUSE_MS = 50;
const MS = 1_000_000n;
/** When the first run started: the same for what is sent again. */
const STARTED_MS = BigInt(Date.now() - 60_000);

/** A run whose second node fails. */
function spansOf(number: number): object[] {
  const trace = idOf(`run ${number}`, 32);
  const start = STARTED_MS + BigInt(number);
  const common = {
    [semconv.ATTR_GEN_AI_AGENT_ID]: AGENTS[number % AGENTS.length]!,
    [semconv.ATTR_GRAPH_ID]: 'demo',
    [semconv.ATTR_GRAPH_RUN_ID]: `run-${trace}`,
  };
  const root = idOf(`root ${number}`, 16);
  const span = (name: string, spanId: string, attributes: object, error?: string): object => ({
    traceId: trace,
    spanId,
    ...(spanId === root ? {} : { parentSpanId: root }),
    name,
    kind: 1,
    startTimeUnixNano: `${start * MS}`,
    endTimeUnixNano: `${(start + 20n) * MS}`,
    attributes: Object.entries({ ...common, ...attributes }).map(([key, value]) => ({
      key,
      value: typeof value === 'number' ? { intValue: value } : { stringValue: String(value) },
    })),
    ...(error === undefined ? {} : { status: { code: 2, message: error } }),
  });
  const node = (id: string, more: object, error?: string): object =>
    span(
      `${semconv.SPAN_EXECUTE_NODE} ${id}`,
      idOf(`${id} ${number}`, 16),
      { [semconv.ATTR_GRAPH_NODE_ID]: id, [semconv.ATTR_GRAPH_NODE_ATTEMPT]: 1, ...more },
      error,
    );
  const message = 'total is missing';
  const failed = {
    [semconv.ATTR_ERROR_TYPE]: 'TypeError',
    [semconv.ATTR_EXCEPTION_TYPE]: 'TypeError',
    [semconv.ATTR_EXCEPTION_MESSAGE]: message,
    [semconv.ATTR_FAILURE_DISPOSITION]: 'terminal',
  };
  const run = { [semconv.ATTR_GRAPH_RUN_OUTCOME]: 'failure' };
  return [
    node('fetch', {}),
    node('parse', failed, message),
    span(`${semconv.SPAN_EXECUTE_GRAPH} demo`, root, run),
  ];
}

/** OTLP in JSON. */
function requestOf(runs: readonly number[]): string {
  const resource = {
    attributes: [{ key: 'service.name', value: { stringValue: 'cluster-demo' } }],
  };
  const scopeSpans = [{ spans: runs.flatMap(spansOf) }];
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] });
}

/**
 * Sends runs to collectors in turn, each request to the next one until one has acknowledged it.
 * @param to addresses of OTLP over HTTP
 * @param firstAt which of them gets the first request
 * @returns how many requests had to be sent again
 */
export async function sendRuns(
  runs: readonly number[],
  to: readonly string[],
  firstAt = 0,
): Promise<number> {
  const requests = Array.from({ length: Math.ceil(runs.length / AT_ONCE) }, (_, at) => ({
    body: requestOf(runs.slice(at * AT_ONCE, (at + 1) * AT_ONCE)),
    at: firstAt + at,
  }));
  let again = 0;
  const sender = async (): Promise<void> => {
    for (let request = requests.shift(); request; request = requests.shift()) {
      while (!(await isTaken(request.body, to[request.at % to.length]!))) {
        request.at++;
        again++;
        await wait(PAUSE_MS);
      }
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  return again;
}

async function isTaken(body: string, to: string): Promise<boolean> {
  try {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${to}/v1/traces`, { method: 'POST', headers, body });
    await answer.text();
    return answer.ok;
  } catch {
    return false;
  }
}

const idOf = (text: string, digits: number): string =>
  createHash('sha256').update(text).digest('hex').slice(0, digits);
