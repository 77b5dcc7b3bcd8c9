// The log of alerts, as zod schemas.
import { z } from 'zod';
import { since } from '../../base/schemas.ts';
import { ALERT_STATUSES } from './statuses.ts';

/** The changes of a group that somebody may be told of. */
export const ALERT_CHANGES = ['new', 'regressed', 'escalating', 'harmful'] as const;
export type AlertChange = (typeof ALERT_CHANGES)[number];

/** Which alerts to list, newest first. */
export const alertsQuery = z.strictObject({
  agent: z.string().min(1).optional(),
  status: z.enum(ALERT_STATUSES).optional(),
  since: since.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(20),
  cursor: z.string().max(512).optional(),
});

const instant = z.string();

/** One alert at one receiver. */
export const alert = z.object({
  timestamp: instant.describe('When the change was found'),
  alert_id: z.string().describe('The same in every try and at every receiver'),
  receiver: z.string(),
  rule: z.string(),
  change: z.enum(ALERT_CHANGES),
  agent_id: z.string(),
  fingerprint: z.string().describe('The group'),
  since: instant.describe('Since when the group is so; for a verdict, the first attempt after'),
  status: z.enum(ALERT_STATUSES),
  tries: z.coerce.number().int(),
  last_error: z.string().describe("Why the last try failed; '' when none did"),
  updated_at: instant.describe('When the status or the number of tries last changed'),
});
export type Alert = z.infer<typeof alert>;
