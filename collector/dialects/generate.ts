// Writes docs/dialects.md: which spans are understood, what they report, and which recordings prove it. With
// --check it only fails when the page is out of date.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readProtobuf } from '../decode/protobuf.ts';
import { atOnce } from '../decode/turns.ts';
import { toRows } from '../materialize/to-rows.ts';
import type { Dialect } from './dialect.ts';
import { DIALECTS } from './index.ts';

const page = new URL('../../docs/dialects.md', import.meta.url);
const recorded = new URL('../../test/interop/recorded/', import.meta.url);

interface Recording {
  dialect: string;
  versions: Readonly<Record<string, string>>;
  scenarios: number;
}

/** What was recorded of each framework; a file of versions names the packages of its recordings. */
function recordings(): Recording[] {
  const files = readdirSync(recorded).sort();
  const versions = files.filter((name) => name.endsWith('.versions.json'));
  const prefixes = versions.map((name) => name.slice(0, -'versions.json'.length));
  return versions.map((name, at) => {
    const own = files.filter((file) => file.endsWith('.otlp.gz') && isOf(file, prefixes, at));
    return {
      dialect: dialectOf(own),
      versions: JSON.parse(readFileSync(new URL(name, recorded), 'utf8')),
      scenarios: own.length,
    };
  });
}

/** Whether a recording goes by this prefix, and by no longer one. */
function isOf(file: string, prefixes: readonly string[], at: number): boolean {
  const fits = prefixes.filter((prefix) => {
    const name = prefix.slice(0, -1);
    return file === `${name}.otlp.gz` || file.startsWith(`${name}-`);
  });
  return fits.sort((one, other) => other.length - one.length)[0] === prefixes[at];
}

/** The dialect that most spans of the recordings are written in. */
function dialectOf(files: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const file of files) {
    const body = gunzipSync(readFileSync(new URL(file, recorded)));
    const read = readProtobuf(body, 'agents', (resource, scope, span) => {
      for (const { dialect } of toRows(resource, scope, span, 1n).rows.trace_spans) {
        counts.set(dialect, (counts.get(dialect) ?? 0) + 1);
      }
    });
    atOnce(read);
  }
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0] ?? '';
}

const all = recordings();
const code = (text: string): string => `\`${text}\``;

function recognised({ prefixes, keys = [], spanNames = [], parts }: Dialect): string {
  const others = parts
    .map(({ key }) => key)
    .filter((key) => !prefixes.some((prefix) => key.startsWith(prefix)));
  const attributes = [
    ...prefixes.map((prefix) => `${prefix}*`),
    ...new Set([...keys, ...others]),
  ].map(code);
  const names = spanNames.length === 0 ? '' : `spans ${spanNames.map(code).join(', ')}`;
  return [attributes.join(', '), names].filter(Boolean).join('; ');
}

function recordedOf({ name }: Dialect): string {
  const own = all.filter(({ dialect }) => dialect === name);
  if (own.length === 0) return 'none';
  return own
    .map(({ versions, scenarios }) => {
      const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
      return `${scenarios} of ${packages.join(', ')}`;
    })
    .join('; ');
}

const HEAD = ['dialect', 'frameworks', 'recognised by', 'reports', 'hides', 'recordings'];

const rows = DIALECTS.map((dialect) => [
  `[${dialect.title}](${dialect.reference}) ${code(dialect.name)}`,
  dialect.frameworks.join(', '),
  recognised(dialect),
  dialect.reports,
  dialect.hides,
  recordedOf(dialect),
]);

const table = [HEAD, HEAD.map(() => '---'), ...rows]
  .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
  .join('\n');

const text = `<!-- Generated from collector/dialects/ by \`npm run generate\`. Do not edit. -->

# Dialects

A dialect is how an instrumentation or a framework writes its spans. Of those that know a span, the first in this list
says what it is, and the others add what it leaves out. _Reports_ and _hides_ are about the spans as they come with the
defaults; that a model's client tried again is in nobody's spans. _Recordings_ are real spans that the tests replay
([test/interop](../test/interop/record/README.md)), with the versions that made them; where there is none, the dialect
follows what is published.

Which instrumentation to take for a framework in Python: [python-frameworks.md](python-frameworks.md). How a pipeline
forwards its spans: [pipelines.md](pipelines.md). Failed spans that no dialect knows are counted by service and name:
\`faultline doctor\`, \`/metrics\`, an empty list.

${table}

A new dialect is a file in \`collector/dialects/\`, a line in its \`index.ts\`, and a recording.
`;

if (!process.argv.includes('--check')) {
  writeFileSync(page, text);
} else if (!existsSync(page) || readFileSync(page, 'utf8') !== text) {
  console.error('docs/dialects.md differs from collector/dialects/: run `npm run generate`');
  process.exitCode = 1;
}
