// Ids as a brief prints them: the shortest start that is unique in it, which every door takes.
import { quoteId } from '../../base/quote.ts';
import type { Brief } from './question.ts';

const FEWEST = 8;

export interface ShortIds {
  group(fingerprint: string): string;
  failure(id: string): string;
  version(ref: string): string;
  evolution(id: string): string;
}

/** Shortens ids that have `head` before what distinguishes them. */
function shortener(all: readonly string[], head: RegExp): (id: string) => string {
  const distinct = [...new Set(all)];
  return (id) => {
    const start = head.exec(id)?.[0].length ?? 0;
    for (let length = start + FEWEST; length < id.length; length += 1) {
      const prefix = id.slice(0, length);
      if (!distinct.some((other) => other !== id && other.startsWith(prefix))) {
        return quoteId(prefix.slice(start));
      }
    }
    return quoteId(id);
  };
}

export function shortIdsOf({
  groups,
  evolutions,
  runs,
}: Pick<Brief, 'groups' | 'evolutions' | 'runs'>): ShortIds {
  const fingerprints = [
    ...groups.flatMap((group) => group.fingerprints),
    ...evolutions.flatMap(({ effects }) => effects.map(({ fingerprint }) => fingerprint)),
  ];
  const refs = [
    ...runs.map((run) => run.graph_snapshot_ref),
    ...groups.flatMap((group) => group.graph_snapshot_refs),
    ...evolutions.flatMap((fix) => [fix.from_ref, fix.graph_snapshot_ref]),
  ];
  const evolution = shortener(
    evolutions.map(({ evolution_id }) => evolution_id),
    /^/,
  );
  const version = shortener(refs, /^sha256:/);
  return {
    group: shortener(fingerprints, /^v\d+:/),
    failure: shortener(
      groups.map(({ last_failure_id }) => last_failure_id),
      /^/,
    ),
    version: (ref) =>
      ref === '' ? 'unknown' : ref.startsWith('sha256:') ? version(ref) : quoteId(ref),
    // Some are words: only what no one could read is cut.
    evolution: (id) => (isRandom(id) ? evolution(id) : quoteId(id)),
  };
}

const isRandom = (id: string): boolean => /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(id);
