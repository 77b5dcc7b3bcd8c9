// Secrets that show by how they begin: keys of cloud and model providers, JWTs, bearer and basic
// credentials, private keys.
import {
  ALNUM,
  DIGIT,
  DOT,
  HEX,
  hasAny,
  isWordStart,
  runEnd,
  TOKEN,
  UPPER,
  WORD,
} from './characters.ts';
import type { Match } from './match.ts';

interface Prefix {
  readonly text: string;
  readonly kind: string;
  /** Sorts of the characters behind it, and the least number of them. */
  readonly sorts: number;
  readonly least: number;
}

/** `prefix|prefix sorts least`, grouped by what follows. */
const PREFIXES: readonly Prefix[] = [
  ...prefixes('api_key', WORD, 12, 'sk- rk- pk- csk- tvly-'),
  ...prefixes('api_key', ALNUM, 8, 'sk_live_ sk_test_ rk_live_ rk_test_ pk_live_ pk_test_'),
  ...prefixes('api_key', ALNUM, 20, 'gsk_ hf_ r8_ fw_ jina_ e2b_ lin_api_ whsec_ ntn_ sbp_'),
  ...prefixes('api_key', ALNUM, 20, 'ghp_ gho_ ghu_ ghs_ ghr_ glsa_ dop_v1_ shpat_ NRAK-'),
  ...prefixes('api_key', ALNUM, 30, 'npm_'),
  ...prefixes('api_key', WORD, 16, 'xai- pplx- github_pat_ glpat- gldt- glrt- nvapi- pcsk_ lsv2_'),
  ...prefixes('api_key', WORD, 16, 'pypi- dckr_pat_ tgp_v1_ sntrys_ hvs. ya29.'),
  ...prefixes('api_key', WORD, 10, 'xoxa- xoxb- xoxc- xoxd- xoxe- xoxp- xoxr- xoxs- xapp-'),
  ...prefixes('api_key', WORD | DOT, 32, 'SG.'),
  ...prefixes('api_key', WORD, 30, 'AIza'),
  ...prefixes('api_key', HEX, 32, 'SK dapi key-'),
  ...prefixes('aws_key', DIGIT | UPPER, 16, 'AKIA ASIA ABIA'),
];

function prefixes(kind: string, sorts: number, least: number, texts: string): Prefix[] {
  return texts.split(' ').map((text) => ({ text, kind, sorts, least }));
}

/** The character by which a prefix is noticed: its rarest. */
const ANCHORS = '-_.zIK';
const offsetOf = ({ text }: Prefix): number => {
  const last = text.length - 1;
  if (ANCHORS.includes(text[last]!)) return last;
  const index = [...text].findIndex((character) => ANCHORS.includes(character));
  // Of 'dapi', which has no rare character, the 'p'.
  return index < 0 ? text.indexOf('p') : index;
};

/** Prefixes by the anchor and the character before it, as `before * 128 + anchor`. */
const BY_PAIR = new Array<(readonly [Prefix, offset: number])[] | undefined>(128 * 128).fill(
  undefined,
);
for (const prefix of PREFIXES) {
  const offset = offsetOf(prefix);
  const pair = prefix.text.charCodeAt(offset - 1) * 128 + prefix.text.charCodeAt(offset);
  BY_PAIR[pair] = [...(BY_PAIR[pair] ?? []), [prefix, offset]];
}

/** Whether a text has a prefix anywhere: without one {@link prefixedKey} finds nothing in it. */
export const HAS_PREFIX: RegExp = new RegExp(
  PREFIXES.map(({ text }) => text.replaceAll('.', '\\.')).join('|'),
);

/** Where {@link prefixedKey} has to be asked: 1 at `before * 128 + anchor`. */
export const PREFIX_PAIRS: Uint8Array = Uint8Array.from(BY_PAIR, (prefix) => (prefix ? 1 : 0));

/** A key whose prefix has its anchor at `index`. */
export function prefixedKey(text: string, index: number): Match | undefined {
  const before = text.charCodeAt(index - 1);
  if (!(before < 128)) return undefined;
  const candidates = BY_PAIR[before * 128 + text.charCodeAt(index)];
  if (candidates === undefined) return undefined;
  for (const [prefix, offset] of candidates) {
    const start = index - offset;
    if (start < 0 || !text.startsWith(prefix.text, start) || !isWordStart(text, start)) continue;
    const body = start + prefix.text.length;
    const end = runEnd(text, body, prefix.sorts);
    // Words that are joined by hyphens are no key.
    if (end - body < prefix.least || !hasAny(text, body, end, DIGIT | UPPER)) continue;
    return { start, end, kind: prefix.kind };
  }
  return undefined;
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

const KEY_BEGIN = /-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----/y;
const KEY_END = /-----END [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----/g;

/** A private key in PEM from `index`; one without its end reaches to the end of the text. */
export function privateKey(text: string, index: number): Match | undefined {
  KEY_BEGIN.lastIndex = index;
  if (!KEY_BEGIN.test(text)) return undefined;
  KEY_END.lastIndex = KEY_BEGIN.lastIndex;
  const end = KEY_END.test(text) ? KEY_END.lastIndex : text.length;
  return { start: index, end, kind: 'private_key' };
}
