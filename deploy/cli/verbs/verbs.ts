// The verbs of the command line that ask the query service. What only some of them need is loaded by these,
// so that help does without it.

import type { Command } from 'commander';
import { manyLines, oneLine } from '../../../query/base/text.ts';
import type { History } from '../../../query/history.ts';
import type { FailureDetail } from '../../../query/questions/failures/schemas.ts';
import type { NameFlags } from '../names-on-record.ts';
import {
  answer,
  filters,
  type ListFlags,
  list,
  type ServiceOptions,
  service,
  watched,
} from '../service.ts';
import { examples } from '../terminal/help.ts';
import { table } from '../terminal/output.ts';
import { addAdviseVerb } from './advise.ts';
import { addCasesVerb } from './cases.ts';
import { addCatalogueVerb } from './catalogue.ts';
import { addGroupVerbs } from './groups.ts';
import { addListVerbs } from './lists.ts';
import { addRecordEvolutionVerb } from './record-evolution.ts';
import { addRetryVerb } from './retry.ts';
import { addSimilarVerb } from './similar.ts';
import { addVerifyVerb } from './verify.ts';

/** Adds the query verbs to the program. */
export function addQueryVerbs(program: Command): void {
  addListVerbs(program);

  examples(watched(service(program.command('agents'))), 'faultline agents --states')
    .description('all agents that were ever seen, the latest first')
    .option('--states', 'with their groups by state; this reads every failure')
    .option('--find <text>', 'only those with this in their id')
    .option('--limit <n>', 'how many, up to 1000', '1000')
    .action(answer(agents));

  examples(
    service(program.command('show <failure-id>')),
    'faultline show 9741c581-438b-8678-9607-526a491ab711',
    'faultline show 9741c581-438b-8678-9607-526a491ab711 --cascade',
  )
    .description('one failure: its input, stack, graph and what came of it')
    .option('--cascade', 'what failed in its run: which came first, and what followed from what')
    .action((id: string, options: ServiceOptions & { cascade?: boolean }) =>
      answer(async (history) => {
        if (options.cascade) {
          const value = await history.cascade(id);
          const { describeCascade } = await import('./cascade.ts');
          return { value, text: describeCascade(value) };
        }
        const failure = await history.failure(id);
        return { value: failure, text: describeFailure(failure) };
      })(options),
    );

  examples(
    service(program.command('sql <statement>')),
    'faultline sql "SELECT class, count() FROM failures FINAL GROUP BY class"',
  )
    .description('read-only SQL over the tables and views')
    .action((statement: string, options: ServiceOptions) =>
      answer(async (history) => {
        const result = await history.sql(statement);
        const names = result.columns.map((column) => column.name);
        const rows = result.rows.map((row) => names.map((name) => sqlCell(row[name])));
        const note = result.truncated ? `\n(cut after ${rows.length} rows)` : '';
        return { value: result, text: names.length ? table(names, rows) + note : 'done' };
      })(options),
    );

  examples(
    service(program.command('brief')),
    'faultline brief --agent invoice-agent --max-tokens 4000 > brief.md',
  )
    .description('what to read before an agent is evolved')
    .requiredOption('--agent <id>', 'the agent')
    .option('--node <id>', 'only failures of this node')
    .option('--since <when>', 'ISO 8601 time, or how long ago: 30m, 24h, 7d')
    .option('--max-tokens <n>', 'the most tokens of the brief', '1500')
    .action(
      answer(async (history, { agent, ...flags }: { agent: string }) => {
        const value = await history.brief(agent, filters(flags));
        return { value, text: value.markdown };
      }),
    );

  examples(
    list(program, 'evolutions', 'what was tried and what it did, newest first; or one in full'),
    'faultline evolutions --agent invoice-agent',
    'faultline evolutions 4a44890a-a29a-4fae-80b1-cd2ba99bab7e',
  )
    .argument('[evolution-id]', 'only this one, with all its numbers')
    .option('--agent <id>', 'only this agent')
    .option('--node <id>', 'only those that target a failure of this node')
    .action((id: string | undefined, options: ServiceOptions & ListFlags) =>
      answer((history, flags: ListFlags & NameFlags) =>
        id === undefined ? evolutions(history, flags) : oneEvolution(history, id),
      )(options),
    );

  examples(service(program.command('diff <from> <to>')), 'faultline diff "$BEFORE" "$AFTER"')
    .description('what is different between two graph snapshots, and in what fails on them')
    .action((from: string, to: string, options: ServiceOptions) =>
      answer(async (history) => {
        const value = await history.diffGraphs(from, to);
        return { value, text: manyLines(value.text) };
      })(options),
    );

  addAdviseVerb(program);
  addRetryVerb(program);
  addSimilarVerb(program);
  addCasesVerb(program);
  addCatalogueVerb(program);
  addVerifyVerb(program);
  addGroupVerbs(program);
  addRecordEvolutionVerb(program);
}

