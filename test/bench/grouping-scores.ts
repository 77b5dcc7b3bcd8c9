// Scores of a grouping against the true groups.

export interface Scores {
  /** Share of the items whose whole group is right. */
  ga: number;
  /** F1 score over groups. */
  fga: number;
  /** Share of the pairs that were put together and belong together; 1 where no pair was. */
  precision: number;
  groups: number;
  found: number;
}

/** @param found what the grouping says of each item; `truth` is the group that it belongs to */
export function score(found: readonly string[], truth: readonly string[]): Scores {
  const sizes = new Map<string, number>();
  for (const group of truth) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const members = new Map<string, Map<string, number>>();
  for (const [i, name] of found.entries()) {
    const inside = members.get(name) ?? new Map<string, number>();
    members.set(name, inside.set(truth[i]!, (inside.get(truth[i]!) ?? 0) + 1));
  }
  let rightItems = 0;
  let rightGroups = 0;
  let pairs = 0;
  let rightPairs = 0;
  for (const inside of members.values()) {
    let size = 0;
    for (const count of inside.values()) {
      size += count;
      rightPairs += pairsOf(count);
    }
    pairs += pairsOf(size);
    const [[group, count] = ['', 0]] = inside;
    if (inside.size !== 1 || sizes.get(group) !== count) continue;
    rightItems += count;
    rightGroups++;
  }
  const precision = rightGroups / members.size;
  const recall = rightGroups / sizes.size;
  return {
    ga: rightItems / truth.length,
    fga: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall),
    precision: pairs === 0 ? 1 : rightPairs / pairs,
    groups: sizes.size,
    found: members.size,
  };
}

const pairsOf = (count: number): number => (count * (count - 1)) / 2;
