// Alerts on their way: receivers that fail in every way, and a store that goes away.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Courier, usualPatience } from '../../../query/alerts/courier.ts';
import { AlertLog, type Delivery, toDeliver } from '../../../query/alerts/log.ts';
import type { Receiver } from '../../../query/alerts/rules.ts';
import { send } from '../../../query/alerts/send.ts';
import { Store } from '../../../query/base/store.ts';
import { type Database, type Storage, startStorage } from '../../collector/queue/storage.ts';
import { AlertReceiver, secret, until } from './alert-receiver.ts';

let storage: Storage;
let database: Database;
let store: Store;
let log: AlertLog;
const ends: (() => Promise<unknown>)[] = [];
const lines: Record<string, unknown>[] = [];
const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const quick = { ...usualPatience, firstMs: 1, longestMs: 1 };

beforeAll(async () => {
  storage = await startStorage();
  database = await storage.database();
  store = new Store(database.connection);
  log = new AlertLog(store, database.connection);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  lines.length = 0;
});
afterAll(async () => {
  await Promise.all([log?.close(), store?.close()]);
  await storage?.end();
});

async function receiver(make?: ConstructorParameters<typeof AlertReceiver>[0]) {
  const one = await new AlertReceiver(make).start();
  ends.push(() => one.stop());
  return one;
}

function webhook(to: AlertReceiver, over: Partial<Receiver> = {}): Receiver {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const url = `http://127.0.0.1:${to.port}/`;
  return { type: 'webhook', url, key, timeoutMs: 60_000, ...over } as Receiver;
}

type More = Partial<ConstructorParameters<typeof Courier>[0]>;

function courier(name: string, how: Receiver, patience = quick, more: More = {}): Courier {
  const one = new Courier({
    receiver: name,
    send: ({ alert_id: id, agent_id, payload }, signal) =>
      send(how, { id, agent_id, payload }, signal),
    save: (delivery) => log.save([delivery]),
    pending: (limit) => log.pending(name, patience, limit),
    patience,
    logger,
    ...more,
  });
  ends.push(() => one.close(0));
  return one;
}

const toSend = (id: string, to: string): Delivery =>
  toDeliver(
    {
      alert_id: id,
      receiver: to,
      rule: 'r',
      change: 'new',
      agent_id: 'a',
      fingerprint: 'v1:0',
      since: new Date().toISOString(),
      episode: '',
      payload: JSON.stringify({ id }),
    },
    new Date().toISOString(),
  );

const storedOf = (id: string) =>
  database.select<{ status: string; tries: number; last_error: string }>(
    `SELECT status, tries, last_error FROM alerts FINAL WHERE alert_id = '${id}'`,
  );

it('tries again until it is taken, with the same id and text, and stores each try', async () => {
  const to = await receiver();
  to.next.push(500, 'drop', 503, { status: 429, headers: { 'retry-after': '1' } });
  const one = courier('bad', webhook(to));
  one.toStore()([toSend('again', 'bad')]);
  await until('it is taken', () => to.taken.length > 0);
  await until('it is stored', () => one.stats().pending === 0);
  expect(to.got.map(({ headers, body }) => [headers['webhook-id'], body])).toEqual(
    Array(5).fill(['again', '{"id":"again"}']),
  );
  expect(await storedOf('again')).toEqual([{ status: 'sent', tries: 5, last_error: '' }]);
  expect(one.stats()).toEqual({ pending: 0, sent: 1, failedTries: 4, givenUp: 0 });
  expect(lines.map(({ msg, reason }) => [msg, reason])).toEqual([
    ['alerts wait: the receiver does not take them', 'answered 500'],
    ['alerts reach the receiver again', undefined],
  ]);
});

it('what was read and sent before its finder has word that it is stored is sent once', async () => {
  const to = await receiver();
  const one = courier('quick', webhook(to));
  const stored = one.toStore();
  const found = [toSend('quick', 'quick')];
  await log.save(found.map((delivery) => ({ ...delivery })));
  one.readAgain();
  await until('it is stored as sent', async () => (await storedOf('quick'))[0]?.status === 'sent');
  stored(found);
  await until('nothing waits', () => one.stats().pending === 0);
  expect(to.got).toHaveLength(1);
});

it('a receiver that hangs, and one that asks to be left alone, hold up nobody', async () => {
  const [hanging, busy, well] = await Promise.all([receiver(), receiver(), receiver()]);
  hanging.always = 'hang';
  busy.always = { status: 429, headers: { 'retry-after': '3600' } };
  const couriers = [hanging, busy, well].map((to, index) => courier(`${index}`, webhook(to)));
  const ids = Array.from({ length: 30 }, (_, index) => `crowd-${index}`);
  couriers.forEach((one, index) => {
    one.toStore()(ids.map((id) => toSend(id, `${index}`)));
  });
  await until('the third has all', () => well.taken.length === ids.length);
  await until('the others were asked', () => hanging.got.length + busy.got.length >= 2);
  expect([hanging.got.length, busy.got.length]).toEqual([1, 1]);
  expect(couriers.map((one) => one.stats().pending).slice(0, 2)).toEqual([30, 30]);
});

it('one that is refused does not hold up those behind it', async () => {
  const to = await receiver();
  to.next.push(400);
  const one = courier('choosy', webhook(to), { ...usualPatience, firstMs: 600_000 });
  one.toStore()([toSend('poison', 'choosy'), toSend('behind', 'choosy')]);
  await until('the second is taken', () => to.taken.length > 0);
  await until('it is stored', () => one.stats().pending === 1);
  expect(await storedOf('poison')).toEqual([
    { status: 'pending', tries: 1, last_error: 'answered 400' },
  ]);
});

