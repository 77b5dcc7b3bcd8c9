// Secrets that show by how they begin: keys of cloud and model providers, JWTs, bearer and basic
// credentials, private keys.
import {
  ALNUM,
  DIGIT,
  DOLLAR,
  DOT,
  HEX,
  hasAny,
  isAt,
  isKeyStart,
  isWordStart,
  JOINER,
  PATH_SIGN,
  runEnd,
  TOKEN,
  UPPER,
  WORD,
} from './characters.ts';
import type { Codes } from './codes.ts';
import type { Match } from './match.ts';
import { RULES } from './rules.generated.ts';

interface Prefix {
  readonly text: string;
  /** Code of the first character, which is compared first. */
  readonly first: number;
  readonly kind: string;
  /** Sorts of the characters behind it, and the least number of them. */
  readonly sorts: number;
  readonly least: number;
  /** So long that it is one also behind letters: `keysk-proj-…`. */
  readonly isGlued: boolean;
  readonly isMixed: boolean;
  /** Of characters of the key before it. */
  readonly before: number;
}

const SORTS: Readonly<Record<string, number>> = {
  hex: HEX,
  alnum: ALNUM,
  upper: DIGIT | UPPER,
  word: WORD,
  dotted: WORD | DOT,
  base64: TOKEN,
  path: TOKEN | PATH_SIGN,
  crypt: TOKEN | PATH_SIGN | DOLLAR,
  uuid: HEX | JOINER,
  capitals: DIGIT | UPPER | JOINER,
  paypal: ALNUM | DOLLAR,
};
const MIN_GLUED = 7;

const PREFIXES: readonly Prefix[] = [...RULES.formats.own, ...RULES.formats.gitleaks.prefixes].map(
  ({ prefix: text, body, least, kind = 'api_key', mixed = false, glued = false, before = 0 }) => ({
    text,
    kind,
    first: text.charCodeAt(0),
    sorts: SORTS[body]!,
    least,
    isGlued: glued || (text.length >= MIN_GLUED && /[-_]/.test(text)),
    isMixed: mixed,
    before,
  }),
);

/** The character by which a prefix is noticed, the rarest first; never the first, which has none before it. */
const ANCHORS = '_-$/.KzIZQxAGTXHSEROVDCLNPWFUMY01789pwvhy';
const offsetOf = ({ text }: Prefix): number => {
  const last = text.length - 1;
  if ('-_.$'.includes(text[last]!) && last > 0) return last;
  for (const anchor of ANCHORS) {
    const at = text.indexOf(anchor, 1);
    if (at > 0) return at;
  }
  return last;
};

/** Where {@link prefixedKey} has to run: 1 at `before * 128 + anchor`. */
export const PREFIX_PAIRS: Uint8Array = new Uint8Array(128 * 128);

type Placed = readonly [Prefix, offset: number];

const TRIPLES = 0x3fff;
/** Prefixes by three characters, of which the last is their anchor; of those with one before it, by it and its neighbours. */
const UP_TO = new Array<Placed[] | undefined>(TRIPLES + 1).fill(undefined);
const AROUND = new Array<Placed[] | undefined>(TRIPLES + 1).fill(undefined);

function triple(first: number, second: number, third: number): number {
  return (first * 961 + second * 31 + third) & TRIPLES;
}

// The longest first: it is the one that is meant.
for (const prefix of PREFIXES.toSorted((a, b) => b.text.length - a.text.length)) {
  const offset = offsetOf(prefix);
  const around = [-2, -1, 0, 1].map((at) => prefix.text.charCodeAt(offset + at));
  const [first, before, anchor, next] = around as [number, number, number, number];
  PREFIX_PAIRS[before * 128 + anchor] = 1;
  if (offset > 1) put(UP_TO, triple(first, before, anchor), [prefix, offset]);
  else if (next >= 0) put(AROUND, triple(before, anchor, next), [prefix, offset]);
  else {
    for (let any = 0; any < 128; any++) put(AROUND, triple(before, anchor, any), [prefix, offset]);
  }
}

function put(table: (Placed[] | undefined)[], at: number, placed: Placed): void {
  const known = table[at];
  if (known === undefined) table[at] = [placed];
  else known.push(placed);
}

