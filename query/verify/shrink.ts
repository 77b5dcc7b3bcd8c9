// Finds the smallest part of a failing input that still fails: delta debugging (Zeller and Hildebrandt, 2002)
// over the parts of a JSON value.

/** A JSON value. */
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The smallest input found that still fails. */
export interface Shrunk {
  /** JSON text of the smallest part that failed. */
  input: string;
  runs: number;
  /** Whether the bound on runs ended the search. */
  isCut: boolean;
}

/** Runs that a search may make. */
const MOST_RUNS = 200;

/**
 * @param input JSON text that fails
 * @param fails whether a JSON text fails as the whole input does
 * @param mostRuns @default 200
 */
export async function shrink(
  input: string,
  fails: (input: string) => Promise<boolean>,
  mostRuns: number = MOST_RUNS,
): Promise<Shrunk> {
  const search = new Search(fails, mostRuns);
  const whole = JSON.parse(input) as Json;
  const value = await search.smallest(whole, (part) => part);
  return { input: JSON.stringify(value), runs: search.runs, isCut: search.isOver };
}

type Rebuild = (part: Json) => Json;

class Search {
  runs = 0;
  private readonly fails: (input: string) => Promise<boolean>;
  private readonly mostRuns: number;
  private readonly known = new Map<string, boolean>();

  constructor(fails: (input: string) => Promise<boolean>, mostRuns: number) {
    this.fails = fails;
    this.mostRuns = mostRuns;
  }

  get isOver(): boolean {
    return this.runs >= this.mostRuns;
  }

  /** The smallest value in the place of `value` with which the whole still fails. */
  async smallest(value: Json, rebuild: Rebuild): Promise<Json> {
    if (Array.isArray(value)) return this.smallestList(value, rebuild);
    if (typeof value === 'string') {
      const letters = await this.fewest([...value], (kept) => rebuild(kept.join('')));
      return letters.join('');
    }
    if (value === null || typeof value !== 'object') return value;
    return this.smallestObject(value, rebuild);
  }

  private async smallestList(list: Json[], rebuild: Rebuild): Promise<Json> {
    const kept = await this.fewest(list, rebuild);
    for (let at = 0; at < kept.length; at++) {
      kept[at] = await this.smallest(kept[at]!, (part) => rebuild(kept.with(at, part)));
    }
    return kept;
  }

  private async smallestObject(object: { [key: string]: Json }, rebuild: Rebuild): Promise<Json> {
    const entries = await this.fewest(Object.entries(object), (kept) =>
      rebuild(Object.fromEntries(kept)),
    );
    const kept = Object.fromEntries(entries);
    for (const [key, value] of entries) {
      kept[key] = await this.smallest(value, (part) => rebuild({ ...kept, [key]: part }));
    }
    return kept;
  }

  /** A list of which no part can go: halves are left out first, then ever smaller pieces. */
  private async fewest<T>(items: readonly T[], rebuild: (kept: T[]) => Json): Promise<T[]> {
    let kept = [...items];
    for (let size = kept.length; size >= 1 && kept.length > 0; size = Math.floor(size / 2)) {
      for (let at = 0; at < kept.length; ) {
        const without = [...kept.slice(0, at), ...kept.slice(at + size)];
        if (await this.stillFails(rebuild(without))) kept = without;
        else at += size;
      }
    }
    return kept;
  }

  private async stillFails(value: Json): Promise<boolean> {
    const text = JSON.stringify(value);
    const known = this.known.get(text);
    if (known !== undefined) return known;
    if (this.isOver) return false;
    this.runs++;
    const fails = await this.fails(text);
    this.known.set(text, fails);
    return fails;
  }
}
