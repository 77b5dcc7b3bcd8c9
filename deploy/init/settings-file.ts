// Adds one entry to a settings file that may exist already, without touching anything else in it.
import { isDeepStrictEqual } from 'node:util';
import { applyEdits, modify, type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import { parse as parseToml, stringify as stringifyToml } from 'smol-toml';
import type { ClientFile } from './clients.ts';

const NAME = 'faultline';

/** What the file should hold, or why it is left as it is. */
export type Edit =
  | { readonly kind: 'write'; readonly text: string }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Works out the text of a settings file with our entry in it.
 *
 * @param before the file's text, or undefined when there is no such file
 */
export function withEntry(
  file: ClientFile,
  before: string | undefined,
  entry: Readonly<Record<string, unknown>>,
): Edit {
  const text = before ?? '';
  const read = file.syntax === 'json' ? readJson(text) : readToml(text);
  if ('reason' in read) return { kind: 'refused', reason: read.reason };
  const servers = read.value[file.section];
  if (servers !== undefined && !isRecord(servers)) {
    return { kind: 'refused', reason: `"${file.section}" is not an object` };
  }
  const present = servers?.[NAME];
  if (present !== undefined) {
    return isDeepStrictEqual(plain(present), plain(entry))
      ? { kind: 'unchanged' }
      : { kind: 'refused', reason: `it has another entry named "${NAME}"` };
  }
  return {
    kind: 'write',
    text:
      file.syntax === 'json'
        ? addJson(text, file.section, entry)
        : addToml(text, file.section, entry),
  };
}

/** The entry as a person would add it by hand. */
export function snippet(file: ClientFile, entry: Readonly<Record<string, unknown>>): string {
  return file.syntax === 'json'
    ? JSON.stringify({ [file.section]: { [NAME]: entry } }, null, 2)
    : stringifyToml({ [file.section]: { [NAME]: entry } }).trim();
}

type Read = { readonly value: Readonly<Record<string, unknown>> } | { readonly reason: string };

function readJson(text: string): Read {
  if (text.trim() === '') return { value: {} };
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error) {
    const line = text.slice(0, error.offset).split('\n').length;
    return { reason: `not valid JSON in line ${line}: ${printParseErrorCode(error.error)}` };
  }
  return isRecord(value) ? { value } : { reason: 'its JSON is not an object' };
}

function readToml(text: string): Read {
  try {
    return { value: parseToml(text) };
  } catch (error) {
    return { reason: `not valid TOML: ${(error as Error).message.split('\n')[0]}` };
  }
}

function addJson(text: string, section: string, entry: Readonly<Record<string, unknown>>): string {
  const start = text.trim() === '' ? '{}\n' : text;
  const indent = /^(\t| {2,8})\S/m.exec(start)?.[1] ?? '  ';
  const edits = modify(start, [section, NAME], entry, {
    formattingOptions: { insertSpaces: indent !== '\t', tabSize: indent.length, eol: '\n' },
  });
  const after = applyEdits(start, edits);
  return after.endsWith('\n') ? after : `${after}\n`;
}

function addToml(text: string, section: string, entry: Readonly<Record<string, unknown>>): string {
  const table = `${stringifyToml({ [section]: { [NAME]: entry } }).trim()}\n`;
  return text.trim() === '' ? table : `${text.trimEnd()}\n\n${table}`;
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