/** Whether the codes around an anchor are those of a prefix, as far as three of them show. */
export function mayBePrefix(codes: Codes, index: number): boolean {
  const before = codes[index - 1]!;
  const anchor = codes[index]!;
  return (
    UP_TO[triple(codes[index - 2]!, before, anchor)] !== undefined ||
    AROUND[triple(before, anchor, codes[index + 1]!)] !== undefined
  );
}

/** A key whose prefix has its anchor at `index`. */
export function prefixedKey(text: string, index: number): Match | undefined {
  const before = text.charCodeAt(index - 1);
  const anchor = text.charCodeAt(index);
  return (
    oneOf(UP_TO[triple(text.charCodeAt(index - 2), before, anchor)], text, index) ??
    oneOf(AROUND[triple(before, anchor, text.charCodeAt(index + 1))], text, index)
  );
}

function oneOf(prefixes: Placed[] | undefined, text: string, index: number): Match | undefined {
  if (prefixes === undefined) return undefined;
  for (const [prefix, offset] of prefixes) {
    const at = index - offset;
    if (text.charCodeAt(at) !== prefix.first || !text.startsWith(prefix.text, at)) continue;
    const start = prefix.before > 0 ? keyStart(text, at) : at;
    if (at - start < prefix.before) continue;
    if (!prefix.isGlued && prefix.before === 0 && !isKeyStart(text, start)) continue;
    const body = at + prefix.text.length;
    const end = keyEnd(text, body, prefix.sorts);
    // Words that are joined by hyphens are no key.
    if (end - body < prefix.least || !hasAny(text, start, end, DIGIT | UPPER)) continue;
    if (prefix.isMixed && !MIXED.test(text.slice(body, end))) continue;
    return { start, end, kind: prefix.kind };
  }
  return undefined;
}

const MIXED = /^(?=.*[0-9])(?=.*[A-Z]).*[a-z]/;
const MAX_BEFORE = 80;

function keyStart(text: string, at: number): number {
  let start = at;
  while (start > at - MAX_BEFORE && isAt(text, start - 1, WORD | DOT)) start--;
  return start;
}

/** Where a key ends, without what a sentence has put behind it. */
function keyEnd(text: string, body: number, sorts: number): number {
  let end = runEnd(text, body, sorts);
  while (end > body && '.:,'.includes(text[end - 1]!)) end--;
  return end;
}

