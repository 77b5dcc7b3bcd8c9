// The verb that remembers a change of a graph.
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { InvalidInputError } from '../../../query/base/errors.ts';
import type { EvolutionInput } from '../../../query/base/schemas.ts';
import { answer, service } from '../service.ts';
import { examples } from '../terminal/help.ts';

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
