// How each node of an agent fares on the version in use, or on each version.
import { z } from 'zod';
import { BEGINNING, sinceOf, storedForm } from '../../base/cursor.ts';
import type { Page } from '../../base/fields.ts';
import { memoryPage } from '../../base/memory-page.ts';
import type { Store } from '../../base/store.ts';
import { exactInterval } from '../advice/interval.ts';
import { type Annotations, readAnnotations } from '../groups/annotations.ts';
import type { NodeHealth, nodesQuery } from './question.ts';

const count = z.coerce.number();
const row = z.object({
  node_id: z.string(),
  graph_snapshot_ref: z.string(),
  attempts: count,
  failures: count,
  runs: count,
  failed_runs: count,
  retries: count,
  median_duration_ns: count,
  p95_duration_ns: count,
  first_seen: z.string(),
  last_seen: z.string(),
  last_failure_at: z.string().nullable(),
});
type Row = z.infer<typeof row>;

const groupRow = z.object({
  node_id: z.string(),
  graph_snapshot_ref: z.string(),
  fingerprint: z.string(),
  error_type: z.string(),
  class: z.string(),
  failures: count,
});
type GroupRow = z.infer<typeof groupRow>;

const TOP = 3;

export async function readNodes(
  store: Store,
  { agent, node = '', versions, since, ...page }: z.output<typeof nodesQuery> & { agent: string },
): Promise<Page<NodeHealth>> {
  const params = { agent, since: sinceOf(since) };
  const rowsOn = (refs: string[]) =>
    store.rows('node_health_of_agent', { ...params, node, refs }, row);
  const looking = versionInUse(store, agent);
  const [current, rows, annotations] = await Promise.all([
    looking,
    versions === 'all'
      ? rowsOn([])
      : looking.then((ref) => (ref === undefined ? [] : rowsOn([ref]))),
    readAnnotations(store, agent),
  ]);
  const { items, next_cursor } = memoryPage(
    rows,
    (one) => ({ timestamp: one.last_seen, id: [one.node_id, one.graph_snapshot_ref] }),
    page,
  );
  return { items: await withGroups(store, params, items, { current, annotations }), next_cursor };
}

const versionRow = z.object({ graph_snapshot_ref: z.string() });
const DAY_MS = 86_400_000;

/** That of the newest attempt, which mostly is of the last day; undefined without attempts. */
async function versionInUse(store: Store, agent: string): Promise<string | undefined> {
  for (const since of [storedForm(new Date(Date.now() - DAY_MS).toISOString()), BEGINNING]) {
    const [found] = await store.rows('version_in_use', { agent, since }, versionRow);
    if (found) return found.graph_snapshot_ref;
  }
  return undefined;
}

/** Adds the groups that fail most often, those that were merged as one, with their annotated class. */
async function withGroups(
  store: Store,
  params: { agent: string; since: string },
  rows: Row[],
  { current, annotations }: { current: string | undefined; annotations: Annotations },
): Promise<NodeHealth[]> {
  const failed = rows.filter(({ failures }) => failures > 0);
  const nodes = [...new Set(failed.map((one) => one.node_id))];
  const refs = [...new Set(failed.map((one) => one.graph_snapshot_ref))];
  const found =
    failed.length > 0
      ? await store.rows('groups_of_nodes', { ...params, nodes, refs }, groupRow)
      : [];
  return rows.map((one) => ({
    agent_id: params.agent,
    node_id: one.node_id,
    graph_snapshot_ref: one.graph_snapshot_ref,
    is_current: one.graph_snapshot_ref === current,
    attempts: one.attempts,
    failures: one.failures,
    failure_rate: one.failures / one.attempts,
    interval: exactInterval(one.attempts, one.failures),
    runs: one.runs,
    failed_runs: one.failed_runs,
    retries: one.retries,
    median_duration_ns: one.median_duration_ns,
    p95_duration_ns: one.p95_duration_ns,
    first_seen: one.first_seen,
    last_seen: one.last_seen,
    last_failure_at: one.last_failure_at && `${one.last_failure_at.replace(' ', 'T')}Z`,
    groups: topGroups(
      found.filter(
        ({ node_id, graph_snapshot_ref }) =>
          node_id === one.node_id && graph_snapshot_ref === one.graph_snapshot_ref,
      ),
      annotations,
    ),
  }));
}

/** @param rows of one node on one version, the most frequent first */
function topGroups(rows: GroupRow[], { mapping, classes }: Annotations): NodeHealth['groups'] {
  const groups = new Map<string, NodeHealth['groups'][number]>();
  for (const { fingerprint: own, error_type, class: why, failures } of rows) {
    const fingerprint = mapping.groupOf(own);
    const known = groups.get(fingerprint);
    if (known) known.failures += failures;
    else {
      const annotated = classes.get(fingerprint);
      groups.set(fingerprint, { fingerprint, error_type, class: annotated ?? why, failures });
    }
  }
  return [...groups.values()].sort((one, other) => other.failures - one.failures).slice(0, TOP);
}
