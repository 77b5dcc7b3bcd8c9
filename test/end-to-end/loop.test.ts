// The main job over real processes: an agent's node fails, and the Queen asks and gets it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createClient,
  type Evolution,
  type Failure,
  type FailureDetail,
  type Page,
} from '../../query/index.ts';
import { faultline, root, runAgent, runNode, type Started, startFaultline } from './processes.ts';

let dataDir: string;
let running: Started;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'faultline-loop-'));
  running = await startFaultline(dataDir);
});
afterAll(async () => {
  running?.process.kill('SIGKILL');
  // The engine ends a moment after its killed parent.
  await rm(dataDir, { recursive: true, force: true, maxRetries: 10 });
});

async function ask<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await faultline(...args, '--json', '--url', running.query);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}
/** An agent's spans are acknowledged before they can be read; a run's end comes last. */
async function untilRunsEnded(count: number): Promise<void> {
  const ended = "SELECT toUInt32(countIf(outcome != '')) AS ended FROM graph_runs";
  const { sql } = createClient({ url: running.query });
  await expect.poll(() => sql(ended)).toMatchObject({ rows: [{ ended: count }] });
}
const recent = () => ask<Page<Failure>>('recent', '--agent', 'invoice-agent');

describe('the loop', () => {
  it('captures what fails in an agent that knows nothing of it', async () => {
    const agent = await runAgent(running.otlpHttp);
    expect(agent.code).toBe(1);
    expect(agent.stderr).toMatch(/^faultline: records LangGraph [^\n]+\n$/);
    await untilRunsEnded(4);
    const { items } = await recent();
    const seen = items.map(({ node_id, attempt, disposition, error_type }) => ({
      node_id,
      attempt,
      disposition,
      error_type,
    }));
    expect(seen).toContainEqual({
      node_id: 'fetch_rates',
      attempt: 1,
      disposition: 'retried',
      error_type: 'ECONNRESET',
    });
    expect(seen.filter((failure) => failure.disposition === 'terminal')).toEqual([
      {
        node_id: 'parse_invoice',
        attempt: 1,
        disposition: 'terminal',
        error_type: 'InvoiceValidationError',
      },
    ]);
    expect(seen).toHaveLength(5);
  });

  it('keeps the denominators: every attempt and every run', async () => {
    const { rows } = await ask<{ rows: object[] }>(
      'sql',
      'SELECT node_id, count() AS attempts, countIf(ok) AS good FROM node_attempts GROUP BY node_id ORDER BY node_id',
    );
    expect(rows).toEqual([
      { node_id: 'fetch_rates', attempts: 8, good: 4 },
      { node_id: 'parse_invoice', attempts: 4, good: 3 },
      { node_id: 'post_ledger', attempts: 3, good: 3 },
      { node_id: 'receive', attempts: 4, good: 4 },
    ]);
    const runs = await ask<{ rows: object[] }>(
      'sql',
      'SELECT outcome, count() AS runs FROM graph_runs GROUP BY outcome ORDER BY outcome',
    );
    expect(runs.rows).toEqual([
      { outcome: 'failure', runs: 1 },
      { outcome: 'success', runs: 3 },
    ]);
  });

  it('shows one failure whole, remembers the fix, and reports it in the brief', async () => {
    const fatal = (await recent()).items.find((failure) => failure.disposition === 'terminal')!;
    const shown = await ask<FailureDetail>('show', fatal.failure_id);
    expect(JSON.parse(shown.input_context).invoice.number).toBe('CN-2001');
    expect(shown.stack_trace).toContain('InvoiceValidationError');
    expect(shown.graph_snapshot?.nodes).toContain('parse_invoice');

    const verify = (graph: string) =>
      runNode(
        [
          ...[`${root}dist/deploy/cli/faultline.js`, 'verify', '--url', running.query, '--json'],
          ...['--agent', 'invoice-agent', '--group', fatal.fingerprint, '--', process.execPath],
          ...['--import', 'faultline/register', 'app.js', '--graph', `./${graph}`, '--replay'],
        ],
        { cwd: `${root}dist/deploy/demo/agent` },
      );
    const unchanged = await verify('graph-v1.js');
    expect({ code: unchanged.code, ...JSON.parse(unchanged.stdout).items[0] }).toMatchObject({
      code: 1,
      result: 'still_failing',
      basis: 'spans',
      error_fingerprint: fatal.fingerprint,
      graph_snapshot_ref: fatal.graph_snapshot_ref,
    });
    const evolved = await verify('graph-v2.js');
    expect({ code: evolved.code, ...JSON.parse(evolved.stdout).items[0] }).toMatchObject({
      code: 0,
      result: 'fixed',
      basis: 'spans',
    });
    await untilRunsEnded(4);

    const graph = join(dataDir, 'graph.json');
    await writeFile(graph, '{"id":"invoice-agent","nodes":[{"id":"manual_review"}],"edges":[]}');
    const evolution = await ask<Evolution>(
      'record-evolution',
      ...['--agent', 'invoice-agent', '--resolution', 'route to manual review'],
      ...['--failure', fatal.failure_id, '--graph', graph],
    );
    expect(evolution.from_ref).toBe(fatal.graph_snapshot_ref);
    expect((await runAgent(running.otlpHttp, 'graph-v2.js')).code).toBe(0);
    await untilRunsEnded(8);

    const brief = await faultline('brief', '--agent', 'invoice-agent', '--url', running.query);
    expect(brief.stdout).toContain('route to manual review');
    expect(brief.stdout).toContain(evolution.evolution_id.slice(0, 8));
    const records = await faultline(
      'sql',
      'SELECT agent_id, node_id, error_type, evolution_triggered, resolution FROM failure_records',
      ...['--url', running.query],
    );
    expect(records.stdout).toMatch(
      new RegExp(`parse_invoice +InvoiceValidationError +${evolution.evolution_id} +route to`),
    );
  });

  it('still has the history after kill -9 and a restart, and ends with 0 on SIGTERM', async () => {
    const before = await recent();
    expect(await running.end('SIGKILL')).toBeNull();
    running = await startFaultline(dataDir);
    expect(await recent()).toEqual(before);
    expect(await running.end('SIGTERM')).toBe(0);
    running = await startFaultline(dataDir);
    expect(await recent()).toEqual(before);
  });
});

