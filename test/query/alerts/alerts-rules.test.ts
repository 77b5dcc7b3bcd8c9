// The file of --alerts: what is refused, by the name of the field, and what is never shown.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readSettings } from '../../../deploy/settings.ts';
import { createLogger, start } from '../../../deploy/start.ts';
import { readAlertRules } from '../../../query/alerts/rules.ts';
import { SettingsError } from '../../../query/base/errors.ts';
import { secret } from './alert-receiver.ts';

const folder = mkdtempSync(join(tmpdir(), 'faultline-rules-'));
const path = join(folder, 'alerts.json');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pager = { type: 'webhook', url: 'https://example.com/hush-hush', secret };
const rule = { name: 'all', on: ['new'], to: ['pager'] };
const good = { receivers: { pager }, rules: [rule] };
const withRule = (over: object) => ({ ...good, rules: [{ ...rule, ...over }] });
const withPager = (over: object) => ({ ...good, receivers: { pager: { ...pager, ...over } } });

function read(rules: unknown, environment: Record<string, string> = {}) {
  writeFileSync(path, typeof rules === 'string' ? rules : JSON.stringify(rules));
  return readAlertRules(path, environment);
}

it('is read with its defaults, and secrets from the environment', () => {
  const rules = read(withPager({ secret: { env: 'PAGER' } }), { PAGER: secret });
  expect(rules).toMatchObject({ everyMs: 15_000, rules: [{ name: 'all', min_failures: 1 }] });
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  expect(rules.receivers.get('pager')).toMatchObject({ key, timeoutMs: 10_000 });
});

it.each([
  ['{"a', 'is no JSON'],
  [[], 'the file: got a list'],
  [{ ...good, rules: [] }, 'rules: got a list'],
  [{ ...good, every_seconds: 0 }, 'every_seconds: got 0'],
  [{ ...good, ruls: [] }, 'ruls: got a list; Unrecognized key'],
  [withRule({ on: ['regresed'] }), 'rules.0.on.0: got "regresed"; Invalid option: expected one of'],
  [withRule({ to: ['pagr'] }), 'rules.0.to.0: got "pagr"; expected names of receivers: pager'],
  [withRule({ classes: ['llm'] }), 'rules.0.classes.0: got "llm"; expected a class'],
  [withRule({ severities: ['bad'] }), 'rules.0.severities.0: got "bad"'],
  [withRule({ min_failures: 0 }), 'rules.0.min_failures: got 0'],
  [withRule({ name: 'a b' }), 'rules.0.name: got "a b"; expected 1 to 40 letters'],
  [{ ...good, rules: [rule, rule] }, 'rules.1.name: got "all"; is the name of an earlier rule'],
  [withPager({ type: 'mail' }), 'receivers.pager.type: got "mail"'],
  [withPager({ url: 'ftp://hush-hush' }), 'receivers.pager.url: got a value that is not shown'],
  [withPager({ secret: 'hush-hush' }), 'receivers.pager.secret: got a value that is not shown'],
  [withPager({ secret: { env: 'PAGER' } }), 'the environment variable PAGER is not set'],
  [withPager({ timeout_seconds: 0 }), 'receivers.pager.timeout_seconds: got 0'],
  [{ ...good, receivers: { pager: { type: 'hive', url: 'http://a', sessions: {} } } }, 'sessions'],
])('refuses %j: %s', (rules, message) => {
  expect(() => read(rules)).toThrow(SettingsError);
  expect(() => read(rules)).toThrow(`--alerts: ${JSON.stringify(path)}`);
  expect(() => read(rules)).toThrow(message);
  expect(() => read(rules)).not.toThrow(/hush-hush/);
});

it('that is wrong or missing refuses the start', async () => {
  const file = join(folder, 'none.json');
  const settings = readSettings({ 'data-dir': folder }, { FAULTLINE_ALERTS: file });
  expect(settings.alerts).toBe(file);
  const started = start(settings, createLogger({ 'log-format': 'json', 'log-level': 'silent' }));
  await expect(started).rejects.toThrow(`--alerts: ${JSON.stringify(file)} cannot be read`);
});
