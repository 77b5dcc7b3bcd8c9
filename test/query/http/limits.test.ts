// Who is kept out of the query service and when: pages of others, and those who ask too often.
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, TooManyRequestsError } from '../../../query/index.ts';
import { failedAttempt, snapshotRef, startWorld, type World } from '../../support/world.ts';

let open: World;
let closed: World;

/** Requests that pass within a window, at one a second. */
const MOST = 10;

beforeAll(async () => {
  [open, closed] = await Promise.all([
    startWorld({ 'query-rate-limit': 1 }),
    startWorld({ 'query-rate-limit': 1, 'query-token': ['one', 'two', 'three'] }),
  ]);
});
afterAll(() => Promise.all([open?.end(), closed?.end()]));

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

/** A request with headers that fetch would not let through. */
function raw(url: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
  return new Promise((settle, fail) => {
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () =>
        settle({ status: response.statusCode!, headers: response.headers, body: text }),
      );
    });
    sent.on('error', fail);
    sent.end(body);
  });
}

describe('asking too often', () => {
  const statusesOf = async (path: string, count: number, headers?: Record<string, string>) => {
    const ask = () => raw(closed.query + path, headers);
    const answers = await Promise.all(Array.from({ length: count }, ask));
    return answers.map(({ status }) => status);
  };
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  it('is bounded for each token, over all routes', async () => {
    const first = await raw(`${closed.query}/api/v1/agents`, bearer('one'));
    expect(first.headers).toMatchObject({
      'ratelimit-limit': String(MOST),
      'ratelimit-remaining': String(MOST - 1),
    });
    const statuses = [
      ...(await statusesOf('/api/v1/agents', MOST - 1, bearer('one'))),
      ...(await statusesOf('/api/v1/evolutions', 2, { authorization: 'bearer   one ' })),
    ];
    expect(statuses).toEqual([...Array(MOST - 1).fill(200), 429, 429]);
    expect(await statusesOf('/api/v1/agents', 1, bearer('two'))).toEqual([200]);
  });

  it('is shown as a problem, and when to come again', async () => {
    await statusesOf('/api/v1/agents', MOST, bearer('three'));
    const { status, headers, body } = await raw(`${closed.query}/api/v1/agents`, bearer('three'));
    expect(status).toBe(429);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(10);
    expect(headers['content-type']).toContain('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({
      type: 'about:blank',
      title: 'Too many requests',
      status: 429,
      detail: expect.stringContaining('more than 10 requests in 10 s'),
    });
    const client = createClient({ url: closed.query, token: 'three' });
    await expect(client.agents()).rejects.toThrow(TooManyRequestsError);
  });

  it('costs nobody else: health is not counted, and wrong tokens are refused as such', async () => {
    expect(await statusesOf('/healthz', MOST + 2)).toEqual(Array(MOST + 2).fill(200));
    expect(await statusesOf('/api/v1/agents', MOST + 2, bearer('none'))).toEqual(
      Array(MOST + 2).fill(401),
    );
  });
});

describe('without tokens', () => {
  it('addresses are counted, whatever token they make up', async () => {
    const ask = (index: number) =>
      raw(`${open.query}/api/v1/agents`, { authorization: `Bearer made-up-${index}` });
    const answers = await Promise.all(Array.from({ length: MOST + 1 }, (_, index) => ask(index)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(MOST).fill(200), 429]);
  });
});

describe('pages of others', () => {
  let free: World;
  beforeAll(async () => {
    free = await startWorld({ 'query-rate-limit': 0 });
    const body = '{"edges":[],"id":"g","nodes":[]}';
    const attributes = { 'graph.snapshot.ref': snapshotRef(body) };
    await free.send({
      ...failedAttempt('a', attributes),
      events: [
        { name: 'graph.snapshot', attributes: { ...attributes, 'graph.snapshot.body': body } },
      ],
    });
  });
  afterAll(() => free?.end());

  it.each([
    ['a page of another site', { origin: 'https://evil.example' }, true],
    ['a sandboxed page', { origin: 'null' }, true],
    ['a name that was rebound', { host: 'evil.example:4320' }, true],
    [
      'a rebound name, as its own page',
      { host: 'evil.example', origin: 'http://evil.example' },
      true,
    ],
    ['a name that begins like one of this machine', { host: 'localhost.evil.example' }, true],
    ['a page of this machine', { origin: 'http://localhost:5173' }, false],
    ['another address of this machine', { host: '127.0.0.2:4320' }, false],
    ['its IPv6 address', { host: '[::1]:4320', origin: 'http://[::1]:4320' }, false],
    ['curl', {}, false],
  ])('%s', async (_name, given, isRefused) => {
    const headers = given as Record<string, string>;
    for (const path of ['/api/v1/agents', '/api/v1/openapi.json', '/api/v1/none', '/mcp']) {
      const { status, body } = await raw(free.query + path, headers);
      expect(status === 403, path).toBe(isRefused);
      if (isRefused) expect(JSON.parse(body)).toMatchObject({ status: 403, title: 'Forbidden' });
    }
    const change = JSON.stringify({ agent_id: 'a', resolution: 'x' });
    const json = { ...headers, 'content-type': 'application/json' };
    const { status } = await raw(`${free.query}/api/v1/evolutions`, json, change);
    expect(status).toBe(isRefused ? 403 : 201);
    expect((await raw(`${free.query}/healthz`, headers)).status).toBe(200);
  });

  it('need the name of the service where tokens are set, which a proxy may have given', async () => {
    const own = { authorization: 'Bearer two', host: 'faultline.example' };
    const ask = (origin?: string) =>
      raw(`${closed.query}/api/v1/agents`, { ...own, ...(origin && { origin }) });
    expect((await ask()).status).not.toBe(403);
    expect((await ask('https://faultline.example')).status).not.toBe(403);
    expect((await ask('https://evil.example')).status).toBe(403);
  });

  it('an answer that one has is not sent again', async () => {
    const { items } = await createClient({ url: free.query }).recentFailures();
    const url = `${free.query}/api/v1/graphs/${encodeURIComponent(items[0]!.graph_snapshot_ref)}`;
    const first = await raw(url);
    expect(first).toMatchObject({ status: 200, headers: { 'cache-control': 'private, no-cache' } });
    const tag = String(first.headers.etag);
    expect(tag).toMatch(/^"[\w-]{43}"$/);
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const again = await raw(url, { 'if-none-match': known });
      expect(again).toMatchObject({ status: 304, body: '', headers: { etag: tag } });
    }
    const other = await raw(url, { 'if-none-match': '"other"' });
    expect(other).toMatchObject({ status: 200, body: first.body });
    const lost = await raw(`${free.query}/api/v1/evolutions/none`);
    expect(lost.headers.etag).toBeUndefined();
  });
});
