// What was said about the groups of an agent, as far as other questions need it: which fingerprints are
// one, and which class a group was annotated with.
import type { Store } from '../../base/store.ts';
import { GroupMapping, lastThat } from './mapping.ts';
import { readEvents } from './rows.ts';
import type { GroupEvent } from './schemas.ts';

export interface Annotations {
  mapping: GroupMapping;
  /** The annotated class by group, only of those that have one. It wins over that of the failures. */
  classes: ReadonlyMap<string, string>;
}

/** @param agent '' = all agents */
export async function readAnnotations(store: Store, agent: string): Promise<Annotations> {
  return annotationsIn(await readEvents(store, agent, false));
}

/** @param events the oldest first */
export function annotationsIn(events: readonly GroupEvent[]): Annotations {
  const mapping = new GroupMapping(events);
  const annotations = new Map<string, GroupEvent[]>();
  for (const event of events) {
    if (event.kind !== 'annotate') continue;
    const group = mapping.groupOf(event.fingerprint);
    annotations.set(group, [...(annotations.get(group) ?? []), event]);
  }
  const classes = [...annotations].flatMap(([group, own]): [string, string][] => {
    const value = lastThat(mapping, own, () => true)?.value;
    return value ? [[group, value]] : [];
  });
  return { mapping, classes: new Map(classes) };
}
