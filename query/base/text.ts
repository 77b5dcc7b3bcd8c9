// Text from outside as a terminal or a line of plain text may show it.
import { stripVTControlCharacters } from 'node:util';

// Text from outside must not move the cursor, colour the screen, hide itself, or pile up marks over the
// lines around it.
const invisible =
  /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\u2028\u2029]|(?<=\p{M}{4})\p{M}+/gu;

/** A character as JSON escapes it: four hexadecimal digits for each of its UTF-16 units. */
export function jsonEscape(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

/** A text from outside as one harmless line. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replace(/\s+/g, ' ').replace(invisible, '');
}

/** A text from outside with its line breaks kept and everything else that could act removed. */
export function manyLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => stripVTControlCharacters(line).replaceAll('\t', '  ').replace(invisible, ''))
    .join('\n');
}

/** A share of 1 as text: `12.5 %`. */
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Whether one of the patterns is the text; a `*` at the end of one stands for any rest. */
export function matches(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern,
  );
}
