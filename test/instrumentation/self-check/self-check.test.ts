import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createSelfCheck,
  failureState,
  instrumentGraph,
  outputEmpty,
  shouldRetry,
} from '../../../instrumentation/index.ts';
import { failedAttempt, goodAttempt, startWorld, type World } from '../../support/world.ts';
import { Recorder } from '../recorder.ts';

const recorder = new Recorder();

/** Runs nodes that fail, succeed, or give nothing. */
async function runNodes(agentId: string, ...ends: ('fail' | 'good' | 'empty')[]): Promise<void> {
  const graph = instrumentGraph({
    agentId,
    graph: { id: 'g' },
    tracer: recorder.tracer,
    conditions: { nodes: [outputEmpty()] },
  });
  await graph.run({}, async (run) => {
    for (const end of ends) {
      const work = () => {
        if (end === 'fail') throw Object.assign(new Error('down'), { code: 'ECONNRESET' });
        return end === 'good' ? 1 : '';
      };
      await run.node('parse', {}, work).catch(() => {});
    }
  });
}

describe('by local facts', () => {
  test('failures are counted as they happen, those of conditions too', async () => {
    expect(failureState('parse', 'nobody')).toEqual({
      agent_id: 'nobody',
      node_id: 'parse',
      failure_count: 0,
      consecutive_failures: 0,
      last_failure_at: null,
      last_fingerprint: null,
      last_error_type: null,
      last_class: null,
      last_condition: null,
      from: 'process',
    });
    await runNodes('counted', 'fail', 'good', 'fail', 'empty');
    const state = failureState('parse');
    expect(state).toMatchObject({
      agent_id: 'counted',
      failure_count: 3,
      consecutive_failures: 2,
      last_error_type: 'output_empty',
      last_class: 'output.silent',
      last_condition: 'output_empty',
    });
    expect(Date.parse(state.last_failure_at!)).toBeGreaterThan(Date.now() - 60_000);
    await runNodes('counted', 'good');
    expect(failureState('parse')).toMatchObject({ failure_count: 3, consecutive_failures: 0 });
  });

  test.each([
    ['the last attempt', { attempt: 3, maxAttempts: 3 }, 'stop', /attempt 3 of 3/],
    ['a class that stays', { class: 'code.error' }, 'stop', /code\.error are not worth/],
    ['a class that passes', { class: 'llm.rate_limit' }, 'back_off', /pass with time/],
    ['nothing known', {}, 'retry', /nothing speaks against/],
  ] as const)('%s', async (_what, more, advice, reason) => {
    const error = new Error('what');
    const decision = await shouldRetry({ nodeId: 'other', error, agentId: 'local', ...more });
    expect(decision).toMatchObject({ advice, retry: advice !== 'stop', from: 'process' });
    expect(decision.reason).toMatch(reason);
    expect(decision.reason).toContain('no query service is named');
    expect(decision.wait_ms > 0).toBe(advice === 'back_off');
  });

  test('a node that failed five times in a row is given a rest', async () => {
    await runNodes('tired', 'fail', 'fail', 'fail', 'fail', 'fail');
    const decision = await shouldRetry({ nodeId: 'parse', error: new Error('again'), attempt: 1 });
    expect(decision).toMatchObject({ retry: true, advice: 'back_off' });
    expect(decision.reason).toMatch(/failed 5 times in a row/);
  });
});

