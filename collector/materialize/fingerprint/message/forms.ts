// What a word is by its form alone, each word looked at once.
import { isCodeWord } from '../vocabulary/words.ts';
import { kindOf, LETTER } from './characters.ts';
import { BASIC_TYPES } from './conventions.ts';

/** Of another script, or with letters beyond ASCII: the table of words cannot judge it. */
export const FOREIGN = 1;
/** A word of the code, or several with dashes between. */
export const OF_CODE = 2;
/** The name of a basic type, which may be a word of the code besides. */
export const OF_TYPE = 3;
/** A plain word that the table does not have. */
export const UNKNOWN = 4;
/** Underscores, humps, dots: a name of code. */
export const IDENTIFIER = 5;
/** A name that ends with "Error" or "Exception". */
export const ERROR_NAME = 6;

const MAX_CACHED = 8192;
const MAX_CACHED_CHARS = 40;
const forms = new Map<string, number>();

export function formOf(word: string): number {
  let form = forms.get(word);
  if (form === undefined) {
    form = classify(word);
    if (word.length > MAX_CACHED_CHARS) return form;
    if (forms.size >= MAX_CACHED) forms.clear();
    // A copy: a slice would keep the whole message.
    forms.set(Buffer.from(word).toString(), form);
  }
  return form;
}

function classify(word: string): number {
  for (let i = 0; i < word.length; i++) if (word.charCodeAt(i) > 0x7f) return FOREIGN;
  const lower = word.toLowerCase();
  const shape = shapeOf(word);
  if (shape === PLAIN) {
    if (BASIC_TYPES.has(lower)) return OF_TYPE;
    return isCodeWord(lower) || isContraction(lower) ? OF_CODE : UNKNOWN;
  }
  if (shape === DASHED && lower.split(/[-/]/).every(isCodeWord)) return OF_CODE;
  return /(?:error|exception)$/.test(lower) ? ERROR_NAME : IDENTIFIER;
}

/** `can't`, `doesn't` */
function isContraction(word: string): boolean {
  const at = word.indexOf("'");
  if (at < 2) return false;
  return isCodeWord(word.slice(0, at)) || isCodeWord(word.slice(0, at - 1)) || word === "won't";
}

const PLAIN = 0;
const DASHED = 1;
const NAMED = 2;

/** A plain word, words with dashes or slashes between, or a name of code. */
function shapeOf(word: string): number {
  let shape = PLAIN;
  let wasLower = false;
  for (let i = 0; i < word.length; i++) {
    const code = word.charCodeAt(i);
    const isUpper = code >= 0x41 && code <= 0x5a;
    if (kindOf(code) === LETTER) {
      if (isUpper && wasLower) return NAMED;
      wasLower = !isUpper;
      continue;
    }
    wasLower = false;
    if (code === 0x2d || code === 0x2f) shape = DASHED;
    else if (code !== 0x27) return NAMED;
  }
  return shape;
}
