// The verbs that run something: `faultline start`, `demo` and `migrate`.
import { type Command, Option } from 'commander';
import type { Logger } from 'pino';
import type { StageOptions } from '../../demo/stage.ts';
import type { Settings } from '../../settings.ts';
import type { Running } from '../../start.ts';
import { outliveReader } from '../exit.ts';
import { addFlagsLate, flagValues } from '../late-flags.ts';
import { examples } from '../terminal/help.ts';
import { print, printJson } from '../terminal/output.ts';

/** Adds the verbs to the program. */
export function addRunVerbs(program: Command): void {
  addStart(program);
  addDemo(program);
  addMigrate(program);
}

const collect = (value: string, before: string[] = []) => [...before, value];

function addStart(program: Command): void {
  const verb = examples(
    program.command('start'),
    'faultline start',
    'faultline start --data-dir /var/lib/faultline --retention-days 30',
    'faultline start --clickhouse-url https://clickhouse.example:8443 --log-format json',
  )
    .description('collector and query service over embedded ClickHouse, or over a server')
    .option('--json', 'print JSON lines: the same as --log-format json')
    .action(async ({ json }: { json?: boolean }, command: Command) => {
      const given = flagValues(command);
      const { readSettings } = await import('../../settings.ts');
      const settings = readSettings(
        json ? { ...given, 'log-format': given['log-format'] ?? 'json' } : given,
      );
      const { createLogger } = await import('../../logger.ts');
      const { runUntilSignal } = await import('../../run.ts');
      outliveReader();
      // gRPC's own lines on standard error; what they are about is an error of ours or not of interest.
      process.env.GRPC_VERBOSITY ??= 'NONE';
      await runUntilSignal(settings, createLogger(settings), startInParallel);
    });
  addFlagsLate(verb, (flags) => {
    for (const { flag, variable, help, fallback, repeatable, isSwitch } of flags) {
      const text = `${help} [${variable}]${fallback ? ` (default ${fallback})` : ''}`;
      if (repeatable) verb.option(`--${flag} <value>`, text, collect);
      else verb.option(isSwitch ? `--${flag} [value]` : `--${flag} <value>`, text);
    }
  });
}

/** The engine starts in a process of its own while this one loads the rest. */
async function startInParallel(settings: Settings, logger: Logger): Promise<Running> {
  const { storageOf } = await import('../../storage.ts');
  const opening = storageOf(settings, logger);
  // Why it failed is what `start` throws when it waits for it.
  opening.catch(() => {});
  try {
    const { start } = await import('../../start.ts');
    return await start(settings, logger, () => opening);
  } catch (error) {
    await opening.then(
      (storage) => storage.stop(),
      () => {},
    );
    throw error;
  }
}

function addDemo(program: Command): void {
  examples(
    program.command('demo'),
    'faultline demo',
    'faultline demo --keep-running',
    'faultline demo --story fix-ledger',
    'faultline demo --story cluster',
  )
    .description('the whole loop on a real graph: run, fail, read, evolve, run again')
    .addOption(
      new Option(
        '--story <name>',
        'loop: a real graph; fix-ledger: three fixes and what they did; cluster: three shards, two of the others, kills',
      )
        .choices(['loop', 'fix-ledger', 'cluster'])
        .default('loop'),
    )
    .option('--keep-running', 'leave everything up for a look around', false)
    .option('--json', 'print where everything is as JSON, and the story on standard error')
    .action(async ({ story, ...options }: StageOptions & { story: string }) => {
      const stories: Record<string, () => Promise<void>> = {
        loop: async () => (await import('../../demo/demo.ts')).demo(options),
        'fix-ledger': async () =>
          (await import('../../demo/fix-ledger/story.ts')).fixLedger(options),
        cluster: async () => (await import('../../demo/cluster/story.ts')).clusterStory(options),
      };
      await stories[story]!();
    });
}

function addMigrate(program: Command): void {
  examples(
    program.command('migrate'),
    'faultline migrate --clickhouse-url https://clickhouse.example:8443 --clickhouse-user admin',
  )
    .description('bring the database of a ClickHouse server to this version and end')
    .addOption(
      new Option('--clickhouse-url <url>', 'the server (repeatable)')
        .argParser(collect)
        .env('FAULTLINE_CLICKHOUSE_URL')
        .makeOptionMandatory(),
    )
    .option(
      '--clickhouse-cluster <name>',
      'cluster of these servers [FAULTLINE_CLICKHOUSE_CLUSTER]',
    )
    .option('--clickhouse-user <user>', 'user [FAULTLINE_CLICKHOUSE_USER]')
    .option('--clickhouse-password <password>', 'password [FAULTLINE_CLICKHOUSE_PASSWORD]')
    .option('--retention-days <days>', 'days to keep failures [FAULTLINE_RETENTION_DAYS]')
    .option(
      '--copy-from <url>',
      'then copy the rows of this server, as the same user (docs/cluster.md)',
    )
    .option('--copy-database <name>', 'their database there', 'faultline')
    .option('--json', 'print JSON')
    .action(async ({ json, copyFrom, copyDatabase }: MigrateFlags, command: Command) => {
      const { readSettings } = await import('../../settings.ts');
      const { 'copy-from': _, 'copy-database': __, ...given } = flagValues(command);
      const settings = readSettings(given);
      const { DATABASE, migrate } = await import('../../clickhouse/migrate.ts');
      const { migrateCluster } = await import('../../clickhouse/cluster/migrate-cluster.ts');
      const { startProgress } = await import('../terminal/progress.ts');
      const progress = startProgress('migrations');
      const connection = {
        url: settings['clickhouse-url'],
        username: settings['clickhouse-user'],
        password: settings['clickhouse-password'],
      };
      const options = {
        database: DATABASE,
        retentionDays: settings['retention-days'],
        onProgress: progress.at,
      };
      const cluster = settings['clickhouse-cluster'];
      const result = await (cluster === undefined
        ? migrate(connection, options)
        : migrateCluster(connection, { ...options, cluster })
      ).finally(progress.end);
      const copied =
        copyFrom === undefined ? undefined : await copyRows(settings, copyFrom, copyDatabase);
      if (json) return printJson({ ...result, ...(copied && { copied }) });
      const { applied, already } = result;
      print(`applied ${applied.length} migrations, ${already} were there before`);
      for (const [table, rows] of Object.entries(copied ?? {}))
        print(`copied ${rows} rows of ${table}`);
    });
}

interface MigrateFlags {
  json?: boolean;
  copyFrom?: string;
  copyDatabase: string;
}

async function copyRows(
  settings: Settings,
  url: string,
  database: string,
): Promise<Record<string, number>> {
  const { DATABASE } = await import('../../clickhouse/migrate.ts');
  const { copyTables } = await import('../../clickhouse/cluster/copy.ts');
  const { storageOf } = await import('../../storage.ts');
  const { createLogger } = await import('../../logger.ts');
  const { startProgress } = await import('../terminal/progress.ts');
  const { writer } = await storageOf(settings, createLogger(settings));
  const { username, password } = writer;
  const progress = startProgress('copied parts');
  return copyTables({
    from: { url, username, password, database },
    to: { ...writer, database: DATABASE },
    onProgress: progress.at,
  }).finally(progress.end);
}
