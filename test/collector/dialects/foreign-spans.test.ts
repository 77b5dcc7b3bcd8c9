// Spans that real frameworks and instrumentations made, shortened: what becomes of a trace, in one request
// and span by span in any order.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linkedRows } from '../../../collector/linking/linked-rows.ts';
import { TraceService } from '../../../collector/receive/traces.ts';
import type { Rows } from '../../../collector/rows/rows.ts';
import { MemorySink } from '../../support/memory-sink.ts';

interface Request {
  resourceSpans: {
    resource: object;
    scopeSpans: { scope: object; spans: object[] }[];
  }[];
}

const request = (name: string): Request =>
  JSON.parse(
    readFileSync(new URL(`../../fixtures/foreign-spans/${name}.json`, import.meta.url), 'utf8'),
  );

/** One request for each span. */
function apart({ resourceSpans }: Request): Request[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span) => ({
        resourceSpans: [{ resource, scopeSpans: [{ scope, spans: [span] }] }],
      })),
    ),
  );
}

async function rowsOf(requests: Request[]): Promise<Rows> {
  const sink = new MemorySink();
  const service = new TraceService(sink, 'agents', () => 0n);
  for (const body of requests) await service.accept(Buffer.from(JSON.stringify(body)), 'json');
  return sink.rows;
}

/** Failures as agent, node, attempt, disposition, class; runs as agent, outcome; attempts as node, good. */
function summary({ failures, graph_runs, node_attempts }: Rows) {
  const inOrder = (lines: string[]) => lines.sort();
  return {
    failures: inOrder(
      failures.map((row) =>
        [row.level, row.agent_id, row.node_id, row.attempt, row.disposition].join(' '),
      ),
    ),
    runs: inOrder(graph_runs.map(({ agent_id, outcome }) => `${agent_id} ${outcome}`)),
    attempts: inOrder(
      node_attempts.map(({ node_id, attempt, ok }) => `${node_id} ${attempt} ${ok}`),
    ),
  };
}

const service = (number: string, name: string): string => `case-${number}-${name}`;
const langGraph = service('01', 'one-failure-three-rows');

describe.each<[string, ReturnType<typeof summary>]>([
  [
    'one-failure-three-rows',
    {
      failures: [`node ${langGraph} draft 1 terminal`],
      runs: [`${langGraph} failure`],
      attempts: ['draft 1 false', 'fetch 1 true'],
    },
  ],
  [
    'one-run-many-agents',
    {
      failures: ['node order_pipeline clerk 1 terminal'],
      runs: ['order_pipeline failure'],
      attempts: ['clerk 1 false'],
    },
  ],
  [
    'traceloop-execute-task',
    {
      failures: [
        'node order_graph fetch 1 retried',
        'node order_graph fetch 2 retried',
        'node order_graph fetch 3 terminal',
      ],
      runs: ['order_graph failure'],
      attempts: ['fetch 1 false', 'fetch 2 false', 'fetch 3 false'],
    },
  ],
  [
    'retries-attempt-disposition',
    {
      failures: [
        `node ${service('10', 'retries-attempt-disposition')} fetch 1 retried`,
        `node ${service('10', 'retries-attempt-disposition')} fetch 2 recovered`,
      ],
      runs: [`${service('10', 'retries-attempt-disposition')} success`],
      attempts: [
        'book 1 true',
        'draft 1 true',
        'fetch 1 false',
        'fetch 2 false',
        'fetch 3 true',
        'validate 1 true',
      ],
    },
  ],
  [
    'cancelled-counted',
    {
      failures: [`node ${service('09', 'cancelled-counted')} bad 1 terminal`],
      runs: [`${service('09', 'cancelled-counted')} failure`],
      attempts: ['bad 1 false', 'fetch 1 true'],
    },
  ],
  [
    'langsmith-interrupt-counted',
    {
      failures: [],
      runs: [`${service('16', 'langsmith-interrupt-counted')} paused`],
      attempts: ['draft 1 true', 'fetch 1 true'],
    },
  ],
  [
    'openai-agents-openinference',
    {
      failures: [`node ${service('15', 'openai-agents-openinference')} Billing 1 terminal`],
      runs: [`${service('15', 'openai-agents-openinference')} failure`],
      attempts: ['Billing 1 false', 'Triage 1 true'],
    },
  ],
  [
    'graph-under-web-request',
    {
      failures: [`node ${service('25', 'graph-under-web-request')} draft 1 terminal`],
      runs: [`${service('25', 'graph-under-web-request')} failure`],
      attempts: ['draft 1 false', 'fetch 1 true'],
    },
  ],
])('%s', (name, expected) => {
  test('in one request', async () => {
    expect(summary(linkedRows(await rowsOf([request(name)])))).toEqual(expected);
  });

  test('span by span, in any order, some twice', async () => {
    const spans = apart(request(name));
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(spans, { minLength: spans.length }),
        fc.array(fc.constantFrom(...spans), { maxLength: 3 }),
        async (order, again) => {
          const rows = await rowsOf([...order, ...again]);
          expect(summary(linkedRows(rows))).toEqual(expected);
        },
      ),
      { numRuns: 20 },
    );
  });
});
