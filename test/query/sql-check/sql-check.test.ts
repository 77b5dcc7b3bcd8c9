// Statements that others send: what gets out of the tables is refused before it runs, at every door.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verb } from '../../support/verb.ts';
import { startWorld, type World } from '../../support/world.ts';
import { overHttp } from '../mcp/mcp-clients.ts';
import { ATTACKS, GENERATED, HARMLESS } from './statements.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.end());

/** Of our own check, or of ClickHouse's parser. */
const REFUSED = /is not allowed: a statement reads tables|Syntax error|ClickHouse code 62\)/;

const messageOf = (asking: Promise<unknown>): Promise<string> =>
  asking.then(
    (answer) => `it ran: ${JSON.stringify(answer)}`,
    (error: Error) => error.message,
  );

it.each(ATTACKS)('%s', async (sql) => {
  expect(await messageOf(world.history.sql(sql))).toMatch(REFUSED);
  const response = await fetch(`${world.query}/api/v1/sql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sql }),
  });
  expect([response.status, await response.text()]).toEqual([400, expect.stringMatching(REFUSED)]);
});

it('the tool of language models refuses all of them', async () => {
  const client = await overHttp(world.query);
  try {
    for (const sql of ATTACKS) {
      const answer = await client.callTool({ name: 'query_failures_sql', arguments: { sql } });
      expect([sql, answer.isError, JSON.stringify(answer.content)]).toEqual([
        sql,
        true,
        expect.stringMatching(REFUSED),
      ]);
    }
  } finally {
    await client.close();
  }
});

it('so does the command line, which asks the same door', async () => {
  for (const sql of ATTACKS.slice(0, 2)) {
    await expect(verb(world, 'sql', sql)).rejects.toMatchObject({
      stderr: expect.stringMatching(REFUSED),
    });
  }
});

it('SETTINGS are refused wherever the grammar has them', async () => {
  const messages: string[] = [];
  for (let at = 0; at < GENERATED.length; at += 8) {
    const some = GENERATED.slice(at, at + 8);
    messages.push(...(await Promise.all(some.map((sql) => messageOf(world.history.sql(sql))))));
  }
  const passed = GENERATED.filter((_sql, index) => !REFUSED.test(messages[index]!));
  expect(passed).toEqual([]);
  // Most are real statements, which only the check refuses.
  const byCheck = messages.filter((message) => /is not allowed/.test(message));
  expect(byCheck.length).toBeGreaterThan(900);
});

it.each(HARMLESS)('%s runs', async (sql) => {
  await expect(world.history.sql(sql, { c: 'tool.error' })).resolves.toBeTruthy();
});

it('a parameter cannot name a function', async () => {
  const sql = "SELECT arrayMap({f:Identifier}, ['/etc/hostname'])";
  expect(await messageOf(world.history.sql(sql, { f: 'file' }))).toMatch(/file.* is not allowed/);
});

it('every statement of the guide passes', async () => {
  const guide = readFileSync(new URL('../../../docs/sql.md', import.meta.url), 'utf8');
  const statements = [...guide.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql]) => sql!);
  expect(statements.length).toBeGreaterThan(10);
  for (const sql of statements) await expect(world.history.sql(sql)).resolves.toBeTruthy();
});

it('statements that never end take nothing from the query service, and the next is told to wait', async () => {
  const leave = new AbortController();
  const { url, username, password } = world.asReader;
  const headers = { 'X-ClickHouse-User': username!, 'X-ClickHouse-Key': password! };
  const endless = Array.from({ length: 4 }, async () => {
    // Refused while the statement that looks for a full house holds the last place: then again.
    for (;;) {
      const refused = await fetch(url, {
        method: 'POST',
        headers,
        body: 'SELECT sum(sipHash64(number)) FROM numbers(1000000000000)',
        signal: leave.signal,
      })
        .then((answer) => answer.text())
        .catch(() => undefined);
      if (refused === undefined) return 'left';
    }
  });
  try {
    await expect
      .poll(() => messageOf(world.history.sql('SELECT 1')))
      .toMatch(/too many statements run at once/);
    expect((await fetch(`${world.query}/readyz`)).status).toBe(200);
    expect((await world.client.brief('nobody')).markdown).toContain('nobody');
  } finally {
    leave.abort();
  }
  expect(await Promise.all(endless)).toEqual(endless.map(() => 'left'));
  // Their clients have left, and so they end.
  await expect.poll(() => messageOf(world.history.sql('SELECT 1'))).toMatch(/^it ran/);
});
