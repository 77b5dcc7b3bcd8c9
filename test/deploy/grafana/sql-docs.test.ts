// docs/sql.md is what it says: each statement finds rows, each table and column is there.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpsWorld, startOpsWorld } from './ops-data.ts';

const text = readFileSync(new URL('../../../docs/sql.md', import.meta.url), 'utf8');

/** The ready queries by the sentence before each. */
const queries = [...text.matchAll(/\n\n([^\n](?:(?!\n\n)[\s\S])*)\n\n```sql\n([\s\S]*?)```/g)].map(
  ([, title, sql]) => ({ title: title!.replaceAll('\n', ' '), sql: sql! }),
);

/** The names in the first column of the tables, by the section's heading. */
const documented = new Map(
  [...text.matchAll(/\n## `(\w+)`\n([\s\S]*?)(?=\n## |$)/g)].map(([, table, body]) => [
    table!,
    [...body!.matchAll(/^\| (`[^|]*)\|/gm)].flatMap(([, cell]) => cell!.match(/(?<=`)\w+(?=`)/g)!),
  ]),
);

let ops: OpsWorld;

beforeAll(async () => {
  ops = await startOpsWorld();
});
afterAll(async () => {
  await ops?.end();
});

const rowsOf = async <T>(query: string): Promise<T[]> =>
  (await ops.clickhouse.query({ query, format: 'JSONEachRow' })).json<T>();

describe('the ready queries', () => {
  it('are all found', () => {
    expect(queries.length).toBe(text.match(/^```sql$/gm)!.length);
    expect(queries.length).toBeGreaterThanOrEqual(12);
  });

  it.each(queries)('$title', async ({ sql }) => {
    expect((await rowsOf(sql)).length).toBeGreaterThan(0);
  });

  it.each(queries)('over HTTP: $title', async ({ sql }) => {
    const answer = await fetch(`${ops.world.query}/api/v1/sql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sql }),
    });
    expect(answer.status).toBe(200);
  });
});

it('every table, view and column is described, and no other', async () => {
  const columns = await rowsOf<{ table: string; names: string[] }>(
    `SELECT table, arraySort(groupArray(name)) AS names FROM system.columns
     WHERE database = 'faultline' AND NOT endsWith(table, '_filler') GROUP BY table`,
  );
  const found = Object.fromEntries(columns.map(({ table, names }) => [table, names]));
  const described = [...documented].map(([table, names]) => [table, names.toSorted()]);
  expect(Object.fromEntries(described)).toEqual(found);
  const missing = columns.filter(({ table }) => !text.includes(`[\`${table}\`](#${table})`));
  expect(missing, 'in the list of contents').toEqual([]);
});

it('the user of the guide reads and does nothing else', async () => {
  const { password } = ops.world.asReader;
  const ask = (body: string) =>
    fetch(`${ops.world.clickhouse}/?database=faultline`, {
      method: 'POST',
      body,
      headers: { 'X-ClickHouse-User': 'reader', 'X-ClickHouse-Key': password! },
    });
  const rows = await ask('SELECT * FROM failure_groups FORMAT JSONEachRow');
  expect(rows.status).toBe(200);
  expect((await rows.text()).split('\n').filter(Boolean)).toHaveLength(4);
  expect((await ask('DROP TABLE failures')).ok).toBe(false);
  expect((await ask("SELECT * FROM file('/etc/passwd')")).ok).toBe(false);
  const inUrl = new URLSearchParams({ user: 'reader', password: password!, query: 'SELECT 1' });
  expect(await (await fetch(`${ops.world.clickhouse}/?${inUrl}`)).text()).toBe('1\n');
});
