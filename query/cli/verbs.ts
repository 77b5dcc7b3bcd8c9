// The verbs of the command line that ask the query service.
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { InvalidInputError } from '../errors.ts';
import type { History } from '../history.ts';
import type { EvolutionInput, Failure, FailureDetail } from '../schemas.ts';
import { describeCascade } from './cascade.ts';
import { addCasesVerb } from './cases.ts';
import { addGroupVerbs } from './groups.ts';
import { describeEvolution, describeEvolutions, withEffects } from './ledger.ts';
import { addNodesVerb } from './nodes.ts';
import { manyLines, oneLine, table } from './output.ts';
import { addRetryVerb } from './retry.ts';
import { answer, filters, type ListFlags, list, type ServiceOptions, service } from './service.ts';
import { addSimilarVerb } from './similar.ts';
import { addTimelineVerb } from './timeline.ts';

/** Adds the query verbs to the program. */
export function addQueryVerbs(program: Command): void {
  list(program, 'recent', 'failures, newest first')
    .option('--agent <id>', 'only this agent')
    .option('--node <id>', 'only this node')
    .action(answer(recent));

  service(program.command('show <failure-id>'))
    .description('one failure: its input, stack, graph and what came of it')
    .option('--cascade', 'what failed in its run: which came first, and what followed from what')
    .action((id: string, options: ServiceOptions & { cascade?: boolean }) =>
      answer(async (history) => {
        if (options.cascade) {
          const value = await history.cascade(id);
          return { value, text: describeCascade(value) };
        }
        const failure = await history.failure(id);
        return { value: failure, text: describeFailure(failure) };
      })(options),
    );

  service(program.command('sql <statement>'))
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

  service(program.command('brief'))
    .description('what to read before an agent is evolved')
    .requiredOption('--agent <id>', 'the agent')
    .option('--node <id>', 'only failures of this node')
    .option('--since <when>', 'ISO 8601 time, or how long ago: 30m, 24h, 7d')
    .option('--max-tokens <n>', 'the most tokens of the brief', '1500')
    .action(
      answer(async (history, { agent, node, since, maxTokens }: Record<string, string>) => {
        const value = await history.brief(agent!, {
          ...(node ? { node } : {}),
          ...(since ? { since } : {}),
          max_tokens: Number(maxTokens),
        });
        return { value, text: value.markdown };
      }),
    );

  list(program, 'evolutions', 'what was tried and what it did, newest first; or one in full')
    .argument('[evolution-id]', 'only this one, with all its numbers')
    .option('--agent <id>', 'only this agent')
    .action((id: string | undefined, options: ServiceOptions & ListFlags) =>
      answer((history, flags: ListFlags) =>
        id === undefined ? evolutions(history, flags) : oneEvolution(history, id),
      )(options),
    );

  service(program.command('diff <from> <to>'))
    .description('what is different between two graph snapshots, and in what fails on them')
    .action((from: string, to: string, options: ServiceOptions) =>
      answer(async (history) => {
        const value = await history.diffGraphs(from, to);
        return { value, text: manyLines(value.text) };
      })(options),
    );

  addRetryVerb(program);
  addSimilarVerb(program);
  addCasesVerb(program);
  addNodesVerb(program);
  addTimelineVerb(program);
  addGroupVerbs(program);
  addRecordEvolution(program);
}

async function recent(history: History, flags: ListFlags) {
  const value = await history.recentFailures(filters(flags));
  const row = (failure: Failure): string[] => [
    failure.timestamp.slice(0, 19),
    failure.failure_id,
    failure.agent_id,
    failure.node_id || failure.level,
    `${failure.attempt}${failure.max_attempts ? `/${failure.max_attempts}` : ''}`,
    failure.disposition || '-',
    failure.error_type,
    failure.error_message,
  ];
  const columns = [
    'time',
    'failure',
    'agent',
    'node',
    'attempt',
    'disposition',
    'error',
    'message',
  ];
  return {
    value,
    text: value.items.length ? table(columns, value.items.map(row)) : 'no failures',
  };
}

async function evolutions(history: History, flags: ListFlags) {
  const { items, next_cursor } = await history.evolutions(filters(flags));
  const told = await withEffects(history, items);
  return { value: { items: told, next_cursor }, text: describeEvolutions(told) };
}

async function oneEvolution(history: History, id: string) {
  const [evolution, effects] = await Promise.all([history.evolution(id), history.effects(id)]);
  const { items, side_effects, notes } = effects;
  return {
    value: { ...evolution, effects: items, side_effects, notes },
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

interface RecordFlags {
  agent: string;
  resolution: string;
  status?: EvolutionInput['status'];
  trigger?: EvolutionInput['trigger'];
  strategy?: string;
  rationale?: string;
  author?: string;
  from?: string;
  to?: string;
  graph?: string;
  id?: string;
  failure: string[];
  fingerprint: string[];
}

function addRecordEvolution(program: Command): void {
  const collect = (value: string, before: string[]) => [...before, value];
  service(program.command('record-evolution'))
    .description("remember a change of an agent's graph")
    .requiredOption('--agent <id>', 'the agent')
    .requiredOption('--resolution <text>', 'the fix, in words')
    .option('--failure <id>', 'a failure that it is meant to fix (repeatable)', collect, [])
    .option('--fingerprint <fp>', 'a group that it is meant to fix (repeatable)', collect, [])
    .option('--from <ref>', 'snapshot that was changed')
    .option('--to <ref>', 'the new snapshot')
    .option('--graph <file>', 'the new snapshot as a JSON file, instead of --to')
    .option('--status <status>', 'proposed, applied or reverted')
    .option('--trigger <trigger>', 'failure, human, schedule or other')
    .option('--strategy <kind>', 'kind of the fix')
    .option('--rationale <text>', 'why it should work')
    .option('--author <who>', 'who made it')
    .option('--id <id>', 'evolution to update')
    .action(
      answer(async (history, flags: RecordFlags) => {
        const value = await history.recordEvolution({
          agent_id: flags.agent,
          resolution: flags.resolution,
          target_failures: flags.failure,
          target_fingerprints: flags.fingerprint,
          ...(flags.id ? { evolution_id: flags.id } : {}),
          ...(flags.status ? { status: flags.status } : {}),
          ...(flags.trigger ? { trigger: flags.trigger } : {}),
          ...(flags.strategy ? { strategy: flags.strategy } : {}),
          ...(flags.rationale ? { rationale: flags.rationale } : {}),
          ...(flags.author ? { author: flags.author } : {}),
          ...(flags.from ? { from_ref: flags.from } : {}),
          ...(flags.to ? { graph_snapshot_ref: flags.to } : {}),
          ...(flags.graph ? { graph: await readGraph(flags.graph) } : {}),
        });
        return { value, text: `recorded evolution ${value.evolution_id} of ${value.agent_id}` };
      }),
    );
}

async function readGraph(file: string): Promise<NonNullable<EvolutionInput['graph']>> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new InvalidInputError(
      'graph',
      `${file} is no readable JSON: ${(error as Error).message}`,
    );
  }
}
