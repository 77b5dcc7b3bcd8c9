// `faultline forget`: deletes what is stored of a session, of an agent or of a time.
import type { Command } from 'commander';
import { InvalidInputError } from '../../../query/base/errors.ts';
import { askCollector, atCollector, type CollectorOptions } from '../collector.ts';
import { examples } from '../terminal/help.ts';
import { print, printJson, table } from '../terminal/output.ts';

interface Forgotten {
  rows: Record<string, number>;
  dead_letters: number;
  files_left: number;
}

type Target = { session?: string; agent?: string; before?: string };

/** Adds the verb to the program. */
export function addForgetVerb(program: Command): void {
  examples(
    atCollector(program.command('forget')),
    'faultline forget --session 5f0c1e52',
    'faultline forget --before 2026-10-01T00:00:00Z',
  )
    .description('delete what is stored of a session, of an agent or of a time, for good')
    .option('--session <id>', 'all of this session')
    .option('--agent <id>', 'all of this agent')
    .option('--before <time>', 'all that happened before this ISO 8601 time')
    .action(async ({ session, agent, before, ...options }: CollectorOptions & Target) => {
      const named = Object.entries({ session, agent, before }).filter(
        ([, value]) => value !== undefined,
      );
      if (named.length !== 1) {
        throw new InvalidInputError('forget', 'give one of --session, --agent and --before');
      }
      const target = Object.fromEntries(named);
      const { startProgress } = await import('../terminal/progress.ts');
      const progress = startProgress('deleting');
      progress.at(0);
      const answer = await askCollector<Forgotten>(
        options,
        'POST',
        '/admin/forget',
        target,
      ).finally(progress.end);
      if (options.json) printJson(answer);
      else print(describe(answer));
    });
}

function describe({ rows, dead_letters, files_left }: Forgotten): string {
  const cells = Object.entries({ ...rows, 'dead letters': dead_letters })
    .filter(([, count]) => count > 0)
    .map(([what, count]) => [what, String(count)]);
  if (cells.length === 0) return 'nothing was stored of it';
  const note = files_left > 0 ? `\nClickHouse has ${files_left} old files to remove yet` : '';
  return `${table(['deleted', 'rows'], cells)}${note}`;
}
