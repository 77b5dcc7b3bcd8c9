// The log of alerts through each door, and what the metrics say of them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Alert, InvalidInputError } from '../../../query/index.ts';
import { verb } from '../../support/verb.ts';
import { failedAttempt, startWorld, type World } from '../../support/world.ts';
import { AlertReceiver, secret, until } from './alert-receiver.ts';

let folder: string;
let world: World;
let well: AlertReceiver;
let ill: AlertReceiver;

const hostile = 'evil\u001b[31m\u202e agent';
const agents = ['one', 'two', hostile];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-alert-log-'));
  [well, ill] = await Promise.all([new AlertReceiver().start(), new AlertReceiver().start()]);
  ill.always = 500;
  const webhook = ({ port }: AlertReceiver) => ({
    type: 'webhook',
    url: `http://127.0.0.1:${port}/`,
    secret,
  });
  const rules = {
    every_seconds: 1,
    receivers: { well: webhook(well), ill: webhook(ill) },
    rules: [{ name: 'all', on: ['new'], to: ['well', 'ill'] }],
  };
  await writeFile(join(folder, 'alerts.json'), JSON.stringify(rules));
  world = await startWorld({ alerts: join(folder, 'alerts.json') });
  await world.send(...agents.map((agent) => failedAttempt(agent)));
  const isDone = async () => {
    const { items } = await world.history.alerts({ limit: 100 });
    return items.filter(({ tries }) => tries > 0).length === 2 * agents.length;
  };
  await until('each was tried', isDone);
});
afterAll(async () => {
  await world?.end();
  await Promise.all([well?.stop(), ill?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

describe.each([
  ['the library', () => world.history],
  ['HTTP', () => world.client],
])('alerts through %s', (_door, open) => {
  it('shows what was sent and what waits, and why', async () => {
    const { items } = await open().alerts({ agent: 'one' });
    const group = (await world.history.groups({ agent: 'one' })).items[0]!;
    const about = {
      alert_id: expect.stringMatching(/^alert_[0-9a-f]{32}$/),
      rule: 'all',
      change: 'new',
      agent_id: 'one',
      fingerprint: group.fingerprint,
      since: group.first_seen,
    };
    expect(items.toSorted((one, other) => (one.receiver < other.receiver ? 1 : -1))).toMatchObject([
      { ...about, receiver: 'well', status: 'sent', tries: 1, last_error: '' },
      { ...about, receiver: 'ill', status: 'pending', last_error: 'answered 500' },
    ]);
    expect(new Set(items.map(({ alert_id }) => alert_id)).size).toBe(1);
  });

  it('filters, and comes page by page', async () => {
    const sent = await open().alerts({ status: 'sent' });
    expect(sent.items.map(({ receiver }) => receiver)).toEqual(['well', 'well', 'well']);
    const idOf = ({ alert_id, receiver }: Alert): string => `${alert_id}/${receiver}`;
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await open().alerts({ limit: 2, ...(cursor ? { cursor } : {}) });
      seen.push(...page.items.map(idOf));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual((await open().alerts({ limit: 100 })).items.map(idOf));
    expect(seen).toHaveLength(6);
    expect((await open().alerts({ since: '2100-01-01' })).items).toEqual([]);
  });

  it.each([
    ['status', { status: 'lost' }],
    ['limit', { limit: 0 }],
    ['since', { since: 'yesterday' }],
    ['cursor', { cursor: 'x' }],
  ])('refuses a wrong %s', async (field, options) => {
    const asked = open().alerts(options as { limit: number });
    await expect(asked).rejects.toMatchObject({ constructor: InvalidInputError, field });
  });
});

it('the verb prints one harmless line an alert', async () => {
  const text = await verb(world, 'alerts', '--limit', '50');
  expect(text.trimEnd().split('\n')).toHaveLength(1 + 2 * agents.length);
  expect(text).toMatch(/ sent +1 +well +all +new +two +v1:/);
  expect(text).toMatch(/ pending +\d+ +ill +all +new +evil agent +v1:.* answered 500$/m);
  const json = JSON.parse(await verb(world, 'alerts', '--agent', 'two', '--json'));
  expect(json.items).toHaveLength(2);
});

it('the metrics count what was sent, what failed and what waits', async () => {
  const text = await (await fetch(`${world.query}/metrics`)).text();
  expect(text).toContain('faultline_alerts_sent_total{receiver="well"} 3');
  expect(text).toContain('faultline_alerts_pending{receiver="well"} 0');
  expect(text).toContain('faultline_alerts_pending{receiver="ill"} 3');
  expect(text).toContain('faultline_alerts_given_up_total{receiver="ill"} 0');
  const [, failed] = /faultline_alert_failed_tries_total\{receiver="ill"\} (\d+)/.exec(text)!;
  expect(Number(failed)).toBeGreaterThanOrEqual(3);
});
