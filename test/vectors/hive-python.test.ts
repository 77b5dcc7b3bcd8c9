// What real Hive emitted through the pip package, recorded by `instrumentation/python/tests/test_hive.py`: the
// collector makes of each failure one row, with input, class and what became of it.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TraceService } from '../../collector/receive/traces.ts';
import { MemorySink } from '../support/memory-sink.ts';

const folder = new URL('../fixtures/hive-python/', import.meta.url);
const fixtures = readdirSync(folder).filter((name) => name.endsWith('.bin'));

async function rowsOf(name: string) {
  const sink = new MemorySink();
  const body = readFileSync(new URL(name, folder));
  await new TraceService(sink, 'agents', () => 0n).accept(body, 'protobuf');
  return sink.rows;
}

describe('Hive through the pip package', () => {
  test.each(fixtures)('%s', async (name) => {
    const { failures, node_attempts, graph_runs, graph_snapshots } = await rowsOf(name);
    const failed = node_attempts.filter(({ ok }) => !ok);
    expect(failures.filter(({ level }) => level === 'node')).toHaveLength(failed.length);
    expect(failures.filter(({ level }) => level === 'operation')).toEqual([]);
    expect(graph_snapshots.length).toBeGreaterThan(0);
    expect(graph_runs.some(({ outcome }) => outcome !== '')).toBe(true);
    for (const { level, input_context, disposition, error_message } of failures) {
      expect(error_message).not.toBe('');
      if (level !== 'node') continue;
      expect(input_context).not.toBe('');
      expect(disposition).not.toBe('');
    }
  });

  test.each(fixtures.filter((name) => name.includes('stall')))('%s is a stall', async (name) => {
    const { failures } = await rowsOf(name);
    expect(failures.map((failure) => failure.class)).toEqual(['loop.stall']);
  });
});
