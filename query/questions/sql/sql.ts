// Read-only SQL of others over the tables and views.
import { z } from 'zod';
import { question } from '../../base/question.ts';

const MOST_ROWS = 10_000;

export const sqlInput = z.strictObject({
  sql: z.string().min(1).max(65_536),
  params: z.record(z.string().regex(/^\w+$/), z.union([z.string(), z.number()])).optional(),
});

/** At most 10,000 rows. */
export const sql = question({
  summary: 'Read-only SQL over the tables and views',
  path: '/sql',
  method: 'POST',
  input: sqlInput,
  args: ['sql', 'params'],
  output: z.object({
    columns: z.array(z.object({ name: z.string(), type: z.string() })),
    rows: z.array(z.record(z.string(), z.unknown())),
    truncated: z.boolean(),
  }),
  answer: async ({ sql, params = {} }, { store, reader }) =>
    reader.sql(await store.checked(sql, params), params, MOST_ROWS),
});
