// Advice out of the real store, through every door.
import { randomBytes } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NotFoundError } from '../../../../query/index.ts';
import { verb } from '../../../support/verb.ts';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  snapshotRef,
  startWorld,
  type World,
} from '../../../support/world.ts';

const HOUR = 3_600_000;
const NOW = Date.now();
const refs = { old: snapshotRef('{"id":"old"}'), fixed: snapshotRef('{"id":"fixed"}') };
let world: World;

interface Runs {
  version: keyof typeof refs;
  /** Hours ago. */
  from: number;
  hours: number;
  runs: number;
  isLost: (run: number) => boolean;
  failure?: Record<string, string>;
}

/** Runs with their node, spread evenly; those that are lost end with the failure. */
function runsOf(agent: string, { version, from, hours, runs, isLost, failure = {} }: Runs) {
  return Array.from({ length: runs }, (_, number): OtlpSpan[] => {
    const start = NOW - from * HOUR + Math.floor((number * hours * HOUR) / runs);
    const ids = {
      traceId: randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
    };
    const same = { 'graph.run.id': `${version}-${number}`, 'graph.snapshot.ref': refs[version] };
    const lost = isLost(number);
    const node = lost
      ? failedAttempt(agent, { ...same, 'failure.disposition': 'terminal', ...failure })
      : goodAttempt(agent, same);
    return [
      { ...node, traceId: ids.traceId, parentSpanId: ids.spanId, start },
      {
        name: 'execute_graph g',
        ...ids,
        start,
        attributes: {
          'gen_ai.agent.id': agent,
          'graph.id': 'g',
          ...same,
          'graph.run.outcome': lost ? 'failure' : 'success',
        },
      },
    ];
  }).flat();
}

const fingerprintOf = async (agent: string) =>
  (await world.history.groups({ agent })).items[0]!.fingerprint;

const evolve = (agent: string, evolution_id: string, targets: string[], status?: 'reverted') =>
  world.history.recordEvolution({
    agent_id: agent,
    evolution_id,
    resolution: 'Look twice.',
    from_ref: refs.old,
    graph_snapshot_ref: refs.fixed,
    target_fingerprints: targets,
    ...(status && { status }),
  });

const third = (run: number) => run % 3 === 0;

beforeAll(async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'faultline-policies-')), 'policies.json');
  await writeFile(file, JSON.stringify({ rules: [{ agents: ['guarded*'], may: 'ask' }] }));
  world = await startWorld({ policies: file });
  const sixty = { version: 'old', from: 50, hours: 20, runs: 60 } as const;
  const unavailable = { 'failure.class': 'llm.unavailable', 'exception.message': 'overloaded' };
  const inTwoHours = (run: number) => run >= 24 && run < 30;
  await world.send(
    ...runsOf('defect', { ...sixty, isLost: third }),
    ...runsOf('guarded-1', { ...sixty, isLost: third }),
    ...runsOf('harmed', { ...sixty, isLost: (run) => run % 10 === 0 }),
    ...runsOf('idle', { ...sixty, isLost: third }),
    ...runsOf('east', { ...sixty, isLost: inTwoHours, failure: unavailable }),
    ...runsOf('west', { ...sixty, isLost: inTwoHours, failure: unavailable }),
    failedAttempt('runless'),
  );
});
afterAll(() => world?.end());