describe('a start that cannot work', () => {
  const start = (...args: string[]) => faultline('start', '--embedded-port', '0', ...args);
  const port = (url: string) => new URL(url).port;

  it.each([
    ['a data folder that is in use', () => ['--data-dir', dataDir], /in use|another/],
    [
      'an OTLP port in use',
      () => ['--data-dir', `${dataDir}/other`, '--otlp-http-port', port(running.otlpHttp)],
      /port \d+ .*in use/,
    ],
    [
      'a query port in use',
      () => [
        '--data-dir',
        `${dataDir}/other`,
        '--otlp-http-port',
        '0',
        '--query-port',
        port(running.query),
      ],
      /port \d+ .*in use.*--query-port/,
    ],
    ['a folder below a file', () => ['--data-dir', `${dataDir}/graph.json/x`], /graph\.json/],
    ['a wrong value', () => ['--keep', 'everything'], /--keep.*everything/],
    ['an open address', () => ['--host', '0.0.0.0'], /--host.*loopback/],
    ['an unknown flag', () => ['--colour'], /--colour/],
  ])('says so for %s: one line, exit code not 0', async (_what, args, message) => {
    const { code, stderr } = await start(...args());
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
    expect(stderr).not.toContain('    at ');
  });

  it('says that no query service answers', async () => {
    const { code, stderr } = await faultline('recent', '--url', 'http://127.0.0.1:1');
    expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 3, lines: 1 });
    expect(stderr).toContain('http://127.0.0.1:1');
  });
});

describe('the demo', () => {
  it('shows the whole loop and ends by itself', async () => {
    const { code, stdout, stderr } = await runNode(['dist/deploy/cli/faultline.js', 'demo']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.match(/^\d+\. /gm)).toHaveLength(10);
    expect(stdout).toMatch(
      /advice +evolve \(ends_runs\)[\s\S]*advice +wait \(recovers\)[\s\S]*: effective; before 20 of 80/,
    );
    expect(stdout).toMatch(/STILL FAILING parse_invoice[\s\S]*fixed parse_invoice/);
    expect(stdout).toMatch(/after: 0 failures in \d+ attempts/);
    expect(stdout).toMatch(/parse_invoice +InvoiceValidationError +20 +[0-9a-f-]{36} +Check each/);
  });
});
