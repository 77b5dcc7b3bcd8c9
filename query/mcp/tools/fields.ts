// Fields that tools have in common.
import { z } from 'zod';
import { fingerprint, page, storedName } from '../../base/fields.ts';

const { since, cursor } = page();

const sinceForm = 'ISO 8601 time, or how long ago, as in 30m, 24h, 7d';
const sinceHelp = `only since then: ${sinceForm}`;

export const filters = {
  sinceForm,
  sinceHelp,
  agent: storedName,
  node: storedName.describe('only this node'),
  since: since.describe(sinceHelp),
  cursor: cursor.describe('next_cursor of the answer before'),
  fingerprint,
};

/** How many items, within what one answer can bear. */
export const limitOf = (most: number, usual: number) =>
  z.coerce.number().int().min(1).max(most).default(usual).describe('how many at the most');

export const effectOutput = z.object({
  fingerprint: z.string(),
  verdict: z.string(),
  failed_runs_before: z.string(),
  failed_runs_after: z.string(),
  rate_ratio: z.number().nullable(),
  interval: z.tuple([z.number(), z.number().nullable()]),
});