describe('by the query service', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    const at = Date.now() - 60_000;
    const attempt = (n: number) => ({ 'graph.run.id': `run-${n}`, 'graph.node.attempt': 1 });
    const retry = (n: number) => ({ 'graph.run.id': `run-${n}`, 'graph.node.attempt': 2 });
    const runs = Array.from({ length: 12 }, (_, n) => n);
    await world.send(
      ...runs.flatMap((n) => [
        { ...failedAttempt('stored', attempt(n)), start: at + n * 100, end: at + n * 100 + 1 },
        { ...goodAttempt('stored', retry(n)), start: at + n * 100 + 10, end: at + n * 100 + 11 },
      ]),
      { ...failedAttempt('stored', attempt(99)), start: at + 9000, end: at + 9001 },
      { ...failedAttempt('stored', retry(99)), start: at + 9100, end: at + 9101 },
    );
  });
  afterAll(() => world?.end());

  test('the state starts from what is stored and goes on from there', async () => {
    const check = createSelfCheck({ queryUrl: world.query });
    await check.ready('stored');
    const stored = check.failureState('parse', 'stored');
    expect(stored).toMatchObject({
      failure_count: 14,
      consecutive_failures: 2,
      last_error_type: 'TypeError',
      from: 'history',
    });
    expect(stored.last_fingerprint).toMatch(/^v1:[0-9a-f]{32}$/);
    await runNodes('stored', 'fail');
    expect(check.failureState('parse')).toMatchObject({
      agent_id: 'stored',
      failure_count: 15,
      consecutive_failures: 3,
      last_error_type: 'ECONNRESET',
      last_fingerprint: null,
    });
    await runNodes('stored', 'good', 'fail');
    expect(check.failureState('parse')).toMatchObject({
      failure_count: 16,
      consecutive_failures: 1,
    });
  });

  test('the advice is that of the service', async () => {
    const check = createSelfCheck({ queryUrl: world.query, timeoutMs: 10_000 });
    const error = new TypeError('cannot read total of invoice 18');
    const question = { nodeId: 'parse', error, agentId: 'stored' };
    const decision = await check.shouldRetry({ ...question, attempt: 1, maxAttempts: 3 });
    expect(decision).toMatchObject({ retry: true, from: 'history' });
    expect(decision.chance).toBeCloseTo(12 / 13);
    expect(decision.reason).toMatch(/12 of 13 retries/);
    const last = await check.shouldRetry({ ...question, attempt: 3, maxAttempts: 3 });
    expect(last).toMatchObject({ retry: false, advice: 'stop', from: 'history' });
  });
});

describe('a query service that does not help', () => {
  const ends: (() => void)[] = [];
  afterAll(() => {
    for (const end of ends) end();
  });

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    ends.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const question = { nodeId: 'parse', error: new Error('x'), agentId: 'helpless' };

  test.each<[string, RequestListener, RegExp]>([
    ['is silent', () => {}, /did not answer within 30 ms/],
    [
      'stops half way',
      (_request, response) => void response.write('{'),
      /did not answer within 30/,
    ],
    ['refuses', (_request, response) => response.writeHead(401).end('no'), /answered 401/],
    ['says something else', (_request, response) => response.end('{"advice":"pray"}'), /no advice/],
    [
      'sends one elsewhere',
      (_request, response) => response.writeHead(302, { location: '/' }).end(),
      /answered 302/,
    ],
  ])('it %s: local facts decide and say why', async (_what, listener, why) => {
    const timeoutMs = why.source.includes('within 30') ? 30 : 5000;
    const check = createSelfCheck({ queryUrl: await serve(listener), timeoutMs });
    const decision = await check.shouldRetry(question);
    expect(decision).toMatchObject({ retry: true, from: 'process' });
    expect(decision.reason).toMatch(why);
    expect(check.failureState('parse', 'helpless').from).toBe('process');
  });

  test('it is left alone for a while when it does not answer', async () => {
    let asked = 0;
    const url = await serve((request, response) => {
      if (request.url?.includes('retry-advice')) asked += 1;
      response.writeHead(500).end();
    });
    const check = createSelfCheck({ queryUrl: url, timeoutMs: 5000 });
    for (let time = 0; time < 5; time += 1) await check.shouldRetry(question);
    expect(asked).toBe(3);
    expect((await check.shouldRetry(question)).reason).toContain('did not answer of late');
  });

  test.each([
    [{ queryUrl: 'localhost:4320' }, /queryUrl must be an address .*localhost:4320/],
    [{ timeoutMs: 0 }, /timeoutMs .*1 to 10000.*0/],
  ])('wrong options are refused by their name', (options, message) => {
    expect(() => createSelfCheck(options)).toThrow(message);
  });
});
