// Spans that real frameworks sent (record/ says how), replayed once and twice: one failure for each
// true failure, a run for each trace of a framework that has runs, nodes by their names.
import { describe, expect, test } from 'vitest';
import { linkedRows } from '../../collector/linking/linked-rows.ts';
import { TraceService } from '../../collector/receive/traces.ts';
import type { Rows } from '../../collector/rows/rows.ts';
import { MemorySink } from '../support/memory-sink.ts';
import { RECORDINGS, recordedRequest } from '../support/recorded-spans.ts';

async function rowsOf(body: Buffer, times: number): Promise<Rows> {
  const sink = new MemorySink();
  const service = new TraceService(sink, 'agents', () => 0n);
  for (let i = 0; i < times; i++) await service.accept(body, 'protobuf');
  return linkedRows(sink.rows);
}

/** Runs as `agent outcome`, failures as `level node attempt class disposition`. */
function summary({ failures, graph_runs }: Rows): string[] {
  return [
    ...graph_runs.map(({ agent_id, outcome }) => `run ${agent_id} ${outcome}`).sort(),
    ...failures
      .map(({ level, node_id, attempt, class: known, disposition, condition }) =>
        [level, node_id || '-', attempt, known, disposition || '-', condition].join(' ').trim(),
      )
      .sort(),
  ];
}

const EXPECTED: Record<string, string[]> = {
  'autogen-good': ['run clerk success'],
  'autogen-graph-flow': [
    'run clerk success',
    'run writer failure',
    'node writer 1 llm.auth terminal',
  ],
  'autogen-tool-error-recovered': ['run clerk success', 'operation clerk 1 tool.error routed'],
  'autogen-unauthorized': ['run clerk failure', 'node clerk 1 llm.auth terminal'],
  'haystack-good': ['run orders success'],
  'haystack-node-error': ['run orders failure', 'node draft 1 unclassified terminal'],
  'langgraph-openinference-answer-cut-off': [
    'run orders degraded',
    'operation draft 1 llm.malformed_output degraded output_truncated',
  ],
  'langgraph-openinference-busy-then-good': [
    'run orders success',
    'node draft 1 llm.rate_limit recovered',
  ],
  'langgraph-openinference-cancelled': ['run orders cancelled'],
  'langgraph-openinference-good': ['run orders success'],
  'langgraph-openinference-node-error': [
    'run orders failure',
    'node draft 1 unclassified terminal',
  ],
  'langgraph-openinference-parallel-branches': [
    'run orders failure',
    'node bad 1 unclassified terminal',
  ],
  'langgraph-openinference-retries-used-up': [
    'run orders failure',
    'node draft 1 unclassified retried',
    'node draft 2 unclassified retried',
    'node draft 3 unclassified terminal',
  ],
  'langgraph-openinference-stream-left': ['run orders cancelled'],
  'langgraph-openinference-sub-graph': ['run orders failure', 'node check 1 unclassified terminal'],
  'langgraph-openinference-tool-error-recovered': [
    'run orders success',
    'operation tools 1 tool.error routed',
  ],
  'langgraph-openinference-tool-error': ['run orders failure', 'node tools 1 tool.error terminal'],
  'langgraph-openinference-unauthorized': ['run orders failure', 'node draft 1 llm.auth terminal'],
  'langgraph-openinference-waits-for-a-person': ['run orders paused'],
};

test('each recording has an expectation', () => {
  expect(Object.keys(EXPECTED).sort()).toEqual([...RECORDINGS].sort());
});

describe.each(RECORDINGS)('%s', (name) => {
  const body = recordedRequest(name);

  test.each([1, 2])('sent %i times', async (times) => {
    expect(summary(await rowsOf(body, times))).toEqual(EXPECTED[name]);
  });
});
