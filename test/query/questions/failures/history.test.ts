import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type History, InvalidInputError, NotFoundError } from '../../../../query/index.ts';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  snapshotRef,
  startWorld,
  type World,
} from '../../../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await world?.end();
});

const at = (seconds: number): Pick<OtlpSpan, 'start' | 'end'> => {
  const start = Date.parse('2026-11-01T10:00:00Z') + seconds * 1000;
  return { start, end: start + 5 };
};

describe.each([
  ['in process', () => world.history],
  ['over HTTP', () => world.client],
])('the history %s', (door, open) => {
  const agent = `agent ${door}`;
  const body = `{"edges":[],"id":"g-${door}","nodes":[{"id":"parse"}]}`;
  let history: History;

  beforeAll(async () => {
    history = open();
    const spans = Array.from({ length: 5 }, (_, index) => ({
      ...failedAttempt(agent, { 'graph.snapshot.ref': snapshotRef(body) }),
      ...at(index),
    }));
    spans[0]!.events = [
      {
        name: 'graph.snapshot',
        attributes: { 'graph.snapshot.ref': snapshotRef(body), 'graph.snapshot.body': body },
      },
    ];
    const other = failedAttempt(agent, { 'graph.node.id': 'fetch', 'error.type': 'ECONNRESET' });
    await world.send(...spans, { ...other, ...at(9) });
  });

  it('lists failures newest first, by node, and page by page', async () => {
    const all = await history.recentFailures({ agent });
    expect(all.items.map((failure) => failure.node_id)).toEqual([
      'fetch',
      ...Array(5).fill('parse'),
    ]);
    expect(all.items[0]!.timestamp).toBe('2026-11-01T10:00:09.005000000Z');
    expect(all.next_cursor).toBeNull();

    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await history.recentFailures({
        agent,
        node: 'parse',
        limit: 2,
        ...(cursor ? { cursor } : {}),
      });
      seen.push(...page.items.map((failure) => failure.failure_id));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(all.items.slice(1).map((failure) => failure.failure_id));
  });

  it('pages go on over days without failures', async () => {
    const days = `${agent} in days`;
    const ago = (hours: number) => ({ start: Date.now() - hours * 3_600_000 });
    const hours = [0.5, 1, 2, 3, 80, 81, 82, 400];
    await world.send(...hours.map((since) => ({ ...failedAttempt(days), ...ago(since) })));
    const all = (await history.recentFailures({ agent: days })).items;
    const times = all.map(({ timestamp }) => timestamp);
    expect(times).toHaveLength(hours.length);
    expect(times).toEqual(times.toSorted().reverse());

    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = { agent: days, limit: 3, ...(cursor ? { cursor } : {}) };
      const { items, next_cursor } = await history.recentFailures(page);
      seen.push(...items.map(({ timestamp }) => timestamp));
      cursor = next_cursor;
    }
    expect(seen).toEqual(times);
    expect((await history.recentFailures({ agent: days, since: '90h' })).items).toHaveLength(7);
  });

  it('takes since as an instant or a duration', async () => {
    const since = await history.recentFailures({ agent, since: '2026-11-01T10:00:04Z' });
    expect(since.items).toHaveLength(2);
    expect((await history.recentFailures({ agent, since: '1s' })).items).toHaveLength(0);
  });

  it('shows one failure with the graph it happened in', async () => {
    const [, newest] = (await history.recentFailures({ agent })).items;
    const failure = await history.failure(newest!.failure_id);
    expect(failure).toMatchObject({
      ...newest,
      input_context: '{"invoice":17}',
      graph_snapshot: { ref: snapshotRef(body), body, nodes: ['parse'] },
      evolution: null,
    });
    expect(failure.fingerprint).toMatch(/^v1:[0-9a-f]{32}$/);
  });

  it('records an evolution and finds it from the failure that triggered it', async () => {
    const [, failure] = (await history.recentFailures({ agent })).items;
    const graph = { id: `g-${door}`, nodes: [{ id: 'parse' }, { id: 'repair' }], edges: [] };
    const evolution = await history.recordEvolution({
      agent_id: agent,
      resolution: 'repair first',
      target_failures: [failure!.failure_id],
      graph,
    });
    expect(evolution).toMatchObject({
      agent_id: agent,
      status: 'applied',
      trigger: 'failure',
      from_ref: snapshotRef(body),
      target_failures: [failure!.failure_id],
      target_fingerprints: [failure!.fingerprint],
    });
    expect((await history.graph(evolution.graph_snapshot_ref)).nodes).toEqual(['parse', 'repair']);
    expect((await history.evolution(evolution.evolution_id)).resolution).toBe('repair first');
    expect((await history.evolutions({ agent })).items).toHaveLength(1);
    expect((await history.failure(failure!.failure_id)).evolution).toEqual(evolution);

    const { rows } = await history.sql(
      'SELECT node_id, evolution_triggered, resolution FROM failure_records WHERE agent_id = {agent:String}',
      { agent },
    );
    expect(rows.filter((row) => row.evolution_triggered === evolution.evolution_id)).toEqual(
      Array(5).fill({
        node_id: 'parse',
        evolution_triggered: evolution.evolution_id,
        resolution: 'repair first',
      }),
    );
    expect(rows.find((row) => row.node_id === 'fetch')).toMatchObject({
      evolution_triggered: '',
      resolution: '',
    });

    const reverted = await history.recordEvolution({
      agent_id: agent,
      evolution_id: evolution.evolution_id,
      resolution: 'repair first',
      status: 'reverted',
      target_failures: [failure!.failure_id],
    });
    expect(reverted.status).toBe('reverted');
    expect((await history.evolutions({ agent })).items).toHaveLength(1);
  });

  it('names the field that is wrong', async () => {
    const wrong = (promise: Promise<unknown>) =>
      promise.then(
        () => 'nothing was thrown',
        (error) => [error.constructor, error.field],
      );
    const recorded = { agent_id: agent, resolution: 'x' };
    expect(await wrong(history.recentFailures({ since: 'yesterday' }))).toEqual([
      InvalidInputError,
      'since',
    ]);
    expect(await wrong(history.recentFailures({ limit: 0 }))).toEqual([InvalidInputError, 'limit']);
    expect(await wrong(history.recentFailures({ limit: Number.NaN }))).toEqual([
      InvalidInputError,
      'limit',
    ]);
    const forged = [
      '["2026-11-01 10:00:00","no uuid"]',
      '["2026-99-99 99:99:99","x"]',
      '["1"]',
      'x',
    ];
    for (const text of forged) {
      const cursor = Buffer.from(text).toString('base64url');
      expect(await wrong(history.recentFailures({ cursor })), text).toEqual([
        InvalidInputError,
        'cursor',
      ]);
    }
    expect(await wrong(history.recentFailures({ agents: 'x' } as object))).toEqual([
      InvalidInputError,
      'agents',
    ]);
    expect(await wrong(history.failure('17'))).toEqual([InvalidInputError, 'failure_id']);
    expect(await wrong(history.failure(randomUUID()))).toEqual([NotFoundError, 'failure_id']);
    expect(await wrong(history.evolution('none'))).toEqual([NotFoundError, 'evolution_id']);
    expect(await wrong(history.graph('sha256:none'))).toEqual([NotFoundError, 'ref']);
    expect(await wrong(history.recordEvolution({ agent_id: agent, resolution: '' }))).toEqual([
      InvalidInputError,
      'resolution',
    ]);
    expect(
      await wrong(history.recordEvolution({ ...recorded, target_failures: [randomUUID()] })),
    ).toEqual([NotFoundError, 'target_failures']);
    expect(
      await wrong(
        history.recordEvolution({ ...recorded, target_fingerprints: [`v1:${'0'.repeat(32)}`] }),
      ),
    ).toEqual([NotFoundError, 'target_fingerprints']);
    expect(
      await wrong(
        history.recordEvolution({ ...recorded, graph: {}, graph_snapshot_ref: snapshotRef('x') }),
      ),
    ).toEqual([InvalidInputError, 'graph_snapshot_ref']);
  });

  it('runs read-only SQL and no other', async () => {
    const result = await history.sql('SELECT {n:UInt8} + 1 AS two, [1, 2] AS list', { n: 1 });
    expect(result).toEqual({
      columns: [
        { name: 'two', type: 'UInt16' },
        { name: 'list', type: 'Array(UInt8)' },
      ],
      rows: [{ two: 2, list: [1, 2] }],
      truncated: false,
    });
    const big = await history.sql('SELECT number FROM system.numbers LIMIT 200000');
    expect(big.rows).toHaveLength(10_000);
    expect(big.rows.at(-1)).toEqual({ number: 9999 });
    expect(big.truncated).toBe(true);
    for (const sql of [
      'DROP TABLE failures',
      'INSERT INTO failures (agent_id) VALUES (1)',
      "SELECT * FROM file('/etc/passwd')",
      "SELECT * FROM url('http://127.0.0.1:1/')",
      'SELECT 1; SELECT 2',
      'SELEC 1',
    ]) {
      await expect(history.sql(sql), sql).rejects.toThrow(InvalidInputError);
    }
  });
});

