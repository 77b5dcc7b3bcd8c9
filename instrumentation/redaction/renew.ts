// Renews the table of key formats in `rules.json` from the rules of gitleaks (MIT), which follow the providers:
//
//   curl -O https://raw.githubusercontent.com/gitleaks/gitleaks/<commit>/config/gitleaks.toml
//   npx tsx instrumentation/redaction/renew.ts gitleaks.toml <commit> <YYYY-MM-DD>
//   npm run generate
//
// Taken are rules that show a key by how it begins; `own` formats of `rules.json` are kept and win. What has
// changed is shown by `git diff`; `npm test` says whether a new format damages what is harmless.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const RULES = fileURLToPath(new URL('./rules.json', import.meta.url));
/** Shorter beginnings are also those of words. */
const MIN_PREFIX = 4;
/** Providers let keys grow, and seldom shrink: the least length is below that of today. */
const SHORTER = 0.75;
const MAX_LEAST = 40;

interface Format {
  readonly prefix: string;
  readonly body: string;
  readonly least: number;
}

/** The alternatives of an expression up to its first class of characters: `(?:a|b)_[0-9]{3}` has two. */
function formatsOf(regex: string): Format[] {
  let rest = regex.replace(/^\(\?i\)/, '').replace(/\\b/g, '');
  while (/^\((?!\?)/.test(rest)) rest = rest.slice(1);
  let prefixes = [''];
  for (;;) {
    const literal = /^(?:[A-Za-z0-9_:/$@~-]|\\[.\-/$])(?![*?+{])/.exec(rest)?.[0];
    const choice = /^\(\?:([A-Za-z0-9_|-]+)\)/.exec(rest);
    const few = /^\[([A-Za-z]{2,4})\](?![*?+{])/.exec(rest);
    if (literal !== undefined) {
      prefixes = prefixes.map((prefix) => prefix + literal.replace('\\', ''));
      rest = rest.slice(literal.length);
    } else if (choice || few) {
      const parts = choice ? choice[1]!.split('|') : [...few![1]!];
      prefixes = prefixes.flatMap((prefix) => parts.map((part) => prefix + part));
      rest = rest.slice((choice ?? few)![0].length);
    } else break;
  }
  const run = /^(?:\(\?i:)?(\[[^\]]+\]+|\\w)\{(\d+)/.exec(rest);
  if (!run) return [];
  const least = Math.min(MAX_LEAST, Math.floor(Number(run[2]) * SHORTER));
  return prefixes
    .filter(
      (prefix) => prefix.length >= MIN_PREFIX && /[-_.$]|[A-Z]{4}/.test(prefix) && least >= 10,
    )
    .map((prefix) => ({ prefix, body: bodyOf(run[1]!), least }));
}

function bodyOf(characters: string): string {
  if (/[+/=]/.test(characters)) return 'base64';
  if (/\\?\./.test(characters)) return 'dotted';
  if (/[_-]\]|\\w|_\\-|\\-_/.test(characters)) return 'word';
  return /^\[(?:a-f|A-F|0-9|\\d)+\]$/.test(characters) ? 'hex' : 'alnum';
}

const [file, commit, date] = process.argv.slice(2);
if (!file || !commit || !date) throw new Error('expected: gitleaks.toml, its commit, the date');
const rules = JSON.parse(readFileSync(RULES, 'utf8'));
const own = new Set(rules.formats.own.map(({ prefix }: Format) => prefix));
const found = new Map<string, Format>();
for (const [, regex] of readFileSync(file, 'utf8').matchAll(/^regex = '''(.*)'''$/gm)) {
  for (const format of formatsOf(regex!)) {
    if (own.has(format.prefix)) continue;
    const before = found.get(format.prefix);
    if (!before || before.least > format.least) found.set(format.prefix, format);
  }
}
rules.version = date;
rules.formats.gitleaks = {
  commit,
  prefixes: [...found.values()].sort((a, b) => (a.prefix < b.prefix ? -1 : 1)),
};
writeFileSync(RULES, `${JSON.stringify(rules, null, 2)}\n`);
