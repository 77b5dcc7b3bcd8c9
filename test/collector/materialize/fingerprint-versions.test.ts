// A new version of the fingerprint: while both are computed, its groups are those of the old one. The
// second version here is of this test alone; it forgets the words of the message.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type FingerprintInput,
  fingerprint as v1,
} from '../../../collector/materialize/fingerprint/v1.ts';
import { VERSIONS } from '../../../collector/materialize/fingerprint/versions.ts';
import { failedAttempt, startWorld, type World } from '../../support/world.ts';

function v2(input: FingerprintInput) {
  const identity = JSON.stringify([input.agent_id, input.node_id, input.error_type]);
  const digest = createHash('sha256').update(identity).digest('hex').slice(0, 32);
  return { ...v1(input), fingerprint: `v2:${digest}` };
}

let world: World;
const agent = 'versions';

beforeAll(async () => {
  // What a release with a new version has in collector/materialize/fingerprint/versions.ts.
  Object.assign(VERSIONS, { current: v2, previous: v1 });
  world = await startWorld();
});
afterAll(async () => {
  Object.assign(VERSIONS, { current: v1, previous: undefined });
  await world?.end();
});

const failed = (message: string, minute: number, error = 'ReadError') => {
  const start = Date.now() - 3_600_000 + minute * 60_000;
  const span = failedAttempt(agent, { 'exception.message': message, 'error.type': error });
  return { ...span, start, end: start + 10 };
};

const groups = async () =>
  (await world.history.groups({ agent })).items
    .map(({ fingerprints, failures }) => ({
      versions: fingerprints.map((name) => name.slice(0, 2)).sort(),
      failures,
    }))
    .sort((one, other) => other.failures - one.failures);

it('joins the groups of the old version by itself, once for each, and never two of them', async () => {
  Object.assign(VERSIONS, { current: v1 });
  await world.send(
    failed('cannot open the ledger', 1),
    failed('cannot open the ledger', 2),
    failed('nobody answers the bell', 3),
    failed('other', 4, 'OtherError'),
  );
  expect(await groups()).toEqual([
    { versions: ['v1'], failures: 2 },
    { versions: ['v1'], failures: 1 },
    { versions: ['v1'], failures: 1 },
  ]);

  Object.assign(VERSIONS, { current: v2 });
  const ids = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8) };
  const again = { ...failed('cannot open the ledger', 10), ...ids };
  await world.send(again, failed('nobody answers the bell', 11), failed('other', 12, 'OtherError'));
  await world.send(again);
  expect(await groups()).toEqual([
    // The second version does not tell these two apart. It goes where it failed first.
    { versions: ['v1', 'v2'], failures: 4 },
    { versions: ['v1', 'v2'], failures: 2 },
    { versions: ['v1'], failures: 1 },
  ]);
  const { rows } = await world.history.sql('SELECT kind, author FROM group_events FINAL');
  expect(rows).toEqual([
    { kind: 'merge', author: 'faultline' },
    { kind: 'merge', author: 'faultline' },
  ]);
});

it('lets a split win over the link', async () => {
  const { items } = await world.history.recentFailures({ agent });
  const { fingerprint } = items.find(({ error_type }) => error_type === 'OtherError')!;
  expect(fingerprint).toMatch(/^v2:/);
  await world.history.changeGroup(fingerprint, { kind: 'split', author: 'ops' });
  await world.send(failed('other', 13, 'OtherError'));
  expect(await groups()).toEqual([
    { versions: ['v1', 'v2'], failures: 4 },
    { versions: ['v2'], failures: 2 },
    { versions: ['v1'], failures: 1 },
    { versions: ['v1'], failures: 1 },
  ]);
});

it('knows a group by a name that no failure has', async () => {
  const newcomer = 'versions-newcomer';
  await world.send(failedAttempt(newcomer, { 'error.type': 'NewError' }));
  const [shown] = (await world.history.groups({ agent: newcomer })).items;
  const fingerprint = shown!.fingerprint;
  expect(fingerprint).toMatch(/^v1:/);
  expect(shown!.fingerprints.map((name) => name.slice(0, 2)).sort()).toEqual(['v1', 'v2']);

  expect((await world.history.group(fingerprint)).failures).toBe(1);
  expect((await world.history.cases(fingerprint)).items).toHaveLength(1);
  const evolution = await world.history.recordEvolution({
    agent_id: newcomer,
    resolution: 'asked again',
    author: 'queen',
    target_fingerprints: [fingerprint],
  });
  await world.history.changeGroup(fingerprint, {
    kind: 'resolve',
    author: 'ops',
    evolution_id: evolution.evolution_id,
  });
  expect((await world.history.group(fingerprint)).state).toBe('resolved');
  const { items } = await world.history.effects(evolution.evolution_id);
  expect(items.map((effect) => effect.fingerprint)).toEqual([fingerprint]);
  expect((await world.history.brief(newcomer)).markdown).toContain(fingerprint);
});