const AWS_SECRET =
  /\\{0,3}["'`]?\s{0,4}[,:;|\s]\s{0,4}\\{0,3}["'`]?([0-9A-Za-z/+]{40})(?![0-9A-Za-z/+=])/y;

/** The secret that stands behind the id of a key of AWS, which ends at `end`. */
export function awsSecret(text: string, end: number): Match | undefined {
  AWS_SECRET.lastIndex = end;
  const secret = AWS_SECRET.exec(text)?.[1];
  if (secret === undefined || !MIXED.test(secret)) return undefined;
  return { start: AWS_SECRET.lastIndex - 40, end: AWS_SECRET.lastIndex, kind: 'aws_key' };
}

/** A key of Mailchimp, the hyphen before whose data centre is at `index`. */
export function mailchimpKey(text: string, index: number): Match | undefined {
  const start = index - 32;
  if (start < 0 || !text.startsWith('us', index + 1)) return undefined;
  const end = runEnd(text, index + 3, DIGIT);
  if (end === index + 3) return undefined;
  if (!/^[0-9a-f]{32}$/.test(text.slice(start, index)) || isAt(text, start - 1, ALNUM))
    return undefined;
  return { start, end, kind: 'api_key' };
}

/** A Discord bot: the id of the bot, a time and a signature. */
const DISCORD = /[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,40}/y;
/** A personal access token of Airtable. */
const AIRTABLE = /pat[0-9A-Za-z]{14}\.[0-9a-f]{64}/y;
const DISCORD_ID = 28;

/** A key of parts, whose first '.' is at `index`. */
export function dottedKey(text: string, index: number): Match | undefined {
  if (text[index + 7] === '.') {
    let start = index;
    while (start > index - DISCORD_ID && isAt(text, start - 1, WORD)) start--;
    DISCORD.lastIndex = start;
    if (DISCORD.test(text)) return { start, end: DISCORD.lastIndex, kind: 'api_key' };
  }
  const start = index - 17;
  if (start < 0 || !text.startsWith('pat', start)) return undefined;
  AIRTABLE.lastIndex = start;
  if (!AIRTABLE.test(text)) return undefined;
  return { start, end: AIRTABLE.lastIndex, kind: 'api_key' };
}

const TELEGRAM = /:AA[\w-]{32,40}/y;

/** The token of a Telegram bot, whose ':' is at `index`. */
export function telegramKey(text: string, index: number): Match | undefined {
  if (text[index + 1] !== 'A' || text[index + 2] !== 'A') return undefined;
  TELEGRAM.lastIndex = index;
  if (!TELEGRAM.test(text)) return undefined;
  let start = index;
  while (start > index - 12 && isAt(text, start - 1, DIGIT)) start--;
  if (index - start < 8) return undefined;
  return { start, end: TELEGRAM.lastIndex, kind: 'api_key' };
}

const JWT_PARTS = 5;

/** A JWT (or JWE) whose `eyJ` has its last letter at `index`. */
export function jwt(text: string, index: number): Match | undefined {
  const start = index - 2;
  if (start < 0 || !text.startsWith('eyJ', start) || !isWordStart(text, start)) return undefined;
  let end = runEnd(text, index + 1, WORD);
  if (end - start < 11 || text[end] !== '.') return undefined;
  const second = runEnd(text, end + 1, WORD);
  if (second - end < 9) return undefined;
  end = second;
  for (let part = 2; part < JWT_PARTS && text[end] === '.'; part++) {
    const next = runEnd(text, end + 1, WORD);
    // The full stop of a sentence.
    if (next === end + 1) break;
    end = next;
  }
  return { start, end, kind: 'jwt' };
}

const SCHEME = /(?:bearer|basic)[ \t]{1,8}/iy;

/** The credentials behind the word `Bearer` or `Basic` at `index`. */
export function schemeCredentials(text: string, index: number): Match | undefined {
  const next = text.charCodeAt(index + 1) | 0x20;
  if (next !== 0x65 && next !== 0x61) return undefined;
  SCHEME.lastIndex = index;
  if (!SCHEME.test(text) || !isWordStart(text, index)) return undefined;
  const start = SCHEME.lastIndex;
  const end = runEnd(text, start, TOKEN);
  if (end - start < 8 || !isOpaque(text, start, end)) return undefined;
  return { start, end, kind: next === 0x65 ? 'bearer' : 'basic_auth' };
}

/** Whether it looks made by a machine: with a digit, or a capital behind the first letter. */
export function isOpaque(text: string, start: number, end: number): boolean {
  return hasAny(text, start + 1, end, DIGIT | UPPER);
}

const PUTTY = /Private-Lines:[ \t]*\d{1,4}\r?\n/y;

/** The lines of a key of PuTTY's, from the '-' of `Private-Lines` at `index`. */
export function puttyKey(text: string, index: number): Match | undefined {
  const start = index - 'Private'.length;
  if (start < 0 || !text.startsWith('Private', start)) return undefined;
  PUTTY.lastIndex = start;
  if (!PUTTY.test(text)) return undefined;
  const mac = text.indexOf('Private-MAC', PUTTY.lastIndex);
  return { start: PUTTY.lastIndex, end: mac < 0 ? text.length : mac, kind: 'private_key' };
}

const KEY_BEGIN = /-{4,5} ?BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)? ?-{4,5}/y;
const KEY_END = /-{4,5} ?END [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)? ?-{4,5}/g;

/** A private key in PEM from `index`; one without its end reaches to the end of the text. */
export function privateKey(text: string, index: number): Match | undefined {
  KEY_BEGIN.lastIndex = index;
  if (!KEY_BEGIN.test(text)) return undefined;
  KEY_END.lastIndex = KEY_BEGIN.lastIndex;
  const end = KEY_END.test(text) ? KEY_END.lastIndex : text.length;
  return { start: index, end, kind: 'private_key' };
}
