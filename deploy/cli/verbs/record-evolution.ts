// The verb that remembers a change of a graph.
import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { InvalidInputError } from '../../../query/base/errors.ts';
import type { EvolutionInput } from '../../../query/questions/evolutions/schemas.ts';
import { answer, filters, service } from '../service.ts';
import { examples } from '../terminal/help.ts';

interface RecordFlags {
  agent: string;
  from?: string;
  to?: string;
  graph?: string;
  id?: string;
  failure: string[];
  fingerprint: string[];
  author?: string;
}

export function addRecordEvolutionVerb(program: Command): void {
  const collect = (value: string, before: string[]) => [...before, value];
  examples(
    service(program.command('record-evolution')),
    'faultline record-evolution --agent invoice-agent --resolution "check the total first" \\\n' +
      '      --failure 9741c581-438b-8678-9607-526a491ab711 --graph graph-v2.json',
  )
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
    .addOption(
      new Option(
        '--author <who>',
        "who made it; else in a terminal git's user.name or the user, in a script queen",
      ).env('FAULTLINE_AUTHOR'),
    )
    .option('--id <id>', 'evolution to update')
    .action(
      answer(async (history, flags: RecordFlags) => {
        const { agent, failure, fingerprint, id, from, to, graph, author, ...rest } = flags;
        const signed = author || (await personHere());
        const value = await history.recordEvolution({
          ...filters<Pick<EvolutionInput, 'resolution'>>(rest),
          agent_id: agent,
          ...(signed && { author: signed }),
          target_failures: failure,
          target_fingerprints: fingerprint,
          evolution_id: id || undefined,
          from_ref: from || undefined,
          graph_snapshot_ref: to || undefined,
          graph: graph ? await readGraph(graph) : undefined,
        });
        return { value, text: `recorded evolution ${value.evolution_id} of ${value.agent_id}` };
      }),
    );
}

/** The person at the keyboard; undefined in a script or a coding agent's shell, which has no terminal. */
async function personHere(): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return undefined;
  const { personAtTerminal } = await import('../author.ts');
  return personAtTerminal();
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
