// `faultline doctor`: says what is wrong with this machine or with what runs on it, and what to do.
import type { Command } from 'commander';
import { oneLine, print, printJson } from '../../query/cli/output.ts';
import { flagHelp, readSettings } from '../settings.ts';
import { type Finding, fail } from './finding.ts';

/** What of `faultline start` matters here; all of it can come from its environment variables. */
const FLAGS = new Set([
  'data-dir',
  'host',
  'otlp-http-port',
  'otlp-grpc-port',
  'query-port',
  'embedded-port',
  'clickhouse-url',
  'clickhouse-user',
  'clickhouse-password',
  'ingest-token',
]);

/** Adds the verb to the program. */
export function addDoctorVerb(program: Command): void {
  const verb = program
    .command('doctor')
    .description('checks Node, chDB, disk, clock, ports, ClickHouse and the way of a test span');
  for (const { flag, variable, help, fallback } of flagHelp) {
    if (!FLAGS.has(flag)) continue;
    verb.option(
      `--${flag} <value>`,
      `${help.replace(' (repeatable)', '')} [${variable}]${fallback ? ` (default ${fallback})` : ''}`,
    );
  }
  verb
    .option('--url <url>', 'a running query service, if not at the query port [FAULTLINE_URL]')
    .option('--collector-url <url>', 'a running collector [FAULTLINE_COLLECTOR_URL]')
    .option('--token <token>', 'query or admin token [FAULTLINE_TOKEN]')
    .option('--json', 'print JSON')
    .action(async (flags: DoctorFlags, command: Command) => {
      const findings = await findingsOf(flags, command);
      if (flags.json) printJson({ ok: !findings.some(isFailed), findings });
      else print(findings.map(describe).join('\n'));
      if (findings.some(isFailed)) process.exitCode = 1;
    });
}

interface DoctorFlags {
  url?: string;
  collectorUrl?: string;
  token?: string;
  json?: boolean;
}

const isFailed = ({ status }: Finding): boolean => status === 'fail';

async function findingsOf(flags: DoctorFlags, command: Command): Promise<Finding[]> {
  const given = Object.fromEntries(
    command.options.map((option) => [
      option.long!.slice(2),
      command.getOptionValue(option.attributeName()),
    ]),
  );
  let settings: ReturnType<typeof readSettings>;
  try {
    settings = readSettings(given);
  } catch (error) {
    return [fail('settings', (error as Error).message, 'mend that first')];
  }
  const { examine } = await import('./doctor.ts');
  const { FAULTLINE_URL, FAULTLINE_COLLECTOR_URL, FAULTLINE_TOKEN } = process.env;
  return examine({
    settings,
    query: flags.url ?? FAULTLINE_URL,
    otlpHttp: flags.collectorUrl ?? FAULTLINE_COLLECTOR_URL,
    token: flags.token ?? FAULTLINE_TOKEN,
  });
}

function describe({ check, status, detail, advice }: Finding): string {
  const line = `${status.padEnd(5)} ${check.padEnd(18)} ${oneLine(detail)}`;
  return advice ? `${line}\n      ${' '.repeat(18)} ${oneLine(advice)}` : line;
}
