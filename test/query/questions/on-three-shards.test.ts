// Every question gives over three shards what it gives over one server: real engines, the same rows in both.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { connectClickHouse } from '../../../collector/serving/clickhouse.ts';
import { copyTables } from '../../../deploy/clickhouse/cluster/copy.ts';
import { migrateCluster } from '../../../deploy/clickhouse/cluster/migrate-cluster.ts';
import { readOptions, writeSettings } from '../../../deploy/clickhouse/cluster/sharding.ts';
import type { Question } from '../../../query/base/question.ts';
import { connect, type History } from '../../../query/index.ts';
import { questions } from '../../../query/questions/index.ts';
import { verify } from '../../../query/verify/verify.ts';
import { sendOpsData } from '../../deploy/grafana/ops-data.ts';
import { CLUSTER, Shards } from '../../support/shards.ts';
import { startWorld, type World } from '../../support/world.ts';
import { seedPage } from '../page/seed.ts';

const database = 'faultline';
let world: World;
let shards: Shards;
let spread: History;
/** Values that the rows have, by the names that questions use for them. */
const values = new Map<string, string[]>();

beforeAll(async () => {
  [world, shards] = await Promise.all([startWorld(), Shards.start()]);
  await seedPage(world);
  await sendOpsData(world);
  const { url, writer } = world.engine!;
  const to = { url: shards.urls, ...shards.writer };
  await migrateCluster(to, { cluster: CLUSTER, database, retentionDays: 90 });
  await copyTables({
    from: { url, ...writer, database },
    to: { ...to, database, clickhouse_settings: writeSettings },
  });
  // As with three addresses, and for others' SQL as with one, behind which may be any number of shards.
  spread = connect({ clickhouse: asQuery(3), reader: asQuery(1) });
  await readValues();
});
afterAll(async () => {
  await spread?.close();
  await Promise.all([world?.end(), shards?.stop()]);
});

const asQuery = (addresses: number) => ({
  ...{ url: shards.urls, username: 'query', password: 'q', database },
  ...readOptions(database, addresses),
});

async function readValues(): Promise<void> {
  const read = async (name: string, expression: string, table: string): Promise<void> => {
    const { rows } = await world.history.sql(
      `SELECT DISTINCT toString(${expression}) AS value FROM ${table} WHERE value != '' ORDER BY value LIMIT 6`,
    );
    values.set(
      name,
      rows.map(({ value }) => String(value)),
    );
  };
  await read('agent', 'agent_id', 'failures');
  await read('class', 'class', 'failures');
  await read('fingerprint', 'fingerprint', 'failures');
  await read('failure_id', 'failure_id', 'failures');
  await read('run_id', 'run_id', 'graph_runs');
  await read('ref', 'ref', 'graph_snapshots');
  await read('evolution_id', 'evolution_id', 'evolutions');
}

/** Fields that go with each question, besides what stands in its path. */
const fields: Readonly<Record<string, () => Record<string, unknown>[]>> = {
  recentFailures: () => [
    {},
    { limit: 3 },
    { text: 'READ TOTAL' },
    ...each('agent'),
    ...each('class'),
  ],
  runs: () => [{}, { limit: 3 }, ...each('agent')],
  groups: () => [{}, { limit: 2 }, { text: 'READ TOTAL' }, ...each('agent'), ...each('class')],
  alerts: () => [{}, ...each('agent')],
  evolutions: () => [{}, ...each('agent')],
  brief: () => [{}, { max_tokens: 800 }],
  retryAdvice: () => [
    { node: 'parse', error_type: 'TypeError' },
    { node: 'fetch', error_type: 'ECONNRESET', attempt: 1 },
    { node: 'book', class: 'code.error', max_age: 0 },
  ],
  nodes: () => [{}, ...each('ref', 'graph_snapshot_ref')],
  similarFailures: () => [
    { text: 'the model answered in prose' },
    ...each('failure_id', 'failure'),
  ],
  diffGraphs: () => [{ from: values.get('ref')![0], to: values.get('ref')![1] }],
  sql: () => STATEMENTS.map((sql) => ({ sql })),
};

/** Those of the documentation's kind: views, joins, subqueries over several tables. */
const STATEMENTS = [
  'SELECT * FROM failure_records ORDER BY timestamp, error_message LIMIT 500',
  'SELECT * FROM failure_groups ORDER BY agent_id, fingerprint',
  'SELECT * FROM node_health ORDER BY agent_id, node_id, graph_snapshot_ref',
  'SELECT * FROM evolution_effects ORDER BY evolution_id, fingerprint',
  'SELECT * FROM failure_rates ORDER BY ALL',
  'SELECT count() AS n, uniqExact(run_id) AS runs FROM failures FINAL',
  'SELECT r.outcome, count() AS n FROM graph_runs AS r FINAL JOIN failures AS f FINAL ON r.run_id = f.run_id GROUP BY r.outcome ORDER BY r.outcome',
  "SELECT node_id, count() AS n FROM node_attempts FINAL WHERE run_id IN (SELECT run_id FROM failures WHERE agent_id = 'invoice-agent') GROUP BY node_id ORDER BY node_id",
];

const each = (name: string, as = name): Record<string, unknown>[] =>
  values.get(name)!.map((value) => ({ [as]: value }));

/** What a question is asked: every value that may stand in its path, with all its fields. */
function asked(name: string, question: Question): Record<string, unknown>[] {
  const more = fields[name]?.() ?? [{}];
  if (question.of === undefined) return more;
  return each(question.of).flatMap((path) => more.map((one) => ({ ...path, ...one })));
}

