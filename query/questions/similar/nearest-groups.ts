// What is near to a failure or a message: fingerprints as they are found, and the groups that they are.
import { z } from 'zod';
import type { Annotations } from '../groups/annotations.ts';

const number = z.coerce.number();
/** A fingerprint that is near to what was asked about. */
export const nearestRow = z.object({
  fingerprint: z.string(),
  agent_id: z.string(),
  node_id: z.string(),
  error_type: z.string(),
  template: z.string(),
  first_seen: z.string(),
  last_seen: z.string(),
  shared_words: z.array(z.string()),
  shared_frames: z.array(z.string()),
  message_score: number,
  frame_score: number,
  has_frames: z.coerce.boolean(),
  has_type: z.coerce.boolean(),
  score: number,
});
type NearestRow = z.infer<typeof nearestRow>;
/** A group by the nearest of its fingerprints; `fingerprint` is its id. */
export interface NearestGroup extends NearestRow {
  fingerprints: string[];
}

/** Merged fingerprints as one group, and without the group that is asked about. */
export function folded(
  found: readonly NearestRow[],
  asked: string,
  { mapping }: Annotations,
): NearestGroup[] {
  const groups = new Map<string, NearestGroup>();
  for (const row of found) {
    const fingerprint = mapping.groupOf(row.fingerprint);
    if (fingerprint === mapping.groupOf(asked)) continue;
    const known = groups.get(fingerprint);
    groups.set(fingerprint, {
      ...(known ?? { ...row, fingerprint, fingerprints: mapping.membersOf(fingerprint) }),
      first_seen: known && known.first_seen < row.first_seen ? known.first_seen : row.first_seen,
      last_seen: known && known.last_seen > row.last_seen ? known.last_seen : row.last_seen,
    });
  }
  return [...groups.values()];
}
