// A loop that makes no progress: a node that says the same over and over.
import { textIn } from '../text.ts';
import type { FailureCondition, NodeContext } from '../types.ts';
import { type LibraryOptions, usual } from './part.ts';

/** Options of {@link loopStalled}. */
export interface StallOptions extends Omit<LibraryOptions<NodeContext>, 'of'> {
  /** The part of an output that is meant. @default the whole output */
  readonly of?: (output: unknown) => unknown;
  /** How many outputs in a row have to be alike, this one included; 2 to 51. @default 3 */
  readonly repeats?: number;
  /** From which on two outputs are alike, above 0 to 1; 1 = the same. @default 0.95 */
  readonly similarity?: number;
}

const MAX_CHARS = 4000;

/**
 * Fires if the last outputs of the node in this run are alike: its own and each of the `repeats - 1`
 * before it. Texts are compared without regard to case and white space, by the share of three-character
 * sequences that they have in common (Dice's coefficient), over at most 4,000 characters. Empty outputs
 * are not compared. Class `loop.stall`, major.
 */
export function loopStalled(options: StallOptions = {}): FailureCondition<NodeContext> {
  const { repeats = 3, similarity = 0.95, of = (output) => output, ...others } = options;
  if (!Number.isInteger(repeats) || repeats < 2 || repeats > 51) {
    throw new TypeError(
      `failure condition: repeats must be a whole number from 2 to 51, got ${repeats}`,
    );
  }
  if (!(similarity > 0 && similarity <= 1)) {
    throw new TypeError(`failure condition: similarity must be above 0 to 1, got ${similarity}`);
  }
  const read = (output: unknown) =>
    textIn(of(output), MAX_CHARS).toLowerCase().replace(/\s+/g, ' ').trim();
  return usual<NodeContext>(others, {
    name: 'loop_stalled',
    class: 'loop.stall',
    message: 'the node gives the same output over and over',
    history: repeats - 1,
    when: ({ output, earlier }) => {
      if (earlier.length < repeats - 1) return false;
      const text = read(output);
      if (text === '') return false;
      const alike = earlier.slice(1 - repeats).map((one) => likeness(text, read(one.output)));
      const least = Math.min(...alike);
      return least >= similarity && { repeats, similarity: Math.round(least * 1000) / 1000 };
    },
  });
}

function likeness(one: string, other: string): number {
  if (one === other) return 1;
  const [few, many] = [trigrams(one), trigrams(other)];
  const total = sum(few) + sum(many);
  if (total === 0) return 0;
  let common = 0;
  for (const [trigram, count] of few) common += Math.min(count, many.get(trigram) ?? 0);
  return (2 * common) / total;
}

function trigrams(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at + 3 <= text.length; at += 1) {
    const trigram = text.slice(at, at + 3);
    counts.set(trigram, (counts.get(trigram) ?? 0) + 1);
  }
  return counts;
}

function sum(counts: Map<string, number>): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}
