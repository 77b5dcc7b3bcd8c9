// Reads the registry and writes what is generated from it: the constants of TypeScript and Python, the zod schemas
// and the docs table. `--check` writes nothing and fails when a generated file differs from the registry.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { CLASS_FACTS } from './failure-classes.ts';

interface Member {
  id: string;
  value: string;
  brief: string;
}
interface Attribute {
  id: string;
  type: string | { members: Member[] };
  stability: string;
  brief: string;
  examples: unknown[];
  annotations?: { faultline?: { aliases?: string[]; max_bytes?: number; minimum?: number } };
}
interface AttributeRef {
  ref: string;
  requirement_level: string | { conditionally_required: string };
}
interface Group {
  id: string;
  type: 'attribute_group' | 'span' | 'event';
  name?: string;
  brief: string;
  attributes: (Attribute | AttributeRef)[];
}

const here = new URL('./', import.meta.url);
const notice =
  'Generated from instrumentation/semconv/registry by `npm run generate`. Do not edit.';

const groups: Group[] = readdirSync(new URL('registry/', here))
  .filter((name) => name.endsWith('.yaml') && name !== 'manifest.yaml')
  .sort()
  .flatMap((name) => parse(readFileSync(new URL(`registry/${name}`, here), 'utf8')).groups);

const attributes = groups
  .filter((group) => group.type === 'attribute_group')
  .flatMap((group) => group.attributes as Attribute[]);
const byId = new Map(attributes.map((attribute) => [attribute.id, attribute]));
const carriers = groups.filter((group) => group.type !== 'attribute_group');

for (const carrier of carriers) {
  for (const { ref } of carrier.attributes as AttributeRef[]) {
    if (!byId.has(ref)) throw new Error(`${carrier.id} refers to ${ref}, which no group defines`);
  }
}

