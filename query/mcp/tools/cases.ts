// failure_cases: the inputs on which a group failed.
import { z } from 'zod';
import { quoteData, quoteId } from '../../base/quote.ts';
import type { FailureCase } from '../../questions/cases/question.ts';
import { excerpt } from '../data.ts';
import { boundedPage, nextPage } from '../pages.ts';
import { tool } from '../tool.ts';
import { filters, limitOf } from './fields.ts';

const INPUT_CHARS = 1000;

const caseOutput = z.object({
  failure_id: z.string(),
  node: z.string(),
  input: z.string(),
  input_chars: z.number(),
  input_is_json: z.boolean(),
  replayable: z.boolean(),
  graph_snapshot_ref: z.string(),
  seen: z.string(),
  failures: z.number(),
});

const shortCase = (item: FailureCase): z.infer<typeof caseOutput> => ({
  failure_id: item.failure_id,
  node: excerpt(item.node, 128),
  input: excerpt(item.input, INPUT_CHARS),
  input_chars: item.input.length,
  input_is_json: item.input_is_json,
  replayable: !item.truncated,
  graph_snapshot_ref: item.graph_snapshot_ref,
  seen: item.seen,
  failures: item.failures,
});

export const failureCases = tool({
  name: 'failure_cases',
  title: 'List failing inputs',
  description:
    'Distinct inputs on which a group failed, newest first: test a fix on them. Read one that is cut ' +
    'with get_failure, part input_context; what is not replayable was cut when it was stored.',
  input: z.strictObject({
    group: filters.group,
    since: filters.since,
    limit: limitOf(20, 5),
    cursor: filters.cursor,
  }),
  output: z.object({ items: z.array(caseOutput), next_cursor: z.string().nullable() }),
  async ask(history, { group, limit, ...filter }) {
    const page = await boundedPage(
      (most) => history.cases(group, { ...filter, limit: most }),
      limit,
      shortCase,
    );
    const lines = page.items.map(
      (item) =>
        `- node ${quoteId(item.node)}, ${item.failures} failures, last ${item.seen.slice(0, 19)}Z, ` +
        `failure ${quoteId(item.failure_id)}${item.replayable ? '' : ', not replayable'}: ` +
        quoteData(item.input, INPUT_CHARS + 1),
    );
    const asked = { group, ...filter, limit };
    return {
      text: lines.join('\n') || 'No input of this group is stored.',
      data: page,
      next: nextPage('failure_cases', asked, page.next_cursor),
    };
  },
});
