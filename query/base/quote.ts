// Text that came from outside, made harmless for a prompt: one line, in quotes, capped.
import { jsonEscape } from './text.ts';

// Back-quotes would end a code span; control, bidirectional and zero-width characters hide text, as do
// variation selectors and letters that are blank.
const unsafe = /[`<>\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\u2028\u2029]/gu;

const escapes: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeCharacter(character: string): string {
  return escapes[character] ?? jsonEscape(character);
}

/**
 * Quotes a text as data: a JSON-like string on one line in a Markdown code span, which nothing
 * inside can end.
 *
 * @param limit the most characters to keep; a longer text ends in `…`
 */
export function quoteData(text: string, limit: number): string {
  const characters = Array.from(text.slice(0, limit * 2));
  const kept = characters.slice(0, limit).join('').replace(/["\\]/g, '\\$&');
  const cut = kept.length < text.length && characters.length > limit ? '…' : '';
  return `\`"${kept.replace(unsafe, escapeCharacter)}${cut}"\``;
}

/** Quotes a text of many lines as data, each line as a code span of its own; empty lines are left out. */
export function quoteLines(text: string): string[] {
  return text.split(/\r\n|\n|\r/).flatMap((line) => {
    const end = line.trimEnd();
    return end === '' ? [] : [`\`${end.replace(unsafe, escapeCharacter)}\``];
  });
}

/** Quotes an identifier: short, and without the string's quotation marks. */
export function quoteId(text: string): string {
  return `\`${text.slice(0, 128).replace(unsafe, escapeCharacter)}\``;
}
