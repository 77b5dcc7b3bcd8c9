// Reads the rows of a failure's run and works out its cascade.
import { z } from 'zod';
import { storedForm } from '../../base/cursor.ts';
import { NotFoundError } from '../../base/errors.ts';
import type { Store } from '../../base/store.ts';
import { cascadeOf } from './cascade.ts';
import { attemptFact, failureFact, runFact } from './facts.ts';
import type { Cascade } from './question.ts';

/** Most rows of a run that are looked at. */
const FAILURES = 300;
const ATTEMPTS = 1_000;
/** Rows of a run lie within this time around the failure that is asked about. */
const AROUND_MS = 7 * 86_400_000;

const total = z.coerce.number().int();
const countedFailure = failureFact.extend({ total });
const countedAttempt = attemptFact.extend({ total });
const askedFailure = z.object({
  failure_id: z.string(),
  timestamp: z.string(),
  agent_id: z.string(),
  run_id: z.string(),
  graph_snapshot_ref: z.string(),
  span_id: z.string(),
  parent_span_id: z.string(),
  ancestor_span_ids: z.array(z.string()),
});
const edgesOfGraph = z.object({ edges: z.array(z.string()) });

export async function readCascade(store: Store, failure_id: string): Promise<Cascade> {
  const [asked] = await store.rows('failure_by_id', { failure_id }, askedFailure);
  if (!asked) throw new NotFoundError('failure_id', failure_id);
  const at = Date.parse(asked.timestamp);
  const of = {
    agent: asked.agent_id,
    run: asked.run_id,
    since: storedForm(new Date(at - AROUND_MS).toISOString()),
    until: storedForm(new Date(at + AROUND_MS).toISOString()),
  };
  const [[run], failures, graphs] = await Promise.all([
    store.rows('cascade_run', { agent: of.agent, run: of.run }, runFact),
    store.rows(
      'cascade_failures',
      {
        ...of,
        failure_id,
        span: asked.span_id,
        parent: asked.parent_span_id,
        ancestors: asked.ancestor_span_ids,
        limit: FAILURES,
      },
      countedFailure,
    ),
    store.rows('snapshot_by_ref', { ref: asked.graph_snapshot_ref }, edgesOfGraph),
  ]);
  const spans = failures.map(({ span_id }) => span_id);
  const attempts = await store.rows(
    'cascade_attempts',
    { ...of, spans, at: storedForm(asked.timestamp), limit: ATTEMPTS },
    countedAttempt,
  );
  const edges = graphs[0]?.edges ?? [];
  const course = cascadeOf({ asked: failure_id, run, failures, attempts, edges });
  const left_out = {
    failures: (failures[0]?.total ?? 0) - failures.length,
    attempts: (attempts[0]?.total ?? 0) - attempts.length,
  };
  return {
    failure_id,
    agent_id: asked.agent_id,
    run_id: asked.run_id,
    graph_snapshot_ref: asked.graph_snapshot_ref,
    ...course,
    left_out,
    notes: notesOn(course.run !== null, attempts.length, edges.length, left_out),
  };
}

function notesOn(
  hasRun: boolean,
  attempts: number,
  edges: number,
  leftOut: Cascade['left_out'],
): string[] {
  return [
    ...(hasRun ? [] : ['No span reported the run itself: how it ended is not known.']),
    ...(attempts > 0
      ? []
      : ['No attempt of the run is on record (attempts are kept for 30 days).']),
    ...(edges > 0 ? [] : ['The edges of the graph are not known.']),
    ...(leftOut.failures + leftOut.attempts > 0
      ? [
          `The run is large: ${leftOut.failures} failures and ${leftOut.attempts} attempts far from the failure were not looked at.`,
        ]
      : []),
  ];
}
