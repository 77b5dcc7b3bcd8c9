// The story of three fixes, and the verbs that a reader checks it with, as processes.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Effect, Evolution, GraphDiff, Page } from '../../query/index.ts';
import { faultline, root } from './processes.ts';

let story: ChildProcess;
const told: string[] = [];
let url: string;

beforeAll(async () => {
  story = spawn(
    process.execPath,
    ['dist/deploy/cli/faultline.js', 'demo', '--story', 'fix-ledger', '--keep-running'],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  for await (const line of createInterface({ input: story.stdout! })) {
    told.push(line);
    if (/ evolution_effects" --url /.test(line)) break;
  }
  url = /--url (\S+)/.exec(told.at(-1) ?? '')?.[1] ?? 'no address was told';
});
afterAll(() => {
  story?.kill('SIGKILL');
});

async function ask<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await faultline(...args, '--json', '--url', url);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}
const text = async (...args: string[]) => (await faultline(...args, '--url', url)).stdout;

describe('the story of the fix ledger', () => {
  it('says which of three fixes works, which does nothing and which harms', () => {
    const story = told.join('\n');
    expect(story.match(/^\d\. /gm)).toHaveLength(6);
    expect(story).toMatch(/output-schema +refund-agent +applied +effective +93\/240/);
    expect(story).toMatch(/other-model +refund-agent +reverted +harmful +93\/240/);
    expect(story).toMatch(/ask-for-json +refund-agent +applied +ineffective +83\/240/);
    expect(story).toMatch(/\*\*harmful\*\*.*do not try it again as it was/);
    expect(story).toMatch(/\*\*ineffective\*\*.*Do not try it again as it was/);
  });

  it('in numbers that plain SQL gives as well', async () => {
    const { items } = await ask<Page<Evolution & { effects: Effect[] }>>('evolutions');
    expect(items.map(({ evolution_id, effects }) => [evolution_id, effects[0]!.verdict])).toEqual([
      ['output-schema', 'effective'],
      ['other-model', 'harmful'],
      ['ask-for-json', 'ineffective'],
    ]);
    for (const { effects, from_ref, graph_snapshot_ref } of items) {
      const { before, after, fingerprint, rate_ratio } = effects[0]!;
      for (const [ref, side] of [
        [from_ref, before],
        [graph_snapshot_ref, after],
      ] as const) {
        const { rows } = await ask<{ rows: object[] }>(
          'sql',
          `SELECT (SELECT uniqExact(run_id) FROM node_attempts WHERE node_id = 'decide_refund' AND graph_snapshot_ref = '${ref}') AS runs,
                  (SELECT uniqExact(run_id) FROM failures WHERE fingerprint = '${fingerprint}' AND graph_snapshot_ref = '${ref}') AS failed_runs`,
        );
        expect(rows).toEqual([{ runs: side.runs, failed_runs: side.failed_runs }]);
      }
      expect(rate_ratio).toBeCloseTo(
        after.failed_runs / after.runs / (before.failed_runs / before.runs),
      );
    }
  });

  it('shows one evolution in full, and what it changed', async () => {
    const shown = await text('evolutions', 'output-schema');
    expect(shown).toMatch(/effective: target v1:[0-9a-f]{32}, node decide_refund/);
    expect(shown).toMatch(/after +6\/240 runs = 2\.5 %/);
    const { from_ref, graph_snapshot_ref } = await ask<Evolution>('evolutions', 'output-schema');
    const diff = await ask<GraphDiff>('diff', from_ref, graph_snapshot_ref);
    expect(diff.nodes.changed).toEqual([
      {
        id: 'decide_refund',
        changes: [{ key: 'output_schema', old: null, new: '{"amount":"number"}' }],
      },
    ]);
    expect(await text('diff', from_ref, graph_snapshot_ref)).toContain(
      'changed `decide_refund`: `output_schema` from nothing',
    );
    const unknown = await faultline('diff', from_ref, 'v2', '--url', url);
    expect(unknown).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('to: expected sha256'),
    });
  });

  it('stays up until it is told to end', async () => {
    const closed = once(story, 'close');
    story.kill('SIGTERM');
    expect((await closed)[0]).toBe(0);
  });
});
