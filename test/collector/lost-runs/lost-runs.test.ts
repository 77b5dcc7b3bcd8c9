// Runs that went silent: when they count as lost, in which node, and that each is told once.
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Collector, startCollector } from '../../../collector/index.ts';
import type { Signs } from '../../../collector/lost-runs/last-events.ts';
import { heardAt, lostRow, type OpenRun } from '../../../collector/lost-runs/lost-run.ts';
import { nodeOf } from '../../../collector/lost-runs/running-node.ts';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  sendSpans,
  snapshotRef,
} from '../../support/world.ts';
import { COLLECTOR, type Database, type Storage, startStorage } from '../queue/storage.ts';

const RUN: OpenRun = {
  agent_id: 'a',
  run_id: 'r',
  agent_name: '',
  session_id: 's',
  service_name: 'planner',
  environment: '',
  graph_id: 'g',
  graph_snapshot_ref: 'sha256:1',
  trace_id: '0af7651916cd43dd8448eb211c80319c',
  span_id: 'b7ad6b7169203331',
  started_at: '2026-11-01 10:00:00.000000000',
  received_at: '2026-11-01 10:00:01.000000000',
};
const attempt = {
  last_at: '2026-11-01 10:05:00.000000000',
  node_id: 'fetch',
  attempt: 1,
  ok: true,
};
const failure = {
  last_at: '2026-11-01 10:04:00.000000000',
  last_received: '2026-11-01 10:06:00.000000000',
  failed_node: '',
  failed_attempt: 0,
  failed_disposition: '',
  working_node: '',
  working_attempt: 0,
  working_at: '1970-01-01 00:00:00.000000000',
};
const graph = {
  edges: ['fetch->parse', 'parse->write', 'parse->fetch'],
  nodes: ['fetch', 'parse', 'write'],
  entry: 'fetch',
};

describe('a run was last heard of', () => {
  const at = (time: string): number => Date.parse(`2026-11-01T${time}Z`);
  test.each<[string, Partial<OpenRun>, Signs | undefined, string]>([
    ['when its start came', {}, undefined, '10:00:01'],
    ['when an attempt ended', {}, { attempts: 1, attempt }, '10:05:01'],
    ['when a failure came', {}, { attempts: 1, attempt, failure }, '10:06:00'],
    [
      'on our clock, when that of its executor is two hours behind',
      { received_at: '2026-11-01 12:00:00.000000000' },
      { attempts: 1, attempt },
      '12:05:00',
    ],
    [
      'on our clock, when that of its executor is ahead',
      { received_at: '2026-11-01 09:00:00.000000000' },
      { attempts: 1, attempt },
      '09:05:00',
    ],
  ])('%s', (_name, over, signs, expected) => {
    expect(heardAt({ ...RUN, ...over }, signs)).toBe(at(expected));
  });
});

describe('the node at work', () => {
  const retried = {
    ...failure,
    failed_node: 'fetch',
    failed_attempt: 1,
    failed_disposition: 'retried',
  };
  const working = { working_node: 'parse', working_attempt: 2 };
  test.each<[string, Signs | undefined, string | undefined]>([
    ['begins the graph', undefined, 'fetch 1 entry'],
    ['is the only one after the last', { attempts: 1, attempt }, 'parse 1 edge'],
    [
      'is not known where the graph parts',
      { attempts: 1, attempt: { ...attempt, node_id: 'parse' } },
      undefined,
    ],
    [
      'is not known after the end',
      { attempts: 1, attempt: { ...attempt, node_id: 'write' } },
      undefined,
    ],
    [
      'is tried again',
      { attempts: 1, attempt: { ...attempt, ok: false }, failure: retried },
      'fetch 2 retry',
    ],
    [
      'is not known after a failure',
      { attempts: 1, attempt: { ...attempt, ok: false } },
      undefined,
    ],
    [
      'is the one whose call failed after the last attempt',
      {
        attempts: 1,
        attempt,
        failure: { ...failure, ...working, working_at: '2026-11-01 10:05:01.000000000' },
      },
      'parse 2 operation',
    ],
    [
      'is not the one whose call failed before',
      {
        attempts: 1,
        attempt,
        failure: { ...failure, ...working, working_at: '2026-11-01 10:04:00.000000000' },
      },
      'parse 1 edge',
    ],
  ])('%s', (_name, signs, expected) => {
    const node = nodeOf(signs, graph);
    expect(node && `${node.node_id} ${node.attempt} ${node.by}`).toBe(expected);
  });
});

test('what silence means', () => {
  const told = { receivedAt: '2026-11-01 12:00:00.000000000', before: 0 };
  const row = lostRow(RUN, { attempts: 3, attempt }, graph, told);
  expect(row).toMatchObject({
    timestamp: attempt.last_at,
    level: 'graph',
    class: 'worker.lost',
    site: 'worker',
    node_id: 'parse',
    duration_ns: '300000000000',
    revision: 2,
    is_deleted: 0,
  });
  expect(JSON.parse(row.evidence)).toEqual({
    last_sign: '2026-11-01T10:05:00.000000000Z',
    attempts_heard_of: 3,
    last_node: 'fetch',
    node_known_by: 'edge',
  });
  const other = lostRow(
    { ...RUN, run_id: 'r2', span_id: 'b7ad6b7169203332' },
    { attempts: 9, attempt },
    graph,
    told,
  );
  expect(other.fingerprint).toBe(row.fingerprint);
  expect(other.failure_id).not.toBe(row.failure_id);
});

