// The mapping through all doors: what it merges by itself, what it proposes, and how both are undone.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verb } from '../../../support/verb.ts';
import { failedAttempt, startWorld, type World } from '../../../support/world.ts';

let world: World;
const STACK = 'BillingError: x\n    at fetchInvoice (/srv/app/src/billing.js:3:1)';
const failing = (message: string, stack = STACK) =>
  failedAttempt('billing', {
    'error.type': 'BillingError',
    'exception.type': 'BillingError',
    'exception.message': message,
    ...(stack ? { 'exception.stacktrace': stack } : {}),
  });

beforeAll(async () => {
  world = await startWorld({ 'group-mapping-seconds': 1 });
  await world.send(failing('Unsupported protocol text'));
  await world.send(failing('Unsupported protocol failed'));
  await world.send(failing('Unsupported protocol v2'), failing('Unsupported protocol v2', ''));
});
afterAll(() => world?.end());

const groups = async () => (await world.client.groups({ agent: 'billing' })).items;
/** The group with three fingerprints, once there is one. */
async function merged() {
  const find = async () => (await groups()).find(({ fingerprints }) => fingerprints.length === 3);
  await expect.poll(find).toBeDefined();
  return (await find())!;
}
const alone = async () => (await groups()).find(({ fingerprints }) => fingerprints.length === 1)!;

it('merges what was raised in one place and differs where values stand', async () => {
  const whole = await merged();
  const { events, members } = await world.client.group(whole.fingerprint);
  expect(members[0]!.template).toBe('Unsupported protocol text');
  const merges = events.filter(({ kind }) => kind === 'merge');
  expect(merges).toHaveLength(2);
  expect(merges[0]).toMatchObject({ author: 'faultline', other_fingerprint: whole.fingerprint });
  expect(merges[0]!.reason).toContain('fetchInvoice@billing');
});

it('proposes what was reported without a stack', async () => {
  const whole = await merged();
  const shown = () => world.client.group(whole.fingerprint);
  await expect.poll(async () => (await shown()).proposals.length).toBe(1);
  const [proposal] = (await shown()).proposals;
  const bare = await alone();
  expect([proposal!.fingerprint, proposal!.other_fingerprint].sort()).toEqual(
    [bare.fingerprint, whole.fingerprint].sort(),
  );
  const text = await verb(world, 'group', bare.fingerprint);
  expect(text).toMatch(/same +same agent, node, error type "BillingError"/);
  expect(text).toMatch(/looks like[\s\S]*reported without a stack[\s\S]*Unsupported protocol v2/);
});

it('is accepted, and undone with one command', async () => {
  const bare = await alone();
  const [proposal] = (await world.client.group(bare.fingerprint)).proposals;
  const event_id = '0a4a7c39-5f0e-4a1b-9f0a-2f7c5d1e9b10';
  const accept = () =>
    world.client.changeGroup(bare.fingerprint, { kind: 'accept', author: 'ada', event_id });
  const accepted = await accept();
  expect(accepted).toMatchObject({ kind: 'merge', author: 'ada', reason: proposal!.reason });
  expect(await accept()).toEqual(accepted);
  expect(await groups()).toHaveLength(1);
  expect((await world.client.group(bare.fingerprint)).proposals).toEqual([]);
  await verb(world, 'split', accepted.fingerprint);
  expect(await groups()).toHaveLength(2);
  expect((await world.client.group(bare.fingerprint)).proposals).toHaveLength(1);
});

it('is dismissed, and then gone', async () => {
  const bare = await alone();
  expect(await verb(world, 'dismiss', bare.fingerprint)).toContain('dismiss');
  expect((await world.client.group(bare.fingerprint)).proposals).toEqual([]);
  await expect(verb(world, 'accept', bare.fingerprint)).rejects.toThrow(/no such proposal is open/);
});

it('what was split off is not merged again', async () => {
  const whole = await merged();
  const { members } = await world.client.group(whole.fingerprint);
  const { fingerprint } = members.find(({ template }) => template.endsWith('failed'))!;
  await world.client.changeGroup(fingerprint, { kind: 'split' });
  await world.send(failing('Unsupported protocol value'));
  await merged();
  expect((await world.client.group(fingerprint)).fingerprints).toEqual([fingerprint]);
});
