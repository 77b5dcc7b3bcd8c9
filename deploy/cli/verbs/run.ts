// The verbs that run something: `faultline start`, `demo` and `migrate`.
import { type Command, Option } from 'commander';
import type { StageOptions } from '../../demo/stage.ts';
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
      const { createLogger, start } = await import('../../start.ts');
      const { runUntilSignal } = await import('../../run.ts');
      outliveReader();
      await runUntilSignal(settings, createLogger(settings), start);
    });
  addFlagsLate(verb, (flags) => {
    for (const { flag, variable, help, fallback, repeatable, isSwitch } of flags) {
      const text = `${help} [${variable}]${fallback ? ` (default ${fallback})` : ''}`;
      if (repeatable) verb.option(`--${flag} <value>`, text, collect);
      else verb.option(isSwitch ? `--${flag} [value]` : `--${flag} <value>`, text);
    }
  });
}

function addDemo(program: Command): void {
  examples(
    program.command('demo'),
    'faultline demo',
    'faultline demo --keep-running',
    'faultline demo --story fix-ledger',
  )
    .description('the whole loop on a real graph: run, fail, read, evolve, run again')
    .addOption(
      new Option('--story <name>', 'loop: a real graph; fix-ledger: three fixes and what they did')
        .choices(['loop', 'fix-ledger'])
        .default('loop'),
    )
    .option('--keep-running', 'leave everything up for a look around', false)
    .option('--json', 'print where everything is as JSON, and the story on standard error')
    .action(async ({ story, ...options }: StageOptions & { story: string }) => {
      const { demo } = await import('../../demo/demo.ts');
      const { fixLedger } = await import('../../demo/fix-ledger/story.ts');
      await (story === 'fix-ledger' ? fixLedger : demo)(options);
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
    .option('--clickhouse-user <user>', 'user [FAULTLINE_CLICKHOUSE_USER]')
    .option('--clickhouse-password <password>', 'password [FAULTLINE_CLICKHOUSE_PASSWORD]')
    .option('--retention-days <days>', 'days to keep failures [FAULTLINE_RETENTION_DAYS]')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }, command: Command) => {
      const { readSettings } = await import('../../settings.ts');
      const settings = readSettings(flagValues(command));
      const { migrate } = await import('../../clickhouse/migrate.ts');
      const { startProgress } = await import('../terminal/progress.ts');
      const progress = startProgress('migrations');
      const result = await migrate(
        {
          url: settings['clickhouse-url'],
          username: settings['clickhouse-user'],
          password: settings['clickhouse-password'],
        },
        {
          database: 'faultline',
          retentionDays: settings['retention-days'],
          onProgress: progress.at,
        },
      ).finally(progress.end);
      if (json) return printJson(result);
      const { applied, already } = result;
      print(`applied ${applied.length} migrations, ${already} were there before`);
    });
}
