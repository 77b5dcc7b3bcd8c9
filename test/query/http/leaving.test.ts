// A client that leaves ends its statement in ClickHouse.
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorld, type World } from '../../support/world.ts';

/** Far less than the 30 s after which ClickHouse would end it by itself. */
const WAIT = { timeout: 10_000 };

let world: World;
let engine: ReturnType<typeof createClient>;

beforeAll(async () => {
  world = await startWorld();
  const { url, writer } = world.engine!;
  engine = createClient({ url, ...writer, log: { level: ClickHouseLogLevel.OFF } });
});
afterAll(async () => {
  await engine?.close();
  await world?.end();
});

async function running(mark: string): Promise<number> {
  const result = await engine.query({
    query:
      "SELECT count() AS n FROM system.processes WHERE user = 'reader' AND position(query, {mark:String}) > 0",
    query_params: { mark },
    format: 'JSONEachRow',
  });
  return Number((await result.json<{ n: string }>())[0]!.n);
}

const endless = (mark: string) =>
  `SELECT count() AS ${mark} FROM system.numbers WHERE sipHash64(number) = 1`;

it.each([
  ['the route for SQL', '/api/v1/sql', (sql: string) => ({ sql })],
  [
    'a tool of MCP',
    '/mcp/v1',
    (sql: string) => ({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'query_failures_sql', arguments: { sql } },
    }),
  ],
])('through %s', async (_door, path, body) => {
  const mark = `left_${path.length}`;
  const client = new AbortController();
  const asked = fetch(`${world.query}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body(endless(mark))),
    signal: client.signal,
  }).then(
    (response) => response.text(),
    () => 'left',
  );
  await expect.poll(() => running(mark), WAIT).toBe(1);
  client.abort();
  expect(await asked).toBe('left');
  await expect.poll(() => running(mark), WAIT).toBe(0);
});
