import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failedAttempt, startWorld, type World } from '../../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  await world.send(failedAttempt('a'));
});
afterAll(() => world?.end());

const get = async (path: string, init?: RequestInit) => {
  const response = await fetch(world.query + path, init);
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    // biome-ignore lint/suspicious/noExplicitAny: the tests look into it as they expect it
    body: (await response.json()) as any,
  };
};
const post = (path: string, body: string) =>
  get(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });

describe('the query service', () => {
  it('answers lists as pages and things as themselves', async () => {
    const list = await get('/api/v1/failures?agent=a&limit=5');
    expect(list).toMatchObject({ status: 200, body: { next_cursor: null } });
    expect(list.body.items).toHaveLength(1);
    const { failure_id } = list.body.items[0];
    const one = await get(`/api/v1/failures/${failure_id}`);
    expect(one).toMatchObject({ status: 200, body: { failure_id, agent_id: 'a' } });
    expect((await get('/api/v1/agents')).body.items[0]).toMatchObject({
      agent_id: 'a',
      failures: 1,
    });
  });

  it('describes itself as OpenAPI 3.1 with every route', async () => {
    const { body } = await get('/api/v1/openapi.json');
    expect(body.openapi).toMatch(/^3\.1/);
    expect(Object.keys(body.paths).sort()).toEqual([
      '/api/v1/agents',
      '/api/v1/agents/{id}/advice',
      '/api/v1/agents/{id}/brief',
      '/api/v1/agents/{id}/nodes',
      '/api/v1/agents/{id}/retry-advice',
      '/api/v1/agents/{id}/timeline',
      '/api/v1/alerts',
      '/api/v1/evolutions',
      '/api/v1/evolutions/{id}',
      '/api/v1/evolutions/{id}/effects',
      '/api/v1/failures',
      '/api/v1/failures/similar',
      '/api/v1/failures/{id}',
      '/api/v1/failures/{id}/cascade',
      '/api/v1/graphs/diff',
      '/api/v1/graphs/{id}',
      '/api/v1/groups',
      '/api/v1/groups/{fingerprint}',
      '/api/v1/groups/{fingerprint}/cases',
      '/api/v1/groups/{fingerprint}/events',
      '/api/v1/runs',
      '/api/v1/runs/{id}',
      '/api/v1/skipped-spans',
      '/api/v1/sql',
      '/api/v1/verifications',
    ]);
  });

  it.each([
    ['/api/v1/failures?limit=many', 'limit'],
    ['/api/v1/failures?limit=99999', 'limit'],
    ['/api/v1/failures?fingerprint=v1:x', 'fingerprint'],
    ['/api/v1/failures?nod=x', 'nod'],
    ['/api/v1/agents/a/nodes?agent=b', 'agent'],
    ['/api/v1/runs?outcome=well', 'outcome'],
    ['/api/v1/failures/17', 'failure_id'],
    ['/api/v1/failures/17/cascade', 'failure_id'],
    ['/api/v1/failures/similar?failure=17', 'failure'],
    ['/api/v1/failures/similar', 'failure'],
    ['/api/v1/graphs/diff?from=v1&to=v2', 'from'],
    ['/api/v1/agents/a/brief?max_tokens=1', 'max_tokens'],
  ])('names the field of %s', async (path, field) => {
    const { status, type, body } = await get(path);
    expect({ status, field: body.field }).toEqual({ status: 400, field });
    expect(type).toContain('application/problem+json');
    expect(body.detail).toContain(field);
  });

  it('answers 404 for what is not there, and rubbish with a problem', async () => {
    expect(await get('/api/v1/evolutions/none')).toMatchObject({
      status: 404,
      body: { field: 'evolution_id' },
    });
    expect(await get('/api/v1/evolutions/none/effects')).toMatchObject({
      status: 404,
      body: { field: 'evolution_id' },
    });
    expect(await get('/api/v2')).toMatchObject({ status: 404, body: { title: 'Not found' } });
    expect(await post('/api/v1/evolutions', '{"agent_id":')).toMatchObject({ status: 400 });
    expect(await post('/api/v1/evolutions', '{"agent_id":7}')).toMatchObject({
      status: 400,
      body: { field: 'agent_id' },
    });
    expect(await post('/api/v1/sql', '[1]')).toMatchObject({
      status: 400,
      body: { field: 'body' },
    });
    expect(await post('/api/v1/sql', '{"sql":"SELECT 1","rows":2}')).toMatchObject({
      status: 400,
      body: { field: 'rows' },
    });
    expect(await post('/api/v1/sql', '{"sql":"DROP TABLE failures"}')).toMatchObject({
      status: 400,
      body: { field: 'sql' },
    });
    expect(await post('/api/v1/sql', `"${'x'.repeat(2 ** 21)}"`)).toMatchObject({ status: 413 });
  });

  it.each([
    ['of all the bytes that are stored', 'x'.repeat(1024)],
    ['that an address writes as three for one', '你'.repeat(341)],
  ])('answers for ids %s', async (_name, id) => {
    await world.send(failedAttempt(id), {
      name: 'evolve_graph long',
      attributes: {
        'gen_ai.agent.id': id,
        'evolution.id': `${id.slice(0, -1)}.`,
        'evolution.trigger': 'human',
        'evolution.status': 'applied',
        'evolution.resolution': 'retry twice',
      },
    });
    const agent = encodeURIComponent(id);
    for (const path of [
      'brief',
      'nodes',
      'timeline',
      'retry-advice?node=parse&error_type=TypeError',
    ]) {
      expect((await get(`/api/v1/agents/${agent}/${path}`)).status, path).toBe(200);
    }
    expect((await get(`/api/v1/failures?agent=${agent}`)).body.items).toHaveLength(1);
    const { body } = await get(`/api/v1/evolutions?agent=${agent}`);
    const { evolution_id } = body.items[0];
    const one = await get(`/api/v1/evolutions/${encodeURIComponent(evolution_id)}`);
    expect(one).toMatchObject({ status: 200, body: { agent_id: id } });
    const page = await get('/api/v1/evolutions?limit=1');
    const next = page.body.next_cursor;
    if (next) expect((await get(`/api/v1/evolutions?limit=1&cursor=${next}`)).status).toBe(200);
  });

  it('says whether it is up', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200 });
    expect(await get('/readyz')).toMatchObject({ status: 200 });
  });
});
