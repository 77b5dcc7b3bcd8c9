// `faultline doctor`: says what is wrong with this machine or with what runs on it, and what to do.

import type { Command } from 'commander';
import { oneLine } from '../../../query/base/text.ts';
import { type Finding, fail } from '../../doctor/finding.ts';
import type { Settings } from '../../settings.ts';
import { addFlagsLate, flagValues } from '../late-flags.ts';
import { examples } from '../terminal/help.ts';
import { print, printJson, terminalWidth } from '../terminal/output.ts';
import { meaning } from '../terminal/style.ts';
import { displayWidth } from '../terminal/width.ts';

const collect = (value: string, before: string[] = []) => [...before, value];

/** What of `faultline start` matters here; all of it can come from its environment variables. */
const FLAGS = new Set([
  'data-dir',
  'host',
  'otlp-http-port',
  'otlp-grpc-port',
  'query-port',
  'embedded-port',
  'embedded-native-port',
  'clickhouse-url',
  'clickhouse-cluster',
  'clickhouse-user',
  'clickhouse-password',
  'ingest-token',
]);

/** Adds the verb to the program. */
export function addDoctorVerb(program: Command): void {
  const verb = examples(
    program.command('doctor'),
    'faultline doctor',
    'faultline doctor --clickhouse-url https://clickhouse.example:8443 --json',
  )
    .description('checks Node, chDB, disk, clock, ports, ClickHouse and the way of a test span')
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
  addFlagsLate(verb, (flags) => {
    for (const { flag, variable, help, fallback, repeatable } of flags) {
      if (!FLAGS.has(flag)) continue;
      const text = `${help} [${variable}]${fallback ? ` (default ${fallback})` : ''}`;
      if (repeatable) verb.option(`--${flag} <value>`, text, collect);
      else verb.option(`--${flag} <value>`, text);
    }
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
  const { readSettings } = await import('../../settings.ts');
  let settings: Settings;
  try {
    settings = readSettings(flagValues(command));
  } catch (error) {
    return [fail('settings', (error as Error).message, 'mend that first')];
  }
  const { examine } = await import('../../doctor/doctor.ts');
  const { FAULTLINE_URL, FAULTLINE_COLLECTOR_URL, FAULTLINE_TOKEN } = process.env;
  return examine({
    settings,
    query: flags.url ?? FAULTLINE_URL,
    otlpHttp: flags.collectorUrl ?? FAULTLINE_COLLECTOR_URL,
    token: flags.token ?? FAULTLINE_TOKEN,
  });
}

function describe({ check, status, detail, advice }: Finding): string {
  const line = `${meaning(status.padEnd(5))} ${check.padEnd(18)} ${wrapped(detail)}`;
  return advice ? `${line}\n${' '.repeat(INDENT)}${wrapped(advice)}` : line;
}

/** Where details begin. */
const INDENT = 25;

/** The text in lines that end before the terminal does: advice must not be cut. */
function wrapped(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of oneLine(text).split(' ')) {
    if (line && displayWidth(line) + displayWidth(word) + 1 > terminalWidth() - INDENT) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line].join(`\n${' '.repeat(INDENT)}`);
}
