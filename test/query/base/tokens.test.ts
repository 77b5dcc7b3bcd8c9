import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccessDeniedError, createClient } from '../../../query/index.ts';
import { startWorld, type World } from '../../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld({
    'ingest-token': ['sender'],
    'query-token': ['reader', 'other-reader'],
    'admin-token': ['admin'],
  });
});
afterAll(() => world?.end());

const evolution = { agent_id: 'a', resolution: 'check the invoice first' };

async function ask(path: string, token?: string, body?: object) {
  const response = await fetch(world.query + path, {
    method: body ? 'POST' : 'GET',
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

describe('the query service with tokens', () => {
  const sql = { sql: 'SELECT 1 AS one' };

  it.each([
    ['reading', '/api/v1/failures', undefined, undefined, 401],
    ['reading', '/api/v1/failures', 'sender', undefined, 401],
    ['reading', '/api/v1/failures', 'reader', undefined, 200],
    ['reading', '/api/v1/failures', 'other-reader', undefined, 200],
    ['reading', '/api/v1/failures', 'admin', undefined, 200],
    ['the description', '/api/v1/openapi.json', undefined, undefined, 401],
    ['SQL', '/api/v1/sql', undefined, sql, 401],
    ['SQL', '/api/v1/sql', 'reader', sql, 200],
    ['recording', '/api/v1/evolutions', undefined, evolution, 401],
    ['recording', '/api/v1/evolutions', 'sender', evolution, 401],
    ['recording', '/api/v1/evolutions', 'reader', evolution, 403],
    ['recording', '/api/v1/evolutions', 'admin', evolution, 201],
    ['health', '/healthz', undefined, undefined, 200],
    ['readiness', '/readyz', undefined, undefined, 200],
  ])('%s at %s with token %s', async (_what, path, token, body, status) => {
    const answer = await ask(path, token, body);
    expect(answer.status).toBe(status);
    if (status < 400) return;
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ status, type: 'about:blank' });
    expect(answer.headers.get('www-authenticate')).toBe(
      status === 401 ? 'Bearer realm="faultline"' : null,
    );
  });

  it('names to the client library what is missing', async () => {
    const { query: url } = world;
    const refused = createClient({ url }).agents();
    await expect(refused).rejects.toThrow(AccessDeniedError);
    await expect(
      createClient({ url, token: 'reader' }).recordEvolution(evolution),
    ).rejects.toMatchObject({ status: 403, message: expect.stringMatching(/admin token/) });
  });

  it('the evolution that an admin records passes the collector, which asks for tokens too', async () => {
    const history = createClient({ url: world.query, token: 'admin' });
    const { evolution_id } = await history.recordEvolution(evolution);
    expect(await history.evolution(evolution_id)).toMatchObject(evolution);
    const send = await fetch(`${world.otlpHttp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(send.status).toBe(401);
  });
});
