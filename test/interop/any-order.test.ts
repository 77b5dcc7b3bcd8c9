// Whatever order the spans of a trace arrive in, however they are cut into requests, and whenever the linker
// looks, the same rows come of them: of real traces, and of real traces that were broken.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Due } from '../../collector/linking/link.ts';
import { addLinked, linkedRows } from '../../collector/linking/linked-rows.ts';
import type { Rows } from '../../collector/rows/rows.ts';
import { type Alone, RECORDINGS, receivedRows, recordedSpans } from '../support/recorded-spans.ts';
import { broken, type Damage, damages } from './broken-traces.ts';

const NEVER: Due = { record: () => false, trace: () => false };

/** What a reader of the tables sees in the end. @param isEager whether it is linked after each request */
async function seen(requests: readonly Alone[][], isEager: boolean) {
  const received = await receivedRows(requests, (rows) => {
    if (isEager) addLinked(rows, NEVER);
  });
  const rows = linkedRows(received);
  const ids = rows.failures.map(({ failure_id }) => failure_id);
  expect(new Set(ids).size).toBe(ids.length);
  return {
    failures: inOrder(rows.failures),
    graph_runs: inOrder(rows.graph_runs),
    node_attempts: inOrder(rows.node_attempts),
    graph_snapshots: inOrder(rows.graph_snapshots),
  };
}

/** How a row came about. */
const HISTORY = ['revision', 'told_at', 'ancestor_span_ids'];

function inOrder(rows: Rows[keyof Rows]): string[] {
  const lines = rows.map((row) =>
    JSON.stringify(Object.entries(row).filter(([column]) => !HISTORY.includes(column))),
  );
  return [...new Set(lines)].sort();
}

/** Requests of these spans in some order, some of them twice. */
function requestsOf(spans: readonly Alone[]): fc.Arbitrary<Alone[][]> {
  return fc
    .tuple(
      fc.shuffledSubarray([...spans], { minLength: spans.length }),
      fc.array(fc.constantFrom(...spans), { maxLength: 3 }),
      fc.array(fc.integer({ min: 1, max: spans.length }), { maxLength: 6 }),
    )
    .map(([order, again, sizes]) => {
      const left = [...order, ...again];
      const requests = sizes.map((size) => left.splice(0, size));
      requests.push(...left.map((span) => [span]));
      return requests.filter(({ length }) => length > 0);
    });
}

describe.each(RECORDINGS)('%s', (name) => {
  test('in any order, some twice', async () => {
    const spans = recordedSpans(name);
    const expected = await seen([spans], false);
    await fc.assert(
      fc.asyncProperty(requestsOf(spans), fc.boolean(), async (requests, isEager) => {
        expect(await seen(requests, isEager)).toEqual(expected);
      }),
      { numRuns: 2 },
    );
  });
});

test('broken traces in any order', async () => {
  // In AutoGen's traces stand spans that are not kept: what is around them is known of one request only.
  const whole = RECORDINGS.filter((name) => !name.startsWith('autogen')).map(recordedSpans);
  const sent = fc
    .tuple(fc.constantFrom(...whole), damages)
    .map(([spans, done]: [Alone[], Damage[]]) => broken(spans, done))
    .filter(({ length }) => length > 0)
    .chain((spans) => fc.tuple(fc.constant(spans), requestsOf(spans), fc.boolean()));
  await fc.assert(
    fc.asyncProperty(sent, async ([spans, requests, isEager]) => {
      expect(await seen(requests, isEager)).toEqual(await seen([spans], false));
    }),
    { numRuns: Number(process.env.FAULTLINE_TEST_RUNS ?? 40) },
  );
}, 600_000);
