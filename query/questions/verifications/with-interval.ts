import type { z } from 'zod';
import { exactInterval } from '../advice/interval.ts';
import type { Verification, verificationRow } from './schemas.ts';

/** A row with the exact interval of the share of its runs that fail. */
export const withInterval = (row: z.infer<typeof verificationRow>): Verification => ({
  ...row,
  interval: exactInterval(row.runs, row.failed_runs),
});
