// Traces that are no good: nothing is counted twice, and what is not known is not said.
import { describe, expect, test } from 'vitest';
import type { Due } from '../../collector/linking/link.ts';
import { linkedRows } from '../../collector/linking/linked-rows.ts';
import type { Rows } from '../../collector/rows/rows.ts';
import { type Alone, receivedRows, recordedSpans } from '../support/recorded-spans.ts';

const NEVER: Due = { record: () => false, trace: () => false };
const HOUR = 3_600_000_000_000n;

const spanOf = ({ scopeSpans }: Alone) => scopeSpans[0].spans[0];
const withSpan = (alone: Alone, over: object): Alone => ({
  resource: alone.resource,
  scopeSpans: [{ scope: alone.scopeSpans[0].scope, spans: [{ ...spanOf(alone), ...over }] }],
});
const isRoot = (alone: Alone): boolean => (spanOf(alone).parentSpanId ?? []).length === 0;

function shown({ failures, graph_runs, node_attempts }: Rows) {
  return {
    failures: failures.map(({ level, node_id, disposition }) => [level, node_id, disposition]),
    runs: graph_runs.map(({ outcome }) => outcome).sort(),
    attempts: node_attempts.map(({ node_id, ok }) => `${node_id} ${ok}`).sort(),
  };
}

describe('of a node that fails', () => {
  const spans = recordedSpans('langgraph-openinference-node-error');
  const nodes = ['draft false', 'fetch true'];

  test('the run that never ends is none, and what became of the failure is not said', async () => {
    const received = await receivedRows([spans.filter((span) => !isRoot(span))]);
    const failures = [['node', 'draft', '']];
    expect(shown(linkedRows(received, NEVER))).toMatchObject({ failures, runs: [] });
    expect(shown(linkedRows(received))).toEqual({ failures, runs: [], attempts: nodes });
  });

  test('over hours, each span by itself, the last first', async () => {
    const slow = spans.map((alone, i) => {
      const { startTimeUnixNano: start, endTimeUnixNano: end } = spanOf(alone);
      const late = isRoot(alone) ? 0n : BigInt(i) * HOUR;
      return withSpan(alone, {
        startTimeUnixNano: String(BigInt(start) + late),
        endTimeUnixNano: String(BigInt(end) + (isRoot(alone) ? 99n * HOUR : late)),
      });
    });
    const received = await receivedRows(slow.reverse().map((span) => [span]));
    expect(shown(linkedRows(received))).toEqual({
      failures: [['node', 'draft', 'terminal']],
      runs: ['failure'],
      attempts: nodes,
    });
  });

  test('two roots are two runs, also when one links to the other', async () => {
    const [traceId, linked] = [spanOf(spans[0]!).traceId, Buffer.alloc(8, 7)];
    const again = spans.map((alone) => {
      const { spanId, parentSpanId } = spanOf(alone);
      const other = (id: Buffer | undefined) => id && Buffer.from(id.map((byte) => byte ^ 0x55));
      return withSpan(alone, {
        spanId: other(spanId),
        ...(isRoot(alone) ? {} : { parentSpanId: other(parentSpanId) }),
        links: isRoot(alone) ? [{ traceId, spanId: linked }] : [],
      });
    });
    const received = await receivedRows([[...spans, ...again], again]);
    const rows = linkedRows(received);
    expect(shown(rows)).toEqual({
      failures: [
        ['node', 'draft', 'terminal'],
        ['node', 'draft', 'terminal'],
      ],
      runs: ['failure', 'failure'],
      attempts: [...nodes, ...nodes].sort(),
    });
    expect(new Set(rows.graph_runs.map(({ run_id }) => run_id)).size).toBe(2);
  });
});

test('a trace of thousands of nested spans', async () => {
  const [root] = recordedSpans('langgraph-openinference-good').filter(isRoot);
  const node = recordedSpans('langgraph-openinference-good').find((span) => !isRoot(span))!;
  const id = (n: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(n + 1, 4);
    return bytes;
  };
  const { startTimeUnixNano: start, endTimeUnixNano: end } = spanOf(root!);
  const spans = Array.from({ length: 2_000 }, (_, i) =>
    withSpan(i === 0 ? root! : node, {
      spanId: id(i),
      ...(i === 0 ? {} : { parentSpanId: id(i - 1), name: `node${i % 20}` }),
      startTimeUnixNano: String(BigInt(start) + BigInt(i)),
      endTimeUnixNano: String(BigInt(end) - BigInt(i)),
      attributes: [
        { key: 'openinference.span.kind', value: { stringValue: 'CHAIN' } },
        ...(i === 0 ? [] : [{ key: 'langgraph_node', value: { stringValue: `node${i % 20}` } }]),
      ],
    }),
  );
  const rows = linkedRows(await receivedRows([spans]));
  expect(rows.graph_runs).toHaveLength(1);
  expect(rows.node_attempts).toHaveLength(1_999);
});
