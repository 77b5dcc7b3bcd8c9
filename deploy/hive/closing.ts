// The end of a run that Hive's bus never ends: an executor that is used without a stream sends neither
// `execution_started` nor an end. Its logs say what became of it, and of the nodes that events left out.
import type { Fact } from './facts.ts';
import type { RunSoFar } from './run-so-far.ts';
import { outcomeOf } from './session-facts.ts';
import type { SessionLogs } from './session-logs.ts';
import { laterOf, msToNs } from './time.ts';

/** The facts that the logs add; none while the run goes on. */
export function closeByLogs(soFar: RunSoFar, logs: SessionLogs): Fact[] {
  const outcome = outcomeOf(logs);
  if (soFar.ended || outcome === undefined) return [];
  const { summary, state, details } = logs;
  const summaryEndNs = soFar.run.startNs + msToNs(summary?.duration_ms ?? 0);
  const endNs = laterOf(summaryEndNs, soFar.lastNs);
  const facts = nodesOfLogs(soFar, logs, endNs, outcome === 'failure');
  if (outcome === 'paused' || outcome === 'cancelled')
    return [...facts, ...soFar.stopped(outcome, endNs)];
  if (outcome !== 'failure') return [...facts, ...soFar.completed(endNs)];
  const error = state?.result.error || details.findLast(({ success }) => !success)?.error || '';
  return [...facts, ...soFar.failed(error, endNs)];
}

/** Attempts of nodes on the path that no event reported, and the last one of a node that was retried. */
function nodesOfLogs(
  soFar: RunSoFar,
  { summary, details }: SessionLogs,
  endNs: bigint,
  isFailure: boolean,
): Fact[] {
  const { attempts, route } = soFar;
  const facts: Fact[] = [];
  const path = [
    ...new Set([...(summary?.node_path ?? []), ...details.map(({ node_id }) => node_id)]),
  ];
  path.forEach((nodeId, index) => {
    const wasRetried = attempts.count(nodeId) > 0 && route.isPending(nodeId);
    if (attempts.of(nodeId) || (attempts.count(nodeId) > 0 && !wasRetried)) return;
    const isLast = index === path.length - 1;
    // Level 2 keeps only the first outcome of a retried node; that of the last follows from what came next.
    if (wasRetried && isLast && isFailure) return;
    const failed = details.find(({ node_id, success }) => node_id === nodeId && !success);
    facts.push(
      ...attempts.settle(({ nodeId: failed }) =>
        failed === nodeId ? 'retried' : isFailure ? undefined : 'routed',
      ),
    );
    const attempt = soFar.silent(nodeId);
    const isBad = failed !== undefined && !(wasRetried && isLast);
    if (isBad) attempts.fail(attempt, failed.error, endNs);
    else facts.push(attempts.succeed(attempt, endNs));
  });
  return facts;
}
