// What was said of groups counts wherever groups are told of: merged ones are one, annotated classes win.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  snapshotRef,
  startWorld,
  type World,
} from '../../../support/world.ts';

let world: World;
/** By the type of the error. */
const fingerprints: Record<string, string> = {};

const agent = 'said';
const [old, current] = [snapshotRef('old'), snapshotRef('current')];
const now = Date.now();

/** Runs of the node `parse`, two attempts each; of the failing ones the first fails. */
function runsOf(version: string, hours: number, count: number, error?: string): OtlpSpan[] {
  return Array.from({ length: count }, (_, run) => {
    const start = now - hours * 3_600_000 + run * 1000;
    const shared = { 'graph.run.id': randomUUID(), 'graph.snapshot.ref': version };
    const second = goodAttempt(agent, { ...shared, 'graph.node.attempt': 2 });
    const first =
      error === undefined
        ? goodAttempt(agent, shared)
        : failedAttempt(agent, {
            ...shared,
            'error.type': error,
            'exception.message': `the reader of ${error} gave up`,
            'failure.class': 'code.error',
            'failure.disposition': 'retried',
          });
    return [
      { ...first, start, end: start + 10 },
      ...(error ? [{ ...second, start: start + 20, end: start + 30 }] : []),
    ];
  }).flat();
}

beforeAll(async () => {
  world = await startWorld();
  await world.send(
    ...runsOf(old, 5, 40, 'OneError'),
    ...runsOf(old, 5, 40, 'OtherError'),
    ...runsOf(old, 5, 20),
    ...runsOf(current, 1, 60, 'OtherError'),
    ...runsOf(current, 1, 40),
    failedAttempt('elsewhere', {
      'error.type': 'ThirdError',
      'exception.message': 'the reader of ThirdError gave up',
    }),
  );
  for (const { fingerprint, error_type } of (await world.history.groups()).items) {
    fingerprints[error_type] = fingerprint;
  }
  await world.send({
    name: `evolve_graph ${agent}`,
    start: now - 2 * 3_600_000,
    attributes: {
      'gen_ai.agent.id': agent,
      'evolution.id': 'fix',
      'evolution.trigger': 'failure',
      'evolution.status': 'applied',
      'evolution.resolution': 'a fix of both',
      'evolution.from.ref': old,
      'graph.snapshot.ref': current,
      'evolution.target.fingerprints': [fingerprints.OneError!, fingerprints.OtherError!],
    },
  });
});
afterAll(async () => {
  await world?.end();
});

const before = () => world.history.effects('fix');

describe('what was said of groups', () => {
  it('is nothing at first', async () => {
    const { items } = await before();
    expect(items.map(({ before, after }) => [before.failed_runs, after.failed_runs])).toEqual([
      [40, 0],
      [40, 60],
    ]);
    expect(items[0]!.verdict).toBe('effective');
    const similar = await world.history.similarFailures({ text: 'the reader gave up' });
    expect(similar.items).toHaveLength(3);
  });

  it('makes merged groups one where fixes are judged', async () => {
    await world.history.changeGroup(fingerprints.OtherError!, {
      kind: 'merge',
      other_fingerprint: fingerprints.OneError!,
      author: 'ops',
    });
    const { items } = await world.client.effects('fix');
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      fingerprint: fingerprints.OneError,
      verdict: 'ineffective',
      before: { runs: 100, failed_runs: 80 },
      after: { runs: 100, failed_runs: 60 },
      counted_fingerprints: [fingerprints.OneError, fingerprints.OtherError],
    });
    const { effects } = await world.client.group(fingerprints.OtherError!);
    expect(effects).toMatchObject([{ evolution_id: 'fix', before: { failed_runs: 80 } }]);
    const { evolutions } = await world.history.brief(agent);
    expect(evolutions[0]!.effects).toMatchObject([{ before: { failed_runs: 80 } }]);
  });

  it('makes merged groups one where similar ones are looked for', async () => {
    const { items } = await world.client.similarFailures({ text: 'the reader gave up' });
    const found = items.find((group) => group.agent_id === agent);
    expect(items).toHaveLength(2);
    expect(found).toMatchObject({ fingerprint: fingerprints.OneError, failures: 140 });
    expect(found!.fixes).toMatchObject([{ evolution_id: 'fix', verdict: 'ineffective' }]);
    const [newest] = (await world.history.recentFailures({ agent })).items;
    const others = await world.client.similarFailures({ failure: newest!.failure_id });
    expect(others.items.map((group) => group.agent_id)).toEqual(['elsewhere']);
  });

  it('lets an annotated class win in advice, for nodes and for similar ones', async () => {
    const asked = { node: 'parse', fingerprint: fingerprints.OtherError!, max_age: 0 };
    const told = await world.client.retryAdvice(agent, { ...asked, class: 'tool.timeout' });
    expect(told.class).toBe('tool.timeout');
    await world.history.changeGroup(fingerprints.OneError!, {
      kind: 'annotate',
      value: 'llm.rate_limit',
      author: 'ops',
    });
    expect(
      await world.client.retryAdvice(agent, { ...asked, class: 'tool.timeout' }),
    ).toMatchObject({
      class: 'llm.rate_limit',
      is_retriable: true,
    });
    const byClass = (name: 'llm.rate_limit' | 'code.error') =>
      world.client.retryAdvice(agent, { node: 'parse', class: name, max_age: 0 });
    expect(await byClass('llm.rate_limit')).toMatchObject({ basis: 'class_node', failures: 140 });
    expect(await byClass('code.error')).toMatchObject({ basis: 'class_default', failures: 0 });
    const { items } = await world.client.nodes(agent);
    expect(items[0]!.groups).toMatchObject([{ class: 'llm.rate_limit', failures: 60 }]);
    const similar = await world.client.similarFailures({ text: 'the reader gave up', agent });
    expect(similar.items[0]!.class).toBe('llm.rate_limit');
  });
});
