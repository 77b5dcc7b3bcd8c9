// The verbs that print a list as a table. Each is one entry: its flags, its question and its columns.
import { type Command, Option } from 'commander';
import type { Page } from '../../../query/base/fields.ts';
import { ALERT_STATUSES } from '../../../query/base/states.ts';
import { percent } from '../../../query/base/text.ts';
import type { History } from '../../../query/history.ts';
import type { Alert } from '../../../query/questions/alerts/question.ts';
import type { Failure } from '../../../query/questions/failures/schemas.ts';
import type { NodeHealth } from '../../../query/questions/nodes/question.ts';
import type { Run } from '../../../query/questions/runs/runs.ts';
import type { TimelineEvent } from '../../../query/questions/timeline/question.ts';
import type { NameFlags } from '../names-on-record.ts';
import { answer, filters, type ListFlags, list } from '../service.ts';
import { examples } from '../terminal/help.ts';
import { type Column, table } from '../terminal/output.ts';
import { meaning } from '../terminal/style.ts';

interface ListVerb<Item, Flags extends ListFlags & NameFlags = ListFlags & NameFlags> {
  name: string;
  description: string;
  examples: readonly string[];
  flags(verb: Command): Command;
  ask(history: History, flags: Flags): Promise<Page<Item>>;
  columns: readonly (string | Column)[];
  /** The cells of an item, as many as there are columns. */
  cells(item: Item): string[];
  /** What is printed for an empty list, before the names that exist. */
  none: string;
}

function addList<Item, Flags extends ListFlags & NameFlags>(
  program: Command,
  { name, description, columns, cells, none, ...verb }: ListVerb<Item, Flags>,
): void {
  verb.flags(examples(list(program, name, description), ...verb.examples)).action(
    answer(async (history, flags: Flags) => {
      const value = await verb.ask(history, flags);
      if (value.items.length > 0) return { value, text: table(columns, value.items.map(cells)) };
      const { emptyListText } = await import('../names-on-record.ts');
      return { value, text: await emptyListText(history, none, flags) };
    }),
  );
}

/** Adds the verbs to the program. */
export function addListVerbs(program: Command): void {
  addList(program, recent);
  addList(program, runs);
  addList(program, nodes);
  addList(program, timeline);
  addList(program, alerts);
}

const time = (name: string): Column => ({ name, whole: true, optional: true });
const optional = (name: string): Column => ({ name, optional: true });
const seconds = (instant: string): string => instant.slice(0, 19);
const milliseconds = (ns: number): string => `${(ns / 1e6).toFixed(1)} ms`;

const recent: ListVerb<Failure> = {
  name: 'recent',
  description: 'failures, newest first',
  examples: [
    'faultline recent --agent invoice-agent --since 24h',
    'faultline recent --watch --json | jq -r .error_message',
  ],
  flags: (verb) =>
    verb
      .option('--agent <id>', 'only this agent')
      .option('--node <id>', 'only this node')
      .option('--class <class>', 'only this failure class, as tool.timeout')
      .option('--text <text>', 'only those with this in the message, in upper or lower case'),
  ask: (history, flags) => history.recentFailures(filters(flags)),
  columns: [
    time('time'),
    { name: 'failure', whole: true },
    optional('agent'),
    optional('node'),
    optional('attempt'),
    { name: 'disposition', optional: true, style: meaning },
    optional('error'),
    { name: 'message', least: 20 },
  ],
  cells: (failure) => [
    seconds(failure.timestamp),
    failure.failure_id,
    failure.agent_id,
    failure.node_id || failure.level,
    `${failure.attempt}${failure.max_attempts ? `/${failure.max_attempts}` : ''}`,
    failure.disposition || '-',
    failure.error_type,
    failure.error_message,
  ],
  none: 'no failures',
};

const runs: ListVerb<Run> = {
  name: 'runs',
  description: 'runs with their outcome and the failure that ended them, newest first',
  examples: [
    'faultline runs --agent invoice-agent --outcome failure',
    'faultline runs --since 1h --outcome open',
  ],
  flags: (verb) =>
    verb
      .option('--agent <id>', 'only this agent')
      .option('--ref <ref>', 'only runs of this graph snapshot')
      .option('--outcome <outcome>', 'only runs that ended so; open: that have not'),
  ask: (history, flags) => history.runs(filters(flags)),
  columns: [
    time('started'),
    { name: 'run', whole: true },
    optional('agent'),
    { name: 'version', whole: true, optional: true },
    { name: 'outcome', whole: true, style: meaning },
    optional('node'),
    { name: 'root failure', whole: true, optional: true },
    { name: 'message', least: 20, optional: true },
  ],
  cells: ({ root_failure: root, ...run }) => [
    seconds(run.started_at),
    run.run_id,
    run.agent_id,
    run.graph_snapshot_ref.slice(0, 15) || 'unknown',
    run.outcome || 'open',
    root?.node_id || '-',
    root?.failure_id ?? '-',
    root ? `${root.error_type}: ${root.error_message}` : '-',
  ],
  none: 'no runs',
};

