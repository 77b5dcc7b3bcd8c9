// Whether two messages can be renderings of one: they agree in every word of the code, and differ only
// where at least one of them has a value. For the mapping beside the fingerprint, which sees many
// messages and not only one (docs/decisions/0039-mapping.md).
import { placeWords } from './message/positions.ts';
import { reduced } from './message/reduce.ts';
import { scan } from './message/scanner.ts';
import { BREAK, CODE, Tokens, WORD } from './message/tokens.ts';
import { isCodeWord } from './vocabulary/words.ts';

/** A word that stands in messages of the code of many packages. */
const OF_CODE = 0;
/** A status, an errno, a name that a runtime quotes. */
const OF_CODE_ONLY = 1;
/** A word that no package's code is known for: a value, or a name of this program. */
const UNKNOWN = 2;
/** A number, a path, a quote: a value by its form. */
const VALUE = 3;

export interface Unit {
  text: string;
  kind: number;
}

const MAX_UNITS = 64;
/** Words of the code that both have to have. */
const MIN_COMMON = 2;
/** Of the words of the code of the message that has fewer. */
const MIN_SHARE = 0.8;
/** Of a filler that holds words of the code too: so many of its words have to be unknown. */
const UNKNOWN_SHARE = 0.5;

const tokens = new Tokens();

/** The words, codes and values of a message in their order; bounded, whatever the message is. */
export function unitsOf(message: string): Unit[] {
  scan(reduced(message), tokens);
  const forms = tokens.kinds.slice(0, tokens.count);
  placeWords(tokens);
  const units: Unit[] = [];
  for (let i = 0; i < tokens.count && units.length < MAX_UNITS; i++) {
    if (forms[i] === BREAK) continue;
    const kind = unitKind(forms[i]!, i);
    if (kind !== VALUE) units.push({ text: tokens.lowerAt(i), kind });
    else if (units.at(-1)?.kind !== VALUE) units.push({ text: '', kind });
  }
  return units;
}

function unitKind(form: number, i: number): number {
  if (tokens.kinds[i] === CODE) return OF_CODE_ONLY;
  if (form !== WORD) return VALUE;
  return isCodeWord(tokens.lowerAt(i)) ? OF_CODE : UNKNOWN;
}

/** Whether they can be two renderings of one message; the same in both orders. */
export function agree(first: readonly Unit[], second: readonly Unit[]): boolean {
  const [one, other] = textIn(first) < textIn(second) ? [first, second] : [second, first];
  const pairs = commonUnits(one, other);
  const common = pairs.filter(([i]) => isSignificant(one[i]!)).length;
  const fewest = Math.min(significantIn(one), significantIn(other));
  if (common < MIN_COMMON || common < MIN_SHARE * fewest) return false;
  let [from, otherFrom] = [0, 0];
  for (const [to, otherTo] of [...pairs, [one.length, other.length] as const]) {
    if (!isSlot(one.slice(from, to), other.slice(otherFrom, otherTo))) return false;
    [from, otherFrom] = [to + 1, otherTo + 1];
  }
  return true;
}

/** Whether what one has where the other has something else can be two fillers of one slot. */
function isSlot(filler: readonly Unit[], other: readonly Unit[]): boolean {
  const both = [...filler, ...other];
  if (both.some(({ kind }) => kind === OF_CODE_ONLY)) return false;
  const [words, otherWords] = [significantIn(filler), significantIn(other)];
  if (words === 0 && otherWords === 0) return true;
  // Words of the code against nothing: one says more than the other.
  if (filler.length === 0 || other.length === 0) return false;
  if (words === 0 || otherWords === 0) return true;
  return Math.max(unknownShare(filler), unknownShare(other)) >= UNKNOWN_SHARE;
}

function unknownShare(units: readonly Unit[]): number {
  const words = units.filter(({ kind }) => kind !== VALUE);
  return words.filter(({ kind }) => kind === UNKNOWN).length / words.length;
}

const textIn = (units: readonly Unit[]): string => units.map(({ text }) => text).join(' ');
const isSignificant = ({ kind }: Unit): boolean => kind === OF_CODE || kind === OF_CODE_ONLY;
const significantIn = (units: readonly Unit[]): number => units.filter(isSignificant).length;

/** What a unit weighs in what two messages have in common: words of the code before all else. */
const WEIGHTS = [4, 4, 2, 1];

/** The heaviest common subsequence, as pairs of places. */
function commonUnits(one: readonly Unit[], other: readonly Unit[]): [number, number][] {
  const width = other.length + 1;
  const weights = new Uint16Array((one.length + 1) * width);
  const at = (i: number, j: number): number => weights[i * width + j]!;
  const matched = (i: number, j: number): number =>
    one[i]!.text === other[j]!.text && one[i]!.kind === other[j]!.kind
      ? at(i + 1, j + 1) + WEIGHTS[one[i]!.kind]!
      : 0;
  for (let i = one.length - 1; i >= 0; i--) {
    for (let j = other.length - 1; j >= 0; j--) {
      weights[i * width + j] = Math.max(matched(i, j), at(i + 1, j), at(i, j + 1));
    }
  }
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < one.length && j < other.length; ) {
    if (matched(i, j) > 0 && at(i, j) === matched(i, j)) pairs.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return pairs;
}
