// Retry advice over a real store, through each of its doors.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type History, InvalidInputError, NotFoundError } from '../../../../query/index.ts';
import { verb } from '../../../support/verb.ts';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  startWorld,
  type World,
} from '../../../support/world.ts';

let world: World;

const HOUR = 3_600_000;
const now = Date.now();

interface Runs {
  agent: string;
  runs: number;
  /** Whether each attempt succeeded; a run ends with the last. */
  attempts: boolean[];
  /** Milliseconds between attempts. */
  wait?: number;
  node?: string;
  error?: string;
  class?: string;
  hours?: number;
  more?: Record<string, string | number>;
}

/** Spans of runs that all go the same way. */
function runsOf({ agent, runs, attempts, wait = 100, ...other }: Runs): OtlpSpan[] {
  const { node = 'fetch', error = 'E1', hours = 5, more = {} } = other;
  return Array.from({ length: runs }, (_, run) => {
    const shared = { 'graph.run.id': randomUUID(), 'graph.node.id': node, ...more };
    let start = now - hours * HOUR + run * 1000;
    return attempts.map((ok, index) => {
      const span = ok
        ? goodAttempt(agent, { ...shared, 'graph.node.attempt': index + 1 })
        : failedAttempt(agent, {
            ...shared,
            'graph.node.attempt': index + 1,
            'graph.node.max_attempts': 3,
            'error.type': error,
            'failure.class': other.class ?? 'tool.error',
            'failure.disposition': index + 1 < attempts.length ? 'retried' : 'terminal',
          });
      const time = { start, end: start + 10 };
      start += 10 + wait;
      return { ...span, ...time };
    });
  }).flat();
}

beforeAll(async () => {
  world = await startWorld();
  await world.send(
    // First retries: 30 of 40; second retries: 2 of 10.
    ...runsOf({ agent: 'a', runs: 30, attempts: [false, true], wait: 2000 }),
    ...runsOf({ agent: 'a', runs: 2, attempts: [false, false, true], wait: 4000 }),
    ...runsOf({ agent: 'a', runs: 8, attempts: [false, false, false], wait: 50 }),
    ...runsOf({ agent: 'a', runs: 5, attempts: [false], error: 'E1' }),
    // Too few of their own.
    ...runsOf({ agent: 'a', runs: 3, attempts: [false, true], error: 'Rare', wait: 10 }),
    ...runsOf({ agent: 'a', runs: 2, attempts: [false], error: 'Lone', class: 'code.error' }),
    ...runsOf({ agent: 'a', runs: 2, attempts: [false, false], error: 'Late', node: 'other' }),
    ...runsOf({ agent: 'b', runs: 6, attempts: [false], class: 'llm.rate_limit', hours: 1 }),
    ...runsOf({ agent: 'b', runs: 1, attempts: [true], hours: 2 }),
    ...runsOf({
      agent: 'b',
      runs: 1,
      attempts: [false],
      hours: 3,
      more: { 'graph.run.id': 'run-b' },
    }),
    // Another agent's history is its own.
    ...runsOf({ agent: 'c', runs: 50, attempts: [false, false], hours: 2 }),
    ...runsOf({ agent: 'old', runs: 20, attempts: [false, true], hours: 24 * 9 }),
  );
});
afterAll(async () => {
  await world?.end();
});

async function fingerprintOf(agent: string, error: string): Promise<string> {
  const { items } = await world.history.recentFailures({ agent, limit: 500 });
  return items.find(({ error_type }) => error_type === error)!.fingerprint;
}