const nodes: ListVerb<
  NodeHealth,
  ListFlags & NameFlags & { agent: string; allVersions?: boolean }
> = {
  name: 'nodes',
  description: 'how the nodes of an agent fare, the one that was tried last first',
  examples: [
    'faultline nodes --agent invoice-agent',
    'faultline nodes --agent invoice-agent --node parse_invoice --all-versions',
  ],
  flags: (verb) =>
    verb
      .requiredOption('--agent <id>', 'the agent')
      .option('--node <id>', 'only this node')
      .option('--all-versions', 'each version of the graph, not only the one in use'),
  ask: (history, { agent, allVersions, ...flags }) =>
    history.nodes(agent, filters({ ...flags, versions: allVersions ? 'all' : 'current' })),
  columns: [
    'node',
    { name: 'version', whole: true },
    'failed',
    'rate',
    optional('95 %'),
    optional('retries'),
    optional('p50'),
    optional('p95'),
    time('last failure'),
    { name: 'most frequent', least: 20, optional: true },
  ],
  cells: (node) => {
    const [low, high] = node.interval.map(percent);
    const [group] = node.groups;
    return [
      node.node_id,
      `${node.graph_snapshot_ref.slice(0, 15) || 'unknown'}${node.is_current ? '*' : ''}`,
      `${node.failures}/${node.attempts}`,
      percent(node.failure_rate),
      `${low} - ${high}`,
      `${node.retries}`,
      milliseconds(node.median_duration_ns),
      milliseconds(node.p95_duration_ns),
      node.last_failure_at ? seconds(node.last_failure_at) : '-',
      group ? `${group.error_type} (${group.failures}) ${group.fingerprint}` : '-',
    ];
  },
  none: 'no attempts',
};

const timeline: ListVerb<TimelineEvent, ListFlags & NameFlags & { agent: string }> = {
  name: 'timeline',
  description: 'what happened to an agent: versions, evolutions, groups, newest first',
  examples: ['faultline timeline --agent invoice-agent --since 7d'],
  flags: (verb) => verb.requiredOption('--agent <id>', 'the agent'),
  ask: (history, { agent, ...flags }) => history.timeline(agent, filters(flags)),
  columns: [{ name: 'time', whole: true }, { name: 'what', whole: true }, 'details'],
  cells: (event) => [
    seconds(event.timestamp),
    event.kind.replaceAll('_', ' '),
    describeEvent(event),
  ],
  none: 'no events',
};

function describeEvent(event: TimelineEvent): string {
  switch (event.kind) {
    case 'version_first_seen':
      return `${event.graph_snapshot_ref}${event.nodes.length ? `: ${event.nodes.join(', ')}` : ''}`;
    case 'evolution': {
      const verdicts = event.verdicts.map(
        ({ fingerprint, verdict, rate_ratio }) =>
          `${verdict} on ${fingerprint}${rate_ratio === null ? '' : ` (ratio ${rate_ratio.toFixed(3)})`}`,
      );
      const effect = verdicts.join(', ') || 'no target is known';
      return `${event.evolution_id}, ${event.status} by ${event.author || 'unknown'}: ${effect}; ${event.resolution}`;
    }
    case 'group_appeared':
      return `${groupText(event)} on ${event.graph_snapshot_ref || 'unknown version'}`;
    case 'group_vanished':
      return `${groupText(event)}; since then ${event.attempts_since} attempts on ${event.graph_snapshot_ref} and later`;
    case 'group_event': {
      const what = [event.other_fingerprint, event.value, event.evolution_id].filter(Boolean);
      return `${event.change} ${[event.fingerprint, ...what].join(' ')} by ${event.author || 'unknown'}${event.reason ? `: ${event.reason}` : ''}`;
    }
  }
}

const groupText = (event: Extract<TimelineEvent, { node_id: string }>): string =>
  `${event.fingerprint} ${event.node_id || 'graph'} ${event.error_type} (${event.failures} failures)`;

const alerts: ListVerb<Alert> = {
  name: 'alerts',
  description: 'which changes of groups were sent and to whom, or wait to be sent, newest first',
  examples: ['faultline alerts --since 24h --status failed'],
  flags: (verb) =>
    verb
      .option('--agent <id>', 'only this agent')
      .addOption(new Option('--status <status>', 'only those').choices(ALERT_STATUSES)),
  ask: (history, flags) => history.alerts(filters(flags)),
  columns: [
    time('found'),
    { name: 'status', whole: true },
    optional('tries'),
    optional('to'),
    optional('rule'),
    'change',
    optional('agent'),
    { name: 'group', whole: true },
    optional('last error'),
  ],
  cells: (alert) => [
    seconds(alert.timestamp),
    alert.status,
    String(alert.tries),
    alert.receiver,
    alert.rule,
    alert.change,
    alert.agent_id,
    alert.fingerprint,
    alert.last_error,
  ],
  none: 'no alerts',
};
