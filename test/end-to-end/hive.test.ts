// Hive's records through the verb into rows, and the brief from there into the Queen's route.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushToQueen } from '../../query/alerts/queen.ts';
import type { Failure, FailureDetail, Page } from '../../query/index.ts';
import { EventWriter, graphFile, newFolder, recorded } from '../deploy/hive/hive-records.ts';
import { faultline as executable } from '../support/executable.ts';
import { startWorld, type World } from '../support/world.ts';

const cwd = fileURLToPath(new URL('../../', import.meta.url));

let world: World;
const dir = recorded('v0.6.5');
const newState = () => join(newFolder(), 'state.json');
const stateFile = newState();

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.end());

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function faultline(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const all = [...executable, ...args];
    execFile(process.execPath, all, { cwd }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
    });
  });
}

async function ask<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await faultline(...args, '--json', '--url', world.query);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

async function watch(state = stateFile) {
  const flags = ['--graph', graphFile, '--url', world.otlpHttp, '--state', state];
  const { code, stdout, stderr } = await faultline(
    'hive',
    'watch',
    dir,
    '--once',
    '--json',
    ...flags,
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  await world.drained();
  return JSON.parse(stdout);
}

/** Everything that is stored, as numbers and rows. */
const stored = () =>
  ask<{ rows: unknown[] }>(
    'sql',
    `SELECT * FROM (
       SELECT 'failure' AS kind, toString(failure_id) AS id, fingerprint AS what FROM failures FINAL
       UNION ALL SELECT 'attempt', span_id, node_id FROM node_attempts FINAL
       UNION ALL SELECT 'run', run_id, outcome FROM graph_runs FINAL
     ) ORDER BY kind, id`,
  ).then(({ rows }) => rows);

// Each question is a process of its own.
describe('faultline hive watch', () => {
  it('gives rows that faultline recent shows', async () => {
    expect(await watch()).toEqual({ runs: 8, attempts: 15, failures: 6 });
    const { items } = await ask<Page<Failure>>('recent', '--agent', 'invoice-agent');
    const told = items.map((item) => [item.node_id, item.error_type, item.class, item.disposition]);
    expect(told.sort()).toEqual([
      ['', 'DeadEnd', 'graph.dead_end', ''],
      ['', 'StepBudgetUsedUp', 'graph.step_budget', ''],
      ['fetch', 'MaxIterationsReached', 'loop.max_iterations', 'terminal'],
      ['fetch', 'NodeStalled', 'loop.stall', 'routed'],
      ['fetch', 'NodeStalled', 'loop.stall', 'terminal'],
      ['fetch', 'ValueError', expect.any(String), 'retried'],
    ]);
    const stalls = items.filter(({ error_type }) => error_type === 'NodeStalled');
    expect(new Set(stalls.map(({ fingerprint }) => fingerprint)).size).toBe(1);
    const gaveUp = items.find(({ error_type }) => error_type === 'MaxIterationsReached')!;
    const detail = await ask<FailureDetail>('show', gaveUp.failure_id);
    expect(detail.session_id).toMatch(/^session_\d{8}_061209_e4fa99d7$/);
    expect(JSON.parse(detail.input_context)).toEqual({ invoice_id: 'A-tools' });
    expect(detail.evidence).toContain('HTTP 503 from search.internal');
    expect(detail.evidence).not.toContain('sk-abcdefgh');
    const outcomes = await ask<{ rows: unknown[] }>(
      'sql',
      'SELECT outcome, toUInt32(count()) AS runs FROM graph_runs FINAL GROUP BY outcome ORDER BY outcome',
    );
    expect(outcomes.rows).toEqual([
      { outcome: 'degraded', runs: 1 },
      { outcome: 'failure', runs: 2 },
      { outcome: 'paused', runs: 1 },
      { outcome: 'success', runs: 2 },
      { outcome: 'truncated', runs: 2 },
    ]);
  });

  it('doubles nothing when it runs again, with its state or without', async () => {
    const before = await stored();
    expect(before).toHaveLength(6 + 15 + 8);
    expect(await watch()).toEqual({ runs: 0, attempts: 0, failures: 0 });
    expect(await watch(newState())).toEqual({ runs: 8, attempts: 15, failures: 6 });
    expect(await stored()).toEqual(before);
    expect(await faultline('hive', 'watch', '/no/such', '--once')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('/no/such'),
    });
    expect(readdirSync(dir).sort()).toEqual(['agents', 'event_logs']);
  });
});

describe('a failure of which it is not known yet what becomes of it', () => {
  it('is one row that changes, and one attempt', async () => {
    const events = new EventWriter(newFolder());
    const read = async () => {
      const flags = ['--once', '--url', world.otlpHttp, '--state', newState()];
      await faultline('hive', 'watch', join(events.file, '..'), ...flags);
      await world.drained();
      const statement = `SELECT disposition, (SELECT toUInt32(count()) FROM node_attempts FINAL WHERE agent_id = 'ledger') AS attempts
        FROM failures FINAL WHERE agent_id = 'ledger'`;
      return (await ask<{ rows: unknown[] }>('sql', statement)).rows;
    };
    events.write('execution_started');
    events.write('node_loop_started', { node_id: 'a', data: { max_iterations: 3 } });
    events.write('worker_failed', { node_id: 'a', data: { error: 'no rates' } });
    expect(await read()).toEqual([{ disposition: '', attempts: 1 }]);
    events.write('execution_failed', { data: { error: 'a: failed after 1 attempts: no rates' } });
    expect(await read()).toEqual([{ disposition: 'terminal', attempts: 1 }]);
  });
});

