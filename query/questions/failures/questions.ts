// Failures: a list of them, or one with its graph and the evolution that followed.
import { z } from 'zod';
import { keyset, pageFrom, storedForm } from '../../base/cursor.ts';
import { NotFoundError } from '../../base/errors.ts';
import { classAndText, failureId, fingerprint, page, pageOf, uuid } from '../../base/fields.ts';
import { question } from '../../base/question.ts';
import { traceUrl } from '../../base/trace-url.ts';
import { evolution } from '../evolutions/schemas.ts';
import { graphSnapshot } from '../graphs/schemas.ts';
import { type Failure, failureDetail, failure as failureRow } from './schemas.ts';

/** Failures, newest first. */
export const recentFailures = question({
  summary: 'Failures, newest first',
  path: '/failures',
  ids: { fingerprint: 'group' },
  input: z.strictObject({
    agent: z.string().min(1).optional(),
    node: z.string().min(1).optional(),
    fingerprint: fingerprint.optional(),
    run: z.string().min(1).optional(),
    ...classAndText,
    ...page(),
  }),
  output: pageOf(failureRow),
  async answer({ limit, cursor, since, ...names }, { store }) {
    const {
      agent = '',
      node = '',
      fingerprint = '',
      run = '',
      class: only = '',
      text = '',
    } = names;
    const filters = { agent, node, fingerprint, run, class: only, text };
    const bounds = keyset({ limit, cursor, since }, isUuid);
    const failuresSince = (from: string) =>
      store.rows('recent_failures', { ...filters, ...bounds, since: from }, failureRow);
    // The last day mostly has a page of them, and then no other has to be read.
    const dayBefore = dayBeforeEndOf(bounds);
    let rows: Failure[] = [];
    if (!fingerprint && !run && bounds.since < dayBefore) rows = await failuresSince(dayBefore);
    if (rows.length < bounds.limit) rows = await failuresSince(bounds.since);
    return pageFrom(rows, limit, ({ timestamp, failure_id: id }) => ({ timestamp, id }));
  },
});

/** One failure with its graph snapshot and the first evolution that came of it. */
export const failure = question({
  summary: 'One failure with its graph snapshot and the evolution that came of it',
  path: '/failures/:id',
  of: { failure_id: failureId },
  ids: { failure_id: 'failure' },
  output: failureDetail,
  async answer({ failure_id }, { store, traceUrl: template }) {
    const [found] = await store.rows('failure_by_id', { failure_id }, failureRow);
    if (!found) throw new NotFoundError('failure_id', failure_id);
    const [snapshots, evolutions] = await Promise.all([
      store.rows('snapshot_by_ref', { ref: found.graph_snapshot_ref }, graphSnapshot),
      store.rows(
        'evolution_of_failure',
        {
          failure_id,
          agent: found.agent_id,
          fingerprint: found.fingerprint,
          timestamp: storedForm(found.timestamp),
        },
        evolution,
      ),
    ]);
    return {
      ...found,
      graph_snapshot: snapshots[0] ?? null,
      evolution: evolutions[0] ?? null,
      trace_url: traceUrl(template, found),
    };
  },
});

const isUuid = (text: string): boolean => uuid.safeParse(text).success;

/** A day before the page's end, in the stored form. */
function dayBeforeEndOf({ before_timestamp }: { before_timestamp: string }): string {
  const end = Math.min(Date.now(), Date.parse(`${before_timestamp.replace(' ', 'T')}Z`));
  return storedForm(new Date(end - 86_400_000).toISOString());
}
