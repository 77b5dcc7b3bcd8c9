// Every change arrives, whatever is killed in between: the process, or the receiver.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Alert, createClient } from '../../../query/index.ts';
import { type Started, startFaultline } from '../../end-to-end/processes.ts';
import { failedAttempt, sendSpans } from '../../support/world.ts';
import { AlertReceiver, secret, until } from './alert-receiver.ts';

let folder: string;
let receiver: AlertReceiver;
let running: Started | undefined;
let printed = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-restart-'));
  receiver = await new AlertReceiver().start();
  const rules = receiver.rules('TEST_ALERT_SECRET');
  const both = {
    ...rules,
    receivers: { ...rules.receivers, screen: { type: 'stdout' } },
    rules: [{ ...rules.rules[0]!, to: ['pager', 'screen'] }],
  };
  await writeFile(join(folder, 'alerts.json'), JSON.stringify(both));
  process.env.TEST_ALERT_SECRET = secret;
});
afterAll(async () => {
  await running?.end('SIGKILL');
  await receiver?.stop();
  // The engine ends a moment after its killed parent.
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

async function start(): Promise<Started> {
  running = await startFaultline(join(folder, 'data'), '--alerts', join(folder, 'alerts.json'));
  running.process.stdout!.on('data', (text: Buffer) => {
    printed += text;
  });
  return running;
}

const failOf = (started: Started, agent: string) =>
  sendSpans(started.otlpHttp, [failedAttempt(agent)]);
const triesOf = (agent: string) =>
  receiver.got.filter(({ json }) => json.data.agent_id === agent).map(({ json }) => json.id);
const takenOf = (agent: string) =>
  receiver.taken.filter(({ json }) => json.data.agent_id === agent).length;

it('each change arrives, with the same id in each try, and is not sent again', async () => {
  receiver.always = 500;
  const first = await start();
  await failOf(first, 'refused');
  await until('it was tried', () => triesOf('refused').length > 0);
  receiver.always = 'hang';
  await failOf(first, 'hung');
  await until('a try hangs', () => receiver.got.some(({ answer }) => answer === 'hang'));
  // Taken by the collector, perhaps not in ClickHouse yet, and not looked at.
  await failOf(first, 'unseen');
  await first.end('SIGKILL');

  const { port } = receiver;
  await receiver.stop();
  const second = await start();
  await failOf(second, 'nobody');
  const client = createClient({ url: second.query });
  const trouble = async (): Promise<Alert[]> =>
    (await client.alerts({ agent: 'nobody' })).items.filter(({ last_error }) => last_error !== '');
  await until('nobody was there', async () => (await trouble()).length > 0);
  expect(await trouble()).toMatchObject([{ receiver: 'pager', status: 'pending' }]);

  const before = receiver.got;
  receiver = await new AlertReceiver().start(port);
  receiver.got.push(...before);
  const agents = ['refused', 'hung', 'unseen', 'nobody'];
  await until('all are taken', () => agents.every((agent) => takenOf(agent) > 0));
  const isSent = async () => (await client.alerts()).items.every(({ status }) => status === 'sent');
  await until('all are stored as sent', isSent);
  for (const agent of agents) {
    expect(new Set(triesOf(agent)).size, agent).toBe(1);
    expect(takenOf(agent), agent).toBe(1);
  }
  expect(triesOf('refused').length).toBeGreaterThan(1);
  expect(await second.end('SIGTERM')).toBe(0);

  const third = await start();
  await Promise.all(['refused', 'last'].map((agent) => failOf(third, agent)));
  await until('the last is taken', () => takenOf('last') > 0);
  expect(agents.map(takenOf)).toEqual([1, 1, 1, 1]);
  const shown = () => {
    const lines = printed.split('\n').filter((line) => line.includes('"group.new"'));
    return [...new Set(lines.map((line) => JSON.parse(line).data.agent_id))].sort();
  };
  await until('the last is shown', () => shown().includes('last'));
  expect(shown()).toEqual([...agents, 'last'].sort());
}, 240_000);
