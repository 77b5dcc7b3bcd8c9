// What was forgotten is nowhere any more: not in an answer, not in a table, not in a file.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  sendSpans,
  startWorld,
  type World,
} from '../../support/world.ts';

/** Texts that stand in everything that is to go. */
const CANARY = 'canaryQx7';
const SESSION = `session-${CANARY}`;
const AGENT = `agent-${CANARY}`;

let world: World;

beforeAll(async () => {
  world = await startWorld({ 'group-mapping-seconds': 1 });
});
afterAll(() => world?.end());

const nodes = ['parse', 'plan'];

/** A run with a failure, a good attempt, and its own end. */
function runOf(
  agent: string,
  session: string,
  run: string,
  text: string,
  time: number,
): OtlpSpan[] {
  const more = { 'gen_ai.conversation.id': session, 'graph.run.id': run };
  const message = `${text} broke on 17`;
  const at = (span: OtlpSpan): OtlpSpan => ({ ...span, start: time, end: time });
  return [
    ...nodes.map((node) =>
      at(
        failedAttempt(agent, {
          ...more,
          'graph.node.id': node,
          'exception.message': message,
          'failure.input': JSON.stringify({ text }),
          'exception.stacktrace': `TypeError: ${message}\n    at ${text}Fn (/app/${text}.js:1:2)`,
        }),
      ),
    ),
    at(goodAttempt(agent, { ...more, 'graph.node.id': 'parse', 'graph.node.attempt': 2 })),
    at({
      name: 'execute_graph g',
      attributes: {
        'gen_ai.agent.id': agent,
        'graph.id': 'g',
        'graph.run.outcome': 'success',
        ...more,
      },
    }),
  ];
}

/** Files below the folders that hold the text, as it is or in UTF-16. */
async function filesWith(text: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of [world.engine!.dataDir, join(world.dataDir, 'queue')]) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const bytes = await readFile(path).catch(() => Buffer.alloc(0));
      if (bytes.includes(text)) found.push(path);
    }
  }
  return found;
}

async function sql(query: string): Promise<Record<string, unknown>[]> {
  return (await world.history.sql(query)).rows;
}

const forget = (target: object): Promise<Response> =>
  fetch(`${world.otlpHttp}/admin/forget`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(target),
  });

it('a session goes with its runs, attempts, groups’ words and dead letters; others stay', async () => {
  const now = Date.now();
  await world.send(
    ...runOf('a', SESSION, `run-${CANARY}`, CANARY, now),
    ...runOf('a', 'other', 'run-other', 'harmless', now),
  );
  const before = await sql('SELECT count() AS n FROM failures');
  expect(Number(before[0]!.n)).toBe(4);
  expect(await filesWith(CANARY)).not.toEqual([]);

  const answer = await forget({ session: SESSION });
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  expect(text).not.toContain(CANARY);
  expect(JSON.parse(text)).toMatchObject({
    by: 'session',
    rows: { failures: 2, node_attempts: 3, graph_runs: 1 },
    files_left: 0,
  });
  expect(await filesWith(CANARY)).toEqual([]);
  const left = await sql('SELECT session_id, count() AS n FROM failures GROUP BY session_id');
  expect(left.map(({ session_id, n }) => [session_id, Number(n)])).toEqual([['other', 2]]);
  expect(await sql('SELECT run_id FROM graph_runs')).toEqual([{ run_id: 'run-other' }]);
  const templates = await sql('SELECT template FROM failure_templates');
  expect(templates.length).toBeGreaterThan(0);

  const again = (await (await forget({ session: SESSION })).json()) as { rows: object };
  expect(again.rows).toEqual({});
});

