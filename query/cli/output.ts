// How answers look in a terminal.
import { stripVTControlCharacters } from 'node:util';

// Text from outside must not move the cursor, colour the screen or hide itself.
const invisible = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

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

/**
 * A table of columns under their names.
 *
 * @param width the terminal's columns; the last column of the table takes what is left and is cut
 */
export function table(columns: string[], rows: string[][], width = terminalWidth()): string {
  const cells = [columns, ...rows.map((row) => row.map(oneLine))];
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map((row) => {
      const line = row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!)))
        .join('  ');
      return line.length > width ? `${line.slice(0, width - 1)}…` : line;
    })
    .join('\n');
}

/** Columns of the terminal; unbounded when the output goes to a file or a pipe. */
function terminalWidth(): number {
  return process.stdout.isTTY ? (process.stdout.columns ?? 80) : Number.POSITIVE_INFINITY;
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function print(text: string): void {
  process.stdout.write(`${text.replace(/\n+$/, '')}\n`);
}
