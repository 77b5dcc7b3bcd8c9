// Which node of a run was at work when nothing was heard of it any more. Attempts are reported when they
// end, so that it has to be concluded from what came before.
import type { Graph, Signs } from './last-events.ts';

export interface Node {
  node_id: string;
  attempt: number;
  /**
   * `operation`: a failed call inside of it was the last that was heard; `retry`: it had failed and was to
   * be tried again; `edge`: the only one that the graph leads to; `entry`: a run begins with it.
   */
  by: 'operation' | 'retry' | 'edge' | 'entry';
}

/** The node, where there is but one that it can have been. */
export function nodeOf(signs: Signs | undefined, graph: Graph | undefined): Node | undefined {
  const { attempt, failure } = signs ?? {};
  if (failure?.working_node && failure.working_at > (attempt?.last_at ?? '')) {
    const { working_node, working_attempt } = failure;
    return { node_id: working_node, attempt: working_attempt, by: 'operation' };
  }
  if (attempt && !attempt.ok) {
    const isRetried =
      failure?.failed_disposition === 'retried' &&
      failure.failed_node === attempt.node_id &&
      failure.failed_attempt === attempt.attempt;
    if (!isRetried) return undefined;
    return { node_id: attempt.node_id, attempt: attempt.attempt + 1, by: 'retry' };
  }
  if (!graph) return undefined;
  if (!attempt) return graph.entry ? { node_id: graph.entry, attempt: 1, by: 'entry' } : undefined;
  const prefix = `${attempt.node_id}->`;
  const targets = graph.edges
    .filter((edge) => edge.startsWith(prefix))
    .map((edge) => edge.slice(prefix.length));
  const [target] = targets;
  if (target === undefined || targets.length > 1 || !graph.nodes.includes(target)) return undefined;
  return { node_id: target, attempt: 1, by: 'edge' };
}
