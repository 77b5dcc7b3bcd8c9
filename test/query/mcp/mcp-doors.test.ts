import { request } from 'node:http';
import type { Client } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failedAttempt, startWorld, type World } from '../../support/world.ts';
import { call, overHttp, overStdio } from './mcp-clients.ts';

let world: World;
let open: World;
const clients: Client[] = [];

beforeAll(async () => {
  [world, open] = await Promise.all([
    startWorld({ 'query-token': ['reader'], 'admin-token': ['admin'] }),
    startWorld(),
  ]);
  await world.send(failedAttempt('billing'));
  await open.send(failedAttempt('billing'));
});
afterAll(async () => {
  await Promise.all(clients.map((one) => one.close()));
  await Promise.all([world?.end(), open?.end()]);
});

const opened = async (client: Promise<Client>): Promise<Client> => {
  clients.push(await client);
  return client;
};

interface Answer {
  status: number;
  type: string | undefined;
  body: string;
}

/** A request with headers that fetch would not let through. */
function raw(
  url: string,
  method: string,
  headers: Record<string, string>,
  body = '',
): Promise<Answer> {
  return new Promise((settle, fail) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () =>
        settle({
          status: response.statusCode!,
          type: response.headers['content-type'],
          body: text,
        }),
      );
    });
    sent.on('error', fail);
    sent.end(body);
  });
}

const json = { 'content-type': 'application/json' };
const rpc = (method: string, params: object = {}) =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
const callTool = (name: string, args: object) => rpc('tools/call', { name, arguments: args });

describe('who may do what', () => {
  it('nobody comes without a token', async () => {
    await expect(overHttp(world.query)).rejects.toThrow(/401|token/);
    for (const path of ['/mcp', '/mcp/v1']) {
      const answer = await raw(world.query + path, 'POST', json, rpc('tools/list'));
      expect(answer.status, path).toBe(401);
    }
  });

  const changing = ['record_evolution', 'change_failure_group'];
  const names = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name);

  it('a reader is not shown what changes, and is refused it by name', async () => {
    const client = await opened(overHttp(world.query, 'reader'));
    expect(await names(client)).not.toEqual(expect.arrayContaining([changing[0]]));
    await expect(
      call(client, 'record_evolution', { agent: 'billing', resolution: 'x' }),
    ).rejects.toThrow('Tool record_evolution disabled');
    const { data } = await call(client, 'list_evolutions', { agent: 'billing' });
    expect(data.items).toEqual([]);
  });

  it('an admin may change', async () => {
    const client = await opened(overHttp(world.query, 'admin'));
    expect(await names(client)).toEqual(expect.arrayContaining(changing));
    const { data } = await call(client, 'record_evolution', {
      agent: 'billing',
      resolution: 'x',
    });
    expect(data.evolution).toMatchObject({ agent_id: 'billing', author: 'queen' });
  });

  it('over stdio the service decides, and its answer is shown', async () => {
    const client = await opened(overStdio(world.query, 'reader'));
    expect(await call(client, 'record_evolution', { agent: 'billing', resolution: 'x' })).toEqual({
      text: 'this token may read only; an admin token is needed here',
      data: undefined,
      isError: true,
    });
    const nobody = await opened(overStdio(world.query));
    const refused = await call(nobody, 'failure_brief', { agent: 'billing' });
    expect(refused).toMatchObject({ isError: true, text: expect.stringContaining('token') });
    const away = await opened(overStdio('http://127.0.0.1:1'));
    const lost = await call(away, 'failure_brief', { agent: 'billing' });
    expect(lost.text).toContain('no query service answers at http://127.0.0.1:1');
    await expect(
      away.getPrompt({ name: 'before_evolving', arguments: { agent: 'billing' } }),
    ).rejects.toThrow('no query service answers');
  });
});

