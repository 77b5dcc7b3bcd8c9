// Colours of words that matter, where the terminal shows colours: NO_COLOR and FORCE_COLOR are obeyed.
import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** The text in this format where standard output shows it, else as it is. */
export const styled = (format: Format, text: string): string =>
  styleText(format, text, { stream: process.stdout });

const FORMATS: Readonly<Record<string, Format>> = {
  // States of a group.
  regressed: 'red',
  escalating: 'red',
  new: 'yellow',
  resolved: 'green',
  ignored: 'dim',
  // What happened next.
  terminal: 'red',
  escalated: 'red',
  degraded: 'yellow',
  recovered: 'green',
  // Verdicts.
  effective: 'green',
  harmful: 'red',
  ineffective: 'yellow',
  // Advice on an evolution.
  evolve: 'yellow',
  revert: 'red',
  ask: 'yellow',
  insufficient_exposure: 'dim',
  // Findings of the doctor.
  ok: 'green',
  warn: 'yellow',
  fail: 'red',
};

/** Colours a word by what it means; others stay as they are. Spaces around it do not matter. */
export function meaning(text: string): string {
  const format = FORMATS[text.trim()];
  return format ? styled(format, text) : text;
}
