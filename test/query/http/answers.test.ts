// One answer for many who ask the same: when, for how long, and when not.
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answers, shareAnswers } from '../../../query/http/answers.ts';
import { toProblem } from '../../../query/http/problem.ts';
import { createClient } from '../../../query/index.ts';
import { failedAttempt, startWorld, type World } from '../../support/world.ts';

const MAX_AGE = 5_000;
/** More than a second may see without load. */
const MANY = 60;

interface Service {
  app: FastifyInstance;
  answers: Answers;
  /** How often an answer was worked out. */
  worked: () => number;
  pass: (milliseconds: number) => void;
  /** What an asker is told: which working made it, and its age in seconds, where it has one. */
  ask: (url?: string, headers?: Record<string, string>) => Promise<[number, string | undefined]>;
  /** Makes answers wait, or fail, until it is called with nothing. */
  hold: (until?: Promise<unknown>) => void;
}

function service(maxAge = MAX_AGE): Service {
  let now = 1_000_000;
  let worked = 0;
  let held: Promise<unknown> | undefined;
  const app = Fastify();
  app.setErrorHandler((error, _request, reply) => {
    const document = toProblem(error);
    return reply.code(document.status).send(document);
  });
  const answers = shareAnswers(app, maxAge, () => now);
  const answer = async () => {
    worked += 1;
    const number = worked;
    await held;
    return { number, large: '' };
  };
  const told = { type: 'object', properties: { number: { type: 'integer' } } };
  const schema = { response: { 200: told } };
  app.get('/api/v1/one', { schema }, answer);
  app.get('/api/v1/advice', { schema, config: { alwaysFresh: true } }, answer);
  app.get(
    '/api/v1/large',
    { schema: { response: { 200: { type: 'object', additionalProperties: true } } } },
    async () => ({ ...(await answer()), large: 'x'.repeat(1024 * 1024) }),
  );
  return {
    app,
    answers,
    worked: () => worked,
    pass: (milliseconds) => {
      now += milliseconds;
    },
    ask: async (url = '/api/v1/one', headers = {}) => {
      const response = await app.inject({ method: 'GET', url, headers });
      return [response.json().number, response.headers.age?.toString()];
    },
    hold: (until) => {
      held = until;
    },
  };
}

async function load({ ask }: Service, url?: string): Promise<void> {
  for (let asked = 0; asked < MANY; asked++) await ask(url);
}