describe('pages of others', () => {
  const accept = { ...json, accept: 'application/json, text/event-stream' };
  const list = rpc('tools/list');

  it.each([
    ['a page of another site', { origin: 'https://evil.example' }, 403],
    ['a sandboxed page', { origin: 'null' }, 403],
    ['a name that was rebound', { host: 'evil.example:4320' }, 403],
    [
      'a rebound name, as its own page',
      { host: 'evil.example', origin: 'http://evil.example' },
      403,
    ],
    ['a page of this machine', { origin: 'http://localhost:5173' }, 200],
    ['no page', {}, 200],
  ])('%s: %s %i', async (_name, headers, status) => {
    for (const path of ['/mcp', '/mcp/v1']) {
      const answer = await raw(open.query + path, 'POST', { ...accept, ...headers }, list);
      expect(answer.status, path).toBe(status);
    }
  });

  it('a name of its own is fine where a token is needed', async () => {
    const bearer = { authorization: 'Bearer reader' };
    const own = { ...accept, ...bearer, host: 'faultline.example' };
    const ask = (headers: Record<string, string>) =>
      raw(`${world.query}/mcp/v1`, 'POST', headers, list);
    expect((await ask(own)).status).toBe(200);
    expect((await ask({ ...own, origin: 'https://faultline.example' })).status).toBe(200);
    expect((await ask({ ...own, origin: 'https://evil.example' })).status).toBe(403);
  });
});

describe("Hive's client", () => {
  const ask = async (body: string) => {
    const response = await fetch(`${open.query}/mcp/v1`, { method: 'POST', headers: json, body });
    // biome-ignore lint/suspicious/noExplicitAny: the tests look into it as they expect it
    return { status: response.status, body: (await response.json()) as any };
  };

  it('lists and calls without a handshake', async () => {
    const health = await fetch(`${open.query}/health`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
    const listed = await ask(rpc('tools/list'));
    expect(listed.body).toMatchObject({ jsonrpc: '2.0', id: 1 });
    expect(listed.body.result.tools[0]).toMatchObject({
      name: 'failure_brief',
      inputSchema: { type: 'object', required: ['agent'] },
    });
    const called = await ask(callTool('failure_brief', { agent: 'billing' }));
    expect(called.body.result.content).toMatchObject([
      { type: 'text', text: expect.stringContaining('1 failure of 1 kind') },
    ]);
  });

  it('hears what is wrong', async () => {
    expect((await ask(callTool('failure_brief', {}))).body.result).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining('agent: ') }],
    });
    expect((await ask(callTool('failure_breif', {}))).body.error.message).toContain(
      'failure_breif',
    );
    expect((await ask(rpc('tools/lust'))).body.error).toMatchObject({ code: -32601 });
    expect(await ask('{"jsonrpc')).toMatchObject({
      status: 400,
      body: { error: { code: -32700 } },
    });
    expect((await ask('17')).body.error.code).toBeLessThan(0);
  });
});

describe('wrong input', () => {
  const absent = '11111111-1111-4111-8111-111111111111';
  const fingerprint = `v1:${'0'.repeat(32)}`;
  const ref = `sha256:${'0'.repeat(64)}`;

  let owner: Promise<Client> | undefined;

  it.each([
    ['failure_brief', {}, 'agent: '],
    [
      'failure_brief',
      { agent: 'billing', nod: 'x' },
      "nod: no such argument; 'nod' is called 'node'",
    ],
    [
      'failure_brief',
      { agent_id: 'billing' },
      "'agent_id' is called 'agent' here; failure_brief takes",
    ],
    ['get_failure', { failure_id: absent }, "'failure_id' is called 'failure'"],
    ['get_failure_group', { fingerprint }, "'fingerprint' is called 'group'"],
    [
      'list_failures',
      { run_id: 'x', nodeId: 'y' },
      "'run_id' is called 'run' here, 'nodeId' is called 'node'",
    ],
    [
      'record_evolution',
      { agent: 'billing', target_failures: [] },
      "'target_failures' is called 'failures'",
    ],
    ['record_evolution', { agent: 'billing', from_ref: ref }, "'from_ref' is called 'from'"],
    ['change_failure_group', { group: fingerprint, kind: 'note' }, "'kind' is called 'change'"],
    ['query_failures_sql', { query: 'SELECT 1' }, "'query' is called 'sql'"],
    ['diff_graphs', { left: ref }, 'left: no such argument; diff_graphs takes from, to, offset'],
    ['failure_brief', { agent: 'billing', max_tokens: 1e9 }, 'max_tokens: '],
    ['failure_brief', { agent: 'billing', since: 'yesterday' }, 'since: '],
    ['list_failures', { limit: 100_000 }, 'limit: '],
    ['list_failures', { limit: 'many' }, 'limit: '],
    ['list_failures', { cursor: 'expired' }, 'cursor: '],
    ['list_failures', { group: 'v1:x' }, 'group: '],
    ['get_failure', { failure: 17 }, 'failure: '],
    ['get_failure', { failure: absent }, `failure: nothing is stored for "${absent}"`],
    ['get_failure', { failure: absent, part: 'secrets' }, 'part: '],
    ['get_failure_group', { group: fingerprint }, 'group: nothing is stored'],
    ['failure_cases', { group: fingerprint }, 'group: nothing is stored'],
    ['list_evolutions', { evolution: 'none' }, 'evolution: nothing is stored'],
    ['retry_advice', { agent: 'billing', node: 'parse' }, 'group: '],
    ['diff_graphs', { from: ref }, 'to: '],
    ['diff_graphs', { from: ref, to: ref }, 'nothing is stored'],
    ['query_failures_sql', { sql: 'DROP TABLE failures' }, 'sql: '],
    ['query_failures_sql', { sql: "SELECT * FROM file('/etc/passwd')" }, 'sql: '],
    ['query_failures_sql', { sql: 'SELECT 1', params: { 'a b': 1 } }, 'params'],
    ['record_evolution', { agent: 'billing' }, 'resolution: '],
    ['record_evolution', { agent: 'billing', resolution: 'x', failures: [absent] }, 'failures: '],
    ['change_failure_group', { group: fingerprint, change: 'delete' }, 'change: '],
    ['change_failure_group', { group: fingerprint, change: 'merge' }, 'into: '],
  ])('%s %j names what is wrong', async (name, args, told) => {
    owner ??= opened(overHttp(open.query));
    const { text, data, isError } = await call(await owner, name, args);
    expect(isError).toBe(true);
    expect(data).toBeUndefined();
    expect(text).toContain(told);
    expect(text).not.toMatch(/\bat .*:\d+:\d+|node_modules|\.ts\b/);
  });
});