it('an agent goes with its fixes, its graphs, and the rows that ClickHouse refused', async () => {
  await world.send(
    ...runOf(AGENT, 's', 'r', CANARY, Date.now()),
    ...runOf('refused', 's', `r-${CANARY}`, 'harmless', Date.now()),
  );
  const [failure] = (await world.history.recentFailures({ agent: AGENT })).items;
  await world.history.recordEvolution({
    agent_id: AGENT,
    resolution: `no more ${CANARY}`,
    target_fingerprints: [failure!.fingerprint],
  });
  await world.history.recordVerifications({
    agent_id: AGENT,
    items: [
      {
        fingerprint: failure!.fingerprint,
        result: 'still_failing',
        basis: 'spans',
        runs: 4,
        failed_runs: 1,
        error_message: `${CANARY} again`,
      },
    ],
  });
  const { url, writer } = world.engine!;
  const refuse = (change: string) =>
    fetch(`${url}/?database=faultline`, {
      method: 'POST',
      headers: { 'X-ClickHouse-User': writer.username, 'X-ClickHouse-Key': writer.password },
      body: `ALTER TABLE failures ${change}`,
    });
  await refuse("ADD CONSTRAINT refuses CHECK node_id != 'refused'");
  await sendSpans(
    world.otlpHttp,
    [AGENT, 'other'].map((agent) => failedAttempt(agent, { 'graph.node.id': 'refused' })),
  );
  await world.drained();
  const answer = (await (await forget({ agent: AGENT })).json()) as { rows: object };
  expect(answer).toMatchObject({
    by: 'agent',
    rows: { failures: 2, evolutions: 1, graph_runs: 1, verifications: 1 },
    dead_letters: 1,
  });
  expect(await filesWith(AGENT)).toEqual([]);
  const listed = await fetch(`${world.otlpHttp}/admin/deadletters`);
  const { items } = (await listed.json()) as { items: { row: { agent_id: string } }[] };
  expect(items.map(({ row }) => row.agent_id)).toEqual(['other']);
  expect(await sql(`SELECT count() AS n FROM graph_runs WHERE agent_id = 'refused'`)).toEqual([
    { n: expect.anything() },
  ]);
});

it('what the mapping wrote quotes it no more, and stays; nor is it quoted later', async () => {
  // Those of the test before stand in what it leaves.
  const word = 'quetzalton';
  const failing = (session: string, protocol: string) =>
    failedAttempt('billing', {
      'gen_ai.conversation.id': session,
      'exception.message': `Unsupported protocol ${protocol}`,
      'exception.stacktrace': 'TypeError: x\n    at fetchInvoice (/srv/app/src/billing.js:3:1)',
    });
  const merges = () =>
    sql("SELECT value, reason FROM group_events WHERE kind = 'merge' AND agent_id = 'billing'");
  await world.send(failing(SESSION, word));
  await world.send(failing('other', 'failed'));
  await expect.poll(merges).toHaveLength(1);
  expect(JSON.stringify(await merges())).toContain(word);

  const answer = (await (await forget({ session: SESSION })).json()) as { rows: object };
  expect(answer.rows).toMatchObject({ failures: 1, group_events: 1 });
  expect(await filesWith(word)).toEqual([]);
  expect(await merges()).toEqual([{ value: '', reason: '' }]);

  // The first has the fingerprint of the one that went, and connects the other two.
  await world.send(failing('other', 'v2'), failing('other', 'value'));
  await expect.poll(merges).toHaveLength(2);
  const [written] = (await merges()).filter(({ value }) => value !== '');
  expect(written!.value).toBe('"Unsupported protocol value" and "Unsupported protocol failed"');
  expect(await filesWith(word)).toEqual([]);
});

it('what happened before a time goes', async () => {
  const day = 24 * 3600 * 1000;
  await world.send(
    ...runOf('b', 'old', 'old', 'old', Date.now() - 3 * day),
    ...runOf('b', 'new', 'new', 'new', Date.now()),
  );
  const before = new Date(Date.now() - day).toISOString();
  expect((await forget({ before })).status).toBe(200);
  const left = await sql("SELECT DISTINCT session_id FROM failures WHERE agent_id = 'b'");
  expect(left).toEqual([{ session_id: 'new' }]);
});

it.each([
  [{}, /expected one of the fields session, agent, before/],
  [{ session: 's', agent: 'a' }, /expected one of the fields/],
  [{ session: '' }, /session: expected a text/],
  [{ before: 'yesterday' }, /before: expected an ISO 8601 time/],
  [{ before: '2999-01-01' }, /before: expected a time that is past/],
])('%j is refused', async (target, reason) => {
  const answer = await forget(target);
  expect(answer.status).toBe(400);
  expect(((await answer.json()) as { title: string }).title).toMatch(reason);
});
