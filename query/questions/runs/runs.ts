// Runs of agents: good and bad, with the failure that ended each.
import { z } from 'zod';
import { failureId, GRAPH_RUN_OUTCOME_VALUES } from '../../../instrumentation/semconv/index.ts';
import { keyset, pageFrom } from '../../base/cursor.ts';
import { NotFoundError } from '../../base/errors.ts';
import { instant, page, pageOf, snapshotRef } from '../../base/fields.ts';
import { question } from '../../base/question.ts';
import type { Store } from '../../base/store.ts';
import { failure } from '../failures/schemas.ts';

const rootFailure = failure.pick({
  failure_id: true,
  node_id: true,
  class: true,
  error_type: true,
  error_message: true,
  fingerprint: true,
});

const runItem = z.object({
  agent_id: z.string(),
  agent_name: z.string(),
  run_id: z.string(),
  session_id: z.string(),
  service_name: z.string(),
  environment: z.string(),
  graph_id: z.string(),
  graph_snapshot_ref: z.string(),
  trace_id: z.string(),
  span_id: z.string(),
  started_at: instant,
  ended_at: instant.nullable().describe('null while it has not ended'),
  outcome: z.string().describe("'' while it has not ended"),
  root_failure: rootFailure.nullable().describe('The failure that ended it, where one is known'),
});
/** A run with its outcome, version and the failure that ended it. */
export type Run = z.infer<typeof runItem>;

const row = runItem
  .omit({ root_failure: true })
  .extend({ root_span_id: z.string(), place: z.string() });
type Row = z.infer<typeof row>;

/** Runs, newest first, with their outcome and the failure that ended them. */
export const runs = question({
  summary: 'Runs, newest first, with their outcome and the failure that ended them',
  path: '/runs',
  ids: { ref: 'version' },
  input: z.strictObject({
    agent: z.string().min(1).optional(),
    ref: snapshotRef.optional().describe('Only runs of this graph snapshot'),
    outcome: z
      .enum([...GRAPH_RUN_OUTCOME_VALUES, 'open'])
      .optional()
      .describe('How it ended; open: it has not'),
    ...page(),
  }),
  output: pageOf(runItem),
  async answer({ agent = '', ref = '', outcome = '', ...page }, { store }) {
    const bounds = keyset(page, (id) => /^[0-9a-f-]{32,36}$/.test(id));
    const found = await store.rows('runs', { agent, run: '', ref, outcome, ...bounds }, row);
    const { items, next_cursor } = pageFrom(found, page.limit, ({ started_at, place }) => ({
      timestamp: started_at,
      id: place,
    }));
    return { items: await withRootFailures(store, items), next_cursor };
  },
});

/** One run; of several agents' runs with the same id, the newest. */
export const run = question({
  summary: 'One run with its outcome and the failure that ended it',
  path: '/runs/:id',
  of: { run_id: z.string() },
  ids: { run_id: 'run' },
  input: z.strictObject({
    agent: z.string().min(1).optional().describe('The agent, where several have runs of this id'),
  }),
  output: runItem,
  async answer({ run_id, agent = '' }, { store }) {
    const bounds = keyset({ limit: 1 }, () => true);
    const params = { agent, run: run_id, ref: '', outcome: '', ...bounds };
    const [item] = await withRootFailures(store, await store.rows('runs', params, row));
    if (!item) throw new NotFoundError('run_id', run_id);
    return item;
  },
});

async function withRootFailures(store: Store, rows: readonly Row[]): Promise<Run[]> {
  const roots = rows.map(({ trace_id, span_id, root_span_id }) =>
    failureId(trace_id, root_span_id || span_id),
  );
  const found =
    rows.length > 0 ? await store.rows('failures_by_id', { failure_ids: roots }, rootFailure) : [];
  const failures = new Map(found.map((one) => [one.failure_id, one]));
  return rows.map(({ root_span_id: _root, place: _place, ...item }, index) => ({
    ...item,
    root_failure: failures.get(roots[index]!) ?? null,
  }));
}