describe('what real clients send', () => {
  const both = 'application/json, text/event-stream';

  it.each([
    ['/mcp', both, 'text/event-stream'],
    ['/mcp/', both, 'text/event-stream'],
    ['/mcp', 'text/event-stream', 'text/event-stream'],
    ['/mcp', undefined, 'application/json'],
    ['/mcp/', '*/*', 'application/json'],
    ['/mcp', 'application/json', 'application/json'],
    ['/mcp', 'application/*', 'application/json'],
    ['/mcp/v1', undefined, 'application/json'],
    ['/mcp/v1/', '*/*', 'application/json'],
  ])('POST %s, accept %s', async (path, accept, type) => {
    const headers = { ...json, ...(accept && { accept }) };
    const answer = await raw(open.query + path, 'POST', headers, rpc('tools/list'));
    expect(answer).toMatchObject({ status: 200, type: expect.stringContaining(type) });
    expect(answer.body).toContain('"failure_brief"');
  });

  it.each(['*/*', undefined])('the protocol of 2026, accept %s', async (accept) => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const headers = {
      ...json,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/list',
      ...(accept && { accept }),
    };
    const answer = await raw(`${open.query}/mcp`, 'POST', headers, rpc('tools/list', { _meta }));
    expect(answer.status, answer.body).toBe(200);
    expect(answer.body).toContain('"failure_brief"');
  });

  it('a form of answers that does not exist', async () => {
    for (const path of ['/mcp', '/mcp/v1']) {
      const url = `${open.query}${path}?answers=xml`;
      const answer = await raw(url, 'POST', json, rpc('tools/list'));
      expect(answer).toMatchObject({ status: 400, body: expect.stringContaining('text or data') });
    }
  });
});

describe('what the protocol itself refuses', () => {
  const both = { accept: 'application/json, text/event-stream' };

  it.each([
    ['GET', { ...both }, '', 405],
    ['DELETE', { ...both }, '', 405],
    ['POST', { ...json, ...both }, '{', 400],
    ['POST', { ...both, 'content-type': 'text/plain' }, rpc('tools/list'), 415],
    ['POST', { ...json, ...both }, `"${'x'.repeat(2_000_000)}"`, 413],
  ])('%s %j', async (method, headers, body, status) => {
    const answer = await raw(`${open.query}/mcp`, method, headers, body);
    expect(answer.status).toBe(status);
    expect(answer.body).not.toMatch(/node_modules|\bat .*:\d+:\d+/);
  });
});