describe('advice on an evolution', () => {
  it('is to evolve where a problem surely ends runs, in the library, over HTTP and on the command line', async () => {
    const fingerprint = await fingerprintOf('defect');
    const advice = await world.history.evolutionAdvice('defect');
    expect(advice).toMatchObject({
      advice: 'evolve',
      because: 'ends_runs',
      fingerprint,
      version: { graph_snapshot_ref: refs.old, runs: 60, runs_lost: 20 },
      change: null,
      considered: [{ fingerprint, advice: 'evolve', failed_fixes: 0 }],
    });
    expect(advice.reason).toContain('20 of 60 runs');
    const response = await fetch(`${world.query}/api/v1/agents/defect/advice`);
    expect(await response.json()).toMatchObject({ advice: 'evolve', fingerprint });
    const text = await verb(world, 'advise', '--agent', 'defect');
    expect(text).toMatch(/^advice +evolve \(ends_runs\)\nwhy .*20 of 60 runs/);
    expect(text).toContain(fingerprint);
  });

  it('ranks groups by the same runs', async () => {
    const { items } = await world.history.groups({ agent: 'defect', sort: 'impact' });
    expect(items[0]!.impact).toMatchObject({
      runs_lost_now: 20,
      runs_now: 60,
      is_recovered: false,
    });
    const listed = await verb(world, 'groups', '--agent', 'defect', '--sort', 'impact');
    expect(listed).toContain('20 of 60 (33.3 %)');
    await expect(world.history.groups({ sort: 'impact' })).rejects.toThrow(/^agent: expected/);
  });

  it('is to ask where the policies say so', async () => {
    expect(await world.client.evolutionAdvice('guarded-1')).toMatchObject({
      advice: 'ask',
      because: 'policy',
    });
  });

  it('is to wait in an outage that others have as well', async () => {
    const advice = await world.history.evolutionAdvice('east');
    expect(advice).toMatchObject({ advice: 'wait', because: 'outage' });
    expect(advice.reason).toContain('`west`');
    expect(Date.parse(advice.again.at!)).toBeGreaterThan(NOW);
  });

  it('follows a change: not run, harmful, taken back', async () => {
    const targets = [await fingerprintOf('harmed')];
    await evolve('harmed', 'worse', targets);
    expect(await world.history.evolutionAdvice('harmed')).toMatchObject({
      advice: 'wait',
      because: 'change_not_run',
    });
    await world.send(
      ...runsOf('harmed', {
        version: 'fixed',
        from: 20,
        hours: 10,
        runs: 60,
        isLost: (run) => run % 3 > 0,
      }),
    );
    const advice = await world.history.evolutionAdvice('harmed');
    expect(advice).toMatchObject({
      advice: 'revert',
      because: 'change_harms',
      revert_to: refs.old,
      change: {
        evolution_id: 'worse',
        verdict: 'harmful',
        before: { runs_lost: 6 },
        after: { runs_lost: 40 },
      },
    });
    await evolve('harmed', 'worse', targets, 'reverted');
    await world.send(
      ...runsOf('harmed', {
        version: 'old',
        from: 1,
        hours: 0.5,
        runs: 3,
        isLost: () => false,
      }).map((span) => ({
        ...span,
        attributes: { ...span.attributes, 'graph.run.id': `again ${span.start}` },
      })),
    );
    expect((await world.history.evolutionAdvice('harmed')).advice).not.toBe('revert');
  });

  it('is to wait while a change has too few runs', async () => {
    await evolve('idle', 'fresh', [await fingerprintOf('idle')]);
    await world.send(
      ...runsOf('idle', { version: 'fixed', from: 2, hours: 1, runs: 3, isLost: () => false }),
    );
    const advice = await world.history.evolutionAdvice('idle');
    expect(advice).toMatchObject({ advice: 'wait', because: 'change_not_judged' });
    expect(advice.again.after_runs).toBeGreaterThan(0);
  });

  it('says what is missing where no run is on record, and refuses an agent that nobody knows', async () => {
    expect(await world.history.evolutionAdvice('runless')).toMatchObject({
      advice: 'wait',
      because: 'no_runs',
      version: { runs: 0, share: null },
    });
    await expect(world.history.evolutionAdvice('nobody')).rejects.toThrow(NotFoundError);
    expect((await fetch(`${world.query}/api/v1/agents/nobody/advice`)).status).toBe(404);
    await expect(verb(world, 'advise', '--agent', 'nobody')).rejects.toThrow(/nothing is stored/);
  });
});
