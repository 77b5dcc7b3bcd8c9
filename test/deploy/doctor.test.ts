import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkClickHouse, checkServerClock, checkVersion } from '../../deploy/doctor/clickhouse.ts';
import { examine } from '../../deploy/doctor/doctor.ts';
import type { Finding } from '../../deploy/doctor/finding.ts';
import { checkClock, checkFolder, checkNode } from '../../deploy/doctor/machine.ts';
import { checkPort } from '../../deploy/doctor/ports.ts';
import { readSettings } from '../../deploy/settings.ts';
import { createClient } from '../../query/index.ts';
import { root, runNode } from '../end-to-end/processes.ts';
import { faultline } from '../support/executable.ts';
import { startWorld, type World } from '../support/world.ts';

let world: World;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-doctor-'));
  world = await startWorld({
    'ingest-token': ['sender'],
    'query-token': ['reader'],
    'admin-token': ['admin'],
  });
});
afterAll(async () => {
  await world?.end();
  await rm(folder, { recursive: true, force: true });
});

const port = (url: string) => Number(new URL(url).port);

/** Settings of `faultline start` as the running world has them. */
const settingsOf = (more: Record<string, unknown> = {}) =>
  readSettings(
    {
      'data-dir': world.engine!.dataDir,
      'otlp-http-port': port(world.otlpHttp),
      'otlp-grpc-port': port(world.otlpGrpc),
      'query-port': port(world.query),
      'embedded-port': port(world.clickhouse),
      'ingest-token': ['sender'],
      ...more,
    },
    {},
  );

const statuses = (findings: Finding[]) =>
  Object.fromEntries(findings.map(({ check, status }) => [check, status]));
const named = (findings: Finding[], check: string) =>
  findings.find((finding) => finding.check === check)!;

describe('the doctor of a running Faultline', () => {
  it('follows a span to its row, and leaves nothing behind', async () => {
    const history = createClient({ url: world.query, token: 'admin' });
    const before = await everything();
    for (let time = 0; time < 5; time += 1) {
      const findings = await examine({ settings: settingsOf(), token: 'reader' });
      expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
      expect(named(findings, 'test span').detail).toMatch(/from OTLP to row to answer in \d+ ms/);
      expect(named(findings, 'query port').detail).toContain("Faultline's");
      expect(named(findings, 'embedded port').detail).toContain("Faultline's");
    }
    expect(await everything()).toEqual(before);
    expect(await readdir(folder)).toEqual([]);
    expect((await history.agents()).items).toEqual([]);

    async function everything() {
      const tables = ['failures', 'node_attempts', 'graph_runs', 'graph_snapshots', 'evolutions'];
      return Promise.all(
        tables.map(async (table) => (await history.sql(`SELECT count() AS n FROM ${table}`)).rows),
      );
    }
  });

  it('says whose token is missing', async () => {
    const silent = await examine({ settings: settingsOf({ 'ingest-token': [] }), token: 'reader' });
    expect(named(silent, 'test span')).toMatchObject({
      status: 'fail',
      advice: 'give --ingest-token',
    });
    const blind = await examine({ settings: settingsOf() });
    expect(named(blind, 'test span')).toMatchObject({ status: 'fail' });
    expect(named(blind, 'test span').detail).toContain('token is needed');
    expect(named(blind, 'dead letters').status).toBe('warn');
  });

  it('fails when only half of it runs', async () => {
    const findings = await examine({ settings: settingsOf({ 'query-port': 1 }), token: 'reader' });
    expect(statuses(findings)).toMatchObject({ collector: 'ok', 'query service': 'fail' });
    expect(statuses(findings)['test span']).toBeUndefined();
  });

  it('asks a server for version, clock and rights', async () => {
    const { url, writer } = world.engine!;
    const all = await checkClickHouse({ url, ...writer });
    expect(statuses(all)).toEqual({
      clickhouse: 'ok',
      'clickhouse clock': 'ok',
      'clickhouse rights': 'ok',
      'clickhouse merges': 'ok',
    });
    const wrong = await checkClickHouse({ url, ...writer, password: 'guessed' });
    expect(wrong).toMatchObject([
      { status: 'fail', advice: 'see --clickhouse-user and --clickhouse-password' },
    ]);
    expect(JSON.stringify(wrong)).not.toContain('guessed');
    const away = await checkClickHouse({ url: 'http://127.0.0.1:1', username: 'x', password: '' });
    expect(away).toMatchObject([{ check: 'clickhouse', status: 'fail' }]);
  });
});

describe('single checks', () => {
  it.each([
    ['18.20.0', 'fail'],
    ['20.18.1', 'fail'],
    ['20.19.0', 'ok'],
    ['24.1.0', 'ok'],
    ['27.0.0', 'warn'],
  ])('Node %s: %s', (version, status) => expect(checkNode(version).status).toBe(status));

  it('clocks', () => {
    expect(checkClock(0).status).toBe('fail');
    expect(checkClock(Date.now()).status).toBe('ok');
    expect(checkServerClock(10_000, 10_500).status).toBe('ok');
    expect(checkServerClock(10_000, 20_000).status).toBe('warn');
    expect(checkServerClock(10_000, 200_000).status).toBe('fail');
    expect(checkVersion('26.7.2.1').status).toBe('ok');
    expect(checkVersion('24.8.1.1').status).toBe('warn');
  });

  it('a folder that cannot be written, and one that wants room', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const [finding] = await checkFolder(join(file, 'data'), 1);
    expect(finding).toMatchObject({ check: 'data folder', status: 'fail' });
    await rm(file);
    const [, room] = await checkFolder(join(folder, 'not', 'yet'), 1024 ** 3);
    expect(room).toMatchObject({ check: 'disk', status: 'warn' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('a port that another program has', async () => {
    const server = createServer((_request, response) => response.end('hello')).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const taken = (server.address() as AddressInfo).port;
    const finding = await checkPort({
      flag: 'query-port',
      host: '127.0.0.1',
      port: taken,
      isOurs: async () => false,
    });
    expect(finding).toMatchObject({
      status: 'fail',
      advice: 'give another port with --query-port',
    });
    const doctor = await runDoctor('--query-port', String(taken));
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/fail +query port +\d+ is taken by another program/);
    server.close();
  });
});

const runDoctor = (...args: string[]) =>
  runNode(
    [
      ...faultline,
      ...['doctor', '--data-dir', folder],
      ...['--otlp-http-port', '0', '--otlp-grpc-port', '0', '--embedded-port', '0', ...args],
    ],
    { cwd: root },
  );

describe('faultline doctor', () => {
  it('prints JSON and ends with 0 when nothing is wrong', async () => {
    const { code, stdout, stderr } = await runDoctor('--query-port', '0', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const told = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
    expect(told.ok).toBe(true);
    expect(statuses(told.findings)).toMatchObject({ node: 'ok', engine: 'ok', service: 'ok' });
  });

  it('names a setting that is wrong', async () => {
    const { code, stdout } = await runDoctor('--query-port', 'many');
    expect(code).toBe(1);
    expect(stdout).toMatch(/fail +settings +--query-port/);
  });
});
