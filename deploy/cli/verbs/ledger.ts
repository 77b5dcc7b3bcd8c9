// How evolutions and what they did look in a terminal.

import { oneLine, percent } from '../../../query/base/text.ts';
import type { Evolution } from '../../../query/questions/evolutions/schemas.ts';
import type {
  Counted,
  Effect,
  EvolutionEffects,
  ListedEvolution,
} from '../../../query/questions/ledger/schemas.ts';
import { verifiedText } from '../../../query/questions/verifications/text.ts';
import { table } from '../terminal/output.ts';
import { meaning } from '../terminal/style.ts';

/** The verdicts of one evolution in a cell: `effective`, or `2 effective, 1 harmful`. */
function verdictCell(effects: Effect[]): string {
  const counts = new Map<string, number>();
  for (const { verdict } of effects) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  const [only] = counts.keys();
  if (counts.size < 2) return only ?? '-';
  return [...counts].map(([verdict, number]) => `${number} ${verdict}`).join(', ');
}

export function describeEvolutions(evolutions: ListedEvolution[]): string {
  const columns = [
    { name: 'time', whole: true, optional: true },
    { name: 'evolution', whole: true },
    { name: 'agent', optional: true },
    { name: 'status', optional: true },
    { name: 'verdict', style: meaning },
    { name: 'before', optional: true },
    { name: 'after', optional: true },
    { name: 'fix', least: 20 },
  ];
  const rows = evolutions.map(({ effects = [], ...item }) => {
    const [first, ...others] = effects;
    const cell = (side: 'before' | 'after') =>
      first && others.length === 0 ? runs(first[side]) : '-';
    return [
      item.timestamp.slice(0, 19),
      item.evolution_id,
      item.agent_id,
      item.status,
      verdictCell(effects),
      cell('before'),
      cell('after'),
      item.resolution,
    ];
  });
  return table(columns, rows);
}

const runs = ({ runs, failed_runs }: Counted): string => `${failed_runs}/${runs} runs`;

export function describeEvolution(
  evolution: Evolution,
  { items, side_effects, verified, notes }: EvolutionEffects,
): string {
  const lines: [string, string][] = [
    ['evolution', evolution.evolution_id],
    ['time', evolution.timestamp],
    ['agent', evolution.agent_id],
    ['status', `${evolution.status}, by ${evolution.author || 'unknown'}`],
    ['from', evolution.from_ref || 'unknown'],
    ['to', evolution.graph_snapshot_ref || 'unknown'],
    ['fix', evolution.resolution],
    ...(evolution.rationale ? [['why', evolution.rationale] as [string, string]] : []),
    ...(verified
      ? [['verified', `before it shipped: ${verifiedText(verified)}`] as [string, string]]
      : []),
    ...notes.map((note): [string, string] => ['note', note]),
  ];
  const { new_groups, nodes } = side_effects;
  return [
    ...lines.map(([name, text]) => `${name.padEnd(12)} ${oneLine(text)}`),
    ...items.flatMap(effectLines),
    ...titled(
      'new groups since',
      new_groups.map(
        (group) =>
          `${group.fingerprint}  ${group.node_id || 'graph'}  ${group.error_type}  ${group.failures} failures`,
      ),
    ),
    ...titled(
      'nodes before and after',
      nodes.map(
        ({ node_id, before, after }) => `${node_id}: ${health(before)} -> ${health(after)}`,
      ),
    ),
  ].join('\n');
}

function effectLines(effect: Effect): string[] {
  const { rate_ratio, interval, window } = effect;
  const [low, high] = interval;
  const sides = (['before', 'after'] as const).map((side) => {
    const { attempts, failures, run_rate } = effect[side];
    const { since, until } = window[side];
    const share = run_rate === null ? '' : ` = ${percent(run_rate)}`;
    const time = since && until ? `, ${since.slice(0, 19)} to ${until.slice(0, 19)}` : '';
    return `${side.padEnd(6)} ${runs(effect[side])}${share} (${failures} failures in ${attempts} attempts${time})`;
  });
  const ratio = rate_ratio === null ? 'unknown' : rate_ratio.toFixed(3);
  return titled(
    `${effect.verdict}: ${effect.targeted ? 'target' : 'touched'} ${effect.fingerprint}, node ${effect.node_ids.join(', ') || '(graph)'}`,
    [
      ...sides,
      `ratio  ${ratio}, with 95 % in [${low.toFixed(3)}, ${high === null ? 'no bound' : high.toFixed(3)}]`,
      ...effect.notes.map((note) => `note   ${note}`),
    ],
  );
}

type Health = EvolutionEffects['side_effects']['nodes'][number]['before'];

function health(node: Health): string {
  if (!node) return 'not tried';
  const ms = (node.median_duration_ns / 1e6).toFixed(1);
  return `${percent(node.success_rate)} of ${node.attempts} attempts good, median ${ms} ms`;
}

function titled(title: string, lines: string[]): string[] {
  if (lines.length === 0) return [];
  return ['', oneLine(title), ...lines.map((line) => `  ${oneLine(line)}`)];
}