describe.each([
  ['in process', () => world.history],
  ['over HTTP', () => world.client],
])('retry advice %s', (_door, open) => {
  it('counts what came next after the same failure at the same attempt', async () => {
    const fingerprint = await fingerprintOf('a', 'E1');
    const advice = await open().retryAdvice('a', { node: 'fetch', fingerprint, attempt: 1 });
    expect(advice).toMatchObject({
      agent_id: 'a',
      node_id: 'fetch',
      fingerprint,
      class: 'tool.error',
      attempt: 1,
      advice: 'back_off',
      basis: 'fingerprint_node_attempt',
      failures: 45,
      retried: 40,
      succeeded: 30,
      not_retried: 5,
      pending: 0,
      chance: 0.75,
      wait_ms: { median: 2000, p90: 2000 },
      is_retriable: true,
      needs_graph_change: true,
      considered: [{ basis: 'fingerprint_node_attempt', retried: 40 }],
      history: { at_most: 200, needed: 10 },
    });
    expect(advice.interval[0]).toBeCloseTo(0.588, 3);
    expect(advice.interval[1]).toBeCloseTo(0.8731, 3);
    expect(advice.reason).toContain('30 of 40 retries');
    const second = await open().retryAdvice('a', { node: 'fetch', fingerprint, attempt: 2 });
    expect(second).toMatchObject({ retried: 10, succeeded: 2, chance: 0.2 });
  });

  it('falls back from attempt to node to class to the class itself, and says so', async () => {
    const bases = async (options: Parameters<History['retryAdvice']>[1]) => {
      const { basis, considered, ...rest } = await open().retryAdvice('a', options);
      return [basis, considered.map((one) => one.basis), rest] as const;
    };
    const all = ['fingerprint_node_attempt', 'fingerprint_node', 'class_node', 'class_agent'];
    const fingerprint = await fingerprintOf('a', 'E1');
    const [node, upToNode, rest] = await bases({ node: 'fetch', fingerprint, attempt: 3 });
    expect([node, upToNode]).toEqual(['fingerprint_node', all.slice(0, 2)]);
    expect(rest).toMatchObject({ retried: 50, succeeded: 32 });

    const rare = await fingerprintOf('a', 'Rare');
    const [byClass, upToClass, ofClass] = await bases({ node: 'fetch', fingerprint: rare });
    expect([byClass, upToClass]).toEqual(['class_node', all.slice(0, 3)]);
    expect(ofClass).toMatchObject({ class: 'tool.error', retried: 53, succeeded: 35 });

    const late = await fingerprintOf('a', 'Late');
    const [anywhere, upToAnywhere] = await bases({ node: 'other', fingerprint: late });
    expect([anywhere, upToAnywhere]).toEqual(['class_agent', all]);

    const lone = await fingerprintOf('a', 'Lone');
    const [none, upToNone, unknown] = await bases({ node: 'fetch', fingerprint: lone });
    expect([none, upToNone]).toEqual(['class_default', all]);
    expect(unknown).toMatchObject({
      class: 'code.error',
      advice: 'stop',
      chance: null,
      interval: [0, 1],
      wait_ms: null,
      retried: 0,
    });

    const [byType] = await bases({ node: 'fetch', error_type: 'E1' });
    expect(byType).toBe('error_type_node_attempt');
  });

  it('is honest without any history', async () => {
    const advice = await open().retryAdvice('nobody', { node: 'x', error_type: 'E1' });
    expect(advice).toMatchObject({
      advice: 'stop',
      class: null,
      basis: 'class_default',
      chance: null,
      node: { attempts: 0, failure_count: 0, consecutive_failures: 0, last_failure_at: null },
    });
    expect(advice.reason).toBe(
      'Fewer than 10 retries are on record. Failures of unknown class are not worth a retry by default.',
    );
  });

  it('shows how the node does, over all runs', async () => {
    const advice = await open().retryAdvice('b', { node: 'fetch', class: 'llm.rate_limit' });
    expect(advice).toMatchObject({
      advice: 'back_off',
      node: { attempts: 8, failure_count: 7, consecutive_failures: 6 },
    });
    const last = now - HOUR + 5 * 1000 + 10;
    expect(advice.node.last_failure_at).toBe(`${new Date(last).toISOString().slice(0, -1)}000000Z`);
    expect(advice.reason).toContain('failed 6 times in a row');
  });

  it('knows the failure by its run', async () => {
    const advice = await open().retryAdvice('b', { node: 'fetch', run: 'run-b' });
    expect(advice).toMatchObject({
      fingerprint: await fingerprintOf('b', 'E1'),
      class: 'tool.error',
      attempt: 1,
      max_attempts: 3,
    });
  });

  it('looks further back where a day has too little', async () => {
    const advice = await open().retryAdvice('old', { node: 'fetch', error_type: 'E1' });
    expect(advice).toMatchObject({ retried: 20, succeeded: 20 });
  });

  it('names what is wrong', async () => {
    const wrong = (agent: string, options: object) =>
      open()
        .retryAdvice(agent, options as Parameters<History['retryAdvice']>[1])
        .then(
          () => 'nothing was thrown',
          (error) => [error.constructor, error.field],
        );
    expect(await wrong('a', { node: 'fetch' })).toEqual([InvalidInputError, 'fingerprint']);
    expect(await wrong('a', { fingerprint: `v1:${'0'.repeat(32)}` })).toEqual([
      InvalidInputError,
      'node',
    ]);
    const failure = { node: 'fetch', class: 'tool.error' };
    expect(await wrong('a', { ...failure, class: 'bad luck' })).toEqual([
      InvalidInputError,
      'class',
    ]);
    expect(await wrong('a', { ...failure, attempt: 0 })).toEqual([InvalidInputError, 'attempt']);
    expect(await wrong('a', { ...failure, atempt: 1 })).toEqual([InvalidInputError, 'atempt']);
    expect(await wrong('a', { node: 'fetch', run: 'none' })).toEqual([NotFoundError, 'run']);
  });
});

describe('the verb retry', () => {
  it('says the advice, why, and what it stands on', async () => {
    const text = await verb(
      world,
      ...['retry', '--agent', 'a', '--node', 'fetch', '--error-type', 'E1', '--attempt', '1'],
    );
    expect(text).toMatch(/^advice +back off$/m);
    expect(text).toMatch(/^why +30 of 40 retries after this type of error/m);
    expect(text).toMatch(/^counted +error_type_node_attempt: 45 failures, 30 of 40 retries/m);
  });
});

describe('counts', () => {
  it('are kept for an answer at once, and counted again when asked', async () => {
    const agent = 'live';
    await world.send(...runsOf({ agent, runs: 10, attempts: [false, true] }));
    const question = { node: 'fetch', error_type: 'E1' };
    expect(await world.history.retryAdvice(agent, question)).toMatchObject({ retried: 10 });
    await world.send(...runsOf({ agent, runs: 10, attempts: [false, false], hours: 4 }));
    const kept = await world.history.retryAdvice(agent, question);
    expect(kept).toMatchObject({ retried: 10 });
    expect(kept.age_ms).toBeGreaterThan(0);
    expect(await world.history.retryAdvice(agent, { ...question, max_age: 0 })).toMatchObject({
      retried: 20,
      succeeded: 10,
    });
  });

  it('of the node itself have the failures that an executor has just sent', async () => {
    const [agent, question] = ['fresh', { node: 'b', error_type: 'E1' }];
    const ask = async () => (await world.history.retryAdvice(agent, question)).node;
    expect(await ask()).toMatchObject({ failure_count: 0, last_failure_at: null });
    await world.send(...runsOf({ agent, node: 'b', runs: 4, attempts: [false], hours: 0 }));
    await expect.poll(ask).toMatchObject({ failure_count: 4, last_failure_at: expect.any(String) });
  });
});