describe('exact counts', () => {
  it('do not change when a batch is sent again', async () => {
    const spans = [
      {
        ...failedAttempt('twice'),
        traceId: randomBytes(16).toString('hex'),
        spanId: randomBytes(8).toString('hex'),
        ...at(0),
      },
      {
        ...goodAttempt('twice'),
        traceId: randomBytes(16).toString('hex'),
        spanId: randomBytes(8).toString('hex'),
        ...at(1),
      },
      {
        name: 'execute_graph g',
        traceId: randomBytes(16).toString('hex'),
        spanId: randomBytes(8).toString('hex'),
        ...at(0),
        attributes: {
          'gen_ai.agent.id': 'twice',
          'graph.id': 'g',
          'graph.run.id': 'run-1',
          'graph.snapshot.ref': snapshotRef('{}'),
          'graph.run.outcome': 'success',
        },
      },
    ];
    for (let time = 0; time < 3; time += 1) await world.send(...spans);
    const { items } = await world.history.agents();
    expect(items.find((agent) => agent.agent_id === 'twice')).toMatchObject({
      attempts: 2,
      failures: 1,
      runs: 1,
    });
    const { rows } = await world.history.sql(
      "SELECT count() AS n FROM failures WHERE agent_id = 'twice' UNION ALL SELECT count() FROM failure_records WHERE agent_id = 'twice'",
    );
    expect(rows).toEqual([{ n: 1 }, { n: 1 }]);
  });

  it('say when an agent was heard of last, long ago too', async () => {
    const now = Date.now();
    await world.send(
      { ...goodAttempt('quiet'), ...at(0) },
      { ...failedAttempt('quiet'), ...at(60) },
      { ...goodAttempt('quiet'), ...at(30) },
      { ...goodAttempt('heard'), ...at(90) },
      { ...goodAttempt('heard'), start: now - 5, end: now },
    );
    const { items } = await world.history.agents();
    const seen = items.filter(({ agent_id }) => ['quiet', 'heard'].includes(agent_id));
    expect(seen).toMatchObject([
      { agent_id: 'heard', attempts: 2, failures: 0 },
      { agent_id: 'quiet', attempts: 3, failures: 1, last_seen: '2026-11-01T10:01:00.005000000Z' },
    ]);
    expect(Date.parse(seen[0]!.last_seen)).toBe(now);

    const many = Array.from({ length: 501 }, (_, nth) => ({
      ...goodAttempt(`old ${nth}`),
      ...at(nth),
    }));
    await world.send(...many);
    const old = (await world.history.agents()).items.filter(({ agent_id }) =>
      agent_id.startsWith('old '),
    );
    expect(old.map(({ agent_id }) => agent_id)).toEqual(
      Array.from({ length: 501 }, (_, nth) => `old ${500 - nth}`),
    );
    // Page by page, each once.
    const paged: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await world.history.agents({ limit: 60, ...(cursor && { cursor }) });
      expect(page.items.length).toBeLessThanOrEqual(60);
      paged.push(...page.items.map(({ agent_id }) => agent_id));
      cursor = page.next_cursor;
    } while (cursor);
    const all = (await world.history.agents()).items.map(({ agent_id }) => agent_id);
    expect(paged).toHaveLength(all.length);
    expect([...paged].sort()).toEqual([...all].sort());
    expect(paged.slice(0, 60)).toContain('heard');
    expect((await world.history.agents({ find: 'OLD 50' })).items).toHaveLength(2);
    expect((await world.history.agents({ agent: 'quiet' })).items).toMatchObject([{ attempts: 3 }]);
  });

  it('know a run by its start signal, whatever comes first', async () => {
    const run = (id: string, name: string, outcome?: string): OtlpSpan => ({
      name: `${name} g`,
      ...at(0),
      attributes: {
        'gen_ai.agent.id': 'runs',
        'graph.id': 'g',
        'graph.run.id': id,
        'graph.snapshot.ref': snapshotRef('{}'),
        ...(outcome ? { 'graph.run.outcome': outcome } : {}),
      },
    });
    await world.send({ ...run('lost', 'start_graph'), end: at(0).start! });
    await world.send(run('late', 'execute_graph', 'success'));
    await world.send({ ...run('late', 'start_graph'), end: at(0).start! });
    const { rows } = await world.history.sql(
      "SELECT run_id, outcome FROM graph_runs WHERE agent_id = 'runs' ORDER BY run_id",
    );
    expect(rows).toEqual([
      { run_id: 'late', outcome: 'success' },
      { run_id: 'lost', outcome: '' },
    ]);
  });
});
