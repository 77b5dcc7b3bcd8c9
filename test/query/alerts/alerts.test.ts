// Alerts from end to end: real engine, real collector, a real HTTP receiver that fails at times.
import { createHmac, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  snapshotRef,
  startWorld,
  type World,
} from '../../support/world.ts';
import { AlertReceiver, type Got, secret, until } from './alert-receiver.ts';

const HOUR = 3_600_000;
let folder: string;
let world: World;
let pager: AlertReceiver;
let picky: AlertReceiver;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-alerts-'));
  [pager, picky] = await Promise.all([new AlertReceiver().start(), new AlertReceiver().start()]);
  const webhook = (receiver: AlertReceiver) => ({
    type: 'webhook',
    url: `http://127.0.0.1:${receiver.port}/hook`,
    secret,
  });
  const rules = {
    every_seconds: 1,
    receivers: { pager: webhook(pager), picky: webhook(picky) },
    rules: [
      { name: 'all', on: ['new', 'regressed', 'escalating', 'harmful'], to: ['pager'] },
      {
        name: 'picky',
        on: ['new'],
        agents: ['picky-*'],
        classes: ['tool.*'],
        severities: ['critical'],
        min_failures: 3,
        to: ['picky'],
      },
    ],
  };
  await writeFile(join(folder, 'alerts.json'), JSON.stringify(rules));
  world = await startWorld({ alerts: join(folder, 'alerts.json') });
});
afterAll(async () => {
  await world?.end();
  await Promise.all([pager, picky].map((receiver) => receiver?.stop()));
  await rm(folder, { recursive: true, force: true });
});

const toldOf = (agent: string, receiver = pager): Got[] =>
  receiver.taken.filter(({ json }) => json.data.agent_id === agent);
const typesOf = (agent: string): string[] => toldOf(agent).map(({ json }) => json.type);
const groupOf = async (agent: string): Promise<string> =>
  (await world.history.groups({ agent })).items[0]!.fingerprint;

const fail = (agent: string, over = {}, at = Date.now()): OtlpSpan => ({
  ...failedAttempt(agent, { 'graph.run.id': randomUUID(), ...over }),
  start: at,
  end: at + 5,
});

const critical = { 'failure.severity': 'critical', 'failure.class': 'tool.error' };

/** Resolves after a look that saw all that is stored: what was sent last is told to both. */
async function looked(): Promise<void> {
  const agent = `picky-${randomUUID()}`;
  await world.send(...Array.from({ length: 3 }, () => fail(agent, critical)));
  await until('the marker is told', () =>
    [pager, picky].every((receiver) => toldOf(agent, receiver).length > 0),
  );
}

describe('a storm', () => {
  it('of 300 new groups of two agents is one digest, sent once', async () => {
    const storm = Array.from({ length: 300 }, (_, index) =>
      fail(index < 200 ? 'storm-a' : 'storm-b', {
        'graph.node.id': `node-${'abcdefghijklmnopqrstuvwxyz'[index % 26]}${'abcdefghijklmnopqrstuvwxyz'[Math.floor(index / 26)]}`,
        'error.type': `Error${'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[index % 26]}${'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[Math.floor(index / 26)]}`,
      }),
    );
    const digests = () => pager.taken.filter(({ json }) => json.type === 'groups.new');
    await world.send(
      ...storm,
      ...storm.slice(0, 1).map((span) => ({ ...span, start: Date.now() })),
    );
    await until('it is told', () => digests().length > 0);
    await looked();
    expect(digests().map(({ json }) => json.data.groups)).toEqual([300]);
    const [{ json, body }] = digests() as [Got];
    expect(body.length).toBeLessThan(16 * 1024);
    expect(json.data).toMatchObject({
      rule: 'all',
      agent_id: '',
      failures: 301,
      agents: [
        { agent_id: 'storm-a', groups: 200 },
        { agent_id: 'storm-b', groups: 100 },
      ],
    });
    expect(json.data.largest).toHaveLength(10);
    expect(json.data.largest[0]).toMatchObject({ failures: 2, agent_id: 'storm-a' });
    expect(toldOf('storm-a')).toEqual([]);
    const { items } = await world.history.alerts({
      agent: 'storm-b',
      status: 'digested',
      limit: 200,
    });
    expect(items).toHaveLength(100);
  });
});