describe('the watch', () => {
  let storage: Storage;
  let database: Database;
  const collectors: Collector[] = [];
  let folders = 0;

  beforeAll(async () => {
    storage = await startStorage();
  });
  afterAll(() => storage?.end());
  beforeEach(async () => {
    database = await storage.database();
  });
  afterEach(async () => {
    await Promise.all(collectors.splice(0).map((collector) => collector.close()));
  });

  async function start(afterMs = 300): Promise<Collector> {
    const collector = await startCollector({
      ...COLLECTOR,
      clickhouse: database.connection,
      queue: { folder: join(storage.dataDir, `lost-${++folders}`), maxBytes: 64 * 1024 * 1024 },
      logger: pino({ level: 'silent' }),
      lostRuns: { afterMs, everyMs: 50, graceMs: 0 },
    });
    collectors.push(collector);
    return collector;
  }

  const body =
    '{"edges":[{"source":"fetch","target":"parse"}],"entry":"fetch","id":"g","nodes":[{"id":"fetch"},{"id":"parse"}]}';
  const of = (run: string, node = 'fetch') => ({
    'graph.run.id': run,
    'graph.node.id': node,
    'graph.snapshot.ref': snapshotRef(body),
  });
  const spanOf = (name: string, run: string, outcome?: string): OtlpSpan => ({
    name: `${name} g`,
    attributes: {
      ...goodAttempt('worker', of(run)).attributes!,
      ...(outcome ? { 'graph.run.outcome': outcome } : {}),
    },
    events: [
      {
        name: 'graph.snapshot',
        attributes: { 'graph.snapshot.ref': snapshotRef(body), 'graph.snapshot.body': body },
      },
    ],
  });
  const started = (run: string) => spanOf('start_graph', run);
  const lost = async (): Promise<string[]> => {
    const rows = await database.select<{ run_id: string; node_id: string }>(
      "SELECT run_id, node_id FROM failures FINAL WHERE class = 'worker.lost' ORDER BY run_id, node_id",
    );
    return rows.map(({ run_id, node_id }) => `${run_id} ${node_id}`);
  };
  const until = (expected: string[]) =>
    vi.waitFor(async () => expect(await lost()).toEqual(expected), {
      timeout: 60_000,
      interval: 50,
    });
  /** Until a collector has looked twice from begin to end. */
  const looked = (collector: Collector) => {
    const { looks } = collector.stats().lostRuns;
    return vi.waitFor(() => expect(collector.stats().lostRuns.looks).toBeGreaterThan(looks + 1), {
      timeout: 60_000,
      interval: 20,
    });
  };

  test('reports runs that went silent, and none that ended or paused', async () => {
    const collector = await start();
    await sendSpans(collector.url, [
      started('silent'),
      started('done'),
      spanOf('execute_graph', 'done', 'success'),
      started('waits'),
      spanOf('execute_graph', 'waits', 'paused'),
    ]);
    await until(['silent fetch']);
    await looked(collector);
    expect(await lost()).toEqual(['silent fetch']);
    expect(collector.stats().lostRuns).toMatchObject({ lost: 1, withdrawn: 0, failedLooks: 0 });
  });

  test('reports each once, whoever looks and however often they start', async () => {
    const first = await start();
    const others = [await start(), await start()];
    await sendSpans(first.url, [started('silent')]);
    await until(['silent fetch']);
    for (const collector of others) await looked(collector);
    await Promise.all(collectors.splice(0).map((collector) => collector.close()));
    await looked(await start());
    expect(await lost()).toEqual(['silent fetch']);
    const [{ ids }] = (await database.select<{ ids: string }>(
      'SELECT uniqExact(failure_id, timestamp, fingerprint) AS ids FROM failures',
    )) as [{ ids: string }];
    expect(Number(ids)).toBe(1);
  });

  test('takes it back when the run is heard of again, and reports it again', async () => {
    const collector = await start();
    await sendSpans(collector.url, [started('slow')]);
    await until(['slow fetch']);
    await looked(collector);
    const now = Date.now();
    await sendSpans(collector.url, [
      { ...goodAttempt('worker', of('slow')), start: now - 5, end: now },
    ]);
    // Silent again, now after the first node.
    await until(['slow parse']);
    await looked(collector);
    await sendSpans(collector.url, [spanOf('execute_graph', 'slow', 'success')]);
    await until([]);
    await looked(collector);
    expect(await lost()).toEqual([]);
    expect(collector.stats().lostRuns).toMatchObject({ lost: 2, withdrawn: 2 });
  });

  test('takes it back when another collector heard of it', async () => {
    const [one, other] = [await start(), await start()];
    await sendSpans(one.url, [started('slow')]);
    await until(['slow fetch']);
    await Promise.all([looked(one), looked(other)]);
    await sendSpans(other.url, [spanOf('execute_graph', 'slow', 'failure')]);
    await until([]);
  });

  test('leaves one row when two were written of different knowledge', async () => {
    const collector = await start();
    await sendSpans(collector.url, [started('silent')]);
    await until(['silent fetch']);
    await database.command(
      `INSERT INTO failures SELECT * REPLACE ('parse' AS node_id, 'v1:${'f'.repeat(32)}' AS fingerprint) FROM failures FINAL`,
    );
    await looked(collector);
    await vi.waitFor(async () => expect(await lost()).toHaveLength(1), {
      timeout: 60_000,
      interval: 50,
    });
    const [written] = await database.select<{ n: string }>(
      'SELECT uniqExact(fingerprint) AS n FROM failures SETTINGS final = 0',
    );
    expect(Number(written!.n)).toBe(2);
  });

  test('is off at 0', async () => {
    const off = await start(0);
    const on = await start();
    await sendSpans(off.url, [started('silent'), failedAttempt('worker', of('other'))]);
    await until(['silent fetch']);
    expect([off.stats().lostRuns.looks, on.stats().lostRuns.lost]).toEqual([0, 1]);
  });
});