interface Answer {
  answer?: unknown;
  error?: string;
}

const answerOf = async (history: History, name: string, input: object): Promise<Answer> => {
  const ask = history[name as keyof History] as (...args: unknown[]) => Promise<unknown>;
  const { of, args } = questions[name as keyof typeof questions] as unknown as Question;
  const { ...rest } = input as Record<string, unknown>;
  const first = [...(of ? [of] : []), ...args].map((field) => {
    const value = rest[field];
    delete rest[field];
    return value;
  });
  try {
    // How long an answer was kept in memory is not of the data.
    const { age_ms: _, ...answer } = (await ask(...first, rest)) as { age_ms?: number };
    return { answer };
  } catch (error) {
    return { error: (error as Error).message };
  }
};

const reading = Object.entries(questions).filter(([, { changes }]) => !changes) as unknown as [
  string,
  Question,
][];

describe('gives the same', () => {
  // Answers name times that are counted from the moment of the question.
  beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'] }));
  afterAll(() => void vi.useRealTimers());

  test.each(reading)('%s', async (name, question) => {
    const inputs = asked(name, question);
    expect(inputs.length).toBeGreaterThan(0);
    let answers = 0;
    for (const input of inputs) {
      let [one, three] = await Promise.all(
        [world.history, spread].map((at) => answerOf(at, name, input)),
      );
      if (JSON.stringify(one) !== JSON.stringify(three)) {
        // Some answers say how long ago something was.
        [one, three] = await Promise.all(
          [world.history, spread].map((at) => answerOf(at, name, input)),
        );
      }
      expect(three, JSON.stringify(input)).toEqual(one);
      if (one!.error === undefined) answers++;
    }
    expect(answers, 'answers that are no errors').toBeGreaterThan(0);
  });
});

describe('while a shard is away', () => {
  const away = 1;
  const partial = { missing_shards: [away + 1], shards: 3 };
  let left: History;
  beforeAll(async () => {
    const clickhouse = { ...asQuery(3), partialAnswers: true };
    left = connect({ clickhouse, reader: clickhouse });
    // What is asked of nobody else is asked of connections that were open before.
    await left.recentFailures();
    await shards.kill(away);
  });
  afterAll(() => left?.close());

  test('every question fails clearly, or says whose rows are missing', async () => {
    const kinds = { whole: 0, partial: 0, nothing: 0 };
    for (const [name, question] of reading) {
      const [input] = asked(name, question);
      const strict = await answerOf(spread, name, input!);
      const { answer, error } = await answerOf(left, name, input!);
      if (strict.error === undefined) {
        // It is kept in memory, or needs no shard that is away.
        if (name !== 'retryAdvice') expect(answer, name).toEqual(strict.answer);
        kinds.whole++;
        continue;
      }
      expect(strict.error, name).toContain('a shard of the cluster does not answer');
      if (error === undefined) {
        expect(answer, name).toMatchObject({ partial });
        kinds.partial++;
      } else {
        expect(error, name).toMatch(/nothing is stored for .*, but shard 2 of 3 does not answer/);
        kinds.nothing++;
      }
    }
    expect(kinds.partial).toBeGreaterThan(kinds.whole + kinds.nothing);
  });

  test('nothing is judged, and nothing advised', async () => {
    const { items } = await left.evolutions({ limit: 500 });
    const effects = await Promise.all(
      items.map(async ({ evolution_id }) => (await left.effects(evolution_id)).items),
    );
    const verdicts = new Set(effects.flat().map(({ verdict }) => verdict));
    expect(verdicts).toEqual(new Set(['insufficient_exposure']));
    for (const agent of values.get('agent')!) {
      const advice = await left.evolutionAdvice(agent).catch((error: Error) => error);
      if (advice instanceof Error) expect(advice.message).toContain('shard 2 of 3');
      else expect(advice).toMatchObject({ advice: 'wait', because: 'partial', revert_to: null });
    }
    const plan = verify(left, { agent: values.get('agent')![0]! }, async () => {
      throw new Error('no case is run');
    });
    await expect(plan).rejects.toThrow('cases may be missing: shard 2 of 3 does not answer');
  });

  test('all is as before when it is back', async () => {
    await shards.restart(away);
    const agent = values.get('agent')![0]!;
    await expect.poll(async () => (await left.groups({ agent })).partial).toBe(undefined);
    expect(await left.groups({ agent })).toEqual(await world.history.groups({ agent }));
  });
});

test('rows are on all shards, and each only on one', async () => {
  for (const table of ['failures', 'node_attempts', 'graph_runs']) {
    const counts = await Promise.all(
      shards.engines.map(async ({ url }) => {
        const client = connectClickHouse({ url, ...shards.writer, database });
        const result = await client.query({
          query: `SELECT count() AS rows FROM ${table}_local FINAL`,
          format: 'JSONEachRow',
        });
        const [row] = await result.json<{ rows: string }>();
        await client.close();
        return Number(row!.rows);
      }),
    );
    const { rows } = await world.history.sql(`SELECT count() AS n FROM ${table} FINAL`);
    expect(
      counts.every((count) => count > 0),
      `${table}: ${counts}`,
    ).toBe(true);
    expect(counts.reduce((sum, count) => sum + count)).toBe(Number(rows[0]!.n));
  }
});