describe('a group that a fix ended', () => {
  it('is told when it fails again, though nobody resolved it', async () => {
    const [agent, old, fixed] = ['ended', snapshotRef('old'), snapshotRef('fixed')];
    const runs = (ref: string, hours: number, make: typeof fail) =>
      Array.from({ length: 40 }, (_, run) =>
        make(agent, { 'graph.snapshot.ref': ref }, Date.now() - hours * 3_600_000 + run * 1000),
      );
    const pass = (name: string, over = {}, at = 0): OtlpSpan => ({
      ...goodAttempt(name, { 'graph.run.id': randomUUID(), ...over }),
      start: at,
      end: at + 5,
    });
    await world.send(...runs(old, 5, fail));
    const fingerprint = await groupOf(agent);
    await world.history.recordEvolution({
      agent_id: agent,
      evolution_id: 'the fix',
      resolution: 'Look twice.',
      from_ref: old,
      graph_snapshot_ref: fixed,
      target_fingerprints: [fingerprint],
    });
    await world.send(...runs(fixed, 1, pass));
    expect(await world.history.group(fingerprint)).toMatchObject({ state: 'resolved' });
    await world.send(fail(agent, { 'graph.snapshot.ref': fixed }));
    const again = () => toldOf(agent).filter(({ json }) => json.type === 'group.regressed');
    await until('it is told', () => again().length > 0);
    await world.send(fail(agent, { 'graph.snapshot.ref': fixed }));
    await looked();
    expect(again()).toHaveLength(1);
    expect(again()[0]!.json.data.untrusted_text.why).toContain('by the effect of evolution');
    expect(again()[0]!.json.data.impact).toMatchObject({ runs_now: 0, is_recovered: false });
  });
});

