// Asks about sets of names of which many are the same: each set once, and no name twice in a statement.

/** The nodes, or the fingerprints, of each unit. A place, counted from 1, identifies a set. */
export class NameSets {
  readonly #places: number[] = [];
  readonly #sets: string[][] = [];

  constructor(sets: readonly (readonly string[])[]) {
    const known = new Map<string, number>();
    for (const set of sets) {
      const names = [...new Set(set)].sort();
      const key = JSON.stringify(names);
      const place = known.get(key) ?? this.#sets.push(names);
      known.set(key, place);
      this.#places.push(place);
    }
  }

  /** @param index of the set as it was given */
  placeOf(index: number): number {
    return this.#places[index]!;
  }

  /**
   * Rows of all sets. Sets that share a name are asked for in different statements.
   *
   * @param statement asks for some names, each with the place of its set beside it
   */
  async ask<Row>(statement: (names: string[], places: number[]) => Promise<Row[]>): Promise<Row[]> {
    const layers: Map<string, number>[] = [];
    this.#sets.forEach((names, index) => {
      if (names.length === 0) return;
      const free = layers.find((taken) => !names.some((name) => taken.has(name)));
      const layer = free ?? new Map<string, number>();
      if (!free) layers.push(layer);
      for (const name of names) layer.set(name, index + 1);
    });
    const rows = await Promise.all(
      layers.map((layer) => statement([...layer.keys()], [...layer.values()])),
    );
    return rows.flat();
  }
}
