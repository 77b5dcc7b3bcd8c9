// What counts as before an evolution when its own window is empty.
import { type Counts, countUnits, type Sum, type Unit } from './counts.ts';
import type { Ledger, Question } from './ledger.ts';
import { NEVER, type Side, type Window } from './windows.ts';

export interface SumBefore {
  sum: Sum;
  notes: string[];
}

/**
 * What counts as before each question. Where no attempt on the old version is dated before the
 * evolution, its attempts at any time count; where it has none, those on any version but the new ones.
 */
export async function sumsBefore(
  { store, agent }: Ledger,
  questions: Question[],
  windows: Window[],
  units: Unit[],
  counts: Counts,
): Promise<SumBefore[]> {
  const found = questions.map(({ evolution }, index) => {
    const { before } = windows[index]!;
    const sum = counts.of(index, before);
    if (sum.attempts > 0 || before.refs === null || evolution.status === 'reverted') {
      return { sum, notes: [] };
    }
    const whenever = counts.of(index, { ...before, since: '', until: NEVER });
    return whenever.attempts === 0 || before.since !== ''
      ? { sum, notes: [] }
      : { sum: whenever, notes: [DATED_LATER] };
  });
  const missing = found.flatMap(({ sum }, index) =>
    sum.attempts === 0 && windows[index]!.before.refs ? [index] : [],
  );
  if (missing.length === 0) return found;
  const sides = missing.map((index): Side => {
    const { before, after } = windows[index]!;
    return { refs: null, except: after.refs ?? after.except, since: '', until: before.until };
  });
  const others = await countUnits(
    store,
    agent,
    missing.map((index) => units[index]!),
    sides,
  );
  missing.forEach((index, place) => {
    const sum = others.of(place, sides[place]!);
    if (sum.attempts > 0) found[index] = { sum, notes: [OTHER_VERSIONS] };
  });
  return found;
}

const DATED_LATER =
  'No attempt on the old version is dated before the evolution (clocks differ): its attempts at any time are counted.';
const OTHER_VERSIONS =
  'No attempt on the old version is on record: those on other versions before the evolution are counted.';