/** Hive's server as its source has it: the routes' answers, and nothing behind them. */
interface HiveSession {
  queen: boolean;
  inbox: string[];
  graph_id?: string;
}
const liveOf = (sessions: Record<string, HiveSession>) =>
  Object.entries(sessions).map(([session_id, { graph_id }]) => ({ session_id, graph_id }));

async function hiveServer(sessions: Record<string, HiveSession>, token = '') {
  const answer = async (request: IncomingMessage): Promise<[number, object]> => {
    if (token && request.headers['x-hive-token'] !== token) return [401, { error: 'unauthorized' }];
    if (request.url === '/api/sessions') return [200, { sessions: liveOf(sessions) }];
    const route = /^\/api\/sessions\/([^/]+)\/queen-context$/.exec(request.url ?? '');
    if (request.method !== 'POST' || !route) return [404, {}];
    const id = decodeURIComponent(route[1]!);
    const session = sessions[id];
    if (!session) return [404, { error: `Session '${id}' not found` }];
    const { message } = JSON.parse(await text(request));
    if (!message) return [400, { error: 'message is required' }];
    if (!session.queen) return [503, { error: 'Queen not available' }];
    session.inbox.push(message);
    return [200, { status: 'queued', delivered: true }];
  };
  const server = createServer(async (request, response) => {
    const [status, body] = await answer(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

describe('faultline hive brief', () => {
  const push = (hiveUrl: string, session: string, ...more: string[]) => {
    const to = ['--session', session, '--hive-url', hiveUrl, '--url', world.query];
    return faultline('hive', 'brief', '--agent', 'invoice-agent', ...to, ...more);
  };

  it('puts the brief before the next turn of the Queen', async () => {
    const session = { queen: true, inbox: [] as string[] };
    const hive = await hiveServer({ 's 1': session });
    const dry = await push(hive.url, 's 1', '--dry-run');
    expect(session.inbox).toEqual([]);
    const { code, stdout } = await push(hive.url, 's 1');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'the Queen of session s 1 has it: queued\n',
    });
    expect(session.inbox).toHaveLength(1);
    expect(session.inbox[0]).toContain('graph of agent "invoice-agent"');
    expect(session.inbox[0]).toContain('NodeStalled');
    expect(dry.stdout.trim()).toContain('NodeStalled');
    hive.server.close();
  });

  it('is handed over by the watcher when a run fails, to the session that has the agent', async () => {
    const events = new EventWriter(newFolder());
    const graph_id = 'billing';
    events.write('execution_started', { graph_id });
    events.write('execution_failed', { graph_id, data: { error: 'Invalid graph: ["no entry"]' } });
    const [other, session] = [
      { queen: true, inbox: [] as string[] },
      { queen: true, inbox: [] as string[], graph_id },
    ];
    const hive = await hiveServer({ other, 's 2': session }, 'desk');
    const flags = ['--brief-to', hive.url, '--hive-token', 'desk', '--query-url', world.query];
    const sending = ['--once', '--json', '--url', world.otlpHttp, '--state', newState()];
    const dir = join(events.file, '..');
    const { code, stdout, stderr } = await faultline('hive', 'watch', dir, ...sending, ...flags);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ runs: 1, attempts: 0, failures: 1, briefs: 1 });
    expect(other.inbox).toEqual([]);
    expect(session.inbox).toEqual([expect.stringContaining('InvalidGraph')]);
    hive.server.close();
  });

  it('says what is wrong: session, Queen, token, address', async () => {
    const hive = await hiveServer({ dead: { queen: false, inbox: [] } });
    const unknown = await push(hive.url, 'nobody');
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('404: "Session \'nobody\' not found"');
    const say = (url: string, session: string, token?: string) =>
      pushToQueen({ url, session, token, message: 'm' });
    await expect(say(hive.url, 'dead')).rejects.toThrow('the session has no Queen');
    hive.server.close();
    await expect(say(hive.url, 'dead')).rejects.toThrow('cannot be reached: ECONNREFUSED');
    await expect(say('hive', 'dead')).rejects.toThrow('--hive-url must be an address');
    const open = { queen: true, inbox: [] as string[] };
    const closed = await hiveServer({ open }, 'desk');
    await expect(say(closed.url, 'open')).rejects.toThrow('HIVE_DESKTOP_TOKEN');
    expect(await say(closed.url, 'open', 'desk')).toEqual({ status: 'queued', delivered: true });
    expect(open.inbox).toEqual(['m']);
    closed.server.close();
  });
});
