// Which words are the code's: those that stand in messages of errors in the sources of many packages.
import { COMMON_WORDS, OTHER_WORDS } from './code-words.ts';

const COMMON: ReadonlySet<string> = new Set(COMMON_WORDS.split(/\s+/));
const OTHER: ReadonlySet<string> = new Set(OTHER_WORDS.split(/\s+/));

/** Whether a word, in lower case, stands in the messages of several packages. */
export function isCodeWord(word: string): boolean {
  return COMMON.has(word) || OTHER.has(word);
}

/** Whether it stands in those of so many that it is hardly ever a value. */
export function isCommonWord(word: string): boolean {
  return COMMON.has(word);
}