describe('one answer for many', () => {
  it('works every answer out while few ask', async () => {
    const quiet = service();
    for (let asked = 1; asked <= 20; asked++) expect(await quiet.ask()).toEqual([asked, undefined]);
  });

  it('gives an answer again while many ask, until it is too old', async () => {
    const busy = service();
    await load(busy);
    const [number, age] = await busy.ask();
    expect(age).toBe('0');
    expect(await busy.ask()).toEqual([number, '0']);
    expect((await busy.ask('/api/v1/one?other=1'))[0]).not.toBe(number);
    busy.pass(900);
    await load(busy, '/api/v1/one?other=1');
    busy.pass(700);
    expect(await busy.ask()).toEqual([number, '1']);
    busy.pass(MAX_AGE);
    await load(busy, '/api/v1/one?other=1');
    const [later] = await busy.ask();
    expect(later).toBeGreaterThan(number);
  });

  it('gives one that took long for four times as long', async () => {
    const busy = service();
    await load(busy, '/api/v1/one?other=1');
    let release = () => {};
    busy.hold(new Promise<void>((resolve) => (release = resolve)));
    const asked = busy.ask();
    await expect.poll(() => busy.worked()).toBeGreaterThan(50);
    busy.pass(2 * MAX_AGE);
    busy.hold();
    release();
    const [number] = await asked;
    busy.pass(1.9 * MAX_AGE);
    await load(busy, '/api/v1/one?other=1');
    expect(await busy.ask()).toEqual([number, '19']);
    busy.pass(4.2 * MAX_AGE);
    await load(busy, '/api/v1/one?other=1');
    expect((await busy.ask())[0]).toBeGreaterThan(number);
  });

  it('is new for each again when the load is over', async () => {
    const busy = service();
    await load(busy);
    busy.pass(2_000);
    const before = busy.worked();
    expect(await busy.ask()).toEqual([before + 1, undefined]);
    expect(await busy.ask()).toEqual([before + 2, undefined]);
  });

  it('works an ageing answer out behind the backs of those who ask, once', async () => {
    const busy = service();
    await load(busy);
    const [number] = await busy.ask();
    busy.pass(MAX_AGE / 2 + 100);
    await load(busy, '/api/v1/one?other=1');
    const before = busy.worked();
    let release = () => {};
    busy.hold(new Promise<void>((resolve) => (release = resolve)));
    expect(await busy.ask()).toEqual([number, '2']);
    expect(await busy.ask()).toEqual([number, '2']);
    expect(busy.worked()).toBe(before + 1);
    release();
    await expect.poll(() => busy.ask()).toEqual([before + 1, '0']);
    expect(busy.worked()).toBe(before + 1);
  });

  it('gives those who ask at the same time one answer', async () => {
    const busy = service();
    await load(busy, '/api/v1/one?other=1');
    const before = busy.worked();
    const all = await Promise.all(Array.from({ length: 30 }, () => busy.ask()));
    expect(new Set(all.map(([number]) => number))).toEqual(new Set([before + 1]));
  });

  it('counts questions that are open as load', async () => {
    const slow = service();
    let release = () => {};
    slow.hold(new Promise<void>((resolve) => (release = resolve)));
    const all = Array.from({ length: 30 }, () => slow.ask());
    await expect.poll(() => slow.worked()).toBeGreaterThan(16);
    release();
    expect(new Set((await Promise.all(all)).map(([number]) => number)).size).toBe(17);
  });

  it('gives a new one to who wants it, and where answers are never shared', async () => {
    const busy = service();
    await load(busy);
    const before = busy.worked();
    const fresh = { 'cache-control': 'no-cache' };
    expect(await busy.ask('/api/v1/one', fresh)).toEqual([before + 1, undefined]);
    expect(await busy.ask('/api/v1/one', { 'cache-control': 'max-age=0' })).toEqual([
      before + 2,
      undefined,
    ]);
    expect(await busy.ask('/api/v1/advice')).toEqual([before + 3, undefined]);
    const never = service(0);
    await load(never);
    expect(await never.ask()).toEqual([MANY + 1, undefined]);
  });

  it('gives nothing from before a change, not even what was under way', async () => {
    const busy = service();
    await load(busy);
    const [number] = await busy.ask();
    busy.answers.forget();
    let release = () => {};
    busy.hold(new Promise<void>((resolve) => (release = resolve)));
    const underWay = busy.ask();
    await expect.poll(() => busy.worked()).toBe(number + 1);
    busy.answers.forget();
    busy.hold();
    expect((await busy.ask())[0]).toBe(number + 2);
    release();
    expect((await underWay)[0]).toBe(number + 1);
    expect((await busy.ask())[0]).toBe(number + 2);
  });

  it('keeps no failures, and nothing that is very large', async () => {
    const busy = service();
    await load(busy);
    busy.answers.forget();
    busy.hold(Promise.reject(new Error('gone')));
    const failed = await busy.app.inject('/api/v1/one');
    expect(failed.statusCode).toBe(500);
    busy.hold();
    const before = busy.worked();
    expect((await busy.ask())[0]).toBe(before + 1);
    const [first] = await busy.ask('/api/v1/large');
    expect((await busy.ask('/api/v1/large'))[0]).toBe(first + 1);
  });

  it('gives what it has and what costs nothing while questions are refused', async () => {
    const full = service();
    await load(full);
    const [number] = await full.ask();
    let release = () => {};
    full.hold(new Promise<void>((resolve) => (release = resolve)));
    const before = full.worked();
    const open = Array.from({ length: 256 }, (_, nth) => full.ask(`/api/v1/one?nth=${nth}`));
    await expect.poll(() => full.worked()).toBe(before + 256);
    full.hold();
    expect((await full.app.inject('/api/v1/one?nth=256')).statusCode).toBe(503);
    expect(await full.ask()).toEqual([number, '0']);
    expect(await full.ask('/api/v1/advice')).toEqual([before + 257, undefined]);
    release();
    await Promise.all(open);
  });

  it('refuses one question too many, and answers again when others have their answers', async () => {
    const full = service(0);
    let release = () => {};
    full.hold(new Promise<void>((resolve) => (release = resolve)));
    const open = Array.from({ length: 256 }, () => full.ask());
    await expect.poll(() => full.worked()).toBe(256);
    const refused = await full.app.inject('/api/v1/one');
    expect(refused.statusCode).toBe(503);
    expect(refused.headers['retry-after']).toBe('2');
    expect(refused.json().detail).toContain('256 questions have no answer yet');
    release();
    await Promise.all(open);
    expect((await full.app.inject('/api/v1/one')).statusCode).toBe(200);
  });
});

