// The command line in a terminal and in a pipe: widths, colours, --watch, progress, `| head`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { displayWidth } from '../../../deploy/cli/terminal/width.ts';
import { root, runNode } from '../../end-to-end/processes.ts';
import { secret } from '../../query/alerts/alert-receiver.ts';
import { faultline } from '../../support/executable.ts';
import { failedAttempt, startWorld, type World } from '../../support/world.ts';
import { isWithout } from './shells.ts';
import { follow, inTerminal as ownTerminal, printed as printedIn, WIDTH } from './terminal.ts';

const ESCAPE = '\u001b';
let world: World;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-terminal-'));
  const nobody = { type: 'webhook', url: 'http://127.0.0.1:1/', secret };
  const rules = [{ name: 'everything-new', on: ['new'], to: ['nobody-at-home'] }];
  const alerts = { every_seconds: 1, receivers: { 'nobody-at-home': nobody }, rules };
  await writeFile(join(folder, 'alerts.json'), JSON.stringify(alerts));
  world = await startWorld({ 'query-token': ['reads'], alerts: join(folder, 'alerts.json') });
  vi.stubEnv('FAULTLINE_TOKEN', 'reads');
  await world.send(
    failedAttempt('tty', { 'failure.disposition': 'terminal' }),
    failedAttempt('tty', {
      'graph.node.id': 'hostile\u001b[2J',
      'exception.message': `\u001b[2J\u202e${'請求書の合計がない '.repeat(30)}`,
    }),
  );
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await world?.end();
  await rm(folder, { recursive: true, force: true });
});

const inTerminal = (args: string[]) => ownTerminal([...args, '--url', world.query]);
const printed = (args: string[], env?: Record<string, string>) =>
  printedIn([...args, '--url', world.query], env);

const COLOURS = new RegExp(`${ESCAPE}\\[\\d+m`);

describe.skipIf(isWithout('script', 'the command line in a terminal'))('in a terminal', () => {
  it('tables fit, ids stay whole, text from outside does nothing', async () => {
    const shown = await printed(['recent', '--agent', 'tty'], { NO_COLOR: '1' });
    expect(shown).not.toContain(ESCAPE);
    const lines = shown.split(/\r?\n/).filter(Boolean);
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(WIDTH);
    expect(lines[1]).toMatch(/ [\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12} /);
    expect(shown).toMatch(/請求書.*…/);
    expect(shown).toMatch(/too narrow for/);
  });

  it('alerts fit too, with the whole group', async () => {
    const asked = ['alerts', '--agent', 'tty'];
    await expect
      .poll(async () => JSON.parse(await printed([...asked, '--json'])).items.length, {
        timeout: 60_000,
      })
      .toBe(2);
    const shown = await printed(asked, { NO_COLOR: '1' });
    const lines = shown.split(/\r?\n/).filter(Boolean);
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(WIDTH);
    expect(lines[0]).toMatch(/^found +status .*change +group/);
    expect(lines[1]).toMatch(/ v\d+:[\da-f]{32}(?![\da-f])/);
    expect(lines.at(-1)).toMatch(/too narrow for .*last error/);
  });

  it('has colours, unless NO_COLOR says no', async () => {
    const groups = ['groups', '--agent', 'tty'];
    const shown = await printed(groups);
    expect(shown).toMatch(new RegExp(`${ESCAPE}\\[33mnew`));
    const plain = stripVTControlCharacters(shown).split(/\r?\n/);
    for (const line of plain) expect(displayWidth(line)).toBeLessThanOrEqual(WIDTH);
    expect(await printed(groups, { NO_COLOR: '1' })).not.toMatch(COLOURS);
    expect(await printed([...groups, '--json'])).not.toMatch(COLOURS);
  });

  it('--watch shows what comes in place of what was there, and Ctrl-C ends it with 0', async () => {
    const running = inTerminal(['recent', '--agent', 'watched', '--watch', '0.2']);
    await expect.poll(running.seen).toContain('no failures');
    await world.send(failedAttempt('watched', { 'exception.message': 'ledger is closed' }));
    await expect.poll(running.seen).toContain('ledger is closed');
    expect(running.seen()).toContain(`${ESCAPE}[2J${ESCAPE}[H`);
    running.child.stdin!.write('\u0003');
    expect(await running.ended).toBe(0);
  });

  it('long work shows how far it is', async () => {
    const { items } = JSON.parse(await printed(['groups', '--agent', 'tty', '--json']));
    const out = `${world.dataDir}/cases.jsonl`;
    const shown = await printed(['cases', items[0].fingerprint, '--out', out]);
    expect(shown).toContain('cases 1');
    expect(shown).toContain('wrote 1 case');
  });
});

