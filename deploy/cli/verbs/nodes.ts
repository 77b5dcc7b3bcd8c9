// The verb that tells how the nodes of an agent fare.
import type { Command } from 'commander';
import type { NodeHealth } from '../../../query/questions/nodes/schemas.ts';
import { answer, filters, type ListFlags, list } from '../service.ts';
import { examples } from '../terminal/help.ts';
import { table } from '../terminal/output.ts';

export function addNodesVerb(program: Command): void {
  examples(
    list(program, 'nodes', 'how the nodes of an agent fare, the one that was tried last first'),
    'faultline nodes --agent invoice-agent',
    'faultline nodes --agent invoice-agent --node parse_invoice --all-versions',
  )
    .requiredOption('--agent <id>', 'the agent')
    .option('--node <id>', 'only this node')
    .option('--all-versions', 'each version of the graph, not only the one in use')
    .action(
      answer(async (history, flags: ListFlags & { agent: string; allVersions?: boolean }) => {
        const { agent: _agent, ...options } = filters(flags);
        const value = await history.nodes(flags.agent, {
          ...options,
          versions: flags.allVersions ? 'all' : 'current',
        });
        return { value, text: describeNodes(value.items) };
      }),
    );
}

function describeNodes(nodes: NodeHealth[]): string {
  if (nodes.length === 0) return 'no attempts';
  const columns = [
    'node',
    { name: 'version', whole: true },
    'failed',
    'rate',
    { name: '95 %', optional: true },
    { name: 'retries', optional: true },
    { name: 'p50', optional: true },
    { name: 'p95', optional: true },
    { name: 'last failure', whole: true, optional: true },
    { name: 'most frequent', least: 20, optional: true },
  ];
  const rows = nodes.map((one) => {
    const [low, high] = one.interval.map(percent);
    const [group] = one.groups;
    return [
      one.node_id,
      `${one.graph_snapshot_ref.slice(0, 15) || 'unknown'}${one.is_current ? '*' : ''}`,
      `${one.failures}/${one.attempts}`,
      percent(one.failure_rate),
      `${low} - ${high}`,
      `${one.retries}`,
      milliseconds(one.median_duration_ns),
      milliseconds(one.p95_duration_ns),
      one.last_failure_at?.slice(0, 19) ?? '-',
      group ? `${group.error_type} (${group.failures}) ${group.fingerprint}` : '-',
    ];
  });
  return table(columns, rows);
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const milliseconds = (ns: number): string => `${(ns / 1e6).toFixed(1)} ms`;