describe('a query service that many ask', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ 'query-rate-limit': 0 });
    await world.send(failedAttempt('busy'));
  });
  afterAll(() => world?.end());

  const recent = '/api/v1/failures?agent=busy';
  const ask = async (path: string, headers = {}) => fetch(world.query + path, { headers });
  const contentOf = async (answer: Response): Promise<string> =>
    JSON.stringify([
      ...['etag', 'content-type'].map((name) => answer.headers.get(name)),
      await answer.text(),
    ]);

  it('answers them alike, with the age, and shows it in its metrics', async () => {
    const plain = await ask(recent);
    const seen = new Set([await contentOf(plain)]);
    const asMany = async () => {
      const all = await Promise.all(Array.from({ length: 100 }, () => ask(recent)));
      for (const answer of all) seen.add(await contentOf(answer));
      return all.filter(({ headers }) => headers.has('age')).length;
    };
    // How many of them come within a second of each other is the machine's matter.
    await expect.poll(asMany).toBeGreaterThan(0);
    expect([...seen]).toHaveLength(1);
    const etag = plain.headers.get('etag')!;
    const again = await Promise.all(
      Array.from({ length: 60 }, () => ask(recent, { 'if-none-match': etag })),
    );
    expect(new Set(again.map(({ status }) => status))).toEqual(new Set([304]));
    const metrics = await (await ask('/metrics')).text();
    expect(metrics).toMatch(
      /faultline_query_shared_answers_total\{route="\/api\/v1\/failures"\} [1-9]/,
    );
  });

  it('shows what was changed at once, and what came in to those who want no older answer', async () => {
    const evolutions = '/api/v1/evolutions?agent=busy';
    await Promise.all(Array.from({ length: 100 }, () => ask(evolutions)));
    const { evolution_id } = await world.client.recordEvolution({
      agent_id: 'busy',
      resolution: 'a bound',
    });
    const told = await Promise.all(Array.from({ length: 60 }, () => ask(evolutions)));
    for (const answer of told) expect(await answer.text()).toContain(evolution_id);

    await Promise.all(Array.from({ length: 100 }, () => ask(recent)));
    await world.send(failedAttempt('busy', { 'error.type': 'RangeError' }));
    const fresh = createClient({ url: world.query, fresh: true });
    expect((await fresh.recentFailures({ agent: 'busy' })).items).toHaveLength(2);
  });

  it('refuses what is wrong as ever', async () => {
    const wrong = await Promise.all(
      Array.from({ length: 80 }, () => ask('/api/v1/failures?limit=zero')),
    );
    expect(new Set(wrong.map(({ status }) => status))).toEqual(new Set([400]));
    const none = await Promise.all(
      Array.from({ length: 80 }, () => ask(`/api/v1/failures/${crypto.randomUUID()}`)),
    );
    expect(new Set(none.map(({ status }) => status))).toEqual(new Set([404]));
  });
});
