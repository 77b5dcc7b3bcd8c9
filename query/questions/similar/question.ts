// Similar failures: which groups to look for, and how near they are.
import { z } from 'zod';
import { failureId, limit, pageOf, since } from '../../base/fields.ts';
import { question } from '../../base/question.ts';
import { evolution } from '../evolutions/schemas.ts';
import { effect } from '../ledger/schemas.ts';

/** Characters of a message that are compared; they stand in a URL, where Node takes 16 KiB in all. */
export const MESSAGE_CHARACTERS = 400;

const filters = {
  agent: z.string().min(1).optional().describe('only groups of this agent'),
  node: z.string().min(1).optional().describe('only groups of this node'),
  since: since.optional().describe('only groups that were seen since'),
  limit: limit(50, 10),
};

/** What to compare with: a failure, or the text of a message. */
export const similarQuery = z
  .strictObject({
    failure: failureId.optional().describe('a failure by its id'),
    text: z
      .string()
      .trim()
      .min(1)
      .max(1000)
      .optional()
      .describe(`a message; its first ${MESSAGE_CHARACTERS} characters are compared`),
    ...filters,
  })
  .superRefine(({ failure, text }, context) => {
    if ((failure === undefined) !== (text === undefined)) return;
    const [field, message] =
      failure === undefined
        ? ['failure', 'expected a failure or a text to compare with']
        : ['text', 'expected either a failure or a text, not both'];
    context.addIssue({ code: 'custom', path: [field], message });
  });

/** A fix that was tried on a group. */
const fix = evolution
  .pick({ evolution_id: true, timestamp: true, status: true, resolution: true, author: true })
  .extend({
    verdict: effect.shape.verdict.nullable().describe('null when it was not judged'),
    rate_ratio: effect.shape.rate_ratio,
    interval: effect.shape.interval.nullable(),
  });

export const similarGroup = z.object({
  fingerprint: z.string(),
  agent_id: z.string(),
  node_id: z.string(),
  class: z.string(),
  error_type: z.string(),
  template: z.string().describe('text from outside, cut to 600 characters'),
  score: z.number().describe('0 to 1; 1 says the same in the same frames'),
  why: z.string(),
  shared_words: z.array(z.string()),
  shared_frames: z.array(z.string()),
  failures: z.number().int(),
  first_seen: z.string(),
  last_seen: z.string(),
  last_failure_id: z.string(),
  fixes: z.array(fix).describe('what was tried there, the newest first, at most 5'),
});
/** A group that is like a failure or a text, why, and what was tried there. */
export type SimilarGroup = z.infer<typeof similarGroup>;

/**
 * The groups that are most like a failure or a message, the nearest first, with what was tried on them and
 * what came of it. The failure's own group is not among them.
 */
export const similarFailures = question({
  summary: 'The groups that are most like a failure or a message, and what was tried there',
  path: '/failures/similar',
  ids: { failure: 'failure' },
  input: similarQuery,
  output: pageOf(similarGroup),
  async answer(input, { store }) {
    const { findSimilar } = await import('./find.ts');
    return findSimilar(store, input);
  },
});
