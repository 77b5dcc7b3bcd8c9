// Secrets that a whole phrase says: a statement, a command, a line of a file, a name in letters beyond ASCII, a row
// under the name of its column.
import { looksSecret, secretName } from './keys.ts';
import { type Match, markEnd } from './match.ts';
import { RULES } from './rules.generated.ts';

const FORMS = RULES.phrases.map(({ has, form, kind, least = 0 }) => ({
  has,
  form: new RegExp(form, 'dg'),
  kind,
  least,
}));
const IN_ASCII = /^[\x20-\x7e]+$/;
const ASCII_FORMS = FORMS.filter(({ has }) => IN_ASCII.test(has[0]!));
const OTHER_FORMS = FORMS.filter((form) => !ASCII_FORMS.includes(form));

const INSERTS = ['INSERT INTO ', 'insert into '];
const ESCAPED = /[.*+?^${}()|[\]\\]/g;
const ANY = new RegExp(
  [...INSERTS, ...ASCII_FORMS.flatMap(({ has }) => has)]
    .map((part) => part.replace(ESCAPED, '\\$&'))
    .join('|'),
);

/** Of the pairs of a text's characters, as `before * 128 + character`: a bit for each phrase that one may be part of. */
export const PHRASE_PAIRS = new Uint16Array(128 * 128);
[...ASCII_FORMS.map(({ has }) => has), INSERTS].forEach((has, bit) => {
  for (const part of has) {
    const pair = rarestPair(part);
    PHRASE_PAIRS[pair.charCodeAt(0) * 128 + pair.charCodeAt(1)]! |= 1 << bit;
  }
});

/** The pair with the fewest small letters and spaces. */
function rarestPair(part: string): string {
  const pairs = Array.from({ length: part.length - 1 }, (_, at) => part.slice(at, at + 2));
  const commonness = (pair: string): number => pair.replace(/[^a-z ]/g, '').length;
  return pairs.reduce((best, pair) => (commonness(pair) < commonness(best) ? pair : best));
}

/**
 * The secrets of phrases in a text, in no order.
 * @param bits of {@link PHRASE_PAIRS}, of all pairs of the text together
 */
export function phrases(text: string, isAscii: boolean, bits: number): Match[] {
  if (isAscii && (bits === 0 || text.length < SHORTEST)) return NOTHING;
  const found: Match[] = [];
  ASCII_FORMS.forEach((form, bit) => {
    if ((bits & (1 << bit)) === 0) return;
    if (form.has.some((part) => text.includes(part))) addAll(found, text, form);
  });
  for (const form of isAscii ? [] : OTHER_FORMS) {
    if (form.has.some((part) => text.includes(part))) addAll(found, text, form);
  }
  if (INSERTS.some((words) => text.includes(words))) addRows(found, text);
  return found;
}

const NOTHING: Match[] = [];
const SHORTEST = 12;

/** Whether {@link phrases} would look closer at a text in ASCII. */
export function mayHavePhrase(text: string): boolean {
  return text.length >= SHORTEST && ANY.test(text);
}

function addAll(found: Match[], text: string, { form, kind, least }: (typeof FORMS)[number]): void {
  for (const { indices } of text.matchAll(form)) {
    const [start, end] = indices![1]!;
    if (markEnd(text, start) >= 0) continue;
    if (least === 0 || looksSecret(text, start, end, least)) found.push({ start, end, kind });
  }
}

const COLUMNS =
  /\b(?:INSERT INTO|insert into) [^\s(]{1,128} ?\(([^()]{1,1024})\)\s{0,8}(?:VALUES|values)\s{0,8}/g;
/** Values that SQLAlchemy prints behind the statement. */
const PARAMETERS = /\[parameters: (?=\()/y;
const VALUE =
  /\s{0,8}(?:'((?:[^'\\]|''|\\.){0,1024})'|"([^"]{0,1024})"|([^\s,()'"]{1,256}(?:\(\))?))\s{0,4}([,)])/dy;
const MAX_ROWS = 1000;
/** How far behind a row its parameters are looked for. */
const MAX_BETWEEN = 256;

/** Values in the rows of a statement, under the names of their columns. */
function addRows(found: Match[], text: string): void {
  for (const columns of text.matchAll(COLUMNS)) {
    const names = columns[1]!.split(',').map((name) => secretName(name.replace(/["'`\s]/g, '')));
    if (names.every((name) => name === undefined)) continue;
    let at = columns.index + columns[0].length;
    for (let row = 0; row < MAX_ROWS && text[at] === '('; row++) {
      at = addRow(found, text, at + 1, names);
      at = behindRow(text, at);
    }
  }
}

function addRow(
  found: Match[],
  text: string,
  from: number,
  names: readonly ReturnType<typeof secretName>[],
): number {
  let at = from;
  for (const name of names) {
    VALUE.lastIndex = at;
    const value = VALUE.exec(text);
    if (value === null) return at;
    at = VALUE.lastIndex;
    const [start, end] = value.indices![1] ?? value.indices![2] ?? [0, 0];
    const isOpen = end === start || markEnd(text, start) >= 0 || name === undefined;
    if (!isOpen && (name.least === 0 || looksSecret(text, start, end, name.least))) {
      found.push({ start, end, kind: name.kind });
    }
    if (value[4] === ')') return at;
  }
  return at;
}

/** Where the next row starts: behind a comma, or in the parameters behind the statement. */
function behindRow(text: string, from: number): number {
  let at = from;
  while (at < from + 8 && (text[at] === ',' || text[at] === ' ' || text[at] === '\n')) at++;
  if (text[at] === '(') return at;
  const next = from + text.slice(from, from + MAX_BETWEEN).indexOf('[parameters: ');
  if (next < from) return text.length;
  PARAMETERS.lastIndex = next;
  return PARAMETERS.test(text) ? PARAMETERS.lastIndex : text.length;
}
