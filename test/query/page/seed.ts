// What the page is tested on: an agent with two versions, a fix that worked, and a run that fell over.
import { randomBytes } from 'node:crypto';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  snapshotRef,
  type World,
} from '../../support/world.ts';

export const agent = 'invoice-agent';

const HOUR = 3_600_000;
const RUNS = 60;

interface Body {
  id: string;
  entry: string;
  nodes: object[];
  edges: { source: string; target: string; condition?: string }[];
}

const nodes = [
  { id: 'fetch', type: 'tool' },
  { id: 'parse', type: 'llm', model: 'large-1' },
  { id: 'rates', type: 'tool', max_attempts: 2 },
  { id: 'book', type: 'tool' },
  { id: 'review', type: 'human' },
];
const edges = [
  { source: 'fetch', target: 'parse' },
  { source: 'parse', target: 'rates' },
  { source: 'parse', target: 'review', condition: 'doubtful' },
  { source: 'rates', target: 'book' },
  { source: 'review', target: 'parse', condition: 'corrected' },
];
const first: Body = { edges, entry: 'fetch', id: 'invoices', nodes };
const second: Body = {
  edges: [
    { source: 'fetch', target: 'check_total' },
    { source: 'check_total', target: 'parse' },
    ...edges.slice(1),
  ],
  entry: 'fetch',
  id: 'invoices',
  nodes: [
    ...nodes.map((node) => (node.id === 'parse' ? { ...node, model: 'large-2' } : node)),
    { id: 'check_total', type: 'rule' },
  ],
};
const bodies = { first: JSON.stringify(first), second: JSON.stringify(second) };
export const refs = { first: snapshotRef(bodies.first), second: snapshotRef(bodies.second) };

export const snapshotEvent = (body: string) => ({
  name: 'graph.snapshot',
  attributes: { 'graph.snapshot.ref': snapshotRef(body), 'graph.snapshot.body': body },
});

const hex = (bytes: number): string => randomBytes(bytes).toString('hex');

/** Letters only: digits could look like a card number, which is removed. */
const runName = (version: string, number: number): string =>
  `${version}-${String.fromCharCode(97 + (number % 26))}${String.fromCharCode(97 + Math.floor(number / 26))}`;

function runsOf(version: 'first' | 'second', start: number, fails: (run: number) => boolean) {
  return Array.from({ length: RUNS }, (_, run): OtlpSpan[] => {
    const at = start + run * 20 * 60_000;
    const shared = { 'graph.run.id': runName(version, run), 'graph.snapshot.ref': refs[version] };
    const attempt = (node: string, minute: number, failure?: Record<string, string | number>) => ({
      ...(failure
        ? failedAttempt(agent, { ...shared, 'graph.node.id': node, ...failure })
        : goodAttempt(agent, { ...shared, 'graph.node.id': node })),
      start: at + minute * 1000,
      end: at + minute * 1000 + 400 + run * 7,
    });
    const good = attempt('fetch', 0);
    const spans: OtlpSpan[] = [
      run === 0 ? { ...good, events: [snapshotEvent(bodies[version])] } : good,
    ];
    if (version === 'second') spans.push(attempt('check_total', 1));
    if (fails(run)) {
      spans.push(
        attempt('parse', 2, {
          'error.type': 'TypeError',
          'exception.type': 'TypeError',
          'exception.message': `cannot read total of invoice ${run}`,
          'failure.class': 'data.error',
          'failure.input': JSON.stringify({ invoice: run, total: null }),
          'failure.disposition': 'terminal',
        }),
      );
      return spans;
    }
    spans.push(attempt('parse', 2));
    if (run % 9 === 0) {
      spans.push(
        attempt('rates', 3, {
          'error.type': 'TimeoutError',
          'exception.type': 'TimeoutError',
          'exception.message': 'rates service did not answer in 2000 ms',
          'failure.class': 'tool.timeout',
          'failure.disposition': 'retried',
        }),
      );
    }
    spans.push(attempt('rates', 4), attempt('book', 5));
    return spans;
  }).flat();
}