it('holds few of many for a dead receiver; when it lives, each arrives', async () => {
  const to = await receiver();
  to.always = 503;
  const asked: number[] = [];
  const pending = (limit: number) => {
    asked.push(limit);
    return log.pending('dead-long', quick, limit);
  };
  const one = courier('dead-long', webhook(to), quick, { most: 5, pending });
  const ids = Array.from({ length: 60 }, (_, index) => `long-${index}`);
  for (let at = 0; at < ids.length; at += 12) {
    const some = ids.slice(at, at + 12).map((id) => toSend(id, 'dead-long'));
    await log.save(some);
    one.toStore()(some);
  }
  const idsOf = (got: typeof to.got) => got.map(({ headers }) => headers['webhook-id']);
  await until('each was tried', () => new Set(idsOf(to.got)).size === ids.length);
  expect(one.stats()).toMatchObject({ pending: ids.length, sent: 0, givenUp: 0 });
  expect(new Set(asked)).toEqual(new Set([6]));
  expect(asked.length).toBeGreaterThan(ids.length / 6);
  to.always = 200;
  await until('all are stored', () => one.stats().pending === 0);
  expect(idsOf(to.taken).sort()).toEqual([...ids].sort());
  expect(
    await database.select(
      "SELECT status, toUInt32(count()) AS n FROM alerts FINAL WHERE receiver = 'dead-long' GROUP BY status",
    ),
  ).toEqual([{ status: 'sent', n: ids.length }]);
});

it('reads what waits when ClickHouse is back', async () => {
  const to = await receiver();
  await log.save([toSend('unread', 'unread')]);
  await storage.kill();
  const one = courier('unread', webhook(to));
  one.readAgain();
  await until('it is said', () => lines.some(({ msg }) => /cannot be read now/.test(`${msg}`)));
  await storage.restart();
  await until('it is taken', () => to.taken.length > 0);
  await until('it is stored', () => one.stats().pending === 0);
  expect(await storedOf('unread')).toMatchObject([{ status: 'sent' }]);
});

it('gives up when the time is over, and at once when the receiver is gone for good', async () => {
  const to = await receiver();
  to.next.push(500, 410);
  const one = courier('dead', webhook(to), { ...quick, giveUpMs: 0 });
  one.toStore()([toSend('late', 'dead')]);
  await until('it is given up', () => one.stats().pending === 0);
  expect(await storedOf('late')).toEqual([
    { status: 'failed', tries: 1, last_error: 'answered 500' },
  ]);
  const other = courier('gone', webhook(to));
  other.toStore()([toSend('gone', 'gone')]);
  await until('it is given up', () => other.stats().pending === 0);
  expect(await storedOf('gone')).toMatchObject([{ status: 'failed', last_error: 'answered 410' }]);
  expect(lines.filter(({ msg }) => msg === 'an alert is given up')).toMatchObject([
    { receiver: 'dead', alert_id: 'late', tries: 1, reason: 'answered 500' },
    { receiver: 'gone', alert_id: 'gone', tries: 1, reason: 'answered 410' },
  ]);
});

it('follows no redirect, and waits no longer than it should', async () => {
  const [to, other] = await Promise.all([receiver(), receiver()]);
  to.next.push({ status: 307, headers: { location: `http://127.0.0.1:${other.port}/` } }, 'hang');
  const one = courier('away', webhook(to, { timeoutMs: 1000 }));
  one.toStore()([toSend('away', 'away')]);
  await until('it is waited for', () => to.got.length === 2);
  collectGarbage(); // which took the limit along on Node 20
  await until('it is taken', () => to.taken.length > 0);
  expect(to.got).toHaveLength(3);
  expect(other.got).toEqual([]);
});

it('what could not be stored as sent is stored when ClickHouse is back', async () => {
  const to = await receiver();
  const one = courier('outage', webhook(to));
  await storage.kill();
  one.toStore()([toSend('outage', 'outage')]);
  await until('it is said', () => lines.some(({ msg }) => /cannot be stored now/.test(`${msg}`)));
  expect(one.stats()).toMatchObject({ pending: 1, sent: 1 });
  await storage.restart();
  await until('it is stored', () => one.stats().pending === 0);
  expect(await storedOf('outage')).toEqual([{ status: 'sent', tries: 1, last_error: '' }]);
  expect(to.got).toHaveLength(1);
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

it.skipIf(!hasOpenssl)('sends nothing to a server whose certificate is not trusted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-alert-tls-'));
  const at = (name: string): string => join(folder, name);
  spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'],
    ...['-keyout', at('key'), '-out', at('crt')],
  ]);
  const to = await receiver((listener) =>
    createTlsServer({ key: readFileSync(at('key')), cert: readFileSync(at('crt')) }, listener),
  );
  rmSync(folder, { recursive: true });
  const url = `https://127.0.0.1:${to.port}/`;
  const one = courier('fake', webhook(to, { url } as Partial<Receiver>), { ...quick, giveUpMs: 0 });
  one.toStore()([toSend('fake', 'fake')]);
  await until('it is given up', () => one.stats().pending === 0);
  expect(await storedOf('fake')).toMatchObject([{ last_error: 'DEPTH_ZERO_SELF_SIGNED_CERT' }]);
  expect(to.got).toEqual([]);
});
