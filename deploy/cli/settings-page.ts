// Writes docs/settings.md: the settings of the server, of the verbs and of the instrumentation. With --check it
// only fails when the page is out of date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { VARIABLES } from '../../instrumentation/semconv/variables.ts';
import { flagHelp } from '../settings.ts';
import { createProgram } from './program.ts';

const page = new URL('../../docs/settings.md', import.meta.url);

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');

const code = (text: string): string => (text === '' ? '' : `\`${text}\``);

const ofServer = flagHelp.map(({ flag, variable, fallback, help, repeatable }) => [
  code(`--${flag}`),
  code(variable),
  code(fallback),
  repeatable && !help.includes('repeatable') ? `${help} (repeatable)` : help,
]);

const verbsBy = new Map<string, { help: string; flags: Map<string, string[]> }>();

/** Notes the options of all verbs below a command that have a variable. */
function noteVariables(command: Command, path = ''): void {
  for (const verb of command.commands) {
    const name = `${path}${verb.name()}`;
    for (const { envVar, long, description } of verb.options) {
      if (!envVar || !long) continue;
      const known = verbsBy.get(envVar) ?? { help: description, flags: new Map() };
      known.flags.set(long, [...(known.flags.get(long) ?? []), name]);
      verbsBy.set(envVar, known);
    }
    noteVariables(verb, `${name} `);
  }
}
noteVariables(createProgram());

const MANY = 10;
const verbsOf = (verbs: readonly string[]): string =>
  verbs.length > MANY ? 'verbs that ask' : verbs.map(code).join(', ');
const ofVerbs = [...verbsBy]
  .sort(([one], [other]) => one.localeCompare(other))
  .map(([variable, { help, flags }]) => [
    code(variable),
    [...flags].map(([flag, verbs]) => `${code(flag)} of ${verbsOf(verbs)}`).join('; '),
    help,
  ]);

const ofInstrumentation = Object.entries(VARIABLES).map(([name, variable]) => [
  code(name),
  variable.fallback,
  'only' in variable ? `${variable.meaning} (${variable.only} only)` : variable.meaning,
]);

const text = `<!-- Generated from the settings by \`npm run generate\`. Do not edit. -->

# Settings

## Of \`faultline start\`

A flag wins over its variable, a variable over the default. Repeated flags are one variable with commas. A value that
cannot be used is refused at the start, with the name of the setting and what is allowed.

${table(['flag', 'variable', 'default', 'what it is'], ofServer)}

## Of the verbs

${table(['variable', 'in place of', 'what it is'], ofVerbs)}

## Of the instrumentation

In the process of the agent, in JavaScript and in Python. Besides these, OpenTelemetry's own \`OTEL_SDK_DISABLED\`,
\`OTEL_SERVICE_NAME\`, \`OTEL_RESOURCE_ATTRIBUTES\` and \`OTEL_EXPORTER_OTLP_*\` are honoured.

${table(['variable', 'default', 'what it does'], ofInstrumentation)}
`;

if (!process.argv.includes('--check')) {
  writeFileSync(page, text);
} else if (!existsSync(page) || readFileSync(page, 'utf8') !== text) {
  console.error('docs/settings.md differs from the settings: run `npm run generate`');
  process.exitCode = 1;
}