/** A run in which a tool fails, with it its node, twice, and with the node the run. */
function fallenRun(start: number): OtlpSpan[] {
  const traceId = hex(16);
  const [root, one, two, tool] = [hex(8), hex(8), hex(8), hex(8)];
  const shared = { 'graph.run.id': 'fallen-run', 'graph.snapshot.ref': refs.second };
  const failure = (attempt: number) =>
    failedAttempt(agent, {
      ...shared,
      'gen_ai.conversation.id': 'month-end',
      'graph.node.id': 'book',
      'graph.node.attempt': attempt,
      'graph.node.max_attempts': 2,
      'error.type': 'LedgerClosedError',
      'exception.type': 'LedgerClosedError',
      'exception.message': 'the ledger of march is closed',
      'exception.stacktrace':
        'LedgerClosedError: the ledger of march is closed\n    at post (/app/ledger.js:40:11)\n    at book (/app/nodes/book.js:12:9)',
      'failure.class': 'tool.error',
      'failure.site': 'tool.call',
      'failure.disposition': attempt === 1 ? 'retried' : 'terminal',
      'failure.input': '{"invoice":4711,"month":"march","amount":12.50}',
      'failure.state': '{"path":["fetch","check_total","parse","rates","book"]}',
      'failure.evidence': '{"last_tool_error":"409 Conflict: ledger closed on 3 April"}',
    });
  const placed = (
    span: OtlpSpan,
    spanId: string,
    parentSpanId: string,
    from: number,
    to: number,
  ) => ({
    ...span,
    traceId,
    spanId,
    ...(parentSpanId && { parentSpanId }),
    start: start + from * 1000,
    end: start + to * 1000,
  });
  return [
    placed(
      {
        name: 'execute_tool post_entry',
        error: '409 Conflict',
        attributes: {
          'gen_ai.operation.name': 'execute_tool',
          'gen_ai.tool.name': 'post_entry',
          'gen_ai.agent.id': agent,
          ...shared,
          'error.type': 'Conflict',
          'exception.type': 'Conflict',
          'exception.message': 'ledger closed on 3 April',
        },
      },
      tool,
      one,
      6,
      7,
    ),
    placed(failure(1), one, root, 5, 8),
    placed(failure(2), two, root, 10, 13),
    placed(
      {
        name: 'execute_graph invoices',
        error: 'the ledger of march is closed',
        attributes: {
          'gen_ai.agent.id': agent,
          'graph.id': 'invoices',
          ...shared,
          'graph.run.outcome': 'failure',
        },
      },
      root,
      '',
      0,
      14,
    ),
  ];
}

export interface Seeded {
  /** The group that the evolution fixed, the one that recovers by itself, and the newest. */
  parse: string;
  rates: string;
  book: string;
  /** A failure of the run that fell over. */
  failure: string;
}

/** Fills an empty world. */
export async function seedPage(world: World): Promise<Seeded> {
  const now = Date.now();
  await world.send(...runsOf('first', now - 60 * HOUR, (run) => run % 5 < 2));
  const parse = (await newest(world, 'parse')).fingerprint;
  await world.send({
    name: `evolve_graph ${agent}`,
    start: now - 38 * HOUR,
    attributes: {
      'gen_ai.agent.id': agent,
      'evolution.id': 'check-the-total',
      'evolution.status': 'applied',
      'evolution.trigger': 'failure',
      'evolution.author': 'queen',
      'evolution.strategy': 'add_node',
      'evolution.rationale': 'Invoices without a total end the run.',
      'evolution.resolution': 'Check that an invoice has a total before it is parsed.',
      'evolution.from.ref': refs.first,
      'graph.snapshot.ref': refs.second,
      'evolution.target.fingerprints': [parse],
    },
    events: [snapshotEvent(bodies.second)],
  });
  await world.send(...runsOf('second', now - 30 * HOUR, (run) => run === 20));
  await world.send(...fallenRun(now - 5 * 60_000));
  const [rates, book] = [await newest(world, 'rates'), await newest(world, 'book')];
  return { parse, rates: rates.fingerprint, book: book.fingerprint, failure: book.failure_id };
}

async function newest(world: World, node: string) {
  const response = await fetch(
    `${world.query}/api/v1/failures?agent=${agent}&node=${node}&limit=1`,
  );
  const { items } = (await response.json()) as {
    items: { fingerprint: string; failure_id: string }[];
  };
  return items[0]!;
}
