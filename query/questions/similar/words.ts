// The words of a message as migration 0016 takes them from templates: letters only, without values.
import { MESSAGE_CHARACTERS } from './question.ts';

const MAX_WORDS = 40;
const PLACEHOLDER = /<[a-z_]+>/g;
/** A word with a digit in it is a value. */
const VALUE = /[\p{L}\p{N}_-]*\d[\p{L}\p{N}_-]*/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII but letters, as ClickHouse's splitByNonAlpha
const BETWEEN = /[\u0000-\u0040\u005b-\u0060\u007b-\u007f]+/;

/** The words, each once, in their order. */
export function wordsOf(message: string): string[] {
  const words = cleaned(message)
    .toLowerCase()
    .split(BETWEEN)
    .filter((word) => {
      const { length } = [...word];
      return length >= 2 && length <= 40;
    });
  return [...new Set(words)].slice(0, MAX_WORDS);
}

/** The message without values, cut to what is compared. */
export function cleaned(message: string): string {
  const cut = [...message.slice(0, 2 * MESSAGE_CHARACTERS)].slice(0, MESSAGE_CHARACTERS).join('');
  return cut.replace(PLACEHOLDER, ' ').replace(VALUE, ' ').replace(/\s+/g, ' ').trim();
}