const piped = (...args: string[]) => runNode([...faultline, ...args, '--url', world.query]);

describe('in a pipe', () => {
  it('nothing is cut or coloured, unless FORCE_COLOR asks for colours', async () => {
    const { stdout } = await piped('groups', '--agent', 'tty');
    expect(stdout).not.toContain(ESCAPE);
    expect(stdout).toContain('請求書の合計がない '.repeat(10).trim());
    const forced = await runNode([...faultline, 'groups', '--agent', 'tty', '--url', world.query], {
      env: { FORCE_COLOR: '1' },
    });
    expect(forced.stdout).toMatch(COLOURS);
  });

  it('no progress is shown', async () => {
    const { items } = JSON.parse((await piped('groups', '--agent', 'tty', '--json')).stdout);
    const out = `${world.dataDir}/cases-piped.jsonl`;
    const { stdout, stderr } = await piped('cases', items[0].fingerprint, '--out', out);
    expect({ stdout, stderr }).toEqual({ stdout: `wrote 1 case to ${out}\n`, stderr: '' });
  });

  it('a reader that has read enough ends it quietly', async () => {
    const args = ['recent', '--agent', 'tty', '--watch', '0.2', '--json', '--url', world.query];
    const child = spawn(process.execPath, [...faultline, ...args], { cwd: root });
    const { ended } = follow(child);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    try {
      await once(child.stdout, 'data');
      child.stdout.destroy();
      await world.send(failedAttempt('tty'));
      expect({ code: await ended, stderr }).toEqual({ code: 0, stderr: '' });
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('--watch --json prints each item once, more than a page of them, and ends with 0', async () => {
    const args = ['recent', '--agent', 'lines', '--limit', '2', '--watch', '0.2', '--json'];
    const running = follow(
      spawn(process.execPath, [...faultline, ...args, '--url', world.query], { cwd: root }),
    );
    const messages = () =>
      running
        .seen()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line).error_message as string);
    const failure = (message: string, start: number) => ({
      ...failedAttempt('lines', { 'exception.message': message }),
      start,
    });
    const now = Date.now();
    await world.send(failure('first', now));
    await expect.poll(messages).toEqual(['first']);
    const more = ['b', 'c', 'd', 'e', 'f'];
    await world.send(...more.map((name, index) => failure(name, now + 1 + index)));
    await expect.poll(messages).toEqual(['first', ...more]);
    running.child.kill('SIGINT');
    expect(await running.ended).toBe(0);
    expect(messages()).toEqual(['first', ...more]);
  });
});

describe('start', () => {
  it('with --json reports as JSON lines that it is ready, and goes on without a reader', async () => {
    const free = ['otlp-http', 'otlp-grpc', 'query', 'embedded'].flatMap((port) => [
      `--${port}-port`,
      '0',
    ]);
    const args = ['start', '--data-dir', `${world.dataDir}/other`, ...free, '--json'];
    const child = spawn(process.execPath, [...faultline, ...args], { cwd: root });
    const running = follow(child);
    const ready = () =>
      running
        .seen()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
        .find(({ msg }) => msg === 'ready');
    try {
      await expect.poll(ready, { timeout: 150_000 }).toBeDefined();
      child.stdout.destroy();
      const { query } = ready();
      expect((await fetch(`${query}/healthz`)).status).toBe(200);
    } finally {
      child.kill('SIGTERM');
    }
    expect(await running.ended).toBe(0);
  });
});

describe('exit codes', () => {
  it.each([
    [1, ['show', '9741c581-438b-8678-9607-526a491ab711'], 'nothing is stored for'],
    [2, ['recent', '--limit', 'many'], 'limit: '],
    [2, ['sql', 'DROP TABLE failures'], 'sql: '],
    [4, ['recent', '--token', 'unknown'], 'token is needed'],
  ])('%i: %j', async (code, args, told) => {
    const ended = await piped(...args);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toMatch(/^faultline: .*\n$/);
    expect(ended.stderr).toContain(told);
  });
});