async function agents(history: History, flags: object) {
  const value = await history.agents(filters(flags));
  const rows = value.items.map((agent) => [
    agent.last_seen.slice(0, 19),
    agent.agent_id,
    String(agent.runs),
    String(agent.attempts),
    String(agent.failures),
    Object.entries(agent.states ?? {})
      .map(([state, groups]) => `${groups} ${state}`)
      .join(', ') || '-',
  ]);
  const columns = [
    { name: 'last seen', whole: true, optional: true },
    { name: 'agent', whole: true },
    'runs',
    'attempts',
    'failures',
    { name: 'groups', optional: true },
  ];
  return { value, text: rows.length ? table(columns, rows) : 'no agents' };
}

async function evolutions(history: History, flags: ListFlags & NameFlags) {
  const value = await history.evolutions({ ...filters<object>(flags), effects: true });
  if (value.items.length === 0) {
    const { emptyListText } = await import('../names-on-record.ts');
    return { value, text: await emptyListText(history, 'no evolutions', flags) };
  }
  const { describeEvolutions } = await import('./ledger.ts');
  return { value, text: describeEvolutions(value.items) };
}

async function oneEvolution(history: History, id: string) {
  const [evolution, effects] = await Promise.all([history.evolution(id), history.effects(id)]);
  const { items, side_effects, verified, notes } = effects;
  const { describeEvolution } = await import('./ledger.ts');
  return {
    value: { ...evolution, effects: items, side_effects, verified, notes },
    text: describeEvolution(evolution, effects),
  };
}

function describeFailure(failure: FailureDetail): string {
  const node = failure.node_id
    ? `node ${failure.node_id}, attempt ${failure.attempt}${failure.max_attempts ? ` of ${failure.max_attempts}` : ''}`
    : `level ${failure.level}`;
  const lines: [string, string][] = [
    ['failure', failure.failure_id],
    ['time', failure.timestamp],
    ['agent', failure.agent_id],
    ['where', `${node}, site ${failure.site || 'unknown'}`],
    ['why', `class ${failure.class}, ${failure.error_type}`],
    ['then', failure.disposition || 'unknown'],
    ['run', `${failure.run_id}${failure.session_id ? `, session ${failure.session_id}` : ''}`],
    ['trace', `${failure.trace_id} / ${failure.span_id}`],
    ...(failure.trace_url ? [['at', failure.trace_url] satisfies [string, string]] : []),
    ['fingerprint', failure.fingerprint],
    [
      'graph',
      `${failure.graph_snapshot_ref || 'unknown'}${failure.graph_snapshot ? `: ${failure.graph_snapshot.nodes.join(', ')}` : ''}`,
    ],
    [
      'evolution',
      failure.evolution
        ? `${failure.evolution.evolution_id} (${failure.evolution.status}): ${failure.evolution.resolution}`
        : 'none came of it yet',
    ],
  ];
  const texts: [string, string][] = [
    ['message', failure.error_message],
    ['input', failure.input_context],
    ['state', failure.graph_state],
    ['evidence', failure.evidence],
    ['stack', failure.stack_trace],
  ];
  return [
    ...lines.map(([name, text]) => `${name.padEnd(12)} ${oneLine(text)}`),
    ...texts
      .filter(([, text]) => text)
      .flatMap(([name, text]) => [`${name}:`, manyLines(text).replace(/^/gm, '  ')]),
  ].join('\n');
}

function sqlCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
