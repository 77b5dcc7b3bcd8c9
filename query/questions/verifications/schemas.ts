// Cases that were run again before a change shipped, as zod schemas.
import { z } from 'zod';
import {
  VERIFICATION_BASIS_VALUES,
  VERIFICATION_KIND_VALUES,
  VERIFICATION_RESULT_VALUES,
} from '../../../instrumentation/semconv/index.ts';
import {
  count,
  failureId,
  fingerprint,
  instant,
  page,
  snapshotRef,
  uuid,
} from '../../base/fields.ts';

/** Results of one verification at most. */
export const MAX_RESULTS = 500;

const row = {
  timestamp: instant,
  verification_id: z.guid(),
  batch_id: z.guid().describe('All results of one verification share it'),
  agent_id: z.string(),
  evolution_id: z.string().describe('The change that it is about; empty if that was not recorded'),
  graph_snapshot_ref: z.string().describe('The version that it was run on; empty if not known'),
  fingerprint: z.string().describe('The failure that must not come again; empty for a guard'),
  node_id: z.string(),
  kind: z.enum(VERIFICATION_KIND_VALUES),
  input_digest: z.string(),
  failure_id: z.string().describe('The failure that the input was taken from'),
  result: z.enum(VERIFICATION_RESULT_VALUES),
  basis: z.enum([...VERIFICATION_BASIS_VALUES, '']).describe('What decided it'),
  runs: count,
  failed_runs: count,
  reason: z.string(),
  error_type: z.string(),
  error_message: z.string(),
  error_fingerprint: z.string(),
};
export const verificationRow = z.object(row);

export const verification = z.object({
  ...row,
  interval: z
    .tuple([z.number(), z.number()])
    .describe('In which the share of failing runs lies with 95 %; 0 to 1 if it was not run'),
});
/** What one input did on a changed graph. */
export type Verification = z.infer<typeof verification>;

/** What a verification came to. */
export const verifiedCounts = z.object({
  batch_id: z.guid(),
  timestamp: instant,
  fixed: count,
  still_failing: count,
  other_failure: count,
  not_run: count,
});
export type VerifiedCounts = z.infer<typeof verifiedCounts>;

export const verificationsQuery = z.strictObject({
  agent: z.string().min(1).optional(),
  evolution: z
    .string()
    .min(1)
    .optional()
    .describe('Those that name this evolution, and those of the version that it made'),
  fingerprint: fingerprint.optional().describe('Only cases of this group'),
  result: z.enum(VERIFICATION_RESULT_VALUES).optional(),
  batch: failureId.optional().describe('Only this verification'),
  ...page(),
});

const result = z.strictObject({
  verification_id: uuid.optional().describe('Sent again with the same id it changes nothing'),
  fingerprint: fingerprint.optional(),
  node_id: z.string().max(512).optional(),
  kind: z.enum(VERIFICATION_KIND_VALUES).default('case'),
  input_digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits')
    .optional(),
  failure_id: uuid.optional(),
  graph_snapshot_ref: snapshotRef.optional(),
  result: z.enum(VERIFICATION_RESULT_VALUES),
  basis: z.enum(VERIFICATION_BASIS_VALUES).optional(),
  runs: z.int().min(0).max(1_000_000).default(1),
  failed_runs: z.int().min(0).max(1_000_000).default(0),
  reason: z.string().max(4096).optional(),
  error_type: z.string().max(512).optional(),
  error_message: z.string().max(16_384).optional(),
  error_fingerprint: fingerprint.optional(),
});

/** What became of cases that were run again. */
export const verificationsInput = z.strictObject({
  agent_id: z.string().min(1),
  batch_id: uuid.optional(),
  evolution_id: z.string().min(1).max(128).optional(),
  items: z
    .array(
      result
        .refine(({ kind, fingerprint }) => kind === 'guard' || fingerprint !== undefined, {
          path: ['fingerprint'],
          error: 'a case names the group that it failed in',
        })
        .refine(({ runs, failed_runs }) => failed_runs <= runs, {
          path: ['failed_runs'],
          error: 'more runs failed than there were',
        }),
    )
    .min(1)
    .max(MAX_RESULTS),
});
/** Results of one verification, to record. */
export type VerificationsInput = z.input<typeof verificationsInput>;
