// Which evolutions target a group.
import type { Evolution } from '../evolutions/schemas.ts';
import type { GroupMapping } from './mapping.ts';

/** Evolutions by the fingerprints that they name. */
export class Targeting {
  readonly #named = new Map<string, Evolution[]>();

  constructor(timeline: readonly Evolution[]) {
    for (const evolution of timeline) {
      for (const target of new Set(evolution.target_fingerprints)) {
        const known = this.#named.get(target);
        if (known) known.push(evolution);
        else this.#named.set(target, [evolution]);
      }
    }
  }

  get isEmpty(): boolean {
    return this.#named.size === 0;
  }

  /** Those of an agent that target any fingerprint of one of its groups, the newest first. */
  of(group: string, { agent_id, mapping }: { agent_id: string; mapping: GroupMapping }) {
    const found = mapping.membersOf(group).flatMap((member) => this.#named.get(member) ?? []);
    const own = new Set(found.filter((one) => one.agent_id === agent_id));
    return [...own].sort((one, other) => (isBefore(one, other) ? 1 : -1));
  }
}

function isBefore(one: Evolution, other: Evolution): boolean {
  if (one.timestamp !== other.timestamp) return one.timestamp < other.timestamp;
  return one.evolution_id < other.evolution_id;
}
