// Card numbers: digits of a known issuer, written in one piece or in the groups of a card, with a
// right check digit.
import { ALNUM, DIGIT, isAt, isWordStart, runEnd } from './characters.ts';
import type { Match } from './match.ts';

/** How cards group their digits; a single group has 13 to 19. */
const GROUPS: readonly (readonly number[])[] = [
  [4, 4, 4, 4, 3],
  [4, 4, 4, 4],
  [4, 6, 5],
  [4, 6, 4],
];
const MIN_DIGITS = 13;
const MAX_DIGITS = 19;

/** Beginnings of the numbers of each issuer, and their lengths. */
const ISSUERS: readonly RegExp[] = [
  /^4(?:\d{12}|\d{15}|\d{18})$/,
  /^(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}$/,
  /^3[47]\d{13}$/,
  /^3(?:0[0-5]|[689]\d)\d{11}$/,
  /^(?:6011|65\d\d|64[4-9]\d)\d{12}$/,
  /^35(?:2[89]|[3-8]\d)\d{12}$/,
  /^62\d{14,17}$/,
];

/** A card number that starts at `start`. */
export function card(text: string, start: number): Match | undefined {
  // Part of a hex number, a name or a fraction.
  if (start > 0 && isPartOfMore(text, start - 1, -1)) return undefined;
  const end = runEnd(text, start, DIGIT, start + MAX_DIGITS + 1);
  const length = end - start;
  if (length >= MIN_DIGITS) {
    return length <= MAX_DIGITS && !isPartOfMore(text, end, 1) && isCard(text.slice(start, end))
      ? { start, end, kind: 'card' }
      : undefined;
  }
  const separator = text[end];
  if (length !== 4 || (separator !== ' ' && separator !== '-')) return undefined;
  for (const groups of GROUPS) {
    const last = groupsEnd(text, start, groups, separator);
    if (last < 0 || isPartOfMore(text, last, 1)) continue;
    if (isCard(text.slice(start, last).replaceAll(separator, ''))) {
      return { start, end: last, kind: 'card' };
    }
  }
  return undefined;
}

/** Whether the digits go on at `index`, as a word or as a fraction does. */
function isPartOfMore(text: string, index: number, step: 1 | -1): boolean {
  if (text[index] === '_') return true;
  if (text[index] === '.') return isAt(text, index + step, DIGIT);
  return isAt(text, index, ALNUM) && (step > 0 || !isWordStart(text, index + 1));
}

function groupsEnd(
  text: string,
  start: number,
  groups: readonly number[],
  separator: string,
): number {
  let at = start;
  for (const [i, size] of groups.entries()) {
    if (i > 0 && text[at++] !== separator) return -1;
    if (runEnd(text, at, DIGIT, at + size + 1) !== at + size) return -1;
    at += size;
  }
  return at;
}

function isCard(digits: string): boolean {
  return ISSUERS.some((issuer) => issuer.test(digits)) && hasCheckDigit(digits);
}

/** Luhn's check (ISO/IEC 7812-1, annex B). */
function hasCheckDigit(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const weighed = i % 2 === 0 ? digit : digit * 2;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0;
}
