// A little of everything that ops ask about, sent as executors would: two agents, two versions, a fix,
// a group that came back, retries, a run that hangs, a secret.
import { randomBytes } from 'node:crypto';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  snapshotRef,
  startWorld,
  type World,
} from '../../support/world.ts';

const MINUTE = 60_000;
const agent = 'refund-agent';
const graph = (note: string) => `{"edges":[],"id":"g","nodes":[{"id":"parse"}],"note":"${note}"}`;
const [before, after] = [graph('before'), graph('after')];

/** Letters only, so that nothing looks like the number of a card. */
const name = (prefix: string): string =>
  `${prefix}-${[...randomBytes(8)].map((byte) => String.fromCharCode(97 + (byte % 26))).join('')}`;

export interface OpsWorld {
  world: World;
  /** ClickHouse's own client as the reader. */
  clickhouse: ClickHouseClient;
  end(): Promise<void>;
}

export async function startOpsWorld(): Promise<OpsWorld> {
  const world = await startWorld();
  const clickhouse = createClient({
    ...world.asReader,
    log: { level: ClickHouseLogLevel.OFF },
  });
  await sendOpsData(world);
  return {
    world,
    clickhouse,
    end: async () => {
      await clickhouse.close();
      await world.end();
    },
  };
}

export async function sendOpsData(world: World): Promise<void> {
  const { history } = world;
  const start = Date.now() - 90 * MINUTE;
  await world.send(
    ...Array.from({ length: 12 }, (_, index) =>
      run(before, start + index * MINUTE, { fails: index % 2 === 0, snapshot: index === 0 }),
    ).flat(),
    ...rescued(start + 20 * MINUTE),
    ...others(start + 30 * MINUTE),
  );
  const { items } = await history.groups({ agent, node: 'parse' });
  const fingerprint = items[0]!.fingerprint;
  const { evolution_id } = await history.recordEvolution({
    agent_id: agent,
    resolution: 'ask for JSON',
    rationale: 'the model answers in prose',
    strategy: 'prompt',
    from_ref: snapshotRef(before),
    graph: JSON.parse(after),
    target_fingerprints: [fingerprint],
  });
  const said = { author: 'ada', reason: 'fixed in the prompt' };
  await history.changeGroup(fingerprint, { kind: 'resolve', evolution_id, ...said });
  const other = await history.groups({ agent: 'invoice-agent' });
  await history.changeGroup(other.items[0]!.fingerprint, { kind: 'ignore', ...said });
  await world.send(
    ...Array.from({ length: 6 }, (_, index) =>
      run(after, Date.now(), { fails: index === 0 }),
    ).flat(),
    failedAttempt(agent, {
      'graph.node.id': 'reply',
      'graph.run.id': name('run'),
      'graph.snapshot.ref': snapshotRef(after),
      'error.type': 'RangeError',
    }),
  );
}

/** A run of one node with its own span around it. */
function run(
  body: string,
  start: number,
  { fails, snapshot = false }: { fails: boolean; snapshot?: boolean },
): OtlpSpan[] {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  const ref = { 'graph.snapshot.ref': snapshotRef(body) };
  const shared = { ...ref, 'graph.run.id': name('run') };
  const node = fails
    ? failedAttempt(agent, {
        ...shared,
        'failure.disposition': 'terminal',
        'exception.message': 'the model answered in prose; ask ada@example.com',
        'failure.input.digest': 'a'.repeat(64),
        'gen_ai.request.model': 'large-1',
      })
    : goodAttempt(agent, shared);
  const events = [{ name: 'graph.snapshot', attributes: { ...ref, 'graph.snapshot.body': body } }];
  return [
    { ...node, traceId, parentSpanId: spanId, start, end: start + 400 },
    {
      ...goodAttempt(agent, { ...shared, 'graph.run.outcome': fails ? 'failure' : 'success' }),
      name: 'execute_graph g',
      traceId,
      spanId,
      start,
      end: start + 500,
      ...(snapshot && { events }),
    },
  ];
}

/** A node that fails at first and is good at the second attempt. */
function rescued(start: number): OtlpSpan[] {
  const shared = {
    'graph.node.id': 'fetch',
    'graph.run.id': name('run'),
    'graph.snapshot.ref': snapshotRef(before),
  };
  const first = failedAttempt(agent, {
    ...shared,
    'error.type': 'ECONNRESET',
    'failure.disposition': 'retried',
  });
  return [
    { ...first, start, end: start + 100 },
    {
      ...goodAttempt(agent, { ...shared, 'graph.node.attempt': 2 }),
      start: start + 200,
      end: start + 900,
    },
  ];
}

/** Another agent, whose graph nobody sends, with an input that is cut; and a run that hangs. */
function others(start: number): OtlpSpan[] {
  const shared = { 'graph.snapshot.ref': snapshotRef('unknown'), 'graph.run.id': name('run') };
  const input = JSON.stringify({ invoice: 'x'.repeat(20_000) });
  return [
    {
      ...failedAttempt('invoice-agent', { ...shared, 'failure.input': input }),
      start,
      end: start + 10,
    },
    {
      ...goodAttempt(agent, { 'graph.run.id': name('hangs') }),
      name: 'start_graph g',
      start: Date.now() - 30 * MINUTE,
    },
  ];
}