describe('a change of a group', () => {
  it('is sent once, signed, with the numbers of the group', async () => {
    await world.send(fail('once'), fail('once'));
    await until('it is told', () => toldOf('once').length > 0);
    await world.send(fail('once'));
    await looked();
    const [{ json, body, headers }, ...others] = toldOf('once') as [Got, ...Got[]];
    expect(others).toEqual([]);
    const group = (await world.history.groups({ agent: 'once' })).items[0]!;
    expect(json).toMatchObject({
      id: expect.stringMatching(/^alert_[0-9a-f]{32}$/),
      type: 'group.new',
      data: {
        rule: 'all',
        change: 'new',
        agent_id: 'once',
        fingerprint: group.fingerprint,
        since: group.first_seen,
        failures: 2,
        verdict: null,
        untrusted_text: { error_type: 'TypeError', template: group.template, node_ids: ['parse'] },
      },
    });
    expect(headers['webhook-id']).toBe(json.id);
    const at = headers['webhook-timestamp'];
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const signature = createHmac('sha256', key).update(`${json.id}.${at}.${body}`).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${signature}`);
  });

  it('is sent when a resolved group fails again, and again after the next resolve', async () => {
    await world.send(fail('back'));
    await until('new is told', () => typesOf('back').length === 1);
    const fingerprint = await groupOf('back');
    await world.history.changeGroup(fingerprint, { kind: 'resolve' });
    await world.send(fail('back'));
    await until('regressed is told', () => typesOf('back').length === 2);
    await world.send(fail('back'), fail('back', {}, Date.now() - 10));
    await looked();
    await world.history.changeGroup(fingerprint, { kind: 'resolve' });
    await world.send(fail('back'));
    await until('it is told again', () => typesOf('back').length === 3);
    expect(typesOf('back')).toEqual(['group.new', 'group.regressed', 'group.regressed']);
    const ids = toldOf('back').map(({ json }) => json.id);
    expect(new Set(ids).size).toBe(3);
  });

  it('says nothing of a group that is ignored', async () => {
    await world.send(fail('hushed'));
    await until('new is told', () => typesOf('hushed').length === 1);
    const fingerprint = await groupOf('hushed');
    await world.history.changeGroup(fingerprint, { kind: 'resolve' });
    await world.history.changeGroup(fingerprint, { kind: 'ignore' });
    await world.send(...Array.from({ length: 30 }, () => fail('hushed')));
    await looked();
    expect(typesOf('hushed')).toEqual(['group.new']);
  });

  it('says nothing of what was so before the rule was in use', async () => {
    await world.send(fail('known', {}, Date.now() - 50 * HOUR), fail('known'));
    await looked();
    expect(typesOf('known')).toEqual([]);
  });

  it('is sent once when a group escalates', async () => {
    const burst = Array.from({ length: 40 }, () => fail('burst'));
    await world.send(fail('burst', {}, Date.now() - 50 * HOUR), ...burst);
    await until('it is told', () => typesOf('burst').length > 0);
    await world.send(...Array.from({ length: 40 }, () => fail('burst')));
    await looked();
    expect(typesOf('burst')).toEqual(['group.escalating']);
    expect(toldOf('burst')[0]!.json.data.untrusted_text.why).toMatch(
      /failures in the (hour|\d hours) from 20/,
    );
  });

  it('is sent when an evolution does harm', async () => {
    const run = (ok: boolean, ref: string, index: number): OtlpSpan => {
      const shared = { 'graph.run.id': randomUUID(), 'graph.snapshot.ref': ref };
      const start = Date.now() - 3 * HOUR + index * 1000;
      return ok
        ? { ...goodAttempt('hurt', shared), start, end: start + 5 }
        : fail('hurt', shared, start);
    };
    const refs = ['1', '2'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string];
    await world.send(...Array.from({ length: 60 }, (_, index) => run(index > 5, refs[0], index)));
    const fingerprint = await groupOf('hurt');
    const { evolution_id } = await world.history.recordEvolution({
      agent_id: 'hurt',
      resolution: 'ask twice',
      target_fingerprints: [fingerprint],
      from_ref: refs[0],
      graph_snapshot_ref: refs[1],
    });
    await world.send(...Array.from({ length: 60 }, (_, index) => run(index < 5, refs[1], index)));
    await until('it is told', () => typesOf('hurt').includes('group.harmful'));
    const { json } = toldOf('hurt').find((one) => one.json.type === 'group.harmful')!;
    expect(json.data).toMatchObject({
      fingerprint,
      evolution_id,
      verdict: { runs_before: 60, failed_runs_before: 6, runs_after: 60, failed_runs_after: 55 },
      untrusted_text: { resolution: 'ask twice' },
    });
  });
});

describe('a rule', () => {
  it('sends what its filters let through, and no sooner', async () => {
    await world.send(
      ...Array.from({ length: 3 }, () => fail('other', critical)),
      ...Array.from({ length: 3 }, () => fail('picky-class', { 'failure.severity': 'critical' })),
      ...Array.from({ length: 3 }, () =>
        fail('picky-mild', { ...critical, 'failure.severity': 'minor' }),
      ),
      fail('picky-yes', critical),
      fail('picky-yes', critical),
    );
    await looked();
    const agents = ['other', 'picky-class', 'picky-mild', 'picky-yes'];
    const told = () => agents.flatMap((agent) => toldOf(agent, picky));
    expect(told()).toEqual([]);
    await world.send(fail('picky-yes', critical));
    await until('it is told', () => told().length > 0);
    await looked();
    expect(told().map(({ json }) => json.data)).toMatchObject([
      { agent_id: 'picky-yes', rule: 'picky', failures: 3, severity: 'critical' },
    ]);
  });
});
