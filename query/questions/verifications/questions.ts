// Cases that were run again on a changed graph before it shipped, and the way to record more.
import { z } from 'zod';
import { keyset, pageFrom } from '../../base/cursor.ts';
import { InvalidInputError } from '../../base/errors.ts';
import { pageOf, uuid } from '../../base/fields.ts';
import { question } from '../../base/question.ts';
import type { Store } from '../../base/store.ts';
import { agentOf } from '../groups/place.ts';
import {
  verification,
  verificationRow,
  verificationsInput,
  verificationsQuery,
} from './schemas.ts';

/** Cases that were run again, newest first, with the exact interval of the share that failed. */
export const verifications = question({
  summary: 'Cases that were run again before a change shipped, newest first',
  path: '/verifications',
  ids: { fingerprint: 'group', evolution: 'evolution', batch: 'batch' },
  input: verificationsQuery,
  output: pageOf(verification),
  async answer({ agent = '', evolution = '', fingerprint, result = '', batch, ...page }, context) {
    const { store } = context;
    const fingerprints = fingerprint === undefined ? [] : await sameGroup(store, fingerprint);
    const rows = await store.rows(
      'verifications',
      {
        agent,
        evolution,
        fingerprints,
        result,
        batch: batch?.toLowerCase() ?? '',
        ...keyset(page, (id) => uuid.safeParse(id).success),
      },
      verificationRow,
    );
    const { withInterval } = await import('./with-interval.ts');
    const { items, next_cursor } = pageFrom(rows, page.limit, (row) => ({
      timestamp: row.timestamp,
      id: row.verification_id,
    }));
    return { items: items.map(withInterval), next_cursor };
  },
});

/** All fingerprints of the group that a fingerprint is in. */
async function sameGroup(store: Store, fingerprint: string): Promise<string[]> {
  const agent = await agentOf(store, fingerprint);
  if (agent === undefined) return [fingerprint];
  const { membersOf } = await import('../groups/members.ts');
  return membersOf(store, agent, fingerprint);
}

/**
 * Records what became of cases that were run again; resolves when it can be read back.
 *
 * @throws {NotFoundError} for an evolution or a fingerprint that is not stored
 * @throws {InvalidInputError} for an evolution of another agent
 * @throws {UnavailableError} when the collector does not take it
 */
export const recordVerifications = question({
  summary: 'Remember what became of cases that were run again',
  path: '/verifications',
  changes: true,
  input: verificationsInput,
  output: z.object({ batch_id: z.guid(), items: z.array(verification) }),
  async answer(input, { store, otlp }) {
    if (!otlp) {
      throw new InvalidInputError('otlp', 'connect() needs the collector to record verifications');
    }
    const { sendVerifications } = await import('./send.ts');
    return sendVerifications(store, otlp, input);
  },
});
