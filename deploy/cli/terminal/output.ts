// How answers look in a terminal.
import { jsonEscape, oneLine } from '../../../query/base/text.ts';
import { styled } from './style.ts';
import { cutToWidth, displayWidth, padToWidth } from './width.ts';

/** A column of a table; a plain name is one that may be cut. */
export interface Column {
  name: string;
  /** Never cut: an id that is cut is none. */
  whole?: boolean;
  /** Columns of the terminal that it needs at least. @default 8 */
  least?: number;
  /** Left out where the terminal is too narrow for all; the last such column goes first. */
  optional?: boolean;
  /** Colours a cell that is already as wide as its column. */
  style?: (cell: string) => string;
}

const LEAST = 8;
const GAP = 2;

/**
 * A table of columns under their names, cut with ellipses to fit.
 *
 * @param width the terminal's columns
 */
export function table(
  columns: readonly (string | Column)[],
  rows: readonly string[][],
  width = terminalWidth(),
): string {
  const all = columns.map((column, index) => ({
    ...(typeof column === 'string' ? {} : column),
    name: oneLine(typeof column === 'string' ? column : column.name),
    cells: rows.map((row) => oneLine(row[index]!)),
  }));
  let shown = all;
  let widths = fitted(shown, width);
  while (!widths && shown.some(({ optional }) => optional)) {
    const last = shown.findLastIndex(({ optional }) => optional);
    shown = shown.toSpliced(last, 1);
    widths = fitted(shown, width);
  }
  const known = widths ?? shown.map(leastWidth);
  const line = (cellOf: (column: (typeof all)[number]) => string, isHead = false): string => {
    const cells = shown.map((column, index) => {
      const columnWidth = known[index]!;
      const cell = cutToWidth(cellOf(column), columnWidth);
      return index === shown.length - 1 ? cell : padToWidth(cell, columnWidth);
    });
    if (isHead) return styled('bold', cutToWidth(cells.join('  ').trimEnd(), width));
    if (!widths) return cutToWidth(cells.join('  '), width);
    return cells.map((cell, index) => shown[index]!.style?.(cell) ?? cell).join('  ');
  };
  const left = all.filter((column) => !shown.includes(column)).map(({ name }) => name);
  return [
    line(({ name }) => name, true),
    ...rows.map((_, row) => line(({ cells }) => cells[row]!)),
    ...(left.length > 0
      ? [styled('dim', cutToWidth(`(too narrow for ${left.join(', ')})`, width))]
      : []),
  ].join('\n');
}

interface Filled extends Column {
  cells: string[];
}

const naturalWidth = ({ name, cells }: Filled): number =>
  Math.max(displayWidth(name), ...cells.map(displayWidth));

const leastWidth = (column: Filled): number =>
  column.whole
    ? naturalWidth(column)
    : Math.min(naturalWidth(column), Math.max(column.least ?? LEAST, displayWidth(column.name)));

/** The columns' widths, the widest cut until all fit; undefined when they cannot. */
function fitted(columns: readonly Filled[], width: number): number[] | undefined {
  const widths = columns.map((column) => Math.min(naturalWidth(column), width));
  const least = columns.map(leastWidth);
  for (let over = sum(widths) + GAP * (columns.length - 1) - width; over > 0; over--) {
    const free = widths.map((own, index) => (own > least[index]! ? own : 0));
    const widest = Math.max(...free);
    if (widest === 0) return undefined;
    widths[free.indexOf(widest)]! -= 1;
  }
  return widths;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);

/** Columns of the terminal; unbounded when the output goes to a file or a pipe. */
export function terminalWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;
}

// What a terminal acts on or does not show; as JSON escapes the text stays the same.
const unseenInJson = /[\u007f-\u009f\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\u2028\u2029]/gu;

/** JSON in which no text can act on a terminal; on one line without `indent`. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(unseenInJson, jsonEscape);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${jsonText(value, 2)}\n`);
}

let output: NodeJS.WriteStream = process.stdout;

/** From now on `print` writes to standard error, because standard output is for JSON alone. */
export function printToStderr(): void {
  output = process.stderr;
}

export function print(text: string): void {
  output.write(`${text.replace(/\n+$/, '')}\n`);
}
