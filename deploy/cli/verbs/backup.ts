// `faultline backup` and `faultline restore`.
import type { Command } from 'commander';
import { addFlagsLate, flagValues } from '../late-flags.ts';
import { examples } from '../terminal/help.ts';
import { print, printJson, table } from '../terminal/output.ts';

const FLAGS = new Set([
  'data-dir',
  'clickhouse-url',
  'clickhouse-cluster',
  'clickhouse-user',
  'clickhouse-password',
]);

const collect = (value: string, before: string[] = []) => [...before, value];

/** Adds the verbs to the program. */
export function addBackupVerbs(program: Command): void {
  withSettings(
    examples(
      program.command('backup <to>'),
      'faultline backup /mnt/backups/monday --data-dir /var/lib/faultline',
      `faultline backup "S3('https://bucket.example/monday')" --clickhouse-url https://clickhouse.example:8443`,
      `faultline backup "Disk('backups', 'monday/{shard}')" --clickhouse-cluster prod --clickhouse-url http://ch-1:8123`,
    ),
  )
    .description('all tables and the queue, while everything runs')
    .action((to: string, _options: object, command: Command) => run('backup', to, command));
  withSettings(
    examples(
      program.command('restore <from>'),
      'faultline restore /mnt/backups/monday --data-dir /var/lib/faultline-2',
    ),
  )
    .description('what a backup holds, into an empty data folder or database')
    .action((from: string, _options: object, command: Command) => run('restore', from, command));
}

function withSettings(verb: Command): Command {
  verb.option('--json', 'print JSON');
  return addFlagsLate(verb, (flags) => {
    for (const { flag, variable, help, fallback, repeatable } of flags) {
      if (!FLAGS.has(flag)) continue;
      const text = `${help} [${variable}]${fallback ? ` (default ${fallback})` : ''}`;
      if (repeatable) verb.option(`--${flag} <value>`, text, collect);
      else verb.option(`--${flag} <value>`, text);
    }
  });
}

async function run(verb: 'backup' | 'restore', place: string, command: Command): Promise<void> {
  const { json, ...given } = flagValues(command);
  const { readSettings } = await import('../../settings.ts');
  const { backUpTo, restoreFrom } = await import('../../backup/index.ts');
  const settings = readSettings(given);
  const { startProgress } = await import('../terminal/progress.ts');
  const progress = startProgress(verb === 'backup' ? 'backing up, bytes' : 'restoring, bytes');
  const act = verb === 'backup' ? backUpTo : restoreFrom;
  const result = await act(place, settings, progress.at).finally(progress.end);
  if (json) return printJson(result);
  const rows = Object.entries(result.tables).map(([name, count]) => [name, String(count)]);
  print(table(['table', 'rows'], rows));
  const sizes = `${mib(result.bytes)} of tables and ${mib(result.queueBytes)} of the queue`;
  print(`${sizes} ${verb === 'backup' ? 'backed up' : 'restored'}`);
}

const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
