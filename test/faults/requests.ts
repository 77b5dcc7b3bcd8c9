// The requests that the faults send: OTLP, encoded once, with ids that are known before.
import { randomBytes } from 'node:crypto';
import { failureId } from '../../collector/index.ts';
import { encodeRequest } from '../collector/decode/otlp-proto.ts';

/** What a request makes in the tables. */
export interface Told {
  failures: string[];
  /** Span ids of the node attempts. */
  spans: string[];
  /** Runs that ended. */
  runs: string[];
  /** One a failure. */
  sessions: string[];
}

/** The kinds of what is told. */
export const TOLD = ['failures', 'spans', 'runs', 'sessions'] as const satisfies (keyof Told)[];

export interface Request {
  told: Told;
  protobuf: Buffer;
  json: string;
}

export interface RequestOptions {
  agent: string;
  /** Node attempts that failed. @default 5 */
  failures?: number;
  /** Whether the spans tell when they were; the collector puts in its own time otherwise. @default true */
  timed?: boolean;
  /** Bytes of what each failed node received. @default 300 */
  inputBytes?: number;
}

/** Failed attempts, one that went well and the run around them, in one request. */
export function makeRequest(options: RequestOptions): Request {
  const run = makeRun(options);
  return encode([...run.attempts, run.end], merge(run.told));
}

/** The same as three requests, in the order in which an executor sends them: start, attempts, end. */
export function makeRunRequests(options: RequestOptions): Request[] {
  const { start, attempts, end, told } = makeRun(options);
  return [
    encode([start], merge()),
    encode(
      attempts,
      merge({ failures: told.failures, spans: told.spans, sessions: told.sessions }),
    ),
    encode([end], merge({ runs: told.runs })),
  ];
}

interface SpanForm {
  traceId: string;
  spanId: string;
  [field: string]: unknown;
}

function makeRun(options: RequestOptions) {
  const { agent, failures = 5, timed = true, inputBytes = 300 } = options;
  const traceId = randomBytes(16).toString('hex');
  const runId = `run-${traceId}`;
  const now = BigInt(Date.now()) * 1_000_000n;
  const told: Told = { failures: [], spans: [], runs: [runId], sessions: [] };
  const span = (name: string, more: Record<string, string | number>, error?: string): SpanForm => {
    const spanId = randomBytes(8).toString('hex');
    const attributes = {
      'gen_ai.agent.id': agent,
      'graph.id': 'g',
      'graph.run.id': runId,
      ...more,
    };
    return {
      traceId,
      spanId,
      name,
      kind: 1,
      ...(timed ? { startTimeUnixNano: `${now}`, endTimeUnixNano: `${now + 1_000_000n}` } : {}),
      attributes: Object.entries(attributes).map(([key, value]) => ({
        key,
        value: typeof value === 'number' ? { intValue: value } : { stringValue: value },
      })),
      ...(error === undefined ? {} : { status: { code: 2, message: error } }),
    };
  };
  const attempts = Array.from({ length: failures }, (_, index) => {
    const session = `session-${randomLetters()}`;
    const failed = span(
      'execute_node parse',
      {
        'gen_ai.conversation.id': session,
        'graph.node.id': 'parse',
        'graph.node.attempt': index + 1,
        'error.type': 'TypeError',
        'exception.type': 'TypeError',
        'exception.message': 'cannot read total',
        'failure.input': JSON.stringify({ invoice: 'x'.repeat(inputBytes) }),
      },
      'cannot read total',
    );
    told.failures.push(failureId(failed.traceId, failed.spanId));
    told.spans.push(failed.spanId);
    told.sessions.push(session);
    return failed;
  });
  const good = span('execute_node fetch', { 'graph.node.id': 'fetch', 'graph.node.attempt': 1 });
  told.spans.push(good.spanId);
  return {
    start: span('start_graph g', {}),
    attempts: [...attempts, good],
    // Its nodes have told what failed; the run only says how it ended.
    end: span('execute_graph g', { 'graph.run.outcome': 'failure' }),
    told,
  };
}

/** Without digits: sixteen of them may be a card number, which the collector would redact. */
function randomLetters(): string {
  return randomBytes(8)
    .toString('hex')
    .replace(/\d/g, (digit) => 'ghijklmnop'[Number(digit)]!);
}

function merge(told: Partial<Told> = {}): Told {
  return { failures: [], spans: [], runs: [], sessions: [], ...told };
}

function encode(spans: SpanForm[], told: Told): Request {
  const around = (form: object[]) => ({
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'executor' } }] },
        scopeSpans: [{ scope: { name: 'faults' }, spans: form }],
      },
    ],
  });
  const binary = spans.map((span) => ({
    ...span,
    traceId: Buffer.from(span.traceId, 'hex'),
    spanId: Buffer.from(span.spanId, 'hex'),
  }));
  return { told, protobuf: encodeRequest(around(binary)), json: JSON.stringify(around(spans)) };
}
