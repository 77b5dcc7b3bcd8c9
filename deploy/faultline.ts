#!/usr/bin/env node
// The `faultline` executable: verbs that run things live here, verbs that ask in query/cli.
import { Command, CommanderError, Option } from 'commander';
import { addQueryVerbs } from '../query/cli/verbs.ts';
import { addDeadLetterVerbs } from './dead-letters.ts';
import { addDoctorVerb } from './doctor/verb.ts';
import { addFingerprintVerb } from './fingerprint.ts';
import { addHiveVerbs } from './hive.ts';
import { addMcpVerb } from './mcp.ts';
import { flagHelp, readSettings } from './settings.ts';
import { version } from './version.ts';

const program = new Command('faultline')
  .description('Failure memory for self-healing agents.')
  .version(version)
  .configureOutput({
    outputError: (text, write) => write(`faultline: ${text.replace(/^error: /, '')}`),
  })
  .showHelpAfterError('(faultline --help lists the verbs)');

const startVerb = program
  .command('start')
  .description('collector and query service over embedded ClickHouse, or over a server');
const collect = (value: string, before: string[] = []) => [...before, value];
for (const { flag, variable, help, fallback, repeatable, isSwitch } of flagHelp) {
  const text = `${help} [${variable}]${fallback ? ` (default ${fallback})` : ''}`;
  if (repeatable) startVerb.option(`--${flag} <value>`, text, collect);
  else startVerb.option(isSwitch ? `--${flag} [value]` : `--${flag} <value>`, text);
}
startVerb.action(async (_options, command: Command) => {
  const settings = readSettings(flagValues(command));
  const { createLogger, start } = await import('./start.ts');
  const { runUntilSignal } = await import('./run.ts');
  await runUntilSignal(settings, createLogger(settings), start);
});

program
  .command('demo')
  .description('the whole loop on a real graph: run, fail, read, evolve, run again')
  .addOption(
    new Option('--story <name>', 'loop: a real graph; fix-ledger: three fixes and what they did')
      .choices(['loop', 'fix-ledger'])
      .default('loop'),
  )
  .option('--keep-running', 'leave everything up for a look around', false)
  .action(async ({ story, keepRunning }: { story: string; keepRunning: boolean }) => {
    const { demo } = await import('./demo/demo.ts');
    const { fixLedger } = await import('./demo/fix-ledger/story.ts');
    await (story === 'fix-ledger' ? fixLedger : demo)({ keepRunning });
  });

program
  .command('migrate')
  .description('bring the database of a ClickHouse server to this version and end')
  .requiredOption(
    '--clickhouse-url <url>',
    'the server [FAULTLINE_CLICKHOUSE_URL]',
    process.env.FAULTLINE_CLICKHOUSE_URL,
  )
  .option('--clickhouse-user <user>', 'user [FAULTLINE_CLICKHOUSE_USER]')
  .option('--clickhouse-password <password>', 'password [FAULTLINE_CLICKHOUSE_PASSWORD]')
  .option('--retention-days <days>', 'days to keep failures [FAULTLINE_RETENTION_DAYS]')
  .action(async (_options, command: Command) => {
    const settings = readSettings(flagValues(command));
    const { migrate } = await import('./clickhouse/migrate.ts');
    const { applied, already } = await migrate(
      {
        url: settings['clickhouse-url']!,
        username: settings['clickhouse-user'],
        password: settings['clickhouse-password'],
      },
      { database: 'faultline', retentionDays: settings['retention-days'] },
    );
    console.log(`applied ${applied.length} migrations, ${already} were there before`);
  });

addQueryVerbs(program);
addDeadLetterVerbs(program);
addFingerprintVerb(program);
addHiveVerbs(program);
addMcpVerb(program);
addDoctorVerb(program);

/** What was given on the command line, by flag name; commander itself uses camel case. */
function flagValues(command: Command): Record<string, unknown> {
  return Object.fromEntries(
    command.options.map((option) => [
      option.long!.slice(2),
      command.getOptionValue(option.attributeName()),
    ]),
  );
}

program.exitOverride();
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  console.error(`faultline: ${(error as Error).message}`);
  if (process.env.FAULTLINE_LOG_LEVEL === 'debug') console.error(error);
  process.exit(1);
}
