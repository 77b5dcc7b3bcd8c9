// Bursts over a real store: the way of the product from spans to a verdict and its notes.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Effect } from '../../../../query/index.ts';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  startWorld,
  type World,
} from '../../../support/world.ts';
import { seeded } from './random.ts';
import { HOUR, type Outage, type Run, runsIn } from './worlds.ts';

let world: World;
/** On the hour: blocks of time are cut by the clock, and the outages have to lie in them the same way each time. */
const beginning = Math.floor(Date.now() / HOUR) * HOUR - 50 * HOUR;
const FROM = `sha256:${'a'.repeat(64)}`;
const TO = `sha256:${'b'.repeat(64)}`;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await world?.end();
});

/** Runs of an agent that was changed after 24 hours. */
const spansOf = (agent: string, runs: readonly Run[]): OtlpSpan[] =>
  runs.map(({ at, failed }) => {
    const shared = {
      'graph.run.id': randomUUID(),
      'graph.snapshot.ref': at < 24 * HOUR ? FROM : TO,
      'graph.node.id': 'fetch',
    };
    const start = beginning + Math.floor(at);
    const time = { start, end: start + 5 };
    return failed
      ? {
          ...failedAttempt(agent, {
            ...shared,
            'error.type': 'FetchError',
            'failure.class': 'network.error',
            'failure.disposition': 'terminal',
          }),
          ...time,
        }
      : { ...goodAttempt(agent, shared), ...time };
  });

async function effectOn(agent: string): Promise<Effect> {
  const { items } = await world.history.recentFailures({ agent, limit: 1 });
  await world.send({
    name: `evolve_graph ${agent}`,
    start: beginning + 24 * HOUR,
    attributes: {
      'gen_ai.agent.id': agent,
      'evolution.id': `fix-${agent}`,
      'evolution.trigger': 'failure',
      'evolution.status': 'applied',
      'evolution.resolution': 'another host',
      'evolution.from.ref': FROM,
      'graph.snapshot.ref': TO,
      'evolution.target.fingerprints': [items[0]!.fingerprint],
    },
  });
  const effects = await world.history.effects(`fix-${agent}`);
  return effects.items.find((one) => one.targeted)!;
}

const outages: Outage[] = [
  [3 * HOUR, 4.5 * HOUR],
  [15 * HOUR, 17 * HOUR],
];
const kind = { perHour: 12.5, chance: 0.9 };

describe('failures in two outages before a change', () => {
  it('make no verdict, and the notes say why', async () => {
    await world.send(...spansOf('alone', runsIn(seeded(1), outages, kind)));
    const effect = await effectOn('alone');
    expect(effect).toMatchObject({ verdict: 'insufficient_exposure', after: { failed_runs: 0 } });
    expect(effect.before.failed_runs).toBeGreaterThan(25);
    expect(effect.design_effect).toBeGreaterThan(10);
    expect(effect.notes.join(' ')).toMatch(
      /^Runs fail together in bursts: \d+ of \d+ before within 2 bursts of up to \d\.\d h in 2\d\.\d h\. \d+\.\d failed runs count as one independent one\. Independent runs would make it effective, but an outage that fell on one side looks the same\.$/,
    );
  });

  it('are left out where another agent had them too', async () => {
    const shared: Outage[] = [
      [7 * HOUR, 9 * HOUR],
      [30 * HOUR, 32.4 * HOUR],
      [40 * HOUR, 41.5 * HOUR],
    ];
    const rate = (otherwise: number) => ({ ...kind, otherwise });
    const runs = [
      ...runsIn(seeded(2), shared, rate(0.25)).filter(({ at }) => at < 24 * HOUR),
      ...runsIn(seeded(3), shared, rate(0.02)).filter(({ at }) => at >= 24 * HOUR),
    ];
    await world.send(...spansOf('hit', runs));
    expect(await effectOn('hit')).toMatchObject({ verdict: 'insufficient_exposure' });

    await world.send(...spansOf('also-hit', runsIn(seeded(4), shared, kind)));
    const effect = await effectOn('hit');
    expect(effect.verdict).toBe('effective');
    expect(effect.design_effect).toBeLessThan(2);
    expect(effect.notes.join(' ')).toMatch(
      /^Left out: \d bursts with \d+ failed runs in which .*`also-hit`.* failed likewise \(\d+ runs\), as in an outage of what they share\./,
    );
  });
});