const constantName = (id: string): string => `ATTR_${id.toUpperCase().replaceAll('.', '_')}`;
const pascal = (id: string): string =>
  id.replace(/(^|[._])([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const spanName = (group: Group): string => group.id.replace(/^(span|event)\./, '');
const extras = (attribute: Attribute) => attribute.annotations?.faultline ?? {};

function constants(): string {
  const lines = [`// ${notice}`, ''];
  for (const attribute of attributes) {
    lines.push(`/** ${attribute.brief} */`);
    lines.push(`export const ${constantName(attribute.id)} = ${quote(attribute.id)};`);
  }
  for (const attribute of attributes) {
    if (typeof attribute.type === 'string') continue;
    const values = attribute.type.members.map((member) => `  ${quote(member.value)},`);
    const name = `${constantName(attribute.id).slice('ATTR_'.length)}_VALUES`;
    lines.push('', `/** Values of \`${attribute.id}\`. */`);
    lines.push(`export const ${name} = [`, ...values, '] as const;');
    lines.push(`export type ${pascal(attribute.id)} = (typeof ${name})[number];`);
  }
  lines.push('');
  for (const carrier of carriers) {
    const name = spanName(carrier);
    const constant = `${carrier.type.toUpperCase()}_${name.toUpperCase().replaceAll('.', '_')}`;
    lines.push(`/** ${carrier.brief} */`, `export const ${constant} = ${quote(name)};`);
  }
  lines.push('', '/** The most bytes of UTF-8 that the value of an attribute may have. */');
  lines.push('export const MAX_BYTES = {');
  for (const attribute of attributes) {
    const { max_bytes } = extras(attribute);
    if (max_bytes) lines.push(`  ${quote(attribute.id)}: ${max_bytes},`);
  }
  lines.push('} as const;');
  lines.push(
    '',
    "/** Other people's names for our attributes: read, never written. First match wins. */",
  );
  lines.push('export const ALIASES: Readonly<Record<string, readonly string[]>> = {');
  for (const attribute of attributes) {
    const { aliases } = extras(attribute);
    if (aliases) lines.push(`  ${quote(attribute.id)}: [${aliases.map(quote).join(', ')}],`);
  }
  lines.push('};', '');
  return lines.join('\n');
}

/** The same constants for the executor in Python. */
function pythonConstants(): string {
  const lines = [`# ${notice}`, '"""Names and limits of the wire contract."""', ''];
  for (const attribute of attributes) {
    lines.push(`${constantName(attribute.id)} = ${JSON.stringify(attribute.id)}`);
  }
  for (const attribute of attributes) {
    if (typeof attribute.type === 'string') continue;
    const values = attribute.type.members.map(({ value }) => `    ${JSON.stringify(value)},`);
    const name = `${constantName(attribute.id).slice('ATTR_'.length)}_VALUES`;
    lines.push('', `${name} = (`, ...values, ')');
  }
  lines.push('');
  for (const carrier of carriers) {
    const name = spanName(carrier);
    const constant = `${carrier.type.toUpperCase()}_${name.toUpperCase().replaceAll('.', '_')}`;
    lines.push(`${constant} = ${JSON.stringify(name)}`);
  }
  lines.push(
    '',
    '# The most bytes of UTF-8 that the value of an attribute may have.',
    'MAX_BYTES = {',
  );
  for (const attribute of attributes) {
    const { max_bytes } = extras(attribute);
    if (max_bytes) lines.push(`    ${JSON.stringify(attribute.id)}: ${max_bytes},`);
  }
  lines.push('}', '');
  const facts = Object.entries(CLASS_FACTS).map(
    ([name, { is_retriable, needs_graph_change }]) =>
      `    ${JSON.stringify(name)}: (${pythonBool(is_retriable)}, ${pythonBool(needs_graph_change)}),`,
  );
  lines.push('# For each class: whether it is retriable, and whether it needs a changed graph.');
  lines.push('CLASS_FACTS = {', ...facts, '}', '');
  return lines.join('\n');
}

function pythonBool(value: boolean): string {
  return value ? 'True' : 'False';
}

function zodType(attribute: Attribute): string {
  if (typeof attribute.type !== 'string') {
    return `z.enum(constants.${constantName(attribute.id).slice('ATTR_'.length)}_VALUES)`;
  }
  if (attribute.type === 'string') return 'z.string()';
  if (attribute.type === 'string[]') return 'z.array(z.string())';
  if (attribute.type === 'int') {
    const { minimum } = extras(attribute);
    return minimum === undefined ? 'z.int()' : `z.int().min(${minimum})`;
  }
  throw new Error(`${attribute.id} has type ${attribute.type}, which the generator does not know`);
}

function schemas(): string {
  const lines = [`// ${notice}`, '', "import { z } from 'zod';"];
  lines.push("import * as constants from './attributes.ts';");
  for (const carrier of carriers) {
    const name = pascal(spanName(carrier)).replace(/^./, (c) => c.toLowerCase());
    lines.push('', `/** Attributes of ${carrier.brief} */`);
    lines.push(`export const ${name}Attributes = z.looseObject({`);
    for (const { ref, requirement_level } of carrier.attributes as AttributeRef[]) {
      const optional = requirement_level === 'required' ? '' : '.optional()';
      lines.push(`  ${quote(ref)}: ${zodType(byId.get(ref)!)}${optional},`);
    }
    lines.push('});');
  }
  lines.push('');
  return lines.join('\n');
}

function docs(): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const lines = [`<!-- ${notice} -->`, '', '# Semantic conventions', ''];
  lines.push(
    'Set these attributes with any OpenTelemetry SDK in any language and Faultline understands the spans.',
    'Standard attributes are used where they exist. Aliases are read, never written.',
  );
  for (const group of groups.filter((group) => group.type === 'attribute_group')) {
    lines.push('', `## ${group.brief.replace(/\.$/, '')}`, '');
    lines.push(
      '| attribute | type | what | example | limit | aliases |',
      '|---|---|---|---|---|---|',
    );
    for (const attribute of group.attributes as Attribute[]) {
      const type = typeof attribute.type === 'string' ? attribute.type : 'enum';
      const { aliases = [], max_bytes } = extras(attribute);
      const example = cell(`\`${JSON.stringify(attribute.examples[0])}\``);
      const limit = max_bytes ? `${max_bytes / 1024} KiB` : '';
      const others = aliases.map((alias) => `\`${alias}\``).join(', ');
      lines.push(
        `| \`${attribute.id}\` | ${type} | ${cell(attribute.brief)} | ${example} | ${limit} | ${others} |`,
      );
    }
    for (const attribute of group.attributes as Attribute[]) {
      if (typeof attribute.type === 'string') continue;
      lines.push('', `\`${attribute.id}\` is one of:`, '', '| value | meaning |', '|---|---|');
      for (const member of attribute.type.members) {
        lines.push(`| \`${member.value}\` | ${cell(member.brief)} |`);
      }
    }
  }
  lines.push('', '## Spans and events');
  for (const carrier of carriers) {
    lines.push('', `### \`${spanName(carrier)}\``, '', carrier.brief, '');
    lines.push('| attribute | required |', '|---|---|');
    for (const { ref, requirement_level: level } of carrier.attributes as AttributeRef[]) {
      lines.push(
        `| \`${ref}\` | ${typeof level === 'string' ? level : level.conditionally_required} |`,
      );
    }
  }
  lines.push('');
  return lines.join('\n');
}

const outputs: [string, string][] = [
  ['attributes.ts', constants()],
  ['schemas.ts', schemas()],
  ['../python/faultline/semconv.py', pythonConstants()],
  ['../../docs/semantic-conventions.md', docs()],
];
const check = process.argv.includes('--check');
let stale = 0;
for (const [path, text] of outputs) {
  const url = new URL(path, here);
  if (!check) {
    writeFileSync(url, text);
  } else if (readFileSync(url, 'utf8') !== text) {
    console.error(`${path} differs from the registry: run \`npm run generate\``);
    stale += 1;
  }
}
process.exitCode = stale ? 1 : 0;
