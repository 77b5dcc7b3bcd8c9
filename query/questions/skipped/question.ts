// Failed spans that the collector skipped: what explains a history in which nothing is.
import { z } from 'zod';
import { count, MAX_NAME, pageOf } from '../../base/fields.ts';
import { question } from '../../base/question.ts';
import { skippedHint } from '../../base/skipped.ts';

const skipped = z.object({
  service: z.string().describe("`service.name` of their resource, '' without one"),
  span: z.string().describe('Name of the spans'),
  count,
});

const answer = pageOf(skipped).extend({
  hint: z
    .string()
    .describe("The same as one line; '' when none was skipped; where to look when it is not known"),
});
export type SkippedSpansAnswer = z.infer<typeof answer>;

/** Since the collector started; the most frequent first, all on one page. */
export const skippedSpans = question({
  summary:
    'Failed spans that the collector skipped because no dialect knows them, since it started',
  path: '/skipped-spans',
  input: z.strictObject({
    service: z
      .string()
      .min(1)
      .max(MAX_NAME)
      .optional()
      .describe('The service that `hint` names if spans of it were skipped'),
  }),
  output: answer,
  async answer({ service }, { skippedFailures }) {
    return {
      items: (skippedFailures?.() ?? []).map((one) => ({ ...one })),
      next_cursor: null,
      hint: skippedHint(skippedFailures, service) ?? '',
    };
  },
});
